"""Rows of pixels as the bilateral filter reads them: a plane a channel, with their border."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._bilateral_simd import FAR, store_planes
from ._lanes import lanes
from ._planes import load_pixels
from ._simd import address_of, jit, pixel_load, pixel_size


@lru_cache(64)
def half_window(
    rx: int, ry: int, sigma_x: float, sigma_y: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the offsets of one half of the ellipse and the binary logarithms of their weights."""
    y, x = np.mgrid[-ry : ry + 1, -rx : rx + 1]
    inside = (x * x * ry * ry + y * y * rx * rx <= rx * rx * ry * ry) & ((y > 0) | ((y == 0) & (x > 0)))
    x, y = x[inside].astype(np.int64), y[inside].astype(np.int64)
    return x, y, -((x / sigma_x) ** 2 + (y / sigma_y) ** 2) / 2 * math.log2(math.e)


@jit
def take_apart(
    planes: Any, at: int, pitch: int, row: int, x0: int, span: int, xmap: Any, xpad: int, source_width: int, kind: Any,
    family: Any, shape: Any,
) -> None:  # fmt: skip
    """Write the pixels of positions ``x0`` to ``x0 + span`` into planes that begin with element ``at``.

    The planes are float32 for the family float32, and int16 for uint8.
    """
    element, step = planes.itemsize, lanes(family)
    target = address_of(planes) + element * at
    size = pixel_size(kind)
    channels = len(shape)
    low = min(max(xpad, x0), x0 + span)
    high = max(low, min(xpad + source_width, x0 + span))
    count = high - low
    whole = count // step * step
    if whole:
        for i in range((count + step - 1) // step):
            x = min(i * step, count - step)
            values = load_pixels(row + (low - xpad + x) * channels * size, kind, family, shape)
            store_planes(target + element * (low - x0 + x), values, pitch)
        whole = count
    for p in range(x0, x0 + span):
        if low <= p < low + whole:
            continue
        for c in range(channels):
            value = np.float32(0)
            if xmap[p] >= 0:
                value = pixel_load(row + (xmap[p] * channels + c) * size, kind)
            if not np.isfinite(value):
                value = np.float32(FAR)
            planes[at + c * pitch // element + p - x0] = value
