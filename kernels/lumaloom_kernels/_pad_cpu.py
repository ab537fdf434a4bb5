"""An image put into a border: rows are copied, and what lies beside them is shuffled out of them, 16 bytes at once."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import border_indices
from ._checks import Border
from ._copies import LEAST_COPY, NO_ROWS, PIXELS, pixel_of, with_rows
from ._lines import address
from ._nearest import REGISTER, shuffle_bytes, shuffles_of
from ._plain import PIXEL_BYTES, Look
from ._simd import address_of, copy_bytes, entry, jit
from ._streams import LARGE, copy_past, copy_run, settle
from ._x86 import has


@jit
def pad_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, count: int, before: int, after: int,
    line: int, rows: Any, places: Any, bases: Any, masks: Any, columns: Any, pixel: Any, past: bool,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop``: ``count`` bytes of row ``rows[y]``, some bytes before and some after them.

    Those, and rows with the number -1, come from ``line`` where it is not 0; else registers at ``places`` are shuffled
    as `_nearest` does it, and pixels at ``columns[0]`` copied from ``columns[1]``. ``past``: rows go past the caches.
    """
    size, indices, hop = len(pixel), address_of(masks), 2 * REGISTER
    for y in range(first, stop):
        target = out + y * out_pitch
        if rows[y] < 0:
            copy_run(target, line, before + count + after)
            continue
        row, inner = src + rows[y] * pitch, target + before
        if past:
            copy_past(inner, row, count)
        else:
            copy_run(inner, row, count)
        if line != 0:
            copy_run(target, line, before)
            copy_run(inner + count, line, after)
            continue
        for i in range(len(places)):  # what of them lies inside is as it was
            shuffle_bytes(target + places[i], row + bases[i], indices + i * hop)
        for i in range(columns.shape[1]):
            copy_bytes(target + columns[0, i], row + columns[1, i], size)
    if past:
        settle()


def _tables(
    height: int, width: int, out_height: int, out_width: int, left: int, top: int, border: Border, size: int
) -> tuple[NDArray[Any], ...]:
    """Return the source's row for each row, how registers are shuffled, and where pixels are copied from and to."""
    rows = border_indices(-top, out_height - top, height, border)
    whole, before, after = out_width * size, left * size, (left + width) * size
    none, nothing = np.zeros(0, np.int64), np.zeros((2, 0), np.int64)
    if border == "constant":
        return rows, none, none, np.zeros((0, 2, REGISTER), np.uint8), nothing
    columns = border_indices(-left, out_width - left, width, border)
    if has("ssse3") and width * size >= 2 * REGISTER:
        places = np.concatenate([np.arange(0, before, REGISTER), np.arange(after, whole, REGISTER)])
        sources = (columns[:, None] * size + np.arange(size)).ravel()
        shuffles = shuffles_of(sources, np.minimum(places, whole - REGISTER), width * size)
        if shuffles is not None:
            return rows, *shuffles, nothing
    beside = np.flatnonzero((np.arange(out_width) < left) | (np.arange(out_width) >= left + width))
    return rows, none, none, np.zeros((0, 2, REGISTER), np.uint8), np.stack([beside, columns[beside]]) * size


def pad_image(
    src: NDArray[Any], out: NDArray[Any], corner: tuple[int, int], border: Border, value: NDArray[Any], threads: int
) -> None:
    """Put an image into a border, so that its first pixel comes to ``corner``, (x, y)."""
    size = len(pixel_of(src))
    filler = value.tobytes() if border == "constant" else b""
    _, rest, _ = _plan(*src.shape[:2], *out.shape[:2], *corner, border, size, filler)
    with_rows(pad_lines, src, out, threads, LEAST_COPY, *rest, out.nbytes >= LARGE)


def pad_plain(
    look: Look, height: int, width: int, left: int, top: int, border: Border, value: NDArray[Any]
) -> None:  # fmt: skip
    """Do that for plain arrays; the result has this height and width."""
    code, rows, columns, at, _, out = look
    size = PIXEL_BYTES[code]
    filler = value.tobytes() if border == "constant" else b""
    run, rest, _ = _plan(rows, columns, height, width, left, top, border, size, filler)
    run(at, columns * size, out, width * size, 0, height, *rest, height * width * size >= LARGE)


@lru_cache(64)
def _plan(
    height: int, width: int, out_height: int, out_width: int, left: int, top: int, border: Border, size: int,
    filler: bytes,
) -> tuple[Any, tuple[Any, ...], Any]:  # fmt: skip
    """Return what runs `pad_lines`, its arguments between the rows and the last, and the line that they point to."""
    tables = _tables(height, width, out_height, out_width, left, top, border, size)
    line = np.frombuffer(filler * out_width, np.uint8)
    after = (out_width - left - width) * size
    rest = width * size, left * size, after, address(line) if filler else 0, *tables, PIXELS[size]
    return entry(pad_lines, *NO_ROWS, *rest, False), rest, line
