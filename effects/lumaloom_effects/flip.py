"""Mirror the picture."""

from __future__ import annotations

from typing import Literal

from lumaloom.effect import Effect, Frame, Kind, Param, PixelFormat


class Flip(Effect):
    """Mirror the picture, without copying.

    Samples keep their values; chroma that sits beside its luma is mirrored with its plane, as in every peer.
    """

    name = "flip"
    kind = Kind.GEOMETRIC
    devices = ("cpu", "cuda")

    axis: Literal["horizontal", "vertical", "both"] = Param(
        "horizontal", help="`horizontal` swaps left and right, `vertical` swaps top and bottom."
    )

    def accepts(self, fmt: PixelFormat) -> bool:
        return True

    def view(self, src: Frame) -> Frame:
        rows = slice(None, None, -1 if self.axis in ("vertical", "both") else 1)
        columns = slice(None, None, -1 if self.axis in ("horizontal", "both") else 1)
        return src.with_planes(tuple(samples[rows, columns] for samples in src.planes))

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(self.view(src).planes, out.planes, strict=True):
            target[...] = source
