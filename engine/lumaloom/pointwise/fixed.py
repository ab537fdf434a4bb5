"""A run in fixed point: its scales, numbers and tables for the parameters of now, where it is near enough to the exact.

Everything is measured at some thousand colours: how far values reach, which decides the scales, and what becomes of
words, computed here just as the code does it, beside exact values.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.lower import Lowered
from lumaloom.pointwise.numpy_eval import evaluate, value_of
from lumaloom.pointwise.passes.fixed import UnsuitableError, Way, Words, in_words
from lumaloom.pointwise.passes.fixed_curves import (
    WORD,
    Curve,
    Shape,
    Span,
    added,
    by_table,
    fitted,
    shapes,
    span,
    times,
)
from lumaloom.pointwise.passes.regions import TIMES
from lumaloom.pointwise.pieced import jumped
from lumaloom.pointwise.settled import Ready, Settled, aligned

ALLOWED, ALLOWED_MEAN = 0.7, 0.1
"""Steps of the result that samples may be off before they are rounded: at most, and in the root of the mean square."""

_RANDOM, _NEUTRAL = 3000, 1000
_MORE = 1 / 16  # of a range, by which it may be wider than what was seen of it
NEAR = (1e-3, 2e-4, 4e-5)  # of a function's greatest value, that its curve may be off, tried in this order
_KEPT_FITS, _LOOKED = 256, 257
_ROUNDED = 4  # words that a curve's value may be off by rounding
_LEAST_SHIFT, _MOST_DOUBLINGS = 2, 4
_BEYOND = 130  # places after the last of a picture that code may read

Known = Mapping[Hashable, Any]
Array = np.ndarray[Any, np.dtype[Any]]


class UnfitError(Exception):
    """Parameters for which words are too coarse."""


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
        if any(part.by_table for part in lowered.passes) or any(name in TIMES for name in self._needs):
            raise UnsuitableError("tables or time")
        self._needs = sorted({*self._needs, (-1, "width"), (-1, "height")}, key=repr)
        self.lanes = lanes
        roots = [root for part in lowered.passes for root in part.roots.values()]
        self.roots = roots
        self.words: Words = in_words(roots)
        found = iter(self.words.roots)
        passes = [replace(part, roots={letter: next(found) for letter in part.roots}) for part in lowered.passes]
        self.tables = (*self.words.curves, *self.words.places)
        self.fixed = replace(lowered, passes=tuple(passes), numbers=tuple(self.words.numbers), tables=self.tables)
        self.order = list(reach(self.words.roots))
        self.shapes = shapes(64 if lanes == 32 else 16)
        self.span = lru_cache(maxsize=_KEPT_FITS)(self._span)
        self.fit = lru_cache(maxsize=_KEPT_FITS)(self._fitted)
        self.values = lru_cache(maxsize=_KEPT_FITS)(self._values)
        self._exact = list(reach([*roots, *self.words.meaning.values()]))

    def _evaluated(self, needed: tuple[float, ...]) -> Ready | None:
        known = dict(zip(self._needs, needed, strict=True))
        try:
            return self._found(known)
        except UnfitError:
            return None

    def _span(self, table: Any, low: float, high: float, params: tuple[float, ...], near: float) -> Span:
        function = table.data(*params)
        wide = _widened(low, high)
        good = np.isfinite(function(np.array(wide)))  # what is never below 0 has no root there
        low, high = (new if fine else old for new, old, fine in zip(wide, (low, high), good, strict=True))
        return span(function, low, high, near, self.shapes[0].entries)

    def _values(self, table: Any, span: Span, params: tuple[float, ...]) -> Array:
        return np.asarray(table.data(*params)(np.linspace(span.start, span.stop, _LOOKED)))

    def _fitted(self, table: Any, span: Span, params: tuple[float, ...], shape: Shape, wider: int) -> Curve:
        return fitted(table.data(*params), span, shape, wider)

    def _found(self, known: Known) -> Ready:
        seen = self.seen(known)
        for near in NEAR:
            attempt = Attempt(self, known, seen, near)
            most, mean = attempt.error()
            if most <= ALLOWED and mean <= ALLOWED_MEAN:
                return attempt.ready()
        raise UnfitError

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
        """Return code values of all channels, and places: extremes, random ones, and colours near gray."""
        fmt = self.lowered.before.format
        letters = fmt.channels
        peak, rng = (1 << fmt.depth) - 1, np.random.default_rng(0)
        corners = np.stack(np.meshgrid(*[[0, peak // 2, peak]] * len(letters))).reshape(len(letters), -1)
        random = rng.integers(0, peak + 1, (len(letters), _RANDOM))
        gray = np.linspace(0, peak, _NEUTRAL).round() + rng.integers(
            -peak // 64, peak // 64 + 1, (len(letters), _NEUTRAL)
        )
        for k, letter in enumerate(letters):
            if letter in "uv":
                gray[k] += peak // 2 - gray[letters.index("y")]
        found = np.concatenate([corners, random, gray.clip(0, peak)], 1)
        places: dict[Hashable, Array] = {
            axis: np.asarray(rng.integers(0, int(known[-1, size]) + 1, found.shape[1]) + 0.5)
            for axis, size in (("x", "width"), ("y", "height"))
        }
        codes: dict[Hashable, Array] = {
            f"raw {letter}": row.astype(float) for letter, row in zip(letters, found, strict=True)
        }
        return codes | places


class Attempt:
    """Scales, numbers and tables for some parameters, with functions followed as nearly as was asked."""

    def __init__(self, run: Fixed, known: Known, seen: Mapping[Node, Any], near: float) -> None:
        self.run, self.words, self.known, self.seen = run, run.words, known, seen
        words = self.words
        self.spans = {here: self._span(here, near) for here in words.curves}
        self._middle_of = {words.scale_of(total): self.spans[here].middle for here, total in words.sums.items()}
        self.depth = run.lowered.after.format.depth
        self.shift, self.doublings = 14 - self.depth, dict.fromkeys(words.sums, 0)
        self.scales = self._scales()
        self.curves = {here: self._curve(here, near) for here in words.curves}
        self.numbers = self._numbers()
        self.tables = [self._table(here) for here in words.curves] + [self._place(here) for here in words.places]

    def ready(self) -> Ready:
        """Return what the code gets."""
        lanes = self.run.lanes
        numbers = np.repeat(np.array([*self.numbers.values()] or [0], np.int16)[:, None], lanes, 1)
        laid = [_laid_out(table) for table in self.tables[: len(self.words.curves)]]
        laid += self.tables[len(self.words.curves) :]
        shapes = {here: curve.shape for here, curve in self.curves.items()}
        doublings = {here.args[0]: count for here, count in self.doublings.items()}
        way = Way(self.shift, shapes, doublings, self._cut())
        return Ready(aligned(numbers), tuple(map(aligned, laid)), way)

    def error(self) -> tuple[float, float]:
        """Return by how many steps roots are off at the colours looked at: at most, and of the worst the mean."""
        peak, most, mean = (1 << self.depth) - 1.0, 0.0, 0.0
        for root, made in zip(self.run.roots, self.made(), strict=True):
            off = np.abs((made / (1 << self.shift)).clip(0.5, peak + 0.5) - np.clip(self.seen[root], 0.5, peak + 0.5))
            most, mean = max(most, float(off.max())), max(mean, float(np.sqrt((off * off).mean())))
        return most, mean

    def made(self) -> list[Array]:
        """Return the words that code makes of the colours looked at, of every root."""
        seen, run = self.seen, self.run
        found: dict[Node, Any] = {}
        tables = dict(zip(run.tables, self.tables, strict=True))
        for here in run.order:
            args = [found.get(arg) for arg in here.args]
            if here.op == "input":
                found[here] = _loaded(seen[here].astype(np.int32), run.lowered)
            elif here.op in ("column", "line"):
                found[here] = tables[here].astype(np.int32)[seen[here.args[0]].astype(np.int32)]
            elif here.op in ("scaled", "level"):
                number = self.numbers[here]
                found[here] = times(args[0], number) if here.op == "scaled" else np.int32(number)
            elif here.op == "curve":
                doubled = args[0]
                for _ in range(self.doublings[here]):
                    doubled = added(doubled, doubled)
                found[here] = by_table(tables[here], doubled, self.curves[here].shape)
            else:
                found[here] = _OPERATIONS[here.op](*args)
        return [found[root] for root in self.words.roots]

    def _span(self, here: Node, near: float) -> Span:
        """Return where a curve's argument lies, and how words do there."""
        values, table = self.seen[self.words.meaning[here].args[0]], self.words.curves[here]
        size = max(float(np.abs(self.seen[self.words.meaning[here]]).max()), 1e-9)
        return self.run.span(table, float(np.min(values)), float(np.max(values)), self._params(table), near * size)

    def _params(self, table: Node) -> tuple[float, ...]:
        function: Any = table.data
        return tuple(self.known[param.data] for param in function.params)

    def _curve(self, here: Node, near: float) -> Curve:
        """Return how a function is followed: by what is cheapest among what is near enough, or by the nearest.

        Where fewer doublings do, the function takes up less of all words.
        """
        table, span, most = self.words.curves[here], self.spans[here], self.doublings[here]
        scale = self.scales[self.words.scale_of(here)]
        among = [shape for shape in self.run.shapes if bool(shape.fine) == span.fine]
        ways = [(shape, wider) for shape in among for wider in range(1 if span.fine else most + 1)]
        found: list[tuple[Curve, int]] = []
        for shape, wider in sorted(ways, key=lambda way: way[0].cost - way[1]):
            curve = self.run.fit(table, span, self._params(table), shape, wider)
            if np.abs(curve.powers).max() * scale >= WORD or not np.isfinite(curve.error):
                continue
            found.append((curve, wider))
            if curve.error <= near * max(-curve.ends[0], curve.ends[1]):
                break
        else:
            if not found:
                raise UnfitError
            found.sort(key=lambda one: -one[0].error)
        curve, wider = found[-1]
        self.doublings[here] = most - wider
        return curve

    def _cut(self) -> frozenset[Node]:
        """Return the sums that can't be shown to stay within words, whatever the picture."""
        ends: dict[Node, tuple[int, int]] = {}
        tables = dict(zip(self.run.tables, self.tables, strict=True))
        cut: set[Node] = set()
        for here in self.run.order:
            args = [ends[arg] for arg in here.args if arg in ends]
            if here.op == "input":
                low, high = 0, _loaded((1 << self.run.lowered.before.format.depth) - 1, self.run.lowered)
            elif here.op in ("column", "line"):
                low, high = int(tables[here].min()), int(tables[here].max())
            elif here.op in ("scaled", "level"):
                number = self.numbers[here]
                low, high = sorted(times(end, number) for end in args[0]) if args else (number, number)
            elif here.op == "curve":
                curve, scale = self.curves[here], self.scales[self.words.scale_of(here)]
                low, high = int(curve.ends[0] * scale) - _ROUNDED, int(curve.ends[1] * scale) + _ROUNDED
                if max(-low, high, *(abs(int(end * scale)) for end in curve.steps)) >= WORD:
                    cut.add(here)
            elif here.op in _RANGES:
                low, high = _RANGES[here.op](*args)
                if here.op in _SUMS and max(-low, high) >= WORD:
                    cut.add(here)
            else:
                continue
            ends[here] = max(low, -WORD), min(high, WORD - 1)
        return frozenset(cut)

    def _scales(self) -> dict[Node, float]:
        """Return the scales, by the words that stand for those that share them: as great as all of these let."""
        words = self.words
        found: dict[Node, float] = {}
        last = set(words.sums.values())
        for word, meaning in words.meaning.items():
            shared = words.scale_of(word)
            if word in last:  # which may be cut off
                found.setdefault(shared, np.inf)
                continue
            reach_of = self.seen[meaning]
            if word.op == "curve":
                reach_of = self.run.values(words.curves[word], self.spans[word], self._params(words.curves[word]))
            elif word.op in ("add", "level"):
                reach_of = reach_of - self._middle_of.get(shared, 0.0)
            found[shared] = min(found.get(shared, np.inf), _full(reach_of))
        for here, total in words.sums.items():
            shared, whole = words.scale_of(total), WORD / self.spans[here].half
            while whole / (1 << self.doublings[here]) > found[shared]:
                self._double(here)
            found[shared] = whole / (1 << self.doublings[here])
        for word in found:
            if word.op == "input":
                found[word] = float(1 << (15 - self.run.lowered.before.format.depth))
        return self._settled(found)

    def _settled(self, scales: dict[Node, float]) -> dict[Node, float]:
        """Return the scales made smaller until all numbers are words."""
        words = self.words
        sums = {words.scale_of(total): here for here, total in words.sums.items()}
        ends = {words.scale_of(root) for root in words.roots}
        self._lower_roots(scales, ends)
        changed = True
        while changed:
            changed = False
            for word in self.run.order:
                if word.op == "product":
                    a, b = (scales[words.scale_of(arg)] for arg in word.args)
                    scales[words.scale_of(word)] = a * b / WORD
                elif word.op == "scaled":
                    weight = abs(float(np.max(self.seen[words.weights[word]])))
                    shared = words.scale_of(word)
                    most = scales[words.scale_of(word.args[0])] / max(weight, 1e-12)
                    if scales[shared] <= most * (1 + 1e-9):
                        continue
                    changed = True
                    if shared in sums:
                        self._double(sums[shared])
                        scales[shared] /= 2
                    elif shared in ends:
                        self.shift -= 1
                        self._lower_roots(scales, ends)
                    else:
                        scales[shared] = most
                    if scales[shared] < 1e-3:
                        raise UnfitError
        return scales

    def _lower_roots(self, scales: dict[Node, float], ends: set[Node]) -> None:
        while any(scales[shared] < 1 << self.shift for shared in ends) and self.shift > 0:
            self.shift -= 1
        if self.shift < _LEAST_SHIFT:
            raise UnfitError
        for shared in ends:
            scales[shared] = float(1 << self.shift)

    def _double(self, here: Node) -> None:
        self.doublings[here] += 1
        if self.doublings[here] > _MOST_DOUBLINGS:
            raise UnfitError

    def _numbers(self) -> dict[Node, int]:
        words, scales = self.words, self.scales
        found = {}
        for here, weight in words.weights.items():
            ratio = scales[words.scale_of(here)] / scales[words.scale_of(here.args[0])]
            found[here] = _word(float(np.max(self.seen[weight])) * ratio * WORD)
        for here, number in words.levels.items():
            shared = words.scale_of(here)
            found[here] = _word((float(np.max(self.seen[number])) - self._middle_of.get(shared, 0.0)) * scales[shared])
        return found

    def _table(self, here: Node) -> Array:
        """Return the coefficients of a curve as words, a row for every power."""
        powers = self.curves[here].powers * self.scales[self.words.scale_of(here)]
        return np.ascontiguousarray(np.clip(np.rint(powers.T), 1 - WORD, WORD - 1), np.int16)

    def _place(self, here: Node) -> Array:
        """Return what a `column` or `line` is, at all places."""
        axis = here.args[0].data
        count = int(self.known[-1, "width" if axis == "x" else "height"]) + _BEYOND
        (values,) = evaluate([self.words.places[here]], {**self.known, axis: np.arange(count) + 0.5})
        scaled = np.broadcast_to(values, count) * self.scales[self.words.scale_of(here)]
        return np.clip(np.rint(scaled), 1 - WORD, WORD - 1).astype(np.int16)


