"""What a run with functions by pieces gets from the host, where those are good enough for the parameters of now."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from math import floor, inf, isfinite, log2
from typing import Any

import numpy as np

from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.levels import levels
from lumaloom.pointwise.lower import Lowered
from lumaloom.pointwise.numpy_eval import by_table, evaluate, value_of
from lumaloom.pointwise.passes.pieces import Fit, computed, fitted
from lumaloom.pointwise.passes.ranges import Range, range_of
from lumaloom.pointwise.passes.regions import TIMES, Function
from lumaloom.pointwise.settled import Settled

ALLOWED = 0.2
"""Steps of the result that a sample may be off before it is rounded."""

_ALLOWED_AT_ENDS = 0.5
_PROBES, _LOOKED = 512, 257
_TIMES = (0.0, 1.0, 7.0, 60.0, 1000.0)  # seconds at which errors are looked at, where there is time in a run
_COMPARED, _JUMPS = {"lt", "le"}, {"floor", "ceil", "rint", "trunc", "eq", "ne"}
_STEEPEST = 16.0
_KEPT, _KEPT_FITS = 64, 8

Known = Mapping[Hashable, Any]


class Pieced(Settled):
    """Finds where the arguments of functions lie, fits pieces there, and follows their errors to the samples."""

    def __init__(self, lowered: Lowered, exponents: int = 0) -> None:
        super().__init__(lowered, exponents)
        self._needs = sorted({*self._needs, (-1, "width"), (-1, "height")}, key=repr)
        self._roots = [root for part in lowered.passes if not part.by_table for root in part.roots.values()]
        self._varying = [here for here in reach(self._roots) if here.varying]
        self._functions: list[Node] = [table for table in lowered.tables if isinstance(table.data, Function)]
        self._steady = [name for name in self._needs if name not in TIMES]
        pictures = {here.args[0] for here in self._varying if here.op == "texel"}
        self._decided = [here for here in self._uniform if here not in pictures]
        reached = {here.data for here in reach([*self._decided, *self._functions]) if here.op == "param"}
        self._deciding = [name for name in self._needs if name in reached or name not in TIMES]
        self._times = _TIMES if len(self._steady) < len(self._deciding) else _TIMES[:1]
        self._fit = lru_cache(maxsize=_KEPT)(self._fitted)
        self._fits = lru_cache(maxsize=_KEPT_FITS)(self._fits_of)
        self._spans = lru_cache(maxsize=_KEPT_FITS)(self._spans_of)

    def _tables(self, known: Known, values: Mapping[Node, Any]) -> list[Any] | None:
        spans = self._spans(tuple(known[name] for name in self._deciding)) if self._functions else None
        fits = None if spans is None else self._fits(spans, tuple(known[name] for name in self._steady))
        if fits is None:
            return None
        return [fits[table].table if table in fits else values[table] for table in self.lowered.tables]

    def _fits_of(self, spans: tuple[Range, ...], steady: tuple[float, ...]) -> dict[Node, Fit] | None:
        """Return the fits of all functions, or None where they are not near enough at some of the `_TIMES`."""
        known: dict[Hashable, Any] = dict(zip(self._steady, steady, strict=True))
        fits = {
            table: self._fit(number, *spans[number], tuple(known[param.data] for param in table.args))
            for number, table in enumerate(self._functions)
        }
        moments = [{**known, TIMES[0]: time, TIMES[1]: floor(25 * time)} for time in self._times]
        near = all(self._worst(moment, fits) <= ALLOWED for moment in moments)
        return fits if near and self._off_at_ends(moments[0], fits) <= _ALLOWED_AT_ENDS else None

    def _spans_of(self, deciding: tuple[float, ...]) -> tuple[Range, ...] | None:
        """Return where the arguments of all functions lie, or None where one has no bounds.

        Pictures count by their depth: noise that is new in every frame changes nothing.
        """
        known: dict[Hashable, Any] = dict(zip(self._deciding, deciding, strict=True))
        values = dict(zip(self._decided, evaluate(self._decided, known), strict=True))
        ends = self._ends(known)
        ranges: dict[Node, Range] = {}
        spans: dict[Node, Range] = {}
        for here in self._varying:
            args = [ranges[arg] if arg in ranges else _reach(arg, values) for arg in here.args if here.op != "texel"]
            if here.op in ("lookup", "lookup3"):
                ranges[here] = args[0]
            elif here.op == "power":
                low, high = by_table(np.array(args[0]), values[here.args[1]])
                ranges[here] = float(low), float(high)
            elif here.op == "pieces":
                low, high = args[0]
                if not (isfinite(low) and isfinite(high)):
                    return None
                table: Any = here.args[1]
                low, high = _rounded(low, high)
                before = spans.get(table, (low, high))
                spans[table] = min(low, before[0]), max(high, before[1])
                ranges[here] = _reached(table.data, low, high, known)
            else:
                ranges[here] = range_of(here, args, ends)
        return tuple(spans[table] for table in self._functions)

    def _fitted(self, number: int, low: float, high: float, params: tuple[float, ...]) -> Fit:
        function: Any = self._functions[number].data
        known = dict(zip((param.data for param in function.params), params, strict=True))
        kind = function.degree, function.entries, function.capped, function.jagged
        return fitted(lambda x: function.at(x, known), low, high, *kind)

    def _ends(self, known: Known) -> dict[object, Range]:
        fmt = self.lowered.before.format
        found: dict[object, Range] = {
            f"raw {letter}": (0.0, float((1 << fmt.depth) - 1)) for plane in fmt.planes for letter in plane.channels
        }
        return {**found, "x": (0.0, known[-1, "width"] + 1.0), "y": (0.0, known[-1, "height"] + 1.0)}

    def _off_at_ends(self, known: Known, fits: Mapping[Node, Fit]) -> float:
        """Return how many steps the code is off at colours whose channels are least, black or greatest.

        No random colour is as dark as black, where an error of light is the greatest of codes.
        """
        spec, ends = self.lowered.before, self._ends(known)
        letters = [name for name in ends if name not in ("x", "y")]
        blacks = (levels(spec, str(name)[-1])[0] / (1 << spec.format.shift) for name in letters)
        marks = [(ends[name][0], black, ends[name][1]) for name, black in zip(letters, blacks, strict=True)]
        grid = np.meshgrid(*marks)
        given: dict[Hashable, Any] = {**known, "x": 0.5, "y": 0.5}
        given.update((name, axis.ravel()) for name, axis in zip(letters, grid, strict=True))
        exact: dict[Node, Any] = dict(zip(self._uniform, evaluate(self._uniform, known), strict=True))
        exact.update((root, root.number) for root in self._roots if root.number is not None)
        found = dict(exact)
        with np.errstate(all="ignore"):
            for here in self._varying:
                function: Any = here.args[1].data if here.op == "pieces" else None
                for values in (exact, found):
                    args = [values.get(arg, arg.number) for arg in here.args[: 1 if function else None]]
                    if function is None:
                        values[here] = value_of(here, args, given)
                    elif values is exact:
                        values[here] = function.at(args[0], known)
                    else:
                        values[here] = computed(fits[here.args[1]].table, function.entries, np.asarray(args[0]))
        peak = float((1 << self.lowered.after.format.depth) - 1)
        samples = [[np.nan_to_num(np.clip(values[root], 0, peak)) for root in self._roots] for values in (exact, found)]
        return max(float(np.abs(one - other).max()) for one, other in zip(*samples, strict=True))

    def _worst(self, known: Known, fits: Mapping[Node, Fit]) -> float:
        """Return how many steps samples may be off, by what becomes of every fit's error at some hundred colours."""
        rng = np.random.default_rng(0)
        probes = {name: low + (high - low) * rng.random(_PROBES) for name, (low, high) in self._ends(known).items()}
        given = {**known, **probes}
        exact: dict[Node, Any] = dict(zip(self._uniform, evaluate(self._uniform, known), strict=True))
        off: dict[Node, Any] = {}
        with np.errstate(all="ignore"):
            for here in self._varying:
                function: Any = here.args[1].data if here.op == "pieces" else None
                args = [exact.get(arg, arg.number) for arg in here.args[: 1 if function else None]]

                def result(args: list[Any], here: Node = here, function: Any = function) -> Any:
                    return function.at(args[0], known) if function else value_of(here, args, given)

                exact[here] = result(args)
                total = fits[here.args[1]].error if function else 0.0
                for k, arg in enumerate(here.args):
                    if arg not in off:
                        continue
                    if here.op in _COMPARED or here.op in _JUMPS or arg.is_bool:
                        total = total + jumped(here, arg, args, off[arg], exact)
                        continue
                    moved = (result([*args[:k], args[k] + way * off[arg], *args[k + 1 :]]) for way in (1, -1))
                    total = total + np.maximum(*(np.abs(value - exact[here]) for value in moved))
                if np.any(total):
                    off[here] = total
        return max((float(np.max(off[root])) for root in self._roots if root in off), default=0.0)


