"""Pixels moved whole: rows copied, mirrored, transposed, and put into a border.

Rows are given by address and their distances in bytes, which may be negative: the last row of an image with the
distance turned round is the image upside down.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._copies_simd import block_side, mirror, mirror_count, transpose
from ._lines import address, packed
from ._nearest import UNITS, copy_unit
from ._simd import copy_bytes, jit, pixel_size
from ._threads import run_bands

Work: TypeAlias = Callable[[NDArray[Any], NDArray[Any], int, int], None]

LEAST_COPY, LEAST_TURN = 1 << 21, 1 << 18  # bytes for which a thread pays: where rows stay whole, and where not
TILE = 64  # pixels: the sides of a square that is transposed while it is in the first-level cache


@jit
def mirror_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, width: int, pixel: Any
) -> None:  # fmt: skip
    """Copy rows ``first`` to ``stop`` of ``width`` pixels from right to left."""
    size, step = len(pixel), mirror_count(pixel)
    over = max(16 - step * size, 0)  # bytes that a step reads and writes beyond its pixels
    for y in range(first, stop):
        row, target = src + y * pitch, out + y * out_pitch
        x = 0
        if over > 0:  # the last pixels of a row, and below the first, lie at the end of the memory
            x = min(step, width)
            for i in range(x):
                copy_bytes(target + i * size, row + (width - 1 - i) * size, size)
        while (x + step) * size + over <= width * size:
            mirror(target + x * size, row + (width - x - step) * size, pixel)
            x += step
        for i in range(x, width):
            copy_bytes(target + i * size, row + (width - 1 - i) * size, size)


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
    for top in range(first, stop, TILE):
        bottom = min(top + TILE, stop)
        for left in range(0, height, TILE):
            right = min(left + TILE, height)
            if blocks:  # the last ones overlap those before
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
    left: int, line: int, pixel: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop``: ``count`` bytes of row ``rows[y]``, with ``left`` pixels before them.

    ``columns`` says of all pixels beside those where they come from; -1, there as for rows, is from ``line``.
    """
    size = len(pixel)
    inner = out + left * size
    for y in range(first, stop):
        target = out + y * out_pitch
        if rows[y] < 0:
            copy_bytes(target, line, count + len(columns) * size)
            continue
        row = src + rows[y] * pitch
        copy_bytes(inner + y * out_pitch, row, count)
        if len(columns) > 0 and columns[0] < 0:
            copy_bytes(target, line, left * size)
            copy_bytes(target + count + left * size, line, (len(columns) - left) * size)
            continue
        for i in range(left):
            copy_bytes(target + i * size, row + columns[i] * size, size)
        for i in range(left, len(columns)):
            copy_bytes(target + count + i * size, row + columns[i] * size, size)


def pixel_of(image: NDArray[Any]) -> tuple[np.int8, ...]:
    """Return a tuple with as many members as a pixel has bytes."""
    return (np.int8(0),) * (image.itemsize * (image.shape[2] if image.ndim == 3 else 1))


def upside_down(image: NDArray[Any], turned: bool) -> tuple[int, int]:
    """Return address and pitch of an image, or of it upside down."""
    if not turned:
        return address(image), image.strides[0]
    return address(image) + (len(image) - 1) * image.strides[0], -image.strides[0]


def sharers(out: NDArray[Any], threads: int, least: int) -> int:
    """Return how many threads pay, where each takes at least ``least`` bytes: to wake one costs 30 microseconds."""
    return max(1, min(threads, out.nbytes // least))


def with_rows(work: Work, src: NDArray[Any], out: NDArray[Any], threads: int, least: int) -> None:
    """Call ``work(source, target, first, stop)`` on bands of the rows of ``out``, on arrays with packed pixels."""
    source = src if packed(src) else np.ascontiguousarray(src)
    target = out if packed(out) else np.empty(out.shape, out.dtype)
    run_bands(lambda first, stop: work(source, target, first, stop), len(out), sharers(out, threads, least))
    if target is not out:
        out[...] = target


def copy_image(src: NDArray[Any], out: NDArray[Any], threads: int, *, turned: bool = False) -> None:
    """Copy an image, or its rows from the last to the first; NumPy copies packed rows whole, and without the GIL."""
    source = src[::-1] if turned else src
    run_bands(
        lambda first, stop: np.copyto(out[first:stop], source[first:stop]), len(out), sharers(out, threads, LEAST_COPY)
    )


def mirror_image(src: NDArray[Any], out: NDArray[Any], threads: int, *, turned: bool = False) -> None:
    """Swap left and right, and with ``turned`` top and bottom too."""
    width, pixel = src.shape[1], pixel_of(src)
    with_rows(
        lambda source, target, first, stop: mirror_lines(
            *upside_down(source, turned), *upside_down(target, False), first, stop, width, pixel
        ),
        src, out, threads, LEAST_COPY,
    )  # fmt: skip


def transpose_image(src: NDArray[Any], out: NDArray[Any], threads: int, *, clockwise: bool) -> None:
    """Turn an image by a quarter."""
    height, pixel = len(src), pixel_of(src)
    with_rows(
        lambda source, target, first, stop: transpose_lines(
            *upside_down(source, clockwise), *upside_down(target, not clockwise), first, stop, height, pixel,
            UNITS[len(pixel)],
        ),
        src, out, threads, LEAST_TURN,
    )  # fmt: skip
