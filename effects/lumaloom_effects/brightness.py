"""Brightness."""

from __future__ import annotations

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Model, Param


class Brightness(Effect):
    """Add the same amount of light everywhere: luma of YUV and gray pictures, all channels of RGB.

    `out = in + amount * (white - black)`, with the code values of the frame's depth and range, clamped to what
    the format can hold. Chroma and alpha stay.
    """

    name = "brightness"
    kind = Kind.POINTWISE

    amount: float = Param(0.1, min=-1, max=1, help="Part of the way from black to white.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.amount == 0

    def render(self, src: Frame, out: Frame) -> None:
        black, white = src.spec.levels
        offset = self.amount * (white - black)
        high = None if src.format.is_float else src.format.peak
        lit = "y" if src.format.model is not Model.RGB else "rgb"
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            count = sum(channel in lit for channel in plane.channels)
            if count == len(plane.channels):
                kernels.scale_offset(samples, 1.0, offset, high=high, out=target)
                continue
            target[...] = samples
            if count:  # alpha is the last of the interleaved channels
                kernels.scale_offset(samples[..., :count], 1.0, offset, high=high, out=target[..., :count])
