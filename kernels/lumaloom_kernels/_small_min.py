"""Erosion, dilation and what is made of them by small shapes: groups of rows by `_march`, and what lies outside.

Where a shape is its own mirror image, what borders other than zeros hold counts already, by the pixels that it is a
copy of; so the nearest pixel inside stands for what lies outside. The sides of a group's rows are copied to where
there is something around them.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Border
from ._lines import address, packed
from ._march import FORMS, GROUP, march
from ._packed import KINDS
from ._scratch import scratch
from ._simd import address_of, entry, jit, u16_load, u16_splat, u16_store
from ._streams import LARGE, settle
from ._threads import run_bands

MARGIN = 32  # bytes that a window may reach to either side
SIDE = 192  # bytes of a row at each side that are copied; no row is shorter
PIECE = SIDE + 2 * 64  # of a copy, and room around it
MOST_ROWS = GROUP + 4  # that the windows of a group meet
GOALS = 3 * MOST_ROWS  # where their addresses begin in a table
TABLE = 48  # of GOALS + GROUP, in whole lines of the caches
RING_ROWS = 2 * GROUP + 4


@jit
def find_rows(
    work: Any, begin: int, src: int, src_step: int, depth: int, height: int, deep: int, nothing: int,
    mirrored: int, goal: int, goal_step: int, goals: int, stop: int, nowhere: int,
) -> None:  # fmt: skip
    """Write a table's addresses of the rows around a group's, and of its results.

    Rows lie in a ring of ``depth`` rows, results in one of ``goals``. ``nothing`` is a row for those outside, or 0;
    then they are copies of the nearest, or mirror images where ``mirrored`` is 1.
    """
    for j in range(GROUP + 2 * deep):
        row = begin + j - deep
        place = row
        if row < 0:
            place = -row * mirrored
        elif row >= height:
            place = height - 1 - (row - height + 1) * mirrored
        place = min(max(place, 0), height - 1)
        outside = nothing != 0 and place != row
        work[j] = nothing if outside else src + place % depth * src_step
    for k in range(GROUP):
        work[GOALS + k] = goal + (begin + k) % goals * goal_step if begin + k < stop else nowhere


@jit
def copy_sides(
    work: Any, sides: int, size: int, step: int, reach: int, deep: int, before: int, after: int, zero_outside: bool,
    mirrored: int,
) -> None:  # fmt: skip
    """Copy the sides of a table's rows with what is around them, and add the addresses of the copies.

    The copies serve ``before`` and ``after`` blocks of 64 bytes.
    """
    empty = u16_splat(0)
    for j in range(GROUP + 2 * deep):
        left = sides + 2 * j * PIECE + 64
        right, row = left + PIECE + SIDE, work[j]
        end = row + size
        if zero_outside:
            u16_store(left - 64, empty)
            u16_store(right, empty)
        else:
            for i in range(reach):  # what is written next leaves one pixel of this
                far = (reach - i) * step
                u16_store(left - far, u16_load(row + far * mirrored))
                u16_store(right + far - 64, u16_load(end - far * mirrored - 64))
        for i in range(before + 1):
            u16_store(left + 64 * i, u16_load(row + 64 * i))
        for i in range(1, after + 2):
            u16_store(right - 64 * i, u16_load(end - 64 * i))
        work[MOST_ROWS + j] = left
        work[2 * MOST_ROWS + j] = right - size


@jit
def small_min(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, height: int, size: int, step: int,
    reach: int, deep: int, zero_outside: bool, mirrored: int, flip: int, twice: bool, large: bool, work: Any,
    spread: Any, form: Any, kind: Any,
) -> None:  # fmt: skip
    """Write the least of each window for rows ``first`` to ``stop``, or of these the greatest.

    ``work`` is a table, a row of zeros, one that nobody reads, and room for the sides; behind it, for operations of
    two steps, the ring in which the rows of the first wait for the second.
    """
    wide = (size + 127) // 64 * 64
    rows = address_of(work)
    goals, zeros = rows + 8 * GOALS, rows + 8 * TABLE
    nothing = zeros if zero_outside else 0
    nowhere = zeros + wide
    sides = nowhere + wide
    ring = sides + 2 * MOST_ROWS * PIECE
    done = max(0, first - deep) if twice else height  # rows of the first step
    for y in range(first, stop, GROUP):
        last = False
        while not last:
            last = done >= min(height, y + GROUP + deep)
            begin, at, pitch, depth, order = y, src, src_step, height, flip
            goal, goal_pitch, goal_depth, end = out, out_step, stop, stop
            if not last:
                begin, goal, goal_pitch, goal_depth, end = done, ring, wide, RING_ROWS, done + GROUP
                done += GROUP
            elif twice:
                at, pitch, depth, order = ring, wide, RING_ROWS, -1 - flip
            find_rows(
                work, begin, at, pitch, depth, height, deep, nothing, mirrored, goal, goal_pitch, goal_depth, end,
                nowhere + (out & 63),
            )  # fmt: skip
            start = 64 - (work[GOALS] & 63)  # where stores are lines of the caches
            if start < reach * step:
                start += 64
            blocks = (size - reach * step - start) // 64
            before, after = (start + 63) // 64, (size - start - 64 * blocks + 63) // 64
            copy_sides(work, sides, size, step, reach, deep, before, after, zero_outside, mirrored)
            if large and last:
                for i in range(blocks):
                    march(rows, goals, start + 64 * i, step, order, spread, (0,), form, kind)
                blocks = 0
            for part in range(3):  # the sides last: their copies have arrived
                begin, count = start, blocks
                if part == 1:
                    begin, count = 0, before
                elif part == 2:
                    begin, count = size - 64 * after, after
                for i in range(count):
                    march(rows + 8 * part * MOST_ROWS, goals, begin + 64 * i, step, order, spread, (), form, kind)
    if large:
        settle()


FORM_OF = {
    (side, shape): (0,) * (1 + FORMS.index(reaches))
    for side, shape, reaches in (
        ((3, 3), "cross", (1, 0)),
        ((3, 3), "ellipse", (1, 0)),
        ((3, 3), "rectangle", (1, 1)),
        ((5, 5), "cross", (2, 0, 0)),
        ((5, 5), "ellipse", (2, 2, 0)),
        ((5, 5), "rectangle", (2, 2, 2)),
    )
}
# by operation: whether a greatest is sought first, whether the other follows, and whether the two are compared
_STEPS: dict[str, tuple[int, bool, tuple[int, ...]]] = {
    "erode": (0, False, ()),
    "dilate": (-1, False, ()),
    "open": (0, True, ()),
    "close": (-1, True, ()),
    "gradient": (0, False, (0,)),
}


def run(
    operation: str, src: NDArray[Any], out: NDArray[Any], size: tuple[int, int], shape: str, border: Border,
    threads: int,
) -> bool:  # fmt: skip
    """Carry out an operation where the shape has a form and the images serve; return whether that is so."""
    form = FORM_OF.get((size, shape))
    return form is not None and march_down(src, out, form, size, border, threads, *_STEPS[operation])


@cache
def _entry(spread: tuple[int, ...], form: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Return what runs `small_min` for a form and a dtype."""
    rest = 0, 0, 0, 0, 0, False, 0, 0, False, False
    return entry(small_min, 0, 0, 0, 0, 0, 0, *rest, np.zeros(1, np.int64), spread, form, KINDS[dtype])