def _laid_out(table: Array) -> Array:
    """Return a curve's table as its code reads it: of 16 entries first the low and then the high bytes, twice."""
    if table.shape[1] == 64:
        return table
    octets = table.view(np.uint8).reshape(len(table), 16, 2)
    return np.tile(octets.transpose(0, 2, 1)[:, :, None], (1, 1, 2, 1)).view(np.int16)


def _loaded(samples: Any, lowered: Lowered) -> Any:
    return samples << (15 - lowered.before.format.depth)


def _widened(low: float, high: float) -> tuple[float, float]:
    more = (high - low) * _MORE
    return float(low - more), float(high + more)


def _full(values: Any) -> float:
    """Return the scale by which values fill words."""
    low, high = _widened(np.min(values), np.max(values))
    return WORD / max(-low, high, 1e-6)


def _word(value: float) -> int:
    return int(np.clip(np.rint(value), 1 - WORD, WORD - 1))


_OPERATIONS: dict[str, Any] = {
    "add": added,
    "sub": lambda a, b: added(a, -b),
    "neg": lambda a: added(0, -a),
    "abs": lambda a: np.maximum(a, added(0, -a)),
    "min": np.minimum,
    "max": np.maximum,
    "product": times,
    "lt": np.less,
    "le": np.less_equal,
    "select": np.where,
    "doubled": lambda a: a,  # where the curve is
}

_SUMS = {"add", "sub", "neg", "abs"}
_RANGES: dict[str, Any] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "neg": lambda a: (-a[1], -a[0]),
    "abs": lambda a: (0, max(-a[0], a[1])),
    "min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "product": lambda a, b: (min(ends := [times(x, y) for x in a for y in b]), max(ends)),
    "select": lambda a, b: (min(a[0], b[0]), max(a[1], b[1])),
}
"""Of `doubled` and comparisons nothing is asked."""
