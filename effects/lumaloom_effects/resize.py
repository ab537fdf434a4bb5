"""Change of size."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param


class Resize(Effect):
    """Scale the picture, with anti-aliasing where it shrinks.

    Of width and height one may be left out (0): it follows from the other. The display aspect ratio of
    pictures with oblong pixels is kept by their sample aspect ratio; square pixels stay square.
    """

    name = "resize"
    kind = Kind.GEOMETRIC

    width: int = Param(0, min=0, max=32768, unit="px", help="New width; 0 follows from the height.")
    height: int = Param(0, min=0, max=32768, unit="px", help="New height; 0 follows from the width.")
    filter: Literal["nearest", "bilinear", "bicubic", "lanczos", "area"] = Param(
        "bicubic", help="Reconstruction filter; its support widens when the picture shrinks."
    )

    def size(self, spec: FrameSpec) -> tuple[int, int]:
        """Return the new width and height; what is left out is rounded to the chroma grid."""
        sub_x, sub_y = spec.format.subsampling
        width, height = self.width, self.height
        if not width and not height:
            return spec.width, spec.height
        return (
            width or _on_grid(Fraction(spec.width * height, spec.height), 1 << sub_x),
            height or _on_grid(Fraction(spec.height * width, spec.width), 1 << sub_y),
        )

    def output(self, spec: FrameSpec) -> FrameSpec:
        width, height = self.size(spec)
        sar = spec.sar
        if sar not in (0, 1):
            sar *= Fraction(spec.width * height, spec.height * width)
        return replace(spec, width=width, height=height, sar=sar)

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.size(spec) == (spec.width, spec.height)

    def render(self, src: Frame, out: Frame) -> None:
        scale_x, scale_y = src.width / out.width, src.height / out.height
        for samples, target in zip(src.planes, out.planes, strict=True):
            height, width = target.shape[:2]
            # A chroma plane of odd size covers more than the picture: take the part that matches the luma, which
            # may reach past the plane; kernels follow it for one sample.
            box = (0, 0, min(samples.shape[1] + 1, width * scale_x), min(samples.shape[0] + 1, height * scale_y))
            kernels.resize(samples, (width, height), self.filter, box=box, out=target)
            if self.filter in ("bicubic", "lanczos") and 8 < out.format.depth < 16:
                target.clip(0, out.format.peak, out=target)  # these overshoot, past what 10 or 12 bits hold


def _on_grid(size: Fraction, step: int) -> int:
    return max(round(size / step), 1) * step
