"""Noise near a normal distribution from a plate: numbers that are made once, of which every frame reads other rows.

To compute such numbers beside a pixel takes ten times as long as to read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lumaloom.errors import TraceError
from lumaloom.pointwise.ir import node
from lumaloom.pointwise.laying import Samples
from lumaloom.pointwise.pictures import texels
from lumaloom.pointwise.trace import Symbol, author_line, node_of

MIDDLE, DEVIATION = 128, 42  # of the bytes of a plate
_STARTS, _PITCHES = 1 << 19, 64
_BEYOND = 128  # bytes beyond a row that vectors read
_GROWN = 1 << 22


def normal(count: int, x: Any, y: Any, width: Any, height: Any, key: Any = 0) -> tuple[Any, ...]:
    """Return `count` numbers of white noise near a normal distribution, of mean 0 and standard deviation 1.

    They are `(plate[start + (floor(y) * count + k) * pitch + floor(x)] - 128) / 42`. The plate is
    `add_grain(128, 42)` of `lumaloom_kernels`: 256 levels, the outermost at 2.99. `key`, a whole number from 0 to
    below 2**53, chooses one of 2**19 starts and one of 64 pitches from `width` on: no two places of a picture share a
    number, and pictures of different keys have no more in common than rows at other places.

    Args:
        count: numbers of a pixel.
        x, y, width, height: the pixel's place and the picture's size, as a pointwise function gets them.
        key: a parameter, or what `@uniform` makes of parameters, `t` and `frame`.

    """
    plate = Plate(count)
    if isinstance(x, Symbol) or isinstance(y, Symbol):
        if (node_of(x), node_of(y)) != (node("input", (), "x"), node("input", (), "y")):
            raise TraceError(f"{author_line()}: normal expected the pixel's own x and y; use noise for other places")
        chosen = tuple(map(node_of, (width, height, key)))
        if any(value.varying for value in chosen):
            raise TraceError(f"{author_line()}: normal is chosen once per frame by parameters, not by pixels")
        args = (node("table", chosen, plate), node_of(x), node_of(y))
        found: list[Any] = [Symbol(node("texel", args, (k, count, 8))) for k in range(count)]
    else:
        found = list(texels(plate(width, height, key), x, y))
    return tuple((value - MIDDLE) * (1 / DEVIATION) for value in found)


@dataclass(frozen=True)
class Plate:
    """A table of the compiled code: called with a picture's size and a key it gives `(height + 1, count, columns)`.

    Bytes; a view whose base is the numbers that all pictures share.
    """

    count: int

    def __repr__(self) -> str:
        return "plate"

    def __call__(self, width: float, height: float, key: float) -> Samples:
        """Return the rows that a key chooses."""
        columns, rows, chosen = int(width), int(height) + 1, _scattered(int(key))
        pitch, start = columns + chosen % _PITCHES, chosen // _PITCHES % _STARTS
        needed = _STARTS + rows * self.count * (columns + _PITCHES) + _BEYOND
        numbers = _numbers(-(-needed // _GROWN) * _GROWN)
        shape, strides = (rows, self.count, columns + _BEYOND), (self.count * pitch, pitch, 1)
        view: Samples = np.ndarray(shape, np.uint8, numbers, start, strides)
        view.flags.writeable = False
        return view


_kept: list[Samples] = [np.empty(0, np.uint8)]  # the largest that was asked for


def _numbers(size: int) -> Samples:
    """Return at least the first `size` bytes of the plate, which begins alike however long it is."""
    from lumaloom_kernels import add_grain

    kept = _kept[0]
    if len(kept) < size:
        flat: Samples = np.full((1, size), MIDDLE, np.uint8)
        kept = _kept[0] = add_grain(flat, DEVIATION)[0]
    return kept


def _scattered(key: int) -> int:
    """Return 64 bits that have nothing in common for keys near each other: "splitmix64" of Steele and others, 2014."""
    z = (key * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % (1 << 64)
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % (1 << 64)
    z = (z ^ z >> 27) * 0x94D049BB133111EB % (1 << 64)
    return z ^ z >> 31
