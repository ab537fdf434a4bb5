"""Functions of one value as polynomials, piece by piece: tables for code that picks coefficients within registers.

With `s = factor * x + summand`, 1 where the function begins to bend, the highest bits of `s` say which piece: as many
lie between two powers of two as suit the function, from one, for those that are steep at their start, to 32, for those
that are alike all over. Before the first and after the last piece the function is a straight line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import comb
from typing import Any

import numpy as np

HEAD = 16
"""Floats before the coefficients: factor, summand, least and greatest `s` that tell a piece, and by how many bits it is
shifted then, which is an int32; the others are unused."""

_SHAPES = {
    32: ((32, 28), (32, 30), (16, 30), (8, 30), (4, 30), (2, 30), (1, 30)),
    16: ((16, 12), (16, 14), (8, 14), (4, 14), (2, 14), (1, 14)),
}
"""By the entries of a table, of which two are for the lines: how many pieces lie from s to 2 s, and in all."""

_LOOKED, _CHECKED = 2048, 25
_STRAIGHT = 1e-9  # by which lines may be bent
_MORE = 1.25  # than the greatest error at the values looked at

Floats = np.ndarray[Any, np.dtype[Any]]
Line = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A function as the code computes it.

    Attributes:
        table: what the code reads, `HEAD` floats and then one per entry for every power of s.
        error: the greatest difference at the values that were looked at, and a quarter of it.

    """

    table: Floats
    error: float


def computed(table: Floats, entries: int, values: Floats) -> Floats:
    """Return what the code makes of values with the table of a fit, by definition."""
    factor, summand, least, most = table[:4]
    s = values.astype(np.float32) * factor + summand
    where = (np.clip(s, least, most).view(np.int32) >> table[4:5].view(np.int32)[0]) % entries
    found = np.zeros_like(s)
    for row in table[HEAD:].reshape(-1, entries)[::-1]:
        found = found * s + row[where]
    return np.asarray(found)


@np.errstate(all="ignore")
def fitted(
    function: Callable[[Floats], Any],
    low: float,
    high: float,
    degree: int,
    entries: int = 32,
    capped: bool = True,
    dense: bool = False,
) -> Fit:
    """Return the best of the fits to a function from `low` to `high`.

    Args:
        function: gives one number for each of an array.
        low, high: where its argument lies.
        degree: of the polynomials.
        entries: 32 or 16, two more than there may be pieces.
        capped: whether there may be a straight line after the last piece.
        dense: look at more values, as of a function that may have anything between them.

    """
    start = bend(function, low, high)
    stop = -bend(lambda v: function(-v), -high, -low) if capped else high
    if start >= stop:
        start, stop = low, high
    checked = np.linspace(-1, 1, 7 * _CHECKED) if dense else np.cos(np.linspace(0, np.pi, _CHECKED))
    spots = np.concatenate([nodes(degree), checked])
    shapes = [_Shape(per, pieces, start, stop) for per, pieces in _SHAPES[entries]]
    places = [np.linspace(low, start, 3), np.linspace(stop, high, 3), *(shape.places(spots) for shape in shapes)]
    given = np.concatenate([place.ravel() for place in places])
    values = np.split(np.broadcast_to(function(given), given.shape), np.cumsum([place.size for place in places])[:-1])
    lines = [_line(place, value) for place, value in zip(places[:2], values[:2], strict=True)][: 1 + capped]
    fits = [
        shape.fit(place, value.reshape(place.shape), lines, degree, entries)
        for shape, place, value in zip(shapes, places[2:], values[2:], strict=True)
    ]
    return min(fits, key=lambda fit: fit.error)


def nodes(degree: int) -> Floats:
    """Return the zeros of Chebyshev's polynomial of one degree more."""
    return np.asarray(np.cos((np.arange(degree + 1) + 0.5) * np.pi / (degree + 1)))


