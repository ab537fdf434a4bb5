"""Median."""

from __future__ import annotations

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param

from ._share import share


class Median(Effect):
    """Replace each sample by the median of a square around it: specks and scratches go, edges stay.

    Every plane is treated by itself. The square is `2 * radius + 1` pixels of the picture wide and high; on
    subsampled chroma planes the radius is divided, halves rounded up.
    """

    name = "median"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu",)

    radius: int = Param(1, min=0, max=500, unit="px", help="Pixels to each side of the centre.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.radius == 0

    def render(self, src: Frame, out: Frame) -> None:
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            radius = share(self.radius, plane.sub_x), share(self.radius, plane.sub_y)
            kernels.median_blur(samples, radius, out=target)
