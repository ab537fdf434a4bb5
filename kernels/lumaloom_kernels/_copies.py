"""Pixels moved whole: rows copied, mirrored and transposed.

Rows are given by address and their distances in bytes, which may be negative: the last row of an image with the
distance turned round is the image upside down.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._copies_simd import (
    block_side,
    mirror,
    mirror_count,
    mirror_past,
    transpose,
)
from ._lines import address, packed
from ._nearest import UNITS, copy_unit
from ._plain import PIXEL_BYTES, Look
from ._simd import copy_bytes, entry, jit, pixel_size, prefetch, prefetch_write
from ._streams import LARGE, copy_past, copy_run, settle
from ._threads import run_bands

BEHIND = 1024  # bytes: what is read backwards is asked for so far ahead
LEAST_COPY, LEAST_TURN = 1 << 21, 1 << 18  # bytes for which a thread pays: where rows stay whole, and where not
TILE = 64  # pixels: the sides of a square that is transposed while it is in the first-level cache,
ACROSS = 512  # and those that blocks go along a row before they start the next one, which the processor foresees better


@jit
def mirror_pixels(target: int, source: int, first: int, stop: int, width: int, size: int) -> None:
    """Copy the pixels to ``first`` to ``stop`` of a row one by one."""
    for i in range(first, stop):
        copy_bytes(target + i * size, source + (width - 1 - i) * size, size)


@jit
def before_line(target: int, pixel: Any) -> int:
    """Return how many pixels lie before the first that begins a line of the caches; as many as are mirrored: none."""
    size, step = len(pixel), mirror_count(pixel)
    x = 0
    while x < step and (target + x * size) % 64 != 0:
        x += 1
    return x


@jit
def mirror_row(target: int, source: int, width: int, pixel: Any) -> None:
    """Copy ``width`` pixels from right to left; the vectors between the first and the last are aligned if they can."""
    size, step = len(pixel), mirror_count(pixel)
    if width < step:
        mirror_pixels(target, source, 0, width, width, size)
        return
    mirror(target, source + (width - step) * size, pixel)
    x = before_line(target, pixel)
    while x + step <= width:
        mirror(target + x * size, source + (width - x - step) * size, pixel)
        x += step
    mirror(target + (width - step) * size, source, pixel)


@jit
def mirror_row_past(target: int, source: int, width: int, pixel: Any) -> None:
    """Do that past the caches; no line is written both ways, which would take long."""
    size, step = len(pixel), mirror_count(pixel)
    x = before_line(target, pixel)
    if x == step or x + step > width:
        mirror_row(target, source, width, pixel)
        return
    mirror_pixels(target, source, 0, x, width, size)
    while x + step <= width:
        at = source + (width - x - step) * size
        prefetch(at - BEHIND)
        mirror_past(target + x * size, at, pixel)
        x += step
    mirror_pixels(target, source, x, width, width, size)


@jit
def mirror_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, width: int, pixel: Any, past: bool
) -> None:  # fmt: skip
    """Copy rows ``first`` to ``stop`` of ``width`` pixels from right to left, ``past`` the caches or through them."""
    for i in range(stop - first):
        y = first + i
        if past and pitch > 0:  # in the order that has the source read backwards throughout
            y = stop - 1 - i
        if past:
            mirror_row_past(out + y * out_pitch, src + y * pitch, width, pixel)
        else:
            mirror_row(out + y * out_pitch, src + y * pitch, width, pixel)
    if past:
        settle()


@jit
def copy_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, count: int, past: bool
) -> None:  # fmt: skip
    """Copy rows ``first`` to ``stop`` of ``count`` bytes, ``past`` the caches or through them."""
    for y in range(first, stop):
        if past:
            copy_past(out + y * out_pitch, src + y * pitch, count)
        else:
            copy_run(out + y * out_pitch, src + y * pitch, count)
    if past:
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


PIXELS = [(np.int8(0),) * size for size in range(17)]


def pixel_of(image: NDArray[Any]) -> tuple[np.int8, ...]:
    """Return a tuple with as many members as a pixel has bytes."""
    return PIXELS[image.itemsize * (image.shape[2] if image.ndim == 3 else 1)]


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
    """Copy an image, or its rows from the last to the first; NumPy copies pixels that do not lie side by side."""
    if packed(src) and packed(out):
        count = out.nbytes // len(out)
        with_rows(
            copy_lines, src, out, threads, LEAST_COPY, count, out.nbytes >= LARGE, turned=(turned, False)
        )  # fmt: skip
        return
    source = src[::-1] if turned else src

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


NO_ROWS = 0, 0, 0, 0, 0, 0


@cache
def _copy_rows() -> Callable[..., None]:
    return entry(copy_lines, *NO_ROWS, 0, False)


def copy_plain(look: Look, height: int, width: int, *, start: int = 0, turned: bool = False) -> None:
    """Copy a part of a plain array, from the byte ``start`` on, to a plain one of its size; `copy_image` says how."""
    pixel, at, out = PIXEL_BYTES[look[0]], look[3] + start, look[5]
    pitch, count = look[2] * pixel, width * pixel
    if turned:
        at, pitch = at + (height - 1) * pitch, -pitch
    _copy_rows()(at, pitch, out, count, 0, height, count, height * count >= LARGE)


@cache
def _mirror_rows(size: int) -> Callable[..., None]:
    return entry(mirror_lines, *NO_ROWS, 0, PIXELS[size], False)


def mirror_plain(look: Look, *, turned: bool) -> None:
    """Do for plain arrays what `mirror_image` does."""
    code, height, width, at, _, out = look
    size = PIXEL_BYTES[code]
    pitch = step = width * size
    if turned:
        at, step = at + (height - 1) * pitch, -pitch
    _mirror_rows(size)(at, step, out, pitch, 0, height, width, PIXELS[size], height * pitch >= LARGE)


@cache
def _transpose_rows(size: int) -> Callable[..., None]:
    return entry(transpose_lines, *NO_ROWS, 0, PIXELS[size], UNITS[size])


def transpose_plain(look: Look, *, clockwise: bool) -> None:
    """Do for plain arrays what `transpose_image` does."""
    code, height, width, at, _, out = look
    size = PIXEL_BYTES[code]
    pitch, goes = width * size, height * size
    if clockwise:
        at, pitch = at + (height - 1) * pitch, -pitch
    else:
        out, goes = out + (width - 1) * goes, -goes
    _transpose_rows(size)(at, pitch, out, goes, 0, width, height, PIXELS[size], UNITS[size])
