"""What a run with functions by pieces gets from the host, where those are good enough for the parameters of now."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from math import floor, isfinite
from typing import Any

import numpy as np

from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.lower import Lowered
from lumaloom.pointwise.numpy_eval import by_table, value_of
from lumaloom.pointwise.passes.pieces import Fit, fitted
from lumaloom.pointwise.passes.ranges import Range, range_of
from lumaloom.pointwise.passes.regions import Function
from lumaloom.pointwise.settled import Settled

ALLOWED = 0.2
"""Steps of the result that a sample may be off before it is rounded."""

_PROBES, _LOOKED = 512, 257
_GRID = 8  # ranges end at multiples of 1 / 8, so that small changes of parameters leave most fits as they are
_KEPT = 64

Known = Mapping[Hashable, Any]


class Pieced(Settled):
    """Finds where the arguments of functions lie, fits pieces there, and follows their errors to the samples."""

    def __init__(self, lowered: Lowered, exponents: int = 0) -> None:
        super().__init__(lowered, exponents)
        self._needs = sorted({*self._needs, (-1, "width"), (-1, "height")}, key=repr)
        self._roots = [root for part in lowered.passes if not part.by_table for root in part.roots.values()]
        self._order = [here for here in reach(self._roots) if here.varying]
        self._functions: list[Node] = [table for table in lowered.tables if isinstance(table.data, Function)]
        self._fit = lru_cache(maxsize=_KEPT)(self._fitted)

    def _tables(self, known: Known, numbers: Mapping[Node, Any]) -> list[Any] | None:
        fits = self._fits(known, numbers) if self._functions else None
        if fits is None or not self._worst(known, numbers, fits) <= ALLOWED:
            return None
        return [fits[table].table if table in fits else numbers[table] for table in self.lowered.tables]

    def _fits(self, known: Known, values: Mapping[Node, Any]) -> dict[Node, Fit] | None:
        """Return the fits of all functions, or None where one's argument has no bounds."""
        ends = self._ends(known)
        ranges: dict[Node, Range] = {}
        spans: dict[Node, Range] = {}
        for here in self._order:
            data: Any = here.args[-1].data if here.args else None
            args = [ranges[arg] if arg.varying else _point(arg, values) for arg in here.args]
            if here.op in ("lookup", "lookup3"):
                table = values[here.args[0]]
                ranges[here] = float(table.min()), float(table.max())
            elif here.op == "power":
                ranges[here] = tuple(by_table(np.array(args[0]), values[here.args[1]]).tolist())
            elif here.op == "pieces":
                low, high = args[0]
                if not (isfinite(low) and isfinite(high)):
                    return None
                low, high = floor(low * _GRID) / _GRID, -floor(-high * _GRID) / _GRID
                before = spans.get(here.args[1], (low, high))
                spans[here.args[1]] = min(low, before[0]), max(high, before[1])
                ranges[here] = _reached(data, low, high, known)
            else:
                ranges[here] = range_of(here, args, ends)
        return {
            table: self._fit(number, *spans[table], tuple(known[param.data] for param in table.args))
            for number, table in enumerate(self._functions)
        }

    def _fitted(self, number: int, low: float, high: float, params: tuple[float, ...]) -> Fit:
        function: Any = self._functions[number].data
        known = dict(zip((param.data for param in function.params), params, strict=True))
        return fitted(lambda x: function.at(x, known), low, high, function.degree, function.capped, function.jagged)

    def _ends(self, known: Known) -> dict[object, Range]:
        fmt = self.lowered.before.format
        found: dict[object, Range] = {
            f"raw {letter}": (0.0, float((1 << fmt.depth) - 1)) for plane in fmt.planes for letter in plane.channels
        }
        return {**found, "x": (0.0, known[-1, "width"] + 1.0), "y": (0.0, known[-1, "height"] + 1.0)}

    def _worst(self, known: Known, numbers: Mapping[Node, Any], fits: Mapping[Node, Fit]) -> float:
        """Return how many steps samples may be off, by what becomes of every fit's error at some hundred colours."""
        rng = np.random.default_rng(0)
        probes = {name: low + (high - low) * rng.random(_PROBES) for name, (low, high) in self._ends(known).items()}
        given = {**known, **probes}
        exact: dict[Node, Any] = dict(numbers)
        off: dict[Node, Any] = {}
        with np.errstate(all="ignore"):
            for here in self._order:
                function: Any = here.args[1].data if here.op == "pieces" else None
                args = [exact.get(arg, arg.number) for arg in here.args[: 1 if function else None]]

                def result(args: list[Any], here: Node = here, function: Any = function) -> Any:
                    return function.at(args[0], known) if function else value_of(here, args, given)

                exact[here] = result(args)
                total = fits[here.args[1]].error if function else 0.0
                for k, arg in enumerate(here.args):
                    if arg in off:
                        moved = (result([*args[:k], args[k] + way * off[arg], *args[k + 1 :]]) for way in (1, -1))
                        total = total + np.maximum(*(np.abs(value * 1.0 - exact[here]) for value in moved))
                if np.any(total):
                    off[here] = total
        return max((float(np.max(off[root])) for root in self._roots if root in off), default=0.0)


def _point(here: Node, values: Mapping[Node, Any]) -> Range:
    value = here.number if here.number is not None else values.get(here, 0.0)
    return (float(value), float(value)) if np.ndim(value) == 0 else (0.0, 0.0)


def _reached(function: Function, low: float, high: float, known: Known) -> Range:
    """Return where a function's values lie, as far as can be told from many of them."""
    values = np.broadcast_to(function.at(np.linspace(low, high, _LOOKED), known), _LOOKED)
    more = float(np.abs(np.diff(values)).max())
    return float(values.min()) - more, float(values.max()) + more
