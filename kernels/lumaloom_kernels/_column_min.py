"""The least pixel of windows one pixel wide and some rows high: as many windows at once as each has rows.

All of them hold the row that is the last of the first and the first of the last. The least of the rows from each to
that one, and of the rows after it, are made one by one, in registers: three comparisons a window, whatever its height
(van Herk's method, see `_window_min`).
"""

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lines import address
from ._order import KEYS, _flipped, least, load_vector, store_past, store_vector, to_keys, to_pixels
from ._scratch import scratch
from ._simd import Codegen, address_of, entry, intrinsic, jit
from ._streams import settle
from ._threads import run_bands

_I64 = ir.IntType(64)


@intrinsic
def column_min(
    typingctx: Any, table: Any, at: Any, flip: Any, past: Any, window: Any, kind: Any
) -> tuple[Any, Codegen]:  # fmt: skip
    """Store the least of as many windows as the tuple ``window`` has members, each so many rows high, for 64 bytes.

    The table has the addresses of the rows and then those of the results. ``past`` is a tuple of which only the length
    counts: with a member, the stores go past the caches, to multiples of 64 bytes.
    """
    height, vector = len(window), KEYS[kind].vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        entries = builder.inttoptr(args[0], _I64.as_pointer())

        def place(number: int) -> Any:
            return builder.add(builder.load(builder.gep(entries, [ir.Constant(_I64, number)])), args[1])

        def row(number: int) -> Any:
            value = to_keys(builder, load_vector(builder, place(number), vector), kind)
            return _flipped(builder, value, args[2])

        before = [row(height - 1)]
        for number in range(height - 2, -1, -1):
            before.insert(0, least(builder, row(number), before[0]))
        after = None
        for number in range(height):
            found = before[number]
            if number > 0:
                following = row(height - 1 + number)
                after = following if after is None else least(builder, after, following)
                found = least(builder, found, after)
            value = to_pixels(builder, _flipped(builder, found, args[2]), kind)
            (store_past if len(past) else store_vector)(builder, place(2 * height - 1 + number), value)

    return types.void(types.int64, types.int64, types.int64, past, window, kind), codegen


@jit
def column_lines(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, size: int, ymap: Any, flip: int,
    large: bool, nothing: int, nowhere: int, table: Any, window: Any, kind: Any,
) -> None:  # fmt: skip
    """Write the least of each window for rows ``first`` to ``stop`` of ``size`` bytes, at least 64.

    ``ymap`` has the source rows of the window of row 0 and on, a negative one for that at ``nothing``. What is beyond
    the rows that are wanted goes ``nowhere``, to a row of as many bytes.
    """
    height, rows, shift = len(window), address_of(table), out & 63
    count = (size + shift + 63) // 64
    for y in range(first, stop, height):
        for j in range(2 * height - 1):
            place = ymap[min(y + j, len(ymap) - 1)]
            table[j] = nothing if place < 0 else src + place * src_step
        for k in range(height):
            table[2 * height - 1 + k] = out + (y + k) * out_step if y + k < stop else nowhere + shift
        column_min(rows, 0, flip, (), window, kind)
        if large:
            for i in range(1, count - 1):
                column_min(rows, 64 * i - shift, flip, (0,), window, kind)
        else:
            for i in range(1, count - 1):
                column_min(rows, 64 * i - shift, flip, (), window, kind)
        column_min(rows, size - 64, flip, (), window, kind)
    if large:
        settle()


@cache
def _entry(height: int, dtype: np.dtype[Any]) -> tuple[Any, Any, Any]:
    """Return what runs `column_lines` for a height, and its last arguments."""
    window, kind, whole = (0,) * height, dtype.type(0), np.zeros(1, np.int64)
    ymap = np.zeros(1, np.int64)
    return entry(column_lines, *[0] * 7, ymap, 0, False, 0, 0, whole, window, kind), window, kind


def run(
    images: tuple[int, int, int, int], rows: tuple[int, int], size: int, ymap: NDArray[np.int64], height: int,
    dtype: np.dtype[Any], threads: int, *, greatest: bool, large: bool,
) -> None:  # fmt: skip
    """Write rows of the least or the greatest pixel of windows of a height; ``images`` are two addresses and steps."""
    lines, window, kind = _entry(height, dtype)
    pitch = (size + 127) // 64 * 64

    def band(first: int, stop: int) -> None:
        work, table = scratch("ring", 2 * pitch, np.uint8), scratch("rows", 3 * height, np.int64)
        work[:pitch] = 0
        at = address(work)
        ends = rows[0] + first, rows[0] + stop
        lines(*images, *ends, size, ymap, -int(greatest), large, at, at + pitch, table, window, kind)

    run_bands(band, rows[1] - rows[0], threads)
