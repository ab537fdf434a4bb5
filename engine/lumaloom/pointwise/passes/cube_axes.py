"""What a cube is indexed by: red, green and blue, however the pixel comes.

Curves, powers and clamps act on these, so that their bends lie along the cube's own planes, where it is exact: it
is up to four times nearer than one indexed by Y'CbCr. Half of the points lie from black to white; colours that only
Y'CbCr has get a quarter beyond black and one beyond white, as far as its codes reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from lumaloom.frame import FrameSpec, Model
from lumaloom.pointwise.ir import Node, const, make, node
from lumaloom.pointwise.levels import levels
from lumaloom.pointwise.spaces import Coding
from lumaloom.pointwise.trace import Symbol

Floats = np.ndarray[Any, Any]
LETTERS = {Model.YUV: "yuv", Model.RGB: "rgb"}
_BEYOND = 4  # one of so many points lies beyond black, and as many beyond white


class Axes:
    """The axes of cubes for frames of one kind.

    Attributes:
        inputs: names of the inputs that the colours come in, in steps of the format.

    """

    def __init__(self, spec: FrameSpec) -> None:
        self.letters = LETTERS[spec.format.model]
        self.inputs = tuple(f"raw {letter}" for letter in self.letters)
        self.peak = float((1 << spec.format.depth) - 1)
        step = 1 << spec.format.shift
        self._levels = [tuple(level / step for level in levels(spec, letter)) for letter in self.letters]
        self._coding = Coding.of(spec)
        corners = np.array(list(product((0.0, self.peak), repeat=3))).T
        self._ends = [(min(float(c.min()), 0.0), max(float(c.max()), 1.0)) for c in self._colour(list(corners))]

    def places(self, side: int) -> list[Node]:
        """Return where a pixel lies in a cube, 0 to 1 along every axis, from its `inputs`."""
        codes = [Symbol(node("input", (), name)) for name in self.inputs]
        return [_place(value.node, *ends, side) for value, ends in zip(self._colour(codes), self._ends, strict=True)]

    def codes(self, side: int) -> list[Floats]:
        """Return the inputs at all points of a cube, three arrays `(side, side, side)`."""
        r, g, b = np.meshgrid(*(_points(*ends, side) for ends in self._ends), indexing="ij")
        values = (r, g, b) if self.letters == "rgb" else self._coding.yuv_of(r, g, b)
        return [value * unit + black for value, (black, unit) in zip(values, self._levels, strict=True)]

    def _colour(self, codes: Sequence[Any]) -> Sequence[Any]:
        values = [(code - black) * (1 / unit) for code, (black, unit) in zip(codes, self._levels, strict=True)]
        return values if self.letters == "rgb" else self._coding.rgb_of(*values)


def _split(low: float, high: float, side: int) -> tuple[int, int, int]:
    """Return how many steps of an axis lie below black, from there to white, and above."""
    below, above = (side // _BEYOND if beyond else 0 for beyond in (low < 0, high > 1))
    return below, side - 1 - below - above, above


def _points(low: float, high: float, side: int) -> Floats:
    below, between, above = _split(low, high, side)
    parts = (np.linspace(low, 0, below, endpoint=False), np.linspace(0, 1, between + 1))
    return np.concatenate([*parts, np.linspace(high, 1, above, endpoint=False)[::-1]])


def _place(value: Node, low: float, high: float, side: int) -> Node:
    below, between, above = _split(low, high, side)
    inside = make("min", make("max", value, const(0)), const(1)) if below or above else value
    place = make("add", make("mul", inside, const(between / (side - 1))), const(below / (side - 1)))
    if below:
        place = make("add", place, make("mul", make("min", value, const(0)), const(below / -low / (side - 1))))
    if above:
        over = make("max", make("sub", value, const(1)), const(0))
        place = make("add", place, make("mul", over, const(above / (high - 1) / (side - 1))))
    return place
