"""Pixels moved whole: rows copied, mirrored, transposed, and put into a border.

Rows are given by address and their distances in bytes, which may be negative: the last row of an image with the
distance turned round is the image upside down.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._copies_simd import (
    BLOCK,
    block_buffer,
    block_side,
    mirror,
    mirror_count,
    mirror_past,
    mirror_reach,
    transpose,
)
from ._lines import address, packed
from ._nearest import UNITS, copy_unit
from ._simd import copy_bytes, jit, pixel_size, prefetch, prefetch_write
from ._streams import LARGE, copy_past, settle
from ._threads import run_bands

LEAST_COPY, LEAST_TURN = 1 << 21, 1 << 18  # bytes for which a thread pays: where rows stay whole, and where not
TILE = 64  # pixels: the sides of a square that is transposed while it is in the first-level cache,
ACROSS = 512  # and those that blocks go along a row before they start the next one, which the processor foresees better


@jit
def mirror_pixels(target: int, source: int, first: int, stop: int, width: int, size: int) -> None:
    """Copy the pixels to ``first`` to ``stop`` of a row one by one."""
    for i in range(first, stop):
        copy_bytes(target + i * size, source + (width - 1 - i) * size, size)


@jit
def mirror_row(target: int, source: int, width: int, pixel: Any) -> None:
    """Copy ``width`` pixels from right to left."""
    size, step = len(pixel), mirror_count(pixel)
    over = mirror_reach(pixel) - step * size  # bytes that a step reads and writes beyond its pixels
    x = 0
    if over > 0:  # the last pixels of a row, and below the first, lie at the end of the memory
        x = min(step, width)
        mirror_pixels(target, source, 0, x, width, size)
    while (x + step) * size + over <= width * size:
        at = source + (width - x - step) * size
        prefetch(at - BLOCK)
        mirror(target + x * size, at, pixel)
        x += step
    mirror_pixels(target, source, x, width, width, size)


@jit
def mirror_row_past(target: int, source: int, width: int, pixel: Any) -> None:
    """Do that past the caches: pixels that fill registers at once, others in blocks."""
    size, step = len(pixel), mirror_count(pixel)
    x = 0
    while x < min(step, width) and (target + x * size) % 64 != 0:
        x += 1
    if mirror_reach(pixel) == step * size and (target + x * size) % 64 == 0:
        mirror_pixels(target, source, 0, x, width, size)
        while x + step <= width:
            at = source + (width - x - step) * size
            prefetch(at - BLOCK)
            mirror_past(target + x * size, at, pixel)
            x += step
        mirror_pixels(target, source, x, width, width, size)
        return
    block, made = BLOCK // size // 64 * 64, block_buffer()
    for x in range(0, width, block):
        count = min(block, width - x)
        mirror_row(made, source + (width - x - count) * size, count, pixel)
        copy_past(target + x * size, made, count * size)


@jit
def mirror_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, width: int, pixel: Any, past: bool
) -> None:  # fmt: skip
    """Copy rows ``first`` to ``stop`` of ``width`` pixels from right to left, ``past`` the caches or through them."""
    if not past:
        for y in range(first, stop):
            mirror_row(out + y * out_pitch, src + y * pitch, width, pixel)
        return
    for i in range(stop - first):  # in the order that has the source read backwards throughout
        y = stop - 1 - i if pitch > 0 else first + i
        mirror_row_past(out + y * out_pitch, src + y * pitch, width, pixel)
    settle()


@jit
def copy_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, count: int
) -> None:  # fmt: skip
    """Copy rows ``first`` to ``stop`` of ``count`` bytes past the caches."""
    for y in range(first, stop):
        copy_past(out + y * out_pitch, src + y * pitch, count)
    settle()


@jit
def transpose_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, height: int, pixel: Any, unit: Any
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of columns: row i is column i of the source, which has ``height`` rows.

    ``unit`` is a scalar of at least a pixel's size; where it is wider, a column's last pixels are copied exactly.
    """
    size, side = len(pixel), block_side(pixel)
    exact = size == pixel_size(unit)
    blocks = side > 0 and stop - first >= side and height >= side
    across = ACROSS if blocks else TILE
    for top in range(first, stop, TILE):
        bottom = min(top + TILE, stop)
        for left in range(0, height, across):
            right = min(left + across, height)
            if blocks:  # the last ones overlap those before
                for i in range(top, bottom):
                    prefetch_write(out + i * out_pitch + right * size)
                for i in range(top, bottom, side):
                    row = min(i, stop - side)
                    for j in range(left, right, side):
                        column = min(j, height - side)
                        target, source = out + row * out_pitch + column * size, src + column * pitch + row * size
                        transpose(target, out_pitch, source, pitch, pixel)
                continue
            for i in range(top, bottom):
                target, source = out + i * out_pitch, src + i * size
                safe = right
                if not exact:  # units reach over the next pixel of the target, and over that of the source
                    safe = right - 1 if i < bottom - 1 else left
                for j in range(left, safe):
                    copy_unit(target + j * size, source + j * pitch, unit)
                for j in range(safe, right):
                    copy_bytes(target + j * size, source + j * pitch, size)