def _packed(image: NDArray[Any]) -> bool:
    return image.flags.c_contiguous or packed(image)  # the first is found sooner


def march_down(
    src: NDArray[Any], out: NDArray[Any], form: tuple[int, ...], size: tuple[int, int], border: Border, threads: int,
    flip: int = 0, twice: bool = False, spread: tuple[int, ...] = (), mirrored: int = 0,
) -> bool:  # fmt: skip
    """Write the results of a form where the images serve; return whether that is so."""
    height, width = src.shape[:2]
    step = src.itemsize * (src.shape[2] if src.ndim == 3 else 1)
    across = width * step
    reach = size[0] // 2
    if across < SIDE or reach * step > MARGIN or not (_packed(src) and _packed(out)):
        return False
    zero_outside = border == "constant"
    wide = (across + 127) // 64 * 64
    need = TABLE + (2 * MOST_ROWS * PIECE + (2 + RING_ROWS * twice) * wide) // 8
    target, goes = address(out), out.strides[0]
    images = address(src), src.strides[0], target, goes
    large = height * across >= LARGE and goes % 64 == 0
    rest = height, across, step, reach, size[1] // 2, zero_outside, mirrored, flip, twice, large
    kind = KINDS[src.dtype]

    run = _entry(spread, form, src.dtype)

    def band(first: int, stop: int) -> None:
        work = scratch("ring", need, np.int64)
        if zero_outside:
            work[TABLE : TABLE + wide // 8] = 0
        run(*images, first, stop, *rest, work, spread, form, kind)

    run_bands(band, height, threads)
    return True
