"""The scales, numbers and tables of a run in fixed point for some parameters, and what its code makes of colours."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lumaloom.pointwise.ir import Node
from lumaloom.pointwise.lower import Lowered
from lumaloom.pointwise.numpy_eval import evaluate
from lumaloom.pointwise.passes.fixed import Way
from lumaloom.pointwise.passes.fixed_curves import WORD, Curve, Span, added, by_table, times
from lumaloom.pointwise.settled import Ready, aligned

if TYPE_CHECKING:
    from lumaloom.pointwise.fixed import Fixed

_MORE = 1 / 16  # of a range, by which it may be wider than what was seen of it
_FEWER = 3
_ROUNDED = 4  # words that a curve's value may be off by rounding
_LEAST_SHIFT, _MOST_DOUBLINGS = 2, 4
_BYTE = 7  # bits by which bytes are shifted up
_BEYOND = 130  # places after the last of a picture that code may read

Known = Mapping[Hashable, Any]
Array = np.ndarray[Any, np.dtype[Any]]


class UnfitError(Exception):
    """Parameters for which words are too coarse."""


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
        exact = np.stack(np.broadcast_arrays(*(self.seen[root] for root in self.run.roots)))
        off = np.abs(self._shown(self.made()) - exact.clip(0.5, (1 << self.depth) - 0.5))
        return float(off.max()), float(np.sqrt((off * off).mean(-1)).max())

    def steepest(self) -> float:
        """Return how many steps a root moves where a curve with finer pieces is as far off as it is anywhere.

        Its greatest error lies within few words, which the colours looked at may miss.
        """
        fine = [here for here, curve in self.curves.items() if curve.shape.fine]
        still = self._shown(self.made(every=_FEWER)) if fine else np.zeros(1)
        most = 0.0
        for here in fine:
            off = int(np.ceil(self.curves[here].error * self.scales[self.words.scale_of(here)]))
            ends = (self._shown(self.made({here: way}, _FEWER)) for way in (off, -off))
            most = max(most, *(float(np.abs(end - still).max()) for end in ends))
        return most

    def _shown(self, made: list[Array]) -> Array:
        """Return roots in steps, as far as samples show them."""
        steps = np.stack(np.broadcast_arrays(*made)) / (1 << self.shift)
        return steps.clip(0.5, (1 << self.depth) - 0.5)

    def made(self, moved: Mapping[Node, int] | None = None, every: int = 1) -> list[Array]:
        """Return the words that code makes of the colours looked at, of every root.

        Args:
            moved: by how many words curves are to be off.
            every: how many colours are passed over for one that is looked at.

        """
        moved, run = moved or {}, self.run
        seen = self.seen if every == 1 else {here: _some(self.seen[here], every) for here in self.seen if here.varying}
        found: dict[Node, Any] = {}
        tables = dict(zip(run.tables, self.tables, strict=True))
        for here in run.order:
            args = [found.get(arg) for arg in here.args]
            if here.op == "input":
                found[here] = _loaded(seen[here].astype(np.int32), run.lowered)
            elif here.op == "byte":
                found[here] = seen[self.words.meaning[here]].astype(np.int32) << _BYTE
            elif here.op in ("column", "line"):
                found[here] = tables[here].astype(np.int32)[seen[here.args[0]].astype(np.int32)]
            elif here.op in ("scaled", "level"):
                number = self.numbers[here]
                found[here] = times(args[0], number) if here.op == "scaled" else np.int32(number)
            elif here.op == "curve":
                doubled = args[0]
                for _ in range(self.doublings[here]):
                    doubled = added(doubled, doubled)
                found[here] = added(by_table(tables[here], doubled, self.curves[here].shape), moved.get(here, 0))
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
            elif here.op == "byte":
                low, high = 0, 255 << _BYTE
            elif here.op in ("column", "line"):
                low, high = int(tables[here].min()), int(tables[here].max())
            elif here.op in ("scaled", "level"):
                number = self.numbers[here]
                low, high = sorted(times(end, number) for end in args[0]) if args else (number, number)
            elif here.op == "curve":
                curve, scale = self.curves[here], self.scales[self.words.scale_of(here)]
                low, high = int(curve.ends[0] * scale) - _ROUNDED, int(curve.ends[1] * scale) + _ROUNDED
                if max(-low, high, int(curve.between * scale)) >= WORD:
                    cut.add(here)
            elif here.op in _RANGES:
                if here.op == "product" and all(end[0] <= -WORD for end in args):
                    raise UnfitError  # the only product that is no word
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
            elif word.op == "byte":
                found[word] = float(1 << _BYTE)
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
    """Return a curve's table as its code reads it: below 64 entries for both halves of a register.

    Of 16 entries first the low and then the high bytes.
    """
    if table.shape[1] == 64:
        return table
    if table.shape[1] == 8:
        return np.tile(table, (1, 2))
    octets = table.view(np.uint8).reshape(len(table), 16, 2)
    return np.tile(octets.transpose(0, 2, 1)[:, :, None], (1, 1, 2, 1)).view(np.int16)


def _loaded(samples: Any, lowered: Lowered) -> Any:
    return samples << (15 - lowered.before.format.depth)


def _some(values: Any, every: int) -> Any:
    return values[::every] if np.ndim(values) else values


def widened(low: float, high: float) -> tuple[float, float]:
    """Return a range a little wider than what was seen of it."""
    more = (high - low) * _MORE
    return float(low - more), float(high + more)


def _full(values: Any) -> float:
    """Return the scale by which values fill words."""
    low, high = widened(np.min(values), np.max(values))
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
