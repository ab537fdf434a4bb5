"""Warps on this machine's processor: points, then taps, in tiles that the first-level cache holds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import same_type
from ._nearest import copy_unit
from ._scratch import scratch
from ._simd import address_of, copy_bytes, jit, pixel_size
from ._warp_points import (
    GROUP,
    INSIDE,
    OUTSIDE,
    SEGMENT,
    classify,
    cubic_weights,
    find_points,
    linear_weights,
    locate,
    packed_weights,
    split,
)
from ._warp_taps import batch, blend, blend_packed, has_packed, spare_pixels

TILE_ROWS = 64
CONSTANT, REPLICATE, REFLECT = range(3)
BORDERS = {"constant": CONSTANT, "replicate": REPLICATE, "reflect101": REFLECT}
TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4}


@jit
def border_place(place: int, size: int, border: int) -> int:
    """Return which pixel of an axis stands for one beyond it; -1 stands for the border's value."""
    if 0 <= place < size:
        return place
    if border == CONSTANT:
        return -1
    if border == REPLICATE or size == 1:
        return 0 if place < 0 else size - 1
    period = 2 * (size - 1)
    folded = place % period
    return min(folded, period - folded)


@jit
def copy_taps(
    x: int, y: int, taps: int, src: int, pitch: int, pixel: int, height: int, width: int, border: int, value: int,
    target: int, row_bytes: int,
) -> None:  # fmt: skip
    """Copy the taps of one pixel from where the border says they are."""
    for k in range(taps):
        row = border_place(y + k, height, border)
        for t in range(taps):
            column = border_place(x + t, width, border)
            source = value if row < 0 or column < 0 else src + row * pitch + column * pixel
            copy_bytes(target + k * row_bytes + t * pixel, source, pixel)


@jit
def blend_group(
    target: int, table: int, pitch: int, weights: int, kind: Any, shape: Any, taps: Any, packed: Any
) -> None:  # fmt: skip
    """Make `GROUP` pixels."""
    hop = batch(shape)
    for i in range(0, GROUP, hop):
        place = target + i * len(shape) * pixel_size(kind)
        if same_type(packed, np.int32(0)):
            blend_packed(place, table + 8 * i, pitch, weights + 4 * i, shape)
        else:
            blend(place, table + 8 * i, pitch, weights + 4 * i, kind, shape, taps)