@jit
def pad_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, count: int, rows: Any, columns: Any,
    left: int, line: int, pixel: Any, past: bool,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop``: ``count`` bytes of row ``rows[y]``, with ``left`` pixels before them.

    ``columns`` says of all pixels beside those where they come from; -1, there as for rows, is from ``line``.
    ``past`` has rows go past the caches.
    """
    size = len(pixel)
    inner = out + left * size
    for y in range(first, stop):
        target = out + y * out_pitch
        if rows[y] < 0:
            copy_bytes(target, line, count + len(columns) * size)
            continue
        row = src + rows[y] * pitch
        if past:
            copy_past(inner + y * out_pitch, row, count)
        else:
            copy_bytes(inner + y * out_pitch, row, count)
        if len(columns) > 0 and columns[0] < 0:
            copy_bytes(target, line, left * size)
            copy_bytes(target + count + left * size, line, (len(columns) - left) * size)
            continue
        for i in range(left):
            copy_bytes(target + i * size, row + columns[i] * size, size)
        for i in range(left, len(columns)):
            copy_bytes(target + count + i * size, row + columns[i] * size, size)
    if past:
        settle()


_PIXELS = [(np.int8(0),) * size for size in range(17)]


def pixel_of(image: NDArray[Any]) -> tuple[np.int8, ...]:
    """Return a tuple with as many members as a pixel has bytes."""
    return _PIXELS[image.itemsize * (image.shape[2] if image.ndim == 3 else 1)]


def sharers(out: NDArray[Any], threads: int, least: int) -> int:
    """Return how many threads pay, where each takes at least ``least`` bytes: to wake one costs 30 microseconds."""
    return max(1, min(threads, out.nbytes // least))


def with_rows(
    lines: Callable[..., None], src: NDArray[Any], out: NDArray[Any], threads: int, least: int, *rest: Any,
    turned: tuple[bool, bool] = (False, False),
) -> None:  # fmt: skip
    """Call ``lines(src, pitch, out, out_pitch, first, stop, *rest)`` on bands of the rows of ``out``.

    ``turned`` says of source and result whether they are seen upside down. Arrays without packed pixels are copied.
    """
    source = src if src.flags.c_contiguous or packed(src) else np.ascontiguousarray(src)
    target = out if out.flags.c_contiguous or packed(out) else np.empty(out.shape, out.dtype)
    places = [address(source), source.strides[0], address(target), target.strides[0]]
    if turned[0]:
        places[:2] = places[0] + (len(source) - 1) * places[1], -places[1]
    if turned[1]:
        places[2:] = places[2] + (len(target) - 1) * places[3], -places[3]
    if threads == 1:
        lines(*places, 0, len(out), *rest)
    else:
        run_bands(lambda first, stop: lines(*places, first, stop, *rest), len(out), sharers(out, threads, least))
    if target is not out:
        out[...] = target


def copy_image(src: NDArray[Any], out: NDArray[Any], threads: int, *, turned: bool = False) -> None:
    """Copy an image, or its rows from the last to the first; NumPy copies packed rows whole, and without the GIL."""
    if out.nbytes >= LARGE and packed(src) and packed(out):
        count = out.nbytes // len(out)
        with_rows(copy_lines, src, out, threads, LEAST_COPY, count, turned=(turned, False))
        return
    source = src[::-1] if turned else src
    if threads == 1:
        out[...] = source
        return

    def work(first: int, stop: int) -> None:
        out[first:stop] = source[first:stop]

    run_bands(work, len(out), sharers(out, threads, LEAST_COPY))


def mirror_image(src: NDArray[Any], out: NDArray[Any], threads: int, *, turned: bool = False) -> None:
    """Swap left and right, and with ``turned`` top and bottom too."""
    past = out.nbytes >= LARGE
    with_rows(
        mirror_lines, src, out, threads, LEAST_COPY, src.shape[1], pixel_of(src), past, turned=(turned, False)
    )  # fmt: skip


def transpose_image(src: NDArray[Any], out: NDArray[Any], threads: int, *, clockwise: bool) -> None:
    """Turn an image by a quarter."""
    pixel = pixel_of(src)
    with_rows(
        transpose_lines, src, out, threads, LEAST_TURN, len(src), pixel, UNITS[len(pixel)],
        turned=(clockwise, not clockwise),
    )  # fmt: skip


def pad_image(
    src: NDArray[Any], out: NDArray[Any], rows: NDArray[np.int64], columns: NDArray[np.int64], left: int,
    line: NDArray[Any], threads: int,
) -> None:  # fmt: skip
    """Put an image into a border; `pad_lines` says what rows, columns and line are."""
    pixel = pixel_of(src)
    with_rows(
        pad_lines, src, out, threads, LEAST_COPY, src.shape[1] * len(pixel), rows, columns, left, address(line), pixel,
        out.nbytes >= LARGE,
    )  # fmt: skip
