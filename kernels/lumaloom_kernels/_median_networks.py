"""Networks of exchanges: each pair of wires ``low-high`` puts the smaller value on the first.

`SORTS` put 2, 4 or 6 values in order (D. Knuth, "The Art of Computer Programming", volume 3, 5.3.4).

`MEDIANS` find the middle one of 9, 25 or 49 that lie in a square and are in order down each column: wire
``side * rank + column``. They put the values of each rank in order, leave out those that cannot be the
median because too many are above or below, and merge the rest (K. Batcher, "Sorting networks and their
applications", 1968). Then every exchange went without which the network still finds the median of all
squares of zeros and ones, and so of all squares (the 0-1 principle, Knuth, the same place).
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._order import KEYS, greatest, least, load_vector, store_vector, to_keys
from ._simd import Codegen, intrinsic

Pairs = tuple[tuple[int, int], ...]


def _pairs(text: str) -> Pairs:
    return tuple((int(low), int(high)) for low, high in (pair.split("-") for pair in text.split()))


SORTS: dict[int, Pairs] = {
    2: _pairs("0-1"),
    4: _pairs("0-1 2-3 0-2 1-3 1-2"),
    6: _pairs("0-5 1-3 2-4 1-2 3-4 0-3 2-5 0-1 2-3 4-5 1-2 3-4"),
}

# side of the square -> exchanges, and the wire that has the median after them
MEDIANS: dict[int, tuple[Pairs, int]] = {
    3: (
        _pairs("""
0-1 1-2 3-4 4-5 3-4 7-8 6-7 2-4 2-6 4-6
"""),
        4,
    ),
    5: (
        _pairs("""
0-3 1-4 0-2 1-3 2-4 3-4 2-3 5-8 6-9 6-8 5-6 7-9 6-7 8-9 7-8 10-13 11-14 10-12 11-13 10-11 12-14 11-12 13-14
12-13 15-18 16-19 15-17 16-18 15-16 17-19 16-17 17-18 20-23 21-24 20-22 21-23 20-21 22-24 21-22 11-20 13-20
12-21 12-13 9-15 8-16 8-9 16-15 7-3 15-3 9-15 17-4 16-17 16-15 15-11 3-13 3-11 17-12 16-21 16-17 17-3
"""),
        3,
    ),
    7: (
        _pairs("""
0-6 2-3 4-5 0-2 1-4 3-6 2-5 3-4 1-2 4-6 2-3 4-5 3-4 5-6 7-13 9-10 11-12 7-9 8-11 10-13 7-8 9-12 10-11 8-9 11-13
9-10 11-12 10-11 12-13 14-20 16-17 18-19 14-16 15-18 17-20 14-15 16-19 17-18 15-16 18-20 16-17 18-19 15-16 17-18
19-20 21-27 23-24 25-26 21-23 22-25 24-27 21-22 23-26 24-25 22-23 25-27 23-24 25-26 22-23 24-25 26-27 28-34
30-31 32-33 28-30 29-32 31-34 28-29 30-33 31-32 29-30 32-34 30-31 32-33 29-30 31-32 35-41 37-38 39-40 35-37
36-39 38-41 35-36 37-40 38-39 36-37 39-41 37-38 39-40 36-37 38-39 42-48 44-45 46-47 42-44 43-46 45-48 42-43
44-47 45-46 43-44 44-45 43-44 42-4 44-6 44-4 43-5 43-44 5-4 35-10 37-12 37-10 36-11 38-13 38-11 36-37 38-10
20-28 18-30 18-20 30-28 17-29 19-31 19-29 19-20 29-30 10-26 10-22 37-24 12-24 12-22 11-23 38-25 13-25 38-11
13-23 11-12 13-22 16-42 28-42 20-4 20-28 18-44 30-44 30-28 44-4 32-43 29-32 19-5 31-5 31-32 29-30 31-28 32-44
28-35 44-37 30-12 42-12 42-35 32-36 6-11 6-36 19-38 5-38 31-13 31-5 5-6 6-42
"""),
        42,
    ),
}

_I64 = ir.IntType(64)


def _exchange(builder: Any, wires: list[Any], pairs: Any) -> None:
    for low, high in pairs:
        first, second = wires[low], wires[high]
        wires[low], wires[high] = least(builder, first, second), greatest(builder, first, second)


def _plus(builder: Any, base: Any, step: Any, times: int) -> Any:
    return builder.add(base, builder.mul(step, ir.Constant(_I64, times)))


@intrinsic
def row_starts(typingctx: Any, address: Any, window: Any) -> tuple[Any, Codegen]:
    """Load the addresses of the rows of two windows, one a row below the other."""
    kind = types.containers.UniTuple(types.int64, window.count + 1)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = builder.inttoptr(args[0], _I64.as_pointer())
        starts = [builder.load(builder.gep(rows, [ir.Constant(_I64, i)])) for i in range(kind.count)]
        return context.make_tuple(builder, kind, starts)

    return kind(types.int64, window), codegen


def _two_columns(builder: Any, starts: Any, offset: Any, side: int, kind: Any) -> list[list[Any]]:
    """Load 64 bytes of rows as keys and return their columns in order, for two windows one a row apart.

    The windows share all rows but the first and the last: those are put in order once, and one joins them.
    """
    wires = []
    for i in range(side + 1):
        address = builder.add(builder.extract_value(starts, i), offset)
        wires.append(to_keys(builder, load_vector(builder, address, KEYS[kind].vector), kind))
    shared = wires[1:side]
    _exchange(builder, shared, SORTS[side - 1])
    columns = []
    for joins in (wires[0], wires[side]):
        ranks = []
        for wire in shared:
            ranks.append(least(builder, joins, wire))
            joins = greatest(builder, joins, wire)
        columns.append([*ranks, joins])
    return columns


@intrinsic
def sort_columns(typingctx: Any, starts: Any, at: Any, target: Any, pitch: Any, kind: Any) -> tuple[Any, Codegen]:
    """Order the columns of 64 bytes of two windows, one a row apart, and store the ranks ``pitch`` bytes apart."""
    side = starts.count - 1

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        first, second = _two_columns(builder, args[0], args[1], side, kind)
        for rank, wire in enumerate(first + second):
            store_vector(builder, _plus(builder, args[2], args[3], rank), wire)

    return types.void(starts, types.int64, types.int64, types.int64, kind), codegen


@intrinsic
def middle(
    typingctx: Any, address: Any, pitch: Any, step: Any, window: Any, kind: Any
) -> tuple[Any, Codegen]:  # fmt: skip
    """Return the medians of windows of ordered columns; pixels lie ``step`` bytes apart, ranks ``pitch``."""
    side, vector = window.count, KEYS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wires = []
        for rank in range(side):
            line = _plus(builder, args[0], args[1], rank)
            wires += [load_vector(builder, _plus(builder, line, args[2], x), vector.vector) for x in range(side)]
        pairs, out = MEDIANS[side]
        _exchange(builder, wires, pairs)  # what no median needs, the compiler leaves out
        return wires[out]

    return vector(types.int64, types.int64, types.int64, window, kind), codegen
