"""A linear function of every sample, in vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import add_product, clip, lanes, load, splat, store_clipped
from ._simd import jit, pixel_size
from ._table import has_table, table_rows

MIN_SAMPLES = 64  # in a row


@jit
def scale_line(src: int, out: int, count: int, kind: Any, numbers: Any) -> None:
    """Compute ``count`` samples.

    Vectors in between are stored at addresses that are multiples of their size, and a row may replace
    itself: the first and the last vector, which may overlap those, are read before they change.
    """
    gain, offset, low, high = splat(numbers[0]), splat(numbers[1]), splat(numbers[2]), splat(numbers[3])
    family = numbers[0]
    size, step = pixel_size(kind), lanes(family)
    hop = step * size
    head = clip(add_product(offset, load(src, kind, family), gain), low, high)
    start = -out % hop // size
    whole = max(0, count - start - step) // (4 * step)
    at = start * size
    for _ in range(whole):
        a = clip(add_product(offset, load(src + at, kind, family), gain), low, high)
        b = clip(add_product(offset, load(src + at + hop, kind, family), gain), low, high)
        c = clip(add_product(offset, load(src + at + 2 * hop, kind, family), gain), low, high)
        d = clip(add_product(offset, load(src + at + 3 * hop, kind, family), gain), low, high)
        store_clipped(out + at, a, kind)
        store_clipped(out + at + hop, b, kind)
        store_clipped(out + at + 2 * hop, c, kind)
        store_clipped(out + at + 3 * hop, d, kind)
        at += 4 * hop
    tail = (count - step) * size
    last = clip(add_product(offset, load(src + tail, kind, family), gain), low, high)
    while at < tail:
        a = clip(add_product(offset, load(src + at, kind, family), gain), low, high)
        store_clipped(out + at, a, kind)
        at += hop
    store_clipped(out, head, kind)
    store_clipped(out + tail, last, kind)


@jit
def scale_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, count: int, kind: Any, numbers: Any
) -> None:
    """Compute rows ``first`` to ``stop``; pitches are in bytes."""
    for y in range(first, stop):
        scale_line(src + y * pitch, out + y * out_pitch, count, kind, numbers)


def scale_rows(src: NDArray[Any], out: NDArray[Any], numbers: NDArray[np.float32], first: int, stop: int) -> None:
    """Compute rows ``first`` to ``stop`` of arrays of samples; ``numbers`` are gain, offset, low and high."""
    if src.dtype == np.uint8 and has_table():
        table = np.arange(256, dtype=np.uint8)[None]
        _scale(table, table, numbers, 0, 1)
        table_rows(src, out, table, first, stop)
    else:
        _scale(src, out, numbers, first, stop)


def _scale(src: NDArray[Any], out: NDArray[Any], numbers: NDArray[np.float32], first: int, stop: int) -> None:
    scale_lines(
        src.ctypes.data, src.strides[0], out.ctypes.data, out.strides[0], first, stop, src.shape[1],
        src.dtype.type(0), numbers,
    )  # fmt: skip
