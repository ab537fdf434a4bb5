"""Functions of one value in fixed point: polynomials by pieces over all words of 16 bits, from tables of words.

Words reach from where the function begins to bend to where it ends to, what lies beyond being cut off, or some times as
far. The pieces are equally long, or half of the entries serve the first part, for functions that are
steep there. The result is `c0 + t (c1 + t c2)`, each step rounded to words, with `t` the word, or from -1 to 1 within
its piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lumaloom.pointwise.passes.pieces import bend, nodes

WORD = 1 << 15
_CHECKED = np.cos(np.linspace(0, np.pi, 7))

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How pieces lie.

    Attributes:
        entries: of the table, 64 or 16.
        degree: of the polynomials, 1 or 2.
        direct: whether they are of the word as a whole, as part of the greatest, instead of the way within its piece.
        fine: 0, or the first part of the range, as a power of 1/2, that half of the entries serve.

    """

    entries: int
    degree: int
    direct: bool = False
    fine: int = 0

    @property
    def cost(self) -> int:
        """About how many instructions it takes."""
        return 2 + 3 * self.degree + 2 * (not self.direct) + 6 * bool(self.fine)

    @property
    def bits(self) -> int:
        """By how many bits a word is shifted to tell the piece, of those that are not fine."""
        return 17 - self.entries.bit_length() + bool(self.fine)

    @property
    def limit(self) -> int:
        """The first word that is not fine."""
        return (2 * WORD >> self.fine) - WORD

    def index(self, words: Any) -> Any:
        """Return the entry of words, an array of int32, and the word that polynomials are of."""
        coarse, part = words >> self.bits, words << (16 - self.bits)
        if not self.fine:
            return coarse & (self.entries - 1), words if self.direct else _signed(part) ^ -WORD
        half = self.entries // 2
        fine = words < self.limit
        entry = np.where(fine, words >> (self.bits - self.fine) & half - 1, (coarse & half - 1) + half)
        return entry, _signed(np.where(fine, part << self.fine, part)) ^ -WORD

    def edges(self) -> Array:
        """Return where every entry's piece begins and ends, from -1 to 1; those that nothing uses have a place too."""
        count = self.entries // 2 if self.fine else self.entries
        starts = 2 * np.roll(np.arange(count), count // 2) / count - 1  # words begin with the negative ones
        pieces = np.stack([starts, starts + 2 / count], -1)
        if not self.fine:
            return pieces
        first = np.arange(count) / count
        return np.concatenate([np.stack([first, first + 1 / count], -1) * (2 / (1 << self.fine)) - 1, pieces])


def shapes(entries: int) -> tuple[Shape, ...]:
    """Return all shapes for a processor."""
    plain = [Shape(entries, degree, direct) for degree in (1, 2) for direct in (True, False)]
    return (*plain, *(Shape(entries, 2, fine=fine) for fine in (2, 4)))


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How code follows a function.

    Attributes:
        shape: of the pieces.
        powers: a row of coefficients for every entry, before they are scaled and rounded.
        ends: least and greatest value that may come out.
        steps: the same of sums on the way to it.
        error: the greatest difference at the values that were looked at, before that.

    """

    shape: Shape
    powers: Array
    ends: tuple[float, float]
    steps: tuple[float, float]
    error: float


def bounds(function: Callable[[Array], Any], low: float, high: float) -> tuple[float, float]:
    """Return where a function of values from `low` to `high` may be cut off: beyond, it is level."""
    start, stop = bend(function, low, high), -bend(lambda v: function(-v), -high, -low)
    if start >= stop or not _level(function, low, start):
        start = low
    if start >= stop or not _level(function, stop, high):
        stop = high
    return start, max(stop, start + 1e-6)


def fitted(function: Callable[[Array], Any], start: float, stop: float, shape: Shape, wider: int) -> Curve:
    """Return the fit to a function from `start` to `stop`, which take up the middle 1 / 2^`wider` of all words."""
    spots = np.concatenate([nodes(shape.degree), _CHECKED])
    edges = shape.edges()
    middle, half = edges.mean(-1, keepdims=True), np.diff(edges) / 2
    places = (start + stop) / 2 + (stop - start) / 2 * 2**wider * (middle + half * spots)
    values = np.broadcast_to(function(places.clip(start, stop)), places.shape)
    if not np.isfinite(values).all():
        return Curve(shape, values, (0.0, 0.0), (0.0, 0.0), np.inf)
    count = shape.degree + 1
    powers = values[:, :count] @ np.linalg.inv(np.vander(spots[:count], increasing=True)).T
    error = float(np.abs(powers @ np.vander(spots, count, increasing=True).T - values).max())
    beyond = np.abs(powers[:, 1:]).sum(-1)
    ends = float((powers[:, 0] - beyond).min()), float((powers[:, 0] + beyond).max())
    if shape.direct:
        powers = _direct(powers, middle[:, 0], half[:, 0])
    most = float(np.abs(powers[:, 1:]).sum(-1).max())
    return Curve(shape, powers, ends, (-most, most), error)


def _direct(powers: Array, middle: Array, half: Array) -> Array:
    """Return coefficients of the word itself from those of the way from the middle of its piece."""
    slope, bent = powers[:, 1] / half, powers[:, 2] / half**2 if powers.shape[1] > 2 else 0 * half
    found = [powers[:, 0] - slope * middle + bent * middle**2, slope - 2 * bent * middle, bent]
    return np.stack(found[: powers.shape[1]], -1)


def _level(function: Callable[[Array], Any], low: float, high: float) -> bool:
    return bool(np.ptp(function(np.linspace(low, high, 3))) < 1e-6)


def by_table(table: Array, words: Any, shape: Shape) -> Any:
    """Return what code makes of words, an array of int32, by a table of words, a row of entries for each power."""
    entry, t = shape.index(words)
    result = table[-1][entry].astype(np.int32)
    for row in table[-2::-1]:
        result = added(times(result, t), row[entry])
    return result


def times(a: Any, b: Any) -> Any:
    """Return products of words, as arrays of int32: rounded, with the highest bit of the result kept (`pmulhrsw`)."""
    return ((a * b >> 14) + 1) >> 1


def added(a: Any, b: Any) -> Any:
    """Return sums of words; what does not fit is the nearest that does."""
    return np.clip(a + b, -WORD, WORD - 1)


def _signed(words: Any) -> Any:
    return (words + WORD & 2 * WORD - 1) - WORD