def jumped(here: Node, arg: Node, args: list[Any], off: Any, exact: Mapping[Node, Any]) -> Any:
    """Return the error of what may jump where an argument is off; of a comparison, that of the distance compared.

    A choice between two is as steep as they differ over that distance; what is too steep jumps.
    """
    if here.op in _COMPARED:
        return off
    if here.op != "select" or arg.op not in _COMPARED:
        return inf
    near, far = (exact.get(value, value.number) for value in arg.args)
    steep = float(np.max(np.abs(args[1] - args[2]) / np.maximum(np.abs(near - far), 1e-9)))
    return steep * off if steep <= _STEEPEST else inf


def _reach(here: Node, values: Mapping[Node, Any]) -> Range:
    """Return where the values of a number or table lie."""
    value = here.number if here.number is not None else values.get(here, 0.0)
    return float(np.min(value)), float(np.max(value))


def _rounded(low: float, high: float) -> Range:
    """Return a range that holds another and is the same for others like it, so that most fits stay as things move."""
    step = 2.0 ** (floor(log2(max(-low, high, 0.25))) - 2)
    return floor(low / step) * step, -floor(-high / step) * step


@np.errstate(all="ignore")
def _reached(function: Function, low: float, high: float, known: Known) -> Range:
    """Return where a function's values lie, as far as can be told from many of them."""
    values = np.broadcast_to(function.at(np.linspace(low, high, _LOOKED), known), _LOOKED)
    more = float(np.abs(np.diff(values)).max())
    return float(values.min()) - more, float(values.max()) + more
