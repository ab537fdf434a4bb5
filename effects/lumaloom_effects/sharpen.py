"""Sharpening."""

from __future__ import annotations

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Model, Param


class Sharpen(Effect):
    """Sharpen by an unsharp mask: add what a Gaussian blur would take away.

    Luma of YUV and gray pictures, all channels of RGB; chroma stays unless `chroma` is set, since its detail is
    coarser than its noise. Alpha stays. Sigma counts in pixels of the picture; subsampled chroma planes get their
    share of it. Detail up to `threshold` is left, and what is above it grows from there without a jump.
    """

    name = "sharpen"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu",)

    amount: float = Param(0.8, min=0, max=10, help="How much of the detail is added; 1 doubles it.")
    sigma: float = Param(1.2, min=0, max=500, unit="px", help="Size of the details: that of the Gaussian.")
    threshold: float = Param(0.0, min=0, max=1, help="Detail taken for noise, as part of the way from black to white.")
    chroma: bool = Param(False, help="Sharpen the chroma of YUV pictures too.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.amount == 0 or self.sigma == 0

    def render(self, src: Frame, out: Frame) -> None:
        black, white = src.spec.levels
        least = self.threshold * (white - black)
        high = None if src.format.is_float else src.format.peak
        taken = "rgb" if src.format.model is Model.RGB else "yuv" if self.chroma else "y"
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            if not any(channel in taken for channel in plane.channels):
                target[...] = samples
                continue
            sigma = self.sigma / (1 << plane.sub_x), self.sigma / (1 << plane.sub_y)
            kernels.unsharp_mask(samples, sigma, self.amount, least, high=high, out=target)
            if plane.channels[-1] == "a":  # alpha is the last of the interleaved channels
                target[..., -1] = samples[..., -1]