@jit
def warp_rows(
    mode: int, matrix: Any, map_x: Any, map_y: Any, source: Any, target: Any, first: int, stop: int, kind: Any,
    shape: Any, taps: Any, packed: Any, spare: int, border: int, value: int, shift: float, doubles: Any, addresses: Any,
    floats: Any, starts: Any, shares: Any, flags: Any, patch: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop``.

    ``source`` is address, pitch, height and width, ``target`` address, pitch and width. ``patch`` holds the taps of
    a group that the image does not hold all of, and a group at the end of a row.
    """
    src, pitch, height, width = source
    out, out_pitch, out_width = target
    size, pixel = len(taps), len(shape) * pixel_size(kind)
    row_bytes = (size + 1) * pixel
    spot = size * row_bytes  # bytes of the taps of a pixel
    patch_at = address_of(patch)
    ending, filler = patch_at + GROUP * spot, patch_at + GROUP * (spot + pixel)
    for i in range(GROUP):
        copy_bytes(filler + i * pixel, value, pixel)
    spots = addresses[1]
    for i in range(GROUP):
        spots[i] = patch_at + i * spot
    table, weights = address_of(addresses), address_of(shares)
    for top in range(first, stop, TILE_ROWS):
        for left in range(0, out_width, SEGMENT):
            count = min(SEGMENT, out_width - left)
            for y in range(top, min(top + TILE_ROWS, stop)):
                find_points(mode, matrix, map_x, map_y, left, y, count, doubles)
                split(doubles[0], shift, starts[0], floats[0])
                split(doubles[1], shift, starts[1], floats[1])
                classify(starts, size, spare, width, height, flags)
                locate(starts, src, pitch, pixel, addresses[0])
                if same_type(packed, np.int32(0)):
                    packed_weights(floats, shares)
                elif size == 2:
                    linear_weights(floats, shares)
                else:
                    cubic_weights(floats, shares)
                row = out + y * out_pitch + left * pixel
                for g in range(0, count, GROUP):
                    rest = min(GROUP, count - g)
                    goal = row + g * pixel if rest == GROUP else ending
                    within = without = 0
                    for i in range(GROUP):
                        within += flags[g + i] == INSIDE
                        without += flags[g + i] == OUTSIDE
                    if within == GROUP:
                        blend_group(goal, table + 8 * g, pitch, weights + 4 * g, kind, shape, taps, packed)
                    elif without == GROUP and border == CONSTANT:
                        copy_bytes(goal, filler, GROUP * pixel)
                    else:
                        for i in range(GROUP):
                            copy_taps(
                                starts[0, g + i], starts[1, g + i], size, src, pitch, pixel, height, width, border,
                                value, spots[i], row_bytes,
                            )  # fmt: skip
                        blend_group(
                            goal, table + 8 * SEGMENT, row_bytes, weights + 4 * g, kind, shape, taps, packed
                        )  # fmt: skip
                    if rest < GROUP:
                        copy_bytes(row + g * pixel, ending, rest * pixel)


@jit
def nearest_rows(
    mode: int, matrix: Any, map_x: Any, map_y: Any, source: Any, target: Any, first: int, stop: int, pixel: Any,
    unit: Any, border: int, value: int, shift: float, doubles: Any, addresses: Any, floats: Any, starts: Any,
    flags: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of the nearest pixels, whose bytes are as many as ``pixel`` has members.

    ``unit`` is a scalar of at least that size: all but the last pixels of rows are copied as such.
    """
    src, pitch, height, width = source
    out, out_pitch, out_width = target
    size = len(pixel)
    over = 0 if size == pixel_size(unit) else 1
    places = addresses[0]
    for top in range(first, stop, TILE_ROWS):
        for left in range(0, out_width, SEGMENT):
            count = min(SEGMENT, out_width - left)
            for y in range(top, min(top + TILE_ROWS, stop)):
                find_points(mode, matrix, map_x, map_y, left, y, count, doubles)
                split(doubles[0], shift, starts[0], floats[0])
                split(doubles[1], shift, starts[1], floats[1])
                classify(starts, 1, over, width, height, flags)
                locate(starts, src, pitch, size, places)
                row = out + y * out_pitch + left * size
                for g in range(0, count, GROUP):
                    within = 0
                    for i in range(GROUP):
                        within += flags[g + i] == INSIDE
                    if within == GROUP and g + GROUP + over <= count:
                        for i in range(GROUP):
                            copy_unit(row + (g + i) * size, places[g + i], unit)
                    else:
                        for i in range(g, min(g + GROUP, count)):
                            copy_taps(
                                starts[0, i], starts[1, i], 1, src, pitch, size, height, width, border, value,
                                row + i * size, size,
                            )  # fmt: skip


def warp(
    src: NDArray[Any], out: NDArray[Any], geometry: tuple[int, Any, Any, Any], method: str, border: str,
    value: NDArray[Any], first: int, stop: int,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of ``out``; the pixels of both arrays lie side by side in each row."""
    channels = src.shape[2] if src.ndim == 3 else 1
    pixel, taps = channels * src.itemsize, TAPS[method]
    source = (src.ctypes.data, src.strides[0], *src.shape[:2])
    target = (out.ctypes.data, out.strides[0], out.shape[1])
    doubles = scratch("warp_points", 2 * SEGMENT, np.float64).reshape(2, SEGMENT)
    addresses = scratch("warp_addresses", 2 * SEGMENT, np.int64).reshape(2, SEGMENT)
    floats = scratch("warp_fractions", 2 * SEGMENT, np.float32).reshape(2, SEGMENT)
    starts = scratch("warp_starts", 2 * SEGMENT, np.int32).reshape(2, SEGMENT)
    flags = scratch("warp_flags", SEGMENT, np.uint8)
    where = (*geometry, source, target, first, stop)
    edge = (BORDERS[border], value.ctypes.data)
    if method == "nearest":
        from ._nearest import UNITS

        nearest_rows(
            *where, (np.int8(0),) * pixel, UNITS[pixel], *edge, 0.5, doubles, addresses, floats, starts, flags
        )  # fmt: skip
        return
    packed = np.int32(0) if method == "bilinear" and src.dtype == np.uint8 and has_packed() else np.float32(0)
    shares = scratch("warp_weights", 2 * taps * SEGMENT, packed.dtype).reshape(2 * taps, SEGMENT)
    patch = scratch("warp_patch", GROUP * (taps * (taps + 1) + 2) * pixel + 64, np.uint8)
    warp_rows(
        *where, src.dtype.type(0), (np.int8(0),) * channels, (np.int8(0),) * taps, packed, spare_pixels(channels),
        *edge, -1.0 if taps == 4 else 0.0, doubles, addresses, floats, starts, shares, flags, patch,
    )  # fmt: skip
