"""Functions of one value in fixed point: polynomials by pieces over all words of 16 bits, from tables of words.

Words reach from where the function begins to bend to where it ends to, what lies beyond being cut off, or some times as
far. The pieces are equally long, or half of the entries serve a part around the middle, for functions that are steep
there. The result is `c0 + t (c1 + t (c2 + ...))`, each step rounded to words, with `t` the word, or from -1 to 1 within
its piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from lumaloom.pointwise.passes.pieces import bend, nodes

WORD = 1 << 15
_CHECKED, _LOOKED = np.cos(np.linspace(0, np.pi, 11)), 513

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How pieces lie.

    Attributes:
        entries: of the table, 64 or, within narrower registers, 16 or 8.
        degree: of the polynomials, 1 to 3.
        direct: whether they are of the word as a whole, as part of the greatest, not of the way within its piece.
        fine: 0, or the part of the range around its middle, as a power of 1/2, that half of the entries serve: the
            first quarter what is above the middle, the last what is below.

    """

    entries: int
    degree: int
    direct: bool = False
    fine: int = 0

    @property
    def cost(self) -> int:
        """About how many instructions it takes."""
        picks, before = {64: (1, 1), 16: (3, 4), 8: (1, 3)}[self.entries]
        return before + picks * (self.degree + 1) + 2 * self.degree + 2 * (not self.direct) + 7 * bool(self.fine)

    @property
    def bits(self) -> int:
        """By how many bits a word is shifted to tell the piece, of those that are not fine."""
        return 17 - self.entries.bit_length() + bool(self.fine)

    @property
    def limit(self) -> int:
        """The first word above the middle that is not fine."""
        return WORD >> self.fine

    def index(self, words: Any) -> Any:
        """Return the entry of words, an array of int32, and the word that polynomials are of."""
        coarse, part = words >> self.bits, words << (16 - self.bits)
        if not self.fine:
            return coarse & (self.entries - 1), words if self.direct else _signed(part) ^ -WORD
        fine = (-self.limit <= words) & (words < self.limit)
        coarse = (coarse & self.entries // 2 - 1) + self.entries // 4
        entry = np.where(fine, words >> (self.bits - self.fine) & self.entries - 1, coarse)
        return entry, _signed(np.where(fine, part << self.fine, part)) ^ -WORD


@cache
def _edges(shape: Shape) -> Array:
    """Return where every entry's piece begins and ends, from -1 to 1; those that nothing uses have a place too."""
    if not shape.fine:
        return _pieces(shape.entries)
    coarse, quarter = _pieces(shape.entries // 2), shape.entries // 4
    fine = coarse / (1 << shape.fine)
    return np.concatenate([fine[:quarter], coarse, fine[quarter:]])


@cache
def _unused(shape: Shape) -> Array:
    """Return of which entries no word has need: of the others among those that finer ones stand for."""
    found: Array = np.all(np.abs(_edges(shape)) <= (0.5**shape.fine if shape.fine else 0), -1)
    quarter = shape.entries // 4
    found[:quarter] = found[shape.entries - quarter :] = False
    return found


def _pieces(count: int) -> Array:
    starts = 2 * np.roll(np.arange(count), count // 2) / count - 1  # words begin with the negative ones
    return np.stack([starts, starts + 2 / count], -1)


def shapes(entries: int) -> tuple[Shape, ...]:
    """Return all shapes for a processor, by the greatest table that it has."""
    sizes, degrees = ((64,), (1, 2)) if entries == 64 else ((16, 8), (1, 2, 3))
    plain = [Shape(size, degree, direct) for size in sizes for degree in degrees for direct in (True, False)]
    parts = range(2, 7 if entries == 64 else 5)  # beyond that `pshufb` takes a bit of the word for its own
    return (*plain, *(Shape(entries, degree, fine=fine) for degree in degrees for fine in parts))


@dataclass(frozen=True, slots=True)
class Span:
    """The values that a function is followed for, and where words lie among them.

    Attributes:
        start, stop: where it may be cut off: beyond, it is level, or there is nothing.
        middle: the value of word 0.
        half: how far it is from there to the last word.
        fine: whether the function is so steep at the middle that the pieces there have to be finer.

    """

    start: float
    stop: float
    middle: float
    half: float
    fine: bool


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How code follows a function.

    Attributes:
        shape: of the pieces.
        powers: a row of coefficients for every entry, before they are scaled and rounded.
        ends: least and greatest value that may come out.
        between: the greatest size of sums on the way to it.
        error: the greatest difference at the values that were looked at, before that.

    """

    shape: Shape
    powers: Array
    ends: tuple[float, float]
    between: float
    error: float


def span(function: Callable[[Array], Any], low: float, high: float, near: float, entries: int) -> Span:
    """Return how words are to lie for a function of values from `low` to `high`, to be followed `near` enough."""
    start, stop = bend(function, low, high, _LOOKED), -bend(lambda v: function(-v), -high, -low, _LOOKED)
    start = start if _level(function, low, start) else low
    stop = stop if _level(function, stop, high) else high
    if start >= stop:
        start, stop = low, max(high, low + 1e-6)
    plain = Span(start, stop, (start + stop) / 2, (stop - start) / 2, fine=False)
    if fitted(function, plain, Shape(entries, 2), 0).error <= near:
        return plain
    at = np.linspace(start, stop, _LOOKED)
    bent = np.abs(np.diff(np.broadcast_to(function(at), at.shape), 2))
    middle = start if not np.isfinite(bent).all() or bent.argmax() < 2 else float(at[bent.argmax() + 1])
    if middle == start and start > low:  # what is cut off has a word of its own beside the steepest piece
        middle += (stop - start) / WORD
    return Span(start, stop, middle, max(stop - middle, middle - start), fine=True)


def fitted(function: Callable[[Array], Any], span: Span, shape: Shape, wider: int) -> Curve:
    """Return the fit to a function, for words that reach 2^`wider` times as far as the span."""
    spots, to_powers, to_values = _spots(shape.degree)
    edges = _edges(shape)
    middle, half = edges.mean(-1, keepdims=True), np.diff(edges) / 2
    places = span.middle + span.half * 2**wider * (middle + half * spots)
    values = np.broadcast_to(function(places.clip(span.start, span.stop)), places.shape)
    if not np.isfinite(values).all():
        return Curve(shape, values, (0.0, 0.0), 0.0, np.inf)
    powers = values[:, : shape.degree + 1] @ to_powers
    powers[_unused(shape)] = 0
    off = np.abs(powers @ to_values - values).max(-1)
    error = float(off[~_unused(shape)].max())
    beyond = np.abs(powers[:, 1:]).sum(-1)
    ends = float((powers[:, 0] - beyond).min()), float((powers[:, 0] + beyond).max())
    if shape.direct:
        powers = _direct(powers, middle[:, 0], half[:, 0])
    between = float(np.abs(powers[:, 1:]).sum(-1).max())
    return Curve(shape, powers, ends, between, error)


@cache
def _spots(degree: int) -> tuple[Array, Array, Array]:
    """Return where in pieces functions are looked at; from values at the first ones to powers, and to all."""
    spots = np.concatenate([nodes(degree), _CHECKED])
    known = np.vander(spots, degree + 1, increasing=True)
    return spots, np.linalg.inv(known[: degree + 1]).T, known.T


def _direct(powers: Array, middle: Array, half: Array) -> Array:
    """Return coefficients of the word itself from those of the way from the middle of its piece."""
    found = np.zeros_like(powers)
    for power in powers.T[::-1]:  # found * (x - middle) / half + power
        found[:, 1:] = (found[:, :-1] - middle[:, None] * found[:, 1:]) / half[:, None]
        found[:, 0] = power - middle / half * found[:, 0]
    return found


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
