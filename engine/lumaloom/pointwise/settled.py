"""What a compiled run gets from the host: its numbers and tables, for the parameters of now."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lumaloom.frame import Frame
from lumaloom.pointwise.footage import NOTHING, Beside, Moving
from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.lower import Lowered
from lumaloom.pointwise.moment import moment
from lumaloom.pointwise.numpy_eval import evaluate
from lumaloom.pointwise.passes.fixed import Way
from lumaloom.pointwise.passes.powers import usual
from lumaloom.pointwise.passes.regions import Function
from lumaloom.pointwise.stage import Stage

Numbers = np.ndarray[Any, np.dtype[Any]]
_KEPT = 8


class Ready(NamedTuple):
    """What code gets for the parameters of now.

    Attributes:
        numbers: in the order of `Lowered.numbers`.
        tables: in the order of `Lowered.tables`, as code reads them.
        way: of code in fixed point, which code it is.

    """

    numbers: Numbers
    tables: tuple[Numbers, ...]
    way: Way | None = None


class Settled:
    """Evaluates the uniform part of a run; recent results are kept.

    Args:
        lowered: the run.
        exponents: how many of its last numbers have to be `usual` for its code to be right.

    """

    def __init__(self, lowered: Lowered, exponents: int = 0) -> None:
        self.lowered, self._exponents = lowered, exponents
        self._uniform = [*lowered.numbers, *(here for here in lowered.tables if not isinstance(here.data, Function))]
        known = {here.data for here in reach([*lowered.numbers, *lowered.tables]) if here.op == "param"}
        self._needs = sorted(known, key=repr)
        self._moving = [(k, here) for k, here in enumerate(lowered.tables) if isinstance(here.data, Moving)]
        self._of = lru_cache(maxsize=_KEPT)(self._evaluated)
        self._latest: dict[int, tuple[Any, Numbers]] = {}

    def of(self, stages: Sequence[Stage], frame: Frame, beside: Beside = NOTHING) -> Ready | None:
        """Return the numbers, and the tables as code reads them: points of cubes take four floats, aligned.

        The same objects come back for the same values; None where the code is not right for them.

        Args:
            stages: with the parameters of now.
            frame: gives its size and time.
            beside: what is shown with it of the videos that the run reads.
        """
        values: dict[Hashable, Any] = {(-1, name): value for name, value in moment(frame).items()}
        for number, stage in enumerate(stages):
            values.update({(number, name): value for name, value in stage.numbers.items()})
        ready = self.at(values)
        if ready is None or not self._moving:
            return ready
        tables = list(ready.tables)
        for k, here in self._moving:
            moving: Any = here.data
            tables[k] = moving.of(beside, *evaluate(here.args, values))
        return ready._replace(tables=tuple(tables))

    def at(self, values: Mapping[Hashable, Any]) -> Ready | None:
        """Return the same from values of the parameters by their `data`; tables of videos have any samples."""
        return self._of(tuple(float(values[name]) for name in self._needs))

    def _evaluated(self, needed: tuple[float, ...]) -> Ready | None:
        known: dict[Hashable, Any] = dict(zip(self._needs, needed, strict=True))
        values = dict(zip(self._uniform, evaluate(self._uniform, known), strict=True))
        with np.errstate(over="ignore"):
            numbers = np.array([float(values[here]) for here in self.lowered.numbers] or [0.0], np.float32)
        count = len(self.lowered.numbers)
        if not usual(numbers[count - self._exponents : count]):
            return None
        tables = self._tables(known, values)
        return (
            None if tables is None else Ready(numbers, tuple(self._laid_out(k, each) for k, each in enumerate(tables)))
        )

    def _tables(self, known: Mapping[Hashable, Any], values: Mapping[Node, Any]) -> list[Any] | None:
        return [values[here] for here in self.lowered.tables]

    def _laid_out(self, number: int, table: Any) -> Numbers:
        """Return a table as code reads it; what time does not change is laid out once."""
        kept = self._latest.get(number)
        if kept is None or kept[0] is not table:
            kept = self._latest[number] = table, _laid_out(table)
        return kept[1]


def word_of(table: Numbers) -> int:
    """Return the number that code gets beside the address of a table: its last index, or the pitch of a picture."""
    return table.strides[1] if table.ndim == 3 else len(table) - 1


def _laid_out(table: np.ndarray[Any, Any]) -> Numbers:
    if table.ndim == 3:  # a picture
        return table
    array = np.ascontiguousarray(table, np.float32)
    if array.ndim == 4:
        whole = np.zeros((*array.shape[:3], 4), np.float32)
        whole[..., :3] = array
        array = whole
    return aligned(array)


def aligned(array: Numbers) -> Numbers:
    """Return a copy that vectors can be read from."""
    buffer = np.empty(array.nbytes + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    place = buffer[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    place[...] = array
    return place
