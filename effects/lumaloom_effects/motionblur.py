"""Motion blur."""

from __future__ import annotations

import math
from typing import Literal

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param


class MotionBlur(Effect):
    """Blur along a line, as a camera sees what moves while its shutter is open.

    Every plane is treated by itself. The line counts in pixels of the picture; on subsampled chroma planes it is as
    much shorter, and turned where only one side is subsampled. The time does not grow with the length at 0 and 90
    degrees.
    """

    name = "motionblur"
    kind = Kind.NEIGHBOURHOOD
    devices = ("cpu",)

    length: float = Param(15.0, min=0, max=500, unit="px", help="How long the line is; up to 1 nothing changes.")
    angle: float = Param(0.0, min=-360, max=360, unit="deg", help="Where it points, counterclockwise; 0 is sideways.")
    border: Literal["reflect101", "replicate"] = Param("reflect101", help="What is seen beyond the edges.")

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.length <= 1

    def render(self, src: Frame, out: Frame) -> None:
        turn = math.radians(self.angle)
        for (plane, samples), target in zip(src.items(), out.planes, strict=True):
            length, angle = self.length, self.angle
            if plane.sub_x or plane.sub_y:
                x = length * math.cos(turn) / (1 << plane.sub_x)
                y = length * math.sin(turn) / (1 << plane.sub_y)
                length, angle = math.hypot(x, y), math.degrees(math.atan2(y, x))
            kernels.motion_blur(samples, length, angle, border=self.border, out=target)
