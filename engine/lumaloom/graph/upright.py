"""Turning a picture the way that its rotation tag asks players to."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lumaloom.effect import Effect, Frame, FrameSpec, Kind, PixelFormat
from lumaloom.frame.layout import turned


class Upright(Effect):
    """Turn the picture as its tag says, and clear the tag. The planner puts it in; users have no need of it.

    Effects that know left from right, and outputs that can't tell players to turn, see the picture as a viewer
    does. Planes become views: nothing is copied here.
    """

    name = "upright"
    kind = Kind.GEOMETRIC
    devices = ("cpu", "cuda")

    def accepts(self, fmt: PixelFormat) -> bool:
        """Formats whose chroma is halved alike in both directions; a turn of 4:2:2 would be 4:4:0."""
        return fmt.subsampling[0] == fmt.subsampling[1]

    def is_identity(self, spec: FrameSpec) -> bool:
        """Whether the tag asks for nothing."""
        return spec.rotation == 0

    def output(self, spec: FrameSpec) -> FrameSpec:
        """Width and height, and the shape of a pixel, swap with a quarter turn."""
        if spec.rotation % 180 == 0:
            return replace(spec, rotation=0)
        sar = 1 / spec.sar if spec.sar else Fraction(0)
        return replace(spec, width=spec.height, height=spec.width, sar=sar, rotation=0)

    def view(self, src: Frame) -> Frame:
        """Turn every plane counter-clockwise."""
        after = self.output(src.spec)
        planes = tuple(turned(plane, src.spec.rotation) for plane in src.planes)
        return src.with_planes(planes, width=after.width, height=after.height, sar=after.sar, rotation=0)

    def render(self, src: Frame, out: Frame) -> None:
        """Copy the turned planes."""
        for source, target in zip(self.view(src).planes, out.planes, strict=True):
            target[...] = source
