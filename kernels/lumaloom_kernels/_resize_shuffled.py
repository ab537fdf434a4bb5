"""Resize in vectors, row by row: a vector of output samples picks each of its taps out of a window of the row.

The samples of one tap lie within two or four vectors where the image is not shrunk much, and from tap to tap the
window alone moves, by a pixel. So there is nothing to turn, and a strip of the image stays in the first-level cache.

Rows are given by address and their distances in bytes; ``kind`` is the pixels' type, ``family`` that of the sums
(see ``_lanes``). Tables are those of a `Plan`, ``room`` is the address of working memory.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import lanes, same_type, whole_at
from ._lines import address
from ._picks import ENTRY_BYTES, filter_row
from ._resize_cpu import add_rows, widen
from ._resize_plan import STRIP_BYTES, Plan
from ._scratch import scratch
from ._simd import jit, pixel_size, prefetch
from ._streams import LARGE, copy_past, settle

AHEAD = 3  # rows between asking for a row and using it


@jit
def ask(row: int, count: int) -> None:
    """Ask for ``count`` bytes."""
    for i in range(0, count, 64):
        prefetch(row + i)


@jit
def rows_first(
    source: Any, target: Any, first: int, stop: int, kind: Any, family: Any, y_table: Any, x_table: Any, room: int,
    spaces: Any, rows: Any, past: bool,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along y and then along x."""
    src, pitch, height, _ = source
    out, out_pitch = target
    starts, weights, taps = y_table
    entries, strips, count, x_taps, pairs = x_table
    ring, ring_pitch, made = spaces
    size, wide = pixel_size(kind), pixel_size(family)
    for s in range(count):
        at = strips + STRIP_BYTES * s
        entry, vectors, low, width = whole_at(at), whole_at(at + 8), whole_at(at + 16), whole_at(at + 24)
        place, samples = whole_at(at + 32), whole_at(at + 40)
        begin, here = src + low * size, entries + entry * ENTRY_BYTES
        ready = 0
        for y in range(first, stop):
            start = whole_at(starts + 8 * y)
            for row in range(max(ready, start), start + taps):
                ask(begin + min(row + AHEAD, height - 1) * pitch, width * size)
                if not same_type(kind, family):
                    widen(begin + row * pitch, kind, family, room + ring + row % taps * ring_pitch, width)
            ready = start + taps
            for k in range(taps):
                rows[k] = begin + (start + k) * pitch
                if not same_type(kind, family):
                    rows[k] = room + ring + (start + k) % taps * ring_pitch
            add_rows(rows, weights + y * taps * wide, taps, family, room, family, width)
            goal = out + y * out_pitch
            result = room + made - place * size if past else goal
            filter_row(room - low * wide, here, vectors, x_taps, pairs, family, result, kind)
            if past:
                copy_past(goal + place * size, room + made, samples * size)
    if past:
        settle()


@jit
def columns_first(
    source: Any, target: Any, first: int, stop: int, kind: Any, family: Any, y_table: Any, x_table: Any, room: int,
    spaces: Any, rows: Any, past: bool,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along x into a ring of rows, and then along y."""
    src, pitch, height, in_width = source
    out, out_pitch = target
    starts, weights, taps = y_table
    entries, strips, count, x_taps, pairs = x_table
    ring, ring_pitch, made = spaces
    size, wide = pixel_size(kind), pixel_size(family)
    for s in range(count):
        at = strips + STRIP_BYTES * s
        entry, vectors, low, width = whole_at(at), whole_at(at + 8), whole_at(at + 16), whole_at(at + 24)
        place, samples = whole_at(at + 32), whole_at(at + 40)
        direct = (
            same_type(kind, family) and low + width + 2 * len(pairs) * lanes(family) <= in_width
        )  # windows reach farther
        here = entries + entry * ENTRY_BYTES
        done = 0
        for y in range(first, stop):
            start = whole_at(starts + 8 * y)
            for row in range(max(done, start), start + taps):
                ask(src + low * size + min(row + AHEAD, height - 1) * pitch, width * size)
                line = src + row * pitch
                if not direct:
                    widen(line + low * size, kind, family, room, width)
                    line = room - low * wide
                goal = room + ring + row % taps * ring_pitch - place * wide
                filter_row(line, here, vectors, x_taps, pairs, family, goal, family)
            done = start + taps
            for k in range(taps):
                rows[k] = room + ring + (start + k) % taps * ring_pitch
            goal = out + y * out_pitch + place * size
            result = room + made if past else goal
            add_rows(rows, weights + y * taps * wide, taps, family, result, kind, samples)
            if past:
                copy_past(goal, result, samples * size)
    if past:
        settle()


def resize_rows(src: NDArray[Any], out: NDArray[Any], plan: Plan, channels: int, first: int, stop: int) -> None:
    """Make rows ``first`` to ``stop`` of ``out`` by a plan whose widths both arrays have; rows hold samples."""
    make = rows_first if plan.rows_first else columns_first
    make(
        (address(src), src.strides[0], *src.shape), (address(out), out.strides[0]), first, stop, src.dtype.type(0),
        plan.family, plan.y, plan.x, address(scratch("resize", plan.room, np.uint8)), plan.spaces,
        scratch("resize_rows", plan.y[2], np.int64), out.nbytes >= LARGE,
    )  # fmt: skip
