"""Which method finds a median, and the memory that it works in."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import OUTSIDE, border_indices
from ._checks import Border
from ._lines import address, packed
from ._march import MEDIAN
from ._median_histogram import BINS, COLUMN_BYTES, median_histogram
from ._median_networks import MEDIANS
from ._median_rank import median_rank
from ._median_small import median_small
from ._order import VECTOR_BYTES
from ._scratch import scratch
from ._small_min import march_down
from ._threads import run_bands

STRIP_BYTES = 14 << 10  # the ordered columns of a strip stay in the first-level cache
STRIP_COLUMNS = 768  # as many columns as have their counts in the second-level cache
TILE = 128  # the least side of a tile whose pixels are put in order together
SIGN = np.uint32(1 << 31)


def run(src: NDArray[Any], out: NDArray[Any], rx: int, ry: int, border: Border, threads: int) -> None:
    """Write the medians of windows that reach ``rx`` pixels to the left and right and ``ry`` up and down."""
    if rx == ry == 0:
        out[...] = src
    elif rx == ry and 2 * rx + 1 in MEDIANS:
        _small(src, out, rx, border, threads)
    elif src.dtype == np.uint8:
        _histogram(src, out, rx, ry, border, threads)
    else:
        _ranks(src, out, rx, ry, border, threads)


@lru_cache(64)
def indices(reach: int, size: int, border: Border) -> NDArray[np.int64]:
    """Return the source index of each position of an axis with its margins."""
    return border_indices(-reach, size + reach, size, border)


def _small(src: NDArray[Any], out: NDArray[Any], radius: int, border: Border, threads: int) -> None:
    height, width = src.shape[:2]
    step = src.itemsize * (src.shape[2] if src.ndim == 3 else 1)
    ymap = indices(radius, height, border)
    if width * step < VECTOR_BYTES + 2 * step:  # vectors need so many bytes in a row
        across = indices(radius, width, border)
        wide = max(len(across), -(-VECTOR_BYTES // step) + 2)
        source = np.zeros((height, wide, *src.shape[2:]), src.dtype)
        source[:, : len(across)] = src[:, across]
        source[:, : len(across)][:, across == OUTSIDE] = 0
        target = np.empty_like(source)
        result = target[:, radius : radius + width]
    else:
        source = src if packed(src) else np.ascontiguousarray(src)
        target = result = out if packed(out) else np.empty(out.shape, out.dtype)
        wide = width
        mirrored = int(border == "reflect101")
        if radius == 1 and march_down(source, target, MEDIAN, (3, 3), border, threads, mirrored=mirrored):
            if target is not out:
                out[...] = target
            return
    side = 2 * radius + 1
    strips = max(1, wide * step * 2 * side // STRIP_BYTES)
    strip = -(-wide // strips)
    while strips > 1 and (wide - (strips - 1) * strip) * step < VECTOR_BYTES:
        strips -= 1
        strip = -(-wide // strips)
    pitch = -(-(strip + 2 * radius) * step // 64) * 64 + VECTOR_BYTES
    zeros = np.zeros(-(-wide * step // 4) * 4 + VECTOR_BYTES, np.uint8)
    if src.dtype.kind == "f":
        zeros[-VECTOR_BYTES:].view(np.uint32)[:] = SIGN  # the key of 0
    source_at = address(source)
    target_at = address(target)

    xmap, kind = indices(radius, wide, border), src.dtype.type(0)

    def band(first: int, stop: int) -> None:
        work = scratch("ring", (2 * side + 1) * pitch, np.uint8)
        rows = scratch("rows", side + 1, np.int64)
        median_small(
            source_at, source.strides[0], target_at, target.strides[0], first, stop, wide, step, strip,
            xmap, ymap, work, rows, pitch, zeros, (0,) * side, kind,
        )  # fmt: skip

    run_bands(band, height, threads)
    if target is not out:
        out[...] = result


def _histogram(src: NDArray[Any], out: NDArray[Any], rx: int, ry: int, border: Border, threads: int) -> None:
    height, width = src.shape[:2]
    channels = src.shape[2] if src.ndim == 3 else 1
    source = src if packed(src) else np.ascontiguousarray(src)
    target = out if packed(out) else np.empty(out.shape, out.dtype)
    xmap, ymap = indices(rx, width, border), indices(ry, height, border)
    inside = np.where(xmap == OUTSIDE, 0, 255)
    strip = min(width, max(STRIP_COLUMNS, 2 * rx))
    strip = -(-width // -(-width // strip))
    zeros = np.zeros(width * channels, np.uint8)
    source_at = address(source)
    target_at = address(target)

    def band(first: int, stop: int) -> None:
        columns = scratch("ring", (strip + 2 * rx) * COLUMN_BYTES // 2, np.uint16)
        window = scratch("line", BINS * BINS, np.uint32)
        seen = scratch("rows", BINS, np.int64)
        coarse = scratch("spare", BINS + 1, np.uint32)
        coarse[0] = 0
        for channel in range(channels):
            median_histogram(
                source_at, source.strides[0], target_at, target.strides[0], first, stop, width, channels, channel,
                rx, ry, strip, np.maximum(xmap, 0) * channels + channel, inside, ymap, zeros, STEPS,
                columns, window, seen, coarse,
            )  # fmt: skip

    run_bands(band, height, threads)
    if target is not out:
        out[...] = target


STEPS = np.triu(np.ones((BINS, BINS), np.uint16))  # row v: the totals of one pixel of value v


def _ranks(src: NDArray[Any], out: NDArray[Any], rx: int, ry: int, border: Border, threads: int) -> None:
    height, width = src.shape[:2]
    xmap, ymap = indices(rx, width, border), indices(ry, height, border)
    source, target = (image.reshape(height, width, -1) if image.ndim == 2 else image for image in (src, out))
    tile_x, tile_y = max(TILE, 2 * rx), max(TILE, 2 * ry)

    def tile(x: int, y: int, end_x: int, end_y: int, channel: int) -> None:
        across, down = xmap[x : end_x + 2 * rx], ymap[y : end_y + 2 * ry]
        pixels = source[:, :, channel][down[:, None], across]
        pixels[down == OUTSIDE] = 0
        pixels[:, across == OUTSIDE] = 0
        order = np.argsort(_keys(pixels), axis=None)
        ranks = np.empty(order.size, np.int32)
        ranks[order] = np.arange(order.size, dtype=np.int32)
        words = np.empty(order.size // 64 + 1, np.int64)
        middles = np.empty((end_y - y, end_x - x), np.int32)
        median_rank(ranks.reshape(pixels.shape), words, middles, rx, ry)
        target[y:end_y, x:end_x, channel] = pixels.reshape(-1)[order[middles]]

    def band(first: int, stop: int) -> None:
        for y in range(first, stop, tile_y):
            for x in range(0, width, tile_x):
                for channel in range(source.shape[2]):
                    tile(x, y, min(x + tile_x, width), min(y + tile_y, stop), channel)

    run_bands(band, height, threads)


def _keys(pixels: NDArray[Any]) -> NDArray[np.uint32]:
    """Return numbers in the order of the pixels, as `_order` has them."""
    if pixels.dtype.kind != "f":
        return pixels.astype(np.uint32)
    bits = pixels.view(np.uint32)
    return np.where(bits >= SIGN, ~bits, bits | SIGN)
