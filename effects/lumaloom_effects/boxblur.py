"""Box blur."""

from __future__ import annotations

from typing import Literal

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param

from ._share import share


class BoxBlur(Effect):
    """Box blur: the mean of a square window, at a cost that does not grow with it.

    The window is `2 * radius + 1` pixels of the picture wide and high; on subsampled chroma planes the radius
    is divided, halves rounded up.
    """

    name = "boxblur"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu", "cuda")

    radius: int = Param(4, min=0, max=2000, unit="px", help="Pixels to each side of the centre.")
    border: Literal["reflect101", "replicate"] = Param("reflect101", help="What is seen beyond the edges.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.radius == 0

    def render(self, src: Frame, out: Frame) -> None:
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            radius = share(self.radius, plane.sub_x), share(self.radius, plane.sub_y)
            kernels.box_blur(samples, radius, border=self.border, out=target)
