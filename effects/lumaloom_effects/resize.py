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
    devices = ("cpu", "cuda")
    also = ("scale", "zoom")

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
        offset_x, offset_y = src.spec.chroma_offset if self.filter != "nearest" else (0.0, 0.0)
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            height, width = target.shape[:2]
            left, right = _span(samples.shape[1], width, scale_x, offset_x if plane.sub_x else 0.0)
            top, bottom = _span(samples.shape[0], height, scale_y, offset_y if plane.sub_y else 0.0)
            kernels.resize(samples, (width, height), self.filter, box=(left, top, right, bottom), out=target)
            if self.filter in ("bicubic", "lanczos") and 8 < out.format.depth < 16:
                target.clip(0, out.format.peak, out=target)  # these overshoot, past what 10 or 12 bits hold


def _span(available: int, wanted: int, scale: float, offset: float) -> tuple[float, float]:
    """Return the part of a side of `available` samples that `wanted` samples are made from.

    Chroma stays over its luma: its grid may lie off the centre of the cells, and in pictures of odd size it
    covers more than they do. What then lies outside the plane is followed for one sample, as far as kernels go.
    """
    start = max(offset * (scale - 1), -1.0)
    return start, min(start + wanted * scale, available + 1.0)


def _on_grid(size: Fraction, step: int) -> int:
    return max(round(size / step), 1) * step
