"""The least pixel of a rectangle, at a cost that its size does not change.

Down a column, low windows take all their rows, two windows at a time, because they share all rows but two.
Higher ones go by van Herk's method: rows come in blocks as long as the window. A window is the end of
one block and the beginning of the next, so it needs the least from each row of the first block to that
block's end, kept in ``ends``, and the least of the second block so far. Along a row the windows double
or triple in length until three of them cover the one that is wanted.

M. van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and octagonal
kernels", Pattern Recognition Letters 13, 1992; J. Gil and M. Werman, IEEE PAMI 15, 1993.
"""

from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _column_min
from ._borders import border_indices
from ._checks import Border
from ._lines import address, packed
from ._order import VECTOR_BYTES, key_min, keys_of, last_keys, load_keys, store_keys, store_pixels, store_pixels_past
from ._scratch import scratch
from ._simd import address_of, copy_bytes, entry, jit
from ._streams import settle
from ._threads import run_bands

DIRECT = 9  # windows up to this height look at every row
SLACK = 4 * VECTOR_BYTES


@jit
def two_windows(line: int, other: int, rows: Any, height: int, bytes_wide: int, flip: int, kind: Any) -> None:
    """Write the least of rows 0 to ``height - 1``, and of the rows 1 to ``height``, by their addresses."""
    first, last = rows[0], rows[height]
    second, third = rows[min(1, height)], rows[min(2, height)]
    if height == 3:
        for i in range((bytes_wide + 63) // 64):
            at = min(64 * i, bytes_wide - 64)
            v = key_min(keys_of(second + at, flip, kind), keys_of(third + at, flip, kind))
            store_keys(line + at, key_min(v, keys_of(first + at, flip, kind)))
            store_keys(other + at, key_min(v, keys_of(last + at, flip, kind)))
        return
    for i in range((bytes_wide + 63) // 64):
        at = min(64 * i, bytes_wide - 64)
        v = last_keys(kind)
        for j in range(1, height):
            v = key_min(v, keys_of(rows[j] + at, flip, kind))
        store_keys(line + at, key_min(v, keys_of(first + at, flip, kind)))
        store_keys(other + at, key_min(v, keys_of(last + at, flip, kind)))


@jit
def ends_of_block(ends: int, pitch: int, rows: Any, height: int, bytes_wide: int, flip: int, kind: Any) -> None:
    """Write the least from each row of a block to its end."""
    for j in range(height - 1, -1, -1):
        row, below, goal = rows[j], ends + min(j + 1, height - 1) * pitch, ends + j * pitch
        for i in range((bytes_wide + 63) // 64):
            at = min(64 * i, bytes_wide - 64)
            v = keys_of(row + at, flip, kind)
            if j < height - 1:
                v = key_min(v, load_keys(below + at, kind))
            store_keys(goal + at, v)


@jit
def one_window(line: int, row: int, end: int, so_far: int, bytes_wide: int, flip: int, kind: Any) -> None:
    """Take a row into the least so far; write the least of that and of the end of the block before."""
    for i in range((bytes_wide + 63) // 64):
        at = min(64 * i, bytes_wide - 64)
        v = key_min(keys_of(row + at, flip, kind), load_keys(so_far + at, kind))
        store_keys(so_far + at, v)
        store_keys(line + at, key_min(v, load_keys(end + at, kind)))


@jit
def along(line: int, windows: int, length: int, step: int, kind: Any) -> int:
    """Lengthen windows of one pixel until three cover ``windows``; return how long they are."""
    reach = 1
    while 3 * reach < windows:
        hop = reach * step
        if 6 * reach >= windows:
            for i in range((length + 63) // 64):
                at = line + 64 * i
                store_keys(at, key_min(load_keys(at, kind), load_keys(at + hop, kind)))
            reach *= 2
        else:
            for i in range((length + 63) // 64):
                at = line + 64 * i
                two = key_min(load_keys(at, kind), load_keys(at + hop, kind))
                store_keys(at, key_min(two, load_keys(at + 2 * hop, kind)))
            reach *= 3
    return reach


@jit
def least_at(at: int, middle: int, last: int, windows: int, reach: int, kind: Any) -> Any:
    """Return the least of one to three windows that cover a whole one."""
    v = load_keys(at, kind)
    if windows > 1:
        v = key_min(v, load_keys(at + last, kind))
    if windows > 2 * reach:
        v = key_min(v, load_keys(at + middle, kind))
    return v


@jit
def across(
    line: int, goal: int, bytes_wide: int, width: int, step: int, left: int, right: int, far_left: int,
    far_right: int, zero_outside: bool, nothing: int, flip: int, large: bool, kind: Any,
) -> None:  # fmt: skip
    """Write the least along a line, whose pixels begin ``left`` pixels in."""
    inner = line + left * step
    beyond = inner + width * step
    windows = left + 1 + right
    if left + right > 0:
        fill = keys_of(nothing, flip, kind) if zero_outside else last_keys(kind)
        head = load_keys(inner, kind)
        for i in range((left * step + 63) // 64):
            store_keys(line + 64 * i, fill)
        if left > 0:
            store_keys(inner, head)
        for i in range((right * step + 63) // 64 + 1):
            store_keys(beyond + 64 * i, fill)
        if not zero_outside:
            if left > 0:
                copy_bytes(line, inner + far_left * step, step)
            if right > 0:
                copy_bytes(beyond + (right - 1) * step, inner + far_right * step, step)
    reach = along(line, windows, (width + windows - 1) * step, step, kind)
    middle = (windows - reach) // 2 * step
    last = (windows - reach) * step
    shift = goal & 63  # so that stores are lines of the caches
    count = (bytes_wide + shift + 63) // 64
    if large:
        for i in range(1, count - 1):
            at = 64 * i - shift
            store_pixels_past(goal + at, least_at(line + at, middle, last, windows, reach, kind), flip, kind)
    for i in range(0, count, count - 1 if large and count > 1 else 1):
        at = min(max(64 * i - shift, 0), bytes_wide - 64)
        store_pixels(goal + at, least_at(line + at, middle, last, windows, reach, kind), flip, kind)


@jit
def window_min(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, bytes_wide: int, width: int,
    step: int, left: int, right: int, height: int, ymap: Any, far_left: int, far_right: int, zero_outside: bool,
    flip: int, large: bool, work: Any, rows: Any, pitch: int, kind: Any,
) -> None:  # fmt: skip
    """Write the least of each window for rows ``first`` to ``stop``.

    Pixels are ``step`` bytes; a row has ``width`` of them and at least 64 bytes. ``ymap`` has the source rows
    of the window of row 0 and on, `OUTSIDE` for zeros. Beyond the sides nothing counts but the pixel farthest
    out, which is a copy of column ``far_left`` or ``far_right``, or zeros everywhere. ``work`` holds zeros in
    its first ``pitch`` bytes, then two lines, then ``height + 1`` rows of ``pitch`` bytes if the window is high.
    """
    nothing = address_of(work)
    span = ((width + 2 * (left + 1 + right)) * step + bytes_wide - width * step + SLACK + 63) // 64 * 64
    line = nothing + pitch + (-left * step) % 64
    other = line + span
    ends = nothing + pitch + 2 * span
    so_far = ends + height * pitch
    tall = height > DIRECT
    y = first
    while y < stop:
        count = min(height if tall else 2, stop - y)
        for j in range(height + (0 if tall else 1)):
            place = ymap[min(y + j, len(ymap) - 1)]
            rows[j] = nothing if place < 0 else src + place * src_step
        if tall:
            ends_of_block(ends, pitch, rows, height, bytes_wide, flip, kind)
            for i in range(pitch // 64):
                store_keys(so_far + 64 * i, last_keys(kind))
        else:
            two_windows(line + left * step, other + left * step, rows, height, bytes_wide, flip, kind)
        for k in range(count):
            at = line
            if not tall and k == 1:
                at = other
            if tall and k == 0:
                copy_bytes(line + left * step, ends, bytes_wide)
            elif tall:
                place = ymap[y + k + height - 1]
                row = nothing if place < 0 else src + place * src_step
                one_window(line + left * step, row, ends + k * pitch, so_far, bytes_wide, flip, kind)
            across(
                at, out + (y + k) * out_step, bytes_wide, width, step, left, right, far_left, far_right,
                zero_outside, nothing, flip, large, kind,
            )  # fmt: skip
        y += count
    if large:
        settle()


@lru_cache(64)
def outside(reach: int, far: int, size: int, border: Border) -> tuple[NDArray[np.int64], int, int]:
    """Return the indices of an axis with ``reach`` before it and ``far`` behind, and those of the two farthest."""
    index = border_indices(-reach, size + far, size, border)
    return index, int(index[0]), int(index[-1])


@cache
def _entry(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Return what runs `window_min` for a dtype, and its last argument."""
    kind, whole = dtype.type(0), np.zeros(1, np.int64)
    numbers = *[0] * 12, whole, 0, 0, False, 0, False, np.zeros(1, np.uint8), whole, 0
    return entry(window_min, *numbers, kind), kind


def run(src: NDArray[Any], out: NDArray[Any], before: tuple[int, int], after: tuple[int, int], border: Border,
        threads: int, *, greatest: bool, rows: tuple[int, int], past: bool) -> None:  # fmt: skip
    """Write some rows of the least or the greatest pixel of windows that reach ``before`` and ``after`` in x and y.

    With ``past``, they go past the caches.
    """
    height, width = src.shape[:2]
    step = src.itemsize * (src.shape[2] if src.ndim == 3 else 1)
    wide = max(width, -(-VECTOR_BYTES // step))
    if wide > width:  # vectors need rows of 64 bytes
        padded = np.zeros((height, wide, *src.shape[2:]), src.dtype)
        padded[:, :width] = src
        source, target = padded, np.empty_like(padded)
    else:
        source = src if packed(src) else np.ascontiguousarray(src)
        target = out if packed(out) else np.empty(out.shape, out.dtype)
    left, right = min(before[0], width), min(after[0], width)  # farther is the same
    above, below = min(before[1], height), min(after[1], height)
    ymap = outside(above, below, height, border)[0]
    _, far_left, far_right = outside(left, right, width, border)
    high = above + 1 + below
    pitch = -(-wide * step // 64) * 64 + 64
    span = (wide + 2 * (left + 1 + right)) * step + SLACK + 64
    source_at = address(source)
    target_at = address(target)
    lines, kind = _entry(src.dtype)
    large = past and target.strides[0] % 64 == 0

    begin, end = rows
    if left + right == 0 and 1 < high <= DIRECT:
        images = source_at, source.strides[0], target_at, target.strides[0]
        how: dict[str, Any] = {"greatest": greatest, "large": large}
        _column_min.run(images, rows, wide * step, ymap, high, src.dtype, threads, **how)
        if target is not out:
            out[begin:end] = target[begin:end, :width]
        return

    def band(first: int, stop: int) -> None:
        first, stop = begin + first, begin + stop
        work = scratch("ring", pitch + 2 * span + (high + 1) * pitch * (high > DIRECT), np.uint8)
        if border == "constant":
            work[:pitch] = 0
        table = scratch("rows", high + 1, np.int64)
        lines(
            source_at, source.strides[0], target_at, target.strides[0], first, stop, wide * step, width, step,
            left, right, high, ymap, far_left, far_right, border == "constant", -greatest, large, work, table, pitch,
            kind,
        )  # fmt: skip

    run_bands(band, end - begin, threads)
    if target is not out:
        out[begin:end] = target[begin:end, :width]