def bend(function: Callable[[Floats], Any], low: float, high: float, count: int = _LOOKED) -> float:
    """Return how far from `low` on a function is a straight line, by looking at a `count` of values and then nearer."""
    at = np.linspace(low, high, count)
    rises = np.diff(np.broadcast_to(function(at), at.shape))
    bent = np.abs(rises - rises[0]) > _STRAIGHT
    if not bent.any():
        return high
    first = int(bent.argmax())
    if first < 2:
        return low
    value, slope = _line(at[:first], function(at[:first]))[:2]
    left, right = float(at[first - 1]), float(at[first + 1])
    for _ in range(2):
        near = np.linspace(left, right, count)
        off = np.abs(function(near) - (value + slope * (near - low))) > 100 * _STRAIGHT
        last = max(int(off.argmax()) - 1, 0)
        left, right = float(near[last]), float(near[last + 1])
    return left


def _line(places: Floats, values: Floats) -> Line:
    """Return the value at the first place, the slope from there to the last, that place, and the greatest error."""
    values = np.broadcast_to(values, places.shape)
    wide = float(places[-1] - places[0])
    slope = float(values[-1] - values[0]) / wide if wide else 0.0
    off = np.abs(values[0] + slope * (places - places[0]) - values).max()
    return float(values[0]), slope, float(places[0]), float(off)


class _Shape:
    """How pieces lie."""

    def __init__(self, per: int, pieces: int, start: float, stop: float) -> None:
        self.per, self.pieces = per, pieces
        self.edges = _edges(per, pieces)
        wide = max(stop - start, 1e-6)
        self.factor = np.float32((self.edges[-1] - 1) / wide)
        self.summand = np.float32(1 - float(self.factor) * start)

    def places(self, spots: Floats) -> Floats:
        """Return the arguments at spots from -1 to 1 of every piece."""
        middle, half = self.edges[1:] + self.edges[:-1], np.diff(self.edges)
        s = 0.5 * (middle[:, None] + half[:, None] * spots)
        return np.asarray((s - float(self.summand)) / float(self.factor))

    def fit(self, places: Floats, values: Floats, lines: list[Line], degree: int, entries: int) -> Fit:
        """Return the fit to values at places, and to the lines before and after."""
        factor, summand = float(self.factor), float(self.summand)
        powers = np.zeros((entries, degree + 1))
        powers[: self.pieces] = np.einsum("pn,pnk->pk", values[:, : degree + 1], _solved(self.per, self.pieces, degree))
        powers[self.pieces] = powers[self.pieces - 1]  # where rounding leads beyond the last
        for row, (value, slope, place, _) in zip((-1, self.pieces), lines, strict=False):
            powers[row] = 0
            powers[row, :2] = value - slope / factor * (factor * place + summand), slope / factor
        rows = powers.astype(np.float32)
        table = np.zeros(HEAD + entries * (degree + 1), np.float32)
        table[:4] = self.factor, self.summand, np.nextafter(np.float32(1), np.float32(0)), self.edges[-1]
        table[4:5].view(np.int32)[0] = 23 - (self.per.bit_length() - 1)
        where = (127 * self.per + np.arange(entries)) % entries
        table[HEAD:].reshape(degree + 1, entries)[:, where] = rows.T
        s = (places[:, degree + 1 :] * factor + summand).astype(np.float32)
        found = np.broadcast_to(rows[: self.pieces, degree, None], s.shape)
        for k in reversed(range(degree)):
            found = found * s + rows[: self.pieces, k, None]
        off = float(np.abs(found - values[:, degree + 1 :]).max())
        error = _MORE * max(off, *(line[3] for line in lines))
        return Fit(table, error if np.isfinite(error) else np.inf)


def _edges(per: int, pieces: int) -> Floats:
    """Return where pieces begin, and the last ends."""
    numbers = np.arange(pieces + 1)
    return np.asarray(np.exp2(numbers // per) * (1 + (numbers % per) / per))


@cache
def _solved(per: int, pieces: int, degree: int) -> Floats:
    """Return what makes coefficients of values at the nodes, `(pieces, nodes, powers of s)`."""
    edges, orders = _edges(per, pieces), range(degree + 1)
    half = 0.5 * np.diff(edges)
    middle = edges[:-1] + half
    near = np.linalg.inv(np.vander(nodes(degree), increasing=True))  # powers of the way from the middle, by node
    result = np.zeros((pieces, degree + 1, degree + 1))
    for k in orders:
        for j in range(k, degree + 1):
            result[:, :, k] += near[j] * (comb(j, k) * (-middle) ** (j - k) / half**j)[:, None]
    return result
