"""Medians of small windows by networks of exchanges, for many pixels at once.

The pixels of a column of the window are put in order once and serve all windows that the column is in.
The median of such columns needs fewer exchanges than that of pixels in any order: `_median_networks` has them.
Windows of 3 by 3 in rows that are not very short are those of `_march`.
"""

from typing import Any

from ._median_networks import middle, row_starts, sort_columns
from ._order import store_pixels
from ._simd import address_of, copy_bytes, jit, prefetch, prefetch_write


@jit
def margin(
    line: int, origin: int, first: int, stop: int, x: int, step: int, pitch: int, xmap: Any, zero: int, side: int
) -> None:
    """Copy ordered columns beyond the image's sides, of both windows; column 0 lies at ``origin``."""
    for p in range(first, stop):
        for rank in range(2 * side):
            goal = line + (p - x) * step + rank * pitch
            if xmap[p] < 0:
                copy_bytes(goal, zero, step)
            else:
                copy_bytes(goal, origin + xmap[p] * step + rank * pitch, step)


@jit
def median_small(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, width: int, step: int, strip: int,
    xmap: Any, ymap: Any, work: Any, rows: Any, pitch: int, zeros: Any, window: Any, kind: Any,
) -> None:  # fmt: skip
    """Write the medians of rows ``first`` to ``stop``, two at a time, in strips of at least 64 bytes.

    The maps begin a radius before the image; a negative index stands for zeros. ``work`` holds as many lines
    of ``pitch`` bytes as two windows have rows, and 64 bytes. ``zeros`` are a row of them and 64 bytes of their
    keys.
    """
    side = len(window)
    radius = side // 2
    line = address_of(work) + -radius * step % 64
    nothing = address_of(zeros)
    for y in range(first, stop, 2):
        for j in range(side + 1):
            row = ymap[min(y + j, len(ymap) - 1)]
            rows[j] = src + row * src_step if row >= 0 else nothing
        starts = row_starts(address_of(rows), window)
        soon = rows[side] + src_step
        for x in range(0, width, strip):
            end = min(width, x + strip)
            low, high = max(0, x - radius), min(width, end + radius)
            begin, length = low * step, (high - low) * step
            inner = line + (low - x + radius) * step
            for i in range((length + 63) // 64):
                at = min(64 * i, length - 64)
                sort_columns(starts, begin + at, inner + at, pitch, kind)
            margin(line, inner - low * step, x, low + radius, x, step, pitch, xmap, nothing + len(zeros) - 64, side)
            margin(
                line, inner - low * step, high + radius, end + 2 * radius, x, step, pitch, xmap,
                nothing + len(zeros) - 64, side,
            )  # fmt: skip
            begin, length = x * step, (end - x) * step
            for k in range(min(2, stop - y)):
                goal = out + (y + k) * out_step + begin
                ranks = line + k * side * pitch
                for i in range((length + 63) // 64):
                    at = min(64 * i, length - 64)
                    prefetch(soon + k * src_step + begin + at)
                    prefetch_write(goal + 2 * out_step + at)
                    store_pixels(goal + at, middle(ranks + at, pitch, step, window, kind), 0, kind)
