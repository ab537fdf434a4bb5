"""Bilateral filter."""

from __future__ import annotations

import numpy as np

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param

from ._share import share

LEAST = 1e-6  # of the samples' units: the least that the kernel takes


class Bilateral(Effect):
    """Smooth what has nearly one colour and keep edges: noise and skin get softer, outlines stay.

    Each sample becomes a mean of a disc around it, in which samples count less the farther away they are and the
    more they differ. Luma is treated by itself, both chroma channels are one colour, and so are red, green and blue:
    a difference is the sum of those of the channels. Alpha stays. Lengths count in pixels of the picture; subsampled
    chroma planes get their share. The time grows with the square of the radius.
    """

    name = "bilateral"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu",)

    radius: int = Param(4, min=0, max=100, unit="px", help="Pixels to each side of the centre.")
    color: float = Param(0.1, min=0, max=10, help="Difference that counts as near, as part of black to white.")
    sigma: float = Param(2.0, min=0.1, max=500, unit="px", help="Distance that counts as near.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.radius == 0 or self.color == 0

    def render(self, src: Frame, out: Frame) -> None:
        black, white = src.spec.levels
        color = max(self.color * (white - black), LEAST)
        for group in ("y", "uv", "rgb", "a"):
            found = [
                (
                    plane,
                    samples[..., i] if samples.ndim == 3 else samples,
                    target[..., i] if target.ndim == 3 else target,
                )
                for (plane, samples), target in zip(src.items(), out.planes, strict=True)
                for i, channel in enumerate(plane.channels)
                if channel in group
            ]
            if not found:
                continue
            if group == "a":
                found[0][2][...] = found[0][1]
                continue
            plane = found[0][0]
            radius = share(self.radius, plane.sub_x), share(self.radius, plane.sub_y)
            sigma = self.sigma / (1 << plane.sub_x), self.sigma / (1 << plane.sub_y)
            joint = np.stack([samples for _, samples, _ in found], axis=-1)
            result = kernels.bilateral_filter(joint, radius, color, sigma)
            for i, (_, _, target) in enumerate(found):
                target[...] = result[..., i]
