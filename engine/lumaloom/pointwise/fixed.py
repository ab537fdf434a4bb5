"""A run in fixed point: its scales, numbers and tables for the parameters of now, where it is near enough to the exact.

Everything is measured at some thousand colours: how far values reach, which decides the scales, and what becomes of
words, computed here just as the code does it, beside exact values.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from lumaloom.pointwise.fixed_numbers import Attempt, UnfitError, widened
from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.levels import levels
from lumaloom.pointwise.lower import Lowered
from lumaloom.pointwise.numpy_eval import evaluate, value_of
from lumaloom.pointwise.passes.fixed import UnsuitableError, Words, in_words
from lumaloom.pointwise.passes.fixed_curves import (
    Curve,
    Shape,
    Span,
    fitted,
    shapes,
    span,
)
from lumaloom.pointwise.passes.regions import TIMES
from lumaloom.pointwise.pieced import jumped
from lumaloom.pointwise.settled import Ready, Settled

ALLOWED, ALLOWED_MEAN, ALLOWED_STEEP = 0.4, 0.125, 0.8
"""Steps of the result that samples may be off before they are rounded: at most, in the root of the mean square, and
where a function is followed worst.

Of more than 8 bits it is half of the first, since what is not looked at may be further off in steps.
"""

_RANDOM, _NEUTRAL = 2000, 500
NEAR = (1.2e-3, 5e-4, 1e-4)  # of a function's greatest value, that its curve may be off, tried in this order
_KEPT_FITS, _LOOKED = 256, 257

Known = Mapping[Hashable, Any]
Array = np.ndarray[Any, np.dtype[Any]]


class Fixed(Settled):
    """Finds what code in fixed point gets.

    Args:
        lowered: a run with functions of one value as `pieces`.
        lanes: of a register, 32 or 16.

    Raises:
        UnsuitableError: the run has something that can't be done so.

    """

    def __init__(self, lowered: Lowered, lanes: int) -> None:
        super().__init__(lowered)
        if any(part.by_table for part in lowered.passes):
            raise UnsuitableError("tables")
        self.lanes = lanes
        roots = [root for part in lowered.passes for root in part.roots.values()]
        self.roots = roots
        self.words: Words = in_words(roots)
        moving = [here for here in (*lowered.numbers, *lowered.tables) if here not in self.words.plates]
        if any(here.data in TIMES for here in reach(moving)):
            raise UnsuitableError("time")
        self._needs = sorted({*self._needs, (-1, "width"), (-1, "height")}, key=repr)
        self._steady = [name for name in self._needs if name not in TIMES]
        found = iter(self.words.roots)
        passes = [replace(part, roots={letter: next(found) for letter in part.roots}) for part in lowered.passes]
        self.tables = (*self.words.curves, *self.words.places)
        tables = (*self.tables, *self.words.plates)
        self.fixed = replace(lowered, passes=tuple(passes), numbers=tuple(self.words.numbers), tables=tables)
        self.order = list(reach(self.words.roots))
        self.shapes = shapes(64 if lanes == 32 else 16)
        self.span = lru_cache(maxsize=_KEPT_FITS)(self._span)
        self.fit = lru_cache(maxsize=_KEPT_FITS)(self._fitted)
        self.values = lru_cache(maxsize=_KEPT_FITS)(self._values)
        self._found = lru_cache(maxsize=_KEPT_FITS)(self._found_at)
        self._exact = list(reach([*roots, *self.words.meaning.values()]))

    def _evaluated(self, needed: tuple[float, ...]) -> Ready | None:
        known = dict(zip(self._needs, needed, strict=True))
        found = self._found(tuple(known[name] for name in self._steady))
        if found is None or not self.words.plates:
            return found
        return found._replace(tables=(*found.tables, *evaluate(self.words.plates, known)))

    def _span(self, table: Any, low: float, high: float, params: tuple[float, ...], near: float) -> Span:
        function = table.data(*params)
        wide, at = widened(low, high), np.linspace(low, high, 33)
        values = np.broadcast_to(function(at), at.shape)
        # What is never below 0 has no root there, nor is anything wider than what it was made for.
        good = np.abs(function(np.array(wide)) - values[[0, -1]]) <= np.ptp(values) / 4 + 1e-9
        low, high = (new if fine else old for new, old, fine in zip(wide, (low, high), good, strict=True))
        return span(function, low, high, near, self.shapes[0].entries)

    def _values(self, table: Any, span: Span, params: tuple[float, ...]) -> Array:
        return np.asarray(table.data(*params)(np.linspace(span.start, span.stop, _LOOKED)))

    def _fitted(self, table: Any, span: Span, params: tuple[float, ...], shape: Shape, wider: int) -> Curve:
        return fitted(table.data(*params), span, shape, wider)

    def _found_at(self, steady: tuple[float, ...]) -> Ready | None:
        """Return what code gets beside plates, which are as good at any time."""
        known: dict[Hashable, Any] = dict.fromkeys(TIMES, 0.0)
        known |= zip(self._steady, steady, strict=True)
        with suppress(UnfitError):
            seen = self.seen(known)
            for near in NEAR:
                attempt = Attempt(self, known, seen, near)
                most, mean = attempt.error()
                if most <= ALLOWED and mean <= ALLOWED_MEAN and attempt.steepest() <= ALLOWED_STEEP:
                    return attempt.ready()
        return None

    def seen(self, known: Known) -> dict[Node, Any]:
        """Return the exact values of all nodes at the colours looked at.

        Raises:
            UnfitError: something jumps there, or is not finite.

        """
        given = {**known, **self.colours(known)}
        exact: dict[Node, Any] = {}
        with np.errstate(all="ignore"):
            for here in self._exact:
                args = [exact[arg] for arg in here.args]
                exact[here] = value_of(here, args, given)
                if here.op == "select" and np.max(jumped(here, here.args[0], args, 1.0, exact)) == np.inf:
                    raise UnfitError
        if not all(np.isfinite(exact[root]).all() for root in self.roots):
            raise UnfitError
        return exact

    def colours(self, known: Known) -> dict[Hashable, Array]:
        """Return codes of channels, and places: extremes all over the picture, random ones, half dark, and grays."""
        fmt = self.lowered.before.format
        letters, peak, rng = fmt.channels, (1 << fmt.depth) - 1, np.random.default_rng(0)
        blacks = [levels(self.lowered.before, letter)[0] / (1 << fmt.shift) for letter in letters]
        marks = [sorted({0, int(black), peak // 3, 2 * peak // 3, peak}) for black in blacks]
        marks = [[0, peak] if letter == "a" else some for letter, some in zip(letters, marks, strict=True)]
        corners = np.stack([found.ravel() for found in np.meshgrid(*marks)])
        random = np.floor((peak + 1) * rng.random((len(letters), _RANDOM)) ** np.repeat([1, 4], _RANDOM // 2))
        wide = peak // 64
        gray = np.linspace(0, peak, _NEUTRAL).round() + rng.integers(-wide, wide + 1, (len(letters), _NEUTRAL))
        for k, letter in enumerate(letters):
            if letter in "uv":
                gray[k] += peak // 2 - gray[letters.index("y")]
        found = np.concatenate([np.repeat(corners, 9, 1), random, gray.clip(0, peak)], 1)
        codes: dict[Hashable, Array] = {
            f"raw {letter}": row.astype(float) for letter, row in zip(letters, found, strict=True)
        }
        for axis, size, spots in (("x", "width", np.tile([0, 1, 2], 3)), ("y", "height", np.repeat([0, 1, 2], 3))):
            last = int(known[-1, size])  # one more than there is: pairs of odd sizes reach as far
            at = np.tile(spots * last // 2, corners.shape[1])
            codes[axis] = 0.5 + np.concatenate([at, rng.integers(0, last + 1, _RANDOM + _NEUTRAL)])
        return codes
