"""Gaussian blur."""

from __future__ import annotations

from typing import Literal

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param


class Blur(Effect):
    """Gaussian blur: soft, without direction, at a cost that does not grow with sigma.

    Sigma counts in pixels of the picture; subsampled chroma planes get their share of it.
    """

    name = "blur"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu", "cuda")
    also = ("gaussian", "gaussianblur", "gblur")

    sigma: float = Param(2.0, min=0, max=500, unit="px", help="Standard deviation of the Gaussian.")
    border: Literal["reflect101", "replicate"] = Param("reflect101", help="What is seen beyond the edges.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.sigma == 0

    def render(self, src: Frame, out: Frame) -> None:
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            sigma = self.sigma / (1 << plane.sub_x), self.sigma / (1 << plane.sub_y)
            kernels.gaussian_blur(samples, sigma, border=self.border, out=target)
