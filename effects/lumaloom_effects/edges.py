"""Edges."""

from __future__ import annotations

from typing import Literal

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, Kind, Model, Param

UNITS = {"sobel": 1 / 4, "scharr": 1 / 16}  # make an upright edge as strong as its step


class Edges(Effect):
    """Show edges, bright on black: how fast the picture changes at each pixel.

    The length of the gradient of luma, with chroma neutral; of each channel in RGB pictures. At strength 1 an
    upright edge is as bright as the step that makes it. Alpha stays.
    """

    name = "edges"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu",)

    operator: Literal["sobel", "scharr"] = Param("sobel", help="The operator; Scharr's treats directions most alike.")
    strength: float = Param(1.0, min=0, max=100, help="What the brightness of edges is multiplied by.")

    def render(self, src: Frame, out: Frame) -> None:
        black, _ = src.spec.levels
        high = None if src.format.is_float else src.format.peak
        operator = kernels.sobel if self.operator == "sobel" else kernels.scharr
        scale = self.strength * UNITS[self.operator]
        taken = "rgb" if src.format.model is Model.RGB else "y"
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            if any(channel in taken for channel in plane.channels):
                operator(samples, scale=scale, offset=black, high=high, out=target)
                if plane.channels[-1] == "a":  # alpha is the last of the interleaved channels
                    target[..., -1] = samples[..., -1]
            else:
                target[...] = samples if "a" in plane.channels else 1 << (src.format.depth - 1)
