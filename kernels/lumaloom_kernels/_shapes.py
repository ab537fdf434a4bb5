"""Erosion and dilation by ellipses and crosses: which of the ways serves a shape, its buffers and row bands."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Border
from ._lines import address, packed
from ._order import VECTOR_BYTES
from ._scratch import scratch
from ._shape_min import SLACK, shape_min
from ._shape_taps import BLOCK, inner_min, taps_min
from ._threads import run_bands

RING_BYTES = 100 << 10  # rows that wait, or are looked at again, stay in the second-level cache
LEAST_STRIP = 512  # bytes
MOST_TAPS = 24  # pixels up to which it is faster to look at all of them
SHORT_ROW = 9  # pixels of the row through a cross, up to which it is not lengthened


@lru_cache(64)
def taps_of(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int] | None:
    """Return the offsets of a shape that is small or a cross, then the windows on its middle row and their length."""
    reaches = np.frombuffer(data, np.int64)
    ry, rx = len(reaches) - 1, int(reaches.max())
    rows = [(j, int(reaches[abs(j)])) for j in range(-ry, ry + 1)]
    cross = not reaches[1:].any()
    if not cross and sum(2 * reach + 1 for _, reach in rows) > MOST_TAPS:
        return None
    lengthened = cross and 2 * rx + 1 > SHORT_ROW
    taps = [(ry + j, rx + i) for j, reach in rows if j or not lengthened for i in range(-reach, reach + 1)]
    down, right = (np.array(part, np.int64) for part in zip(*taps, strict=True)) if taps else np.zeros((2, 0), np.int64)
    length, windows = 1, np.zeros(0, np.int64)
    if lengthened:
        length = (2 * rx + 1 + 2) // 3  # three windows cover the row
        windows = np.array([0, (2 * rx + 1 - length) // 2, 2 * rx + 1 - length], np.int64)
    return down, right, windows, length


def run(
    src: NDArray[Any], out: NDArray[Any], reaches: NDArray[np.int64], border: Border, threads: int, *, greatest: bool,
    rows: tuple[int, int],
) -> None:  # fmt: skip
    """Write some rows of the least or the greatest pixel of a shape.

    Its rows reach so far to either side, from the middle one outwards.
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
    rx, ry = int(reaches.max()), len(reaches) - 1
    taps = taps_of(reaches.tobytes())
    most = max(RING_BYTES // (2 * ry + 1), 4 * rx * step, LEAST_STRIP) // step
    strip = max(-(-wide // -(-wide // most)), -(-VECTOR_BYTES // step))
    line = (strip + 2 * rx) * step + SLACK
    pitch = -(-line // 64) * 64 + 64  # rows of one column share no cache set
    source_at = address(source)
    target_at = address(target)
    kind = src.dtype.type(0)

    side = max(rx, -(-VECTOR_BYTES // step))
    inner = taps is not None and not len(taps[2]) and (wide - 2 * side) * step >= BLOCK
    zeros = np.zeros(wide * step if inner and border == "constant" else 1, np.uint8)
    zeros_at = address(zeros)

    top, bottom = rows

    def band(first: int, stop: int) -> None:
        first, stop = top + first, top + stop
        work = scratch("ring", 64 + (2 * ry + 2) * pitch + SLACK, np.uint8)
        work[:64] = 0
        images = source_at, source.strides[0], target_at, target.strides[0], first, stop, height
        rest = border == "constant", -greatest, work, pitch
        if taps is None:
            shape_min(*images, width, wide, step, strip, rx, ry, reaches, *rest, kind)
            return
        down, right, windows, length = taps
        bases = scratch("rows", len(down) + len(windows), np.int64)
        strips = [(0, wide, strip)]
        if inner:
            strips = [(0, side, side), (wide - side, wide, side)]
            inner_min(*images, side, wide - side, step, rx, ry, down, right, *rest[:2], zeros_at, bases, kind)
        for begin, end, part in strips:
            offsets = down, right, windows, length
            taps_min(*images, width, begin, end, step, part, rx, ry, *offsets, *rest, bases, kind)

    run_bands(band, bottom - top, threads)
    if target is not out:
        out[top:bottom] = target[top:bottom, :width]
