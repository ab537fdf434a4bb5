"""Rotation by any angle."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

import lumaloom_kernels as kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param, ParameterError, PixelFormat

from ._warping import (
    Border,
    Interpolation,
    Matrix,
    border_param,
    fill_param,
    interpolation_param,
    parse_fill,
    warp_frame,
)

MAX_SIDE = 32768


class Rotate(Effect):
    """Turn the picture about its centre, counter-clockwise, by any angle.

    It keeps its size and loses its corners, or grows until all of it fits (`expand`), to whole cells of chroma.
    Quarter turns with `expand`, and half turns, are exact: samples change places and keep their values, and oblong
    pixels are turned with the picture. At other angles pictures with oblong pixels turn as they are seen.
    """

    name = "rotate"
    kind = Kind.GEOMETRIC
    devices = ("cpu",)

    angle: float = Param(90.0, min=-36000, max=36000, unit="degrees", help="Angle of the turn, counter-clockwise.")
    expand: bool = Param(False, help="Make the frame as large as the turned picture; else it keeps its size.")
    interpolation: Interpolation = interpolation_param()
    border: Border = border_param()
    fill: str = fill_param()

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        parse_fill(self.name, self.fill)

    @property
    def turns(self) -> int | None:
        """Quarter turns, where samples only change places."""
        turns, rest = divmod(self.angle % 360, 90)
        exact = rest == 0 and (self.expand or turns % 2 == 0)
        return int(turns) if exact else None

    def accepts(self, fmt: PixelFormat) -> bool:
        """Quarter turns need chroma that is halved alike in both directions; a turn of 4:2:2 would be 4:4:0."""
        odd = self.turns is not None and self.turns % 2 == 1
        return fmt.shift == 0 and (not odd or fmt.subsampling[0] == fmt.subsampling[1])

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.angle % 360 == 0

    def output(self, spec: FrameSpec) -> FrameSpec:
        if self.turns is not None:
            if self.turns % 2 == 0:
                return spec
            return replace(spec, width=spec.height, height=spec.width, sar=1 / spec.sar if spec.sar else Fraction(0))
        if not self.expand:
            return spec
        cosine, sine = map(abs, direction(self.angle))
        stretch = float(spec.sar) or 1.0
        width = (spec.width * stretch * cosine + spec.height * sine) / stretch
        height = spec.width * stretch * sine + spec.height * cosine
        cells = (1 << halvings for halvings in spec.format.subsampling)
        sides = [math.ceil(side / cell - 1e-6) * cell for side, cell in zip((width, height), cells, strict=True)]
        if max(sides) > MAX_SIDE:
            raise ParameterError(f"rotate: expand makes a picture of {sides[0]}x{sides[1]}, more than {MAX_SIDE} wide")
        return replace(spec, width=sides[0], height=sides[1])

    def render(self, src: Frame, out: Frame) -> None:
        if self.turns is not None:
            for source, target in zip(src.planes, out.planes, strict=True):
                kernels.rotate90(source, self.turns, out=target)
            return
        back = around(src.spec, out.spec, self.angle)
        warp_frame(
            src, out, back, interpolation=self.interpolation, border=self.border,
            colour=parse_fill(self.name, self.fill),
        )  # fmt: skip


def direction(angle: float) -> tuple[float, float]:
    """Return cosine and sine of an angle in degrees, exact at quarter turns."""
    turns, rest = divmod(angle % 360, 90)
    cosine, sine = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    return ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine))[int(turns) % 4]


def around(before: FrameSpec, after: FrameSpec, angle: float) -> Matrix:
    """Return the matrix from pixels after a turn about the centre to pixels before it."""
    cosine, sine = direction(angle)
    stretch = float(before.sar) or 1.0  # of a pixel, seen beside its height
    turn = np.array([[cosine, -sine / stretch, 0], [sine * stretch, cosine, 0], [0, 0, 1]])
    to_centre, from_centre = np.eye(3), np.eye(3)
    to_centre[:2, 2] = -(after.width - 1) / 2, -(after.height - 1) / 2
    from_centre[:2, 2] = (before.width - 1) / 2, (before.height - 1) / 2
    matrix: Matrix = from_centre @ turn @ to_centre
    return matrix
