"""Warps on this machine's processor: points, then taps, in tiles whose source the second-level cache holds."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._lanes import same_type
from ._lines import address
from ._nearest import UNITS, copy_unit
from ._scratch import scratch
from ._simd import address_of, copy_bytes, jit, pixel_size, prefetch
from ._warp_points import (
    ALL,
    FAR,
    GROUP,
    ROW_BYTES,
    fold,
    fold_nearest,
    hold,
    hold_nearest,
    map_nearest,
    map_places,
    plane_places,
    step_places,
    store_addresses,
    store_offsets,
    store_weights,
    store_wholes,
    which_inside,
)
from ._warp_taps import batch, blend, blend_packed, has_packed, spare_pixels

SEGMENT, TILE_ROWS = 2048, 16  # output pixels: the sides of a tile; smaller ones cost more than they save
AFFINE, PERSPECTIVE, MAPS = range(3)
BORDERS = {"constant": 0, "replicate": 1, "reflect101": 2}
CONSTANT, REPLICATE, REFLECT = BORDERS["constant"], BORDERS["replicate"], BORDERS["reflect101"]
NOWHERE = -(1 << 30)
MAPS_AHEAD = 1024  # bytes between asking for a part of a map and using it
UNIT = 4294967296.0
TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4}


class Geometry(NamedTuple):
    """How output pixels find their source: by a matrix, or by rows of maps that are as long as whole groups."""

    mode: int
    matrix: NDArray[np.float64]
    map_x: int = 0  # addresses
    map_y: int = 0
    pitch: int = 0  # bytes from row to row of both maps


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
    x: int, y: int, taps: int, src: int, pitch: int, kind: Any, shape: Any, height: int, width: int, border: int,
    value: int, target: int, row_bytes: int,
) -> None:  # fmt: skip
    """Copy the taps of one pixel from where the border says they are."""
    pixel = len(shape) * pixel_size(kind)
    for k in range(taps):
        row = border_place(y + k, height, border)
        for t in range(taps):
            column = border_place(x + t, width, border)
            source = value if row < 0 or column < 0 else src + row * pitch + column * pixel
            copy_bytes(target + k * row_bytes + t * pixel, source, pixel)


@jit
def find(geometry: Any, x: int, y: int, shift: float) -> Any:
    """Return the places of the pixels from ``x`` on, along x and along y."""
    mode, m, map_x, map_y, pitch = geometry
    if mode == MAPS:
        at = y * pitch + 4 * x
        return map_places(map_x + at, shift), map_places(map_y + at, shift)
    column = np.float64(x)
    bx, by, bz = m[0, 1] * y + m[0, 2], m[1, 1] * y + m[1, 2], m[2, 1] * y + m[2, 2]
    return plane_places(column, m[0, 0], bx, m[1, 0], by, m[2, 0], bz, shift)


@jit
def find_nearest(geometry: Any, x: int, y: int) -> Any:
    """Return the nearest pixels of those from ``x`` on, along x and along y."""
    mode, _, map_x, map_y, pitch = geometry
    if mode == MAPS:
        at = y * pitch + 4 * x
        return map_nearest(map_x + at), map_nearest(map_y + at)
    return find(geometry, x, y, 0.5)


@jit
def first_place(row: Any, x: int, y: int, shift: float) -> Any:
    """Return the place of a pixel by a row of an affine matrix, in units of 2**-32."""
    return np.int64((row[0] * x + (row[1] * y + row[2]) + shift) * UNIT)


@jit
def inner_steps(start: int, step: int, last: int, count: int) -> Any:
    """Return from which step on, and before which, of ``count``, places lie from 0 to ``last``."""
    limit = max(0, last + 1) << 32
    if step == 0:
        return 0, count if 0 <= start < limit else 0
    if step < 0:  # seen from the other end: the same places, mirrored
        start, step = limit - 1 - start, -step
    low, high = -(start // step), (limit - 1 - start) // step + 1
    return max(0, low), min(count, high)


@jit
def inner_columns(start_u: int, step_u: int, start_v: int, step_v: int, last_x: int, last_y: int, count: int) -> Any:
    """Return from which of ``count`` pixels on, and before which, all taps lie inside."""
    from_u, to_u = inner_steps(start_u, step_u, last_x, count)
    from_v, to_v = inner_steps(start_v, step_v, last_y, count)
    return max(from_u, from_v), min(to_u, to_v)


@jit
def is_near(geometry: Any, left: int, right: int, top: int, bottom: int) -> bool:
    """Tell whether an affine map leads a rectangle of output pixels to places nearer than `FAR`."""
    mode, matrix = geometry[:2]
    if mode != AFFINE:
        return False
    for axis in range(2):
        m = matrix[axis]
        for y in (top, bottom):
            for x in (left, right):
                if not abs(m[0] * x + m[1] * y + m[2]) < FAR - 2:
                    return False
    return True


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
    geometry: Any, source: Any, target: Any, first: int, stop: int, kind: Any, shape: Any, taps: Any, packed: Any,
    spare: int, border: int, value: int, addresses: Any, wholes: Any, shares: Any, patch: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop``.

    ``source`` is address, pitch, height and width, ``target`` address, pitch and width. ``patch`` takes the taps of
    a group that lie in part outside the image, what a group outside is, and a group at the end of a row.
    """
    src, pitch, height, width = source
    out, out_pitch, out_width, across, down = target
    size, pixel = len(taps), len(shape) * pixel_size(kind)
    shift = -1.0 if size == 4 else 0.0
    last_x, last_y, end_row = width - size, height - size, height - size if pitch > 0 else 0
    row_bytes = (size + 1) * pixel
    spots, ending = address_of(patch), address_of(patch) + GROUP * size * row_bytes
    filler = ending + GROUP * pixel
    for i in range(GROUP):
        copy_bytes(filler + i * pixel, value, pixel)
        addresses[1, i] = spots + i * size * row_bytes
    table, weights, places = address_of(addresses), address_of(shares), address_of(wholes)
    m = geometry[1]
    start_u = start_v = step_u = step_v = np.int64(0)
    for top in range(first, stop, down):
        bottom = min(top + down, stop)
        for left in range(0, out_width, across):
            right = min(left + across, out_width)
            near = is_near(geometry, left, right + GROUP, top, bottom)
            if near:
                step_u, step_v = np.int64(m[0, 0] * UNIT), np.int64(m[1, 0] * UNIT)
            inner = outer = 0
            for y in range(top, bottom):
                if near:
                    start_u, start_v = first_place(m[0], left, y, shift), first_place(m[1], left, y, shift)
                    inner, outer = inner_columns(start_u, step_u, start_v, step_v, last_x - spare, last_y, right - left)
                for at in range(left, right, GROUP):
                    if near:
                        u, v = step_places(start_u, step_u), step_places(start_v, step_v)
                        start_u, start_v = start_u + GROUP * step_u, start_v + GROUP * step_v
                    else:
                        u, v = find(geometry, at, y, shift)
                    sure = inner <= at - left and at - left + GROUP <= outer
                    if not sure:
                        if size == 2 and border == REPLICATE:
                            u, v = hold(u, width - 1), hold(v, height - 1)
                        if border == REFLECT and width > 1 and height > 1:
                            u, v = fold(u, width, size // 2 - 1), fold(v, height, size // 2 - 1)
                        sure = which_inside(u, v, 0, last_x, last_y, end_row, spare) == ALL
                    row = out + y * out_pitch + at * pixel
                    goal = row if at + GROUP <= right else ending
                    if sure:
                        store_weights(weights, u, v, taps, packed)
                        store_addresses(table, u, v, src, pitch, pixel)
                        blend_group(goal, table, pitch, weights, kind, shape, taps, packed)
                    elif border == CONSTANT and not which_inside(u, v, 1 - size, width - 1, height - 1, NOWHERE, 0):
                        copy_bytes(goal, filler, GROUP * pixel)
                    else:
                        store_weights(weights, u, v, taps, packed)
                        store_wholes(places, u)
                        store_wholes(places + ROW_BYTES, v)
                        for i in range(GROUP):
                            copy_taps(
                                wholes[0, i], wholes[1, i], size, src, pitch, kind, shape, height, width, border, value,
                                addresses[1, i], row_bytes,
                            )  # fmt: skip
                        blend_group(goal, table + 8 * GROUP, row_bytes, weights, kind, shape, taps, packed)
                    if at + GROUP > right:
                        copy_bytes(row, ending, (right - at) * pixel)


@jit
def copy_inner(
    target: int, groups: int, start_u: int, step_u: int, start_v: int, step_v: int, src: int, pitch: int, size: int,
    unit: Any, offsets: Any,
) -> None:  # fmt: skip
    """Copy the nearest pixels of groups that lie inside; ``offsets`` takes those of a group in the source."""
    table = address_of(offsets)
    for _ in range(groups):
        store_offsets(table, step_places(start_u, step_u), step_places(start_v, step_v), pitch, size)
        for i in range(GROUP):
            copy_unit(target + i * size, src + np.int64(offsets[i]), unit)
        start_u, start_v, target = start_u + GROUP * step_u, start_v + GROUP * step_v, target + GROUP * size


@jit
def copy_mapped(
    target: int, groups: int, map_x: int, map_y: int, src: int, pitch: int, size: int, unit: Any, last_x: int,
    last_y: int, offsets: Any,
) -> int:  # fmt: skip
    """Copy the nearest pixels of groups by maps up to one that lies in part outside; return how many groups."""
    table = address_of(offsets)
    for group in range(groups):
        prefetch(map_x + MAPS_AHEAD)
        prefetch(map_y + MAPS_AHEAD)
        u, v = map_nearest(map_x), map_nearest(map_y)
        if which_inside(u, v, 0, last_x, last_y, NOWHERE, 0) != ALL:
            return group
        store_offsets(table, u, v, pitch, size)
        for i in range(GROUP):
            copy_unit(target + i * size, src + np.int64(offsets[i]), unit)
        map_x, map_y, target = map_x + 4 * GROUP, map_y + 4 * GROUP, target + GROUP * size
    return groups


@jit
def nearest_rows(
    geometry: Any, source: Any, target: Any, first: int, stop: int, pixel: Any, unit: Any, border: int, value: int,
    wholes: Any, patch: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of the nearest pixels, whose bytes are as many as ``pixel`` has members.

    ``unit`` is a scalar of at least that size; where it is wider, the next pixel covers what is too much.
    """
    src, pitch, height, width = source
    out, out_pitch, out_width, across, down = target
    size = len(pixel)
    spare = 0 if size == pixel_size(unit) else 1
    end_row = height - 1 if pitch > 0 else 0
    places, filler = address_of(wholes), address_of(patch)
    for i in range(GROUP):
        copy_bytes(filler + i * size, value, size)
    mode, m, map_x, map_y, map_pitch = geometry
    offsets, small = wholes[0], height * abs(pitch) < 1 << 31
    start_u = start_v = step_u = step_v = np.int64(0)
    for top in range(first, stop, down):
        bottom = min(top + down, stop)
        for left in range(0, out_width, across):
            right = min(left + across, out_width)
            near = is_near(geometry, left, right + GROUP, top, bottom)
            if near:
                step_u, step_v = np.int64(m[0, 0] * UNIT), np.int64(m[1, 0] * UNIT)
            inner = outer = 0
            for y in range(top, bottom):
                if near:
                    start_u, start_v = first_place(m[0], left, y, 0.5), first_place(m[1], left, y, 0.5)
                if near and small:
                    inner, outer = inner_columns(
                        start_u, step_u, start_v, step_v, width - 1 - spare, height - 1, right - left - spare
                    )  # fmt: skip
                at = left - GROUP
                while at + GROUP < right:
                    at += GROUP
                    if inner <= at - left and at - left + GROUP <= outer:
                        groups = (outer - (at - left)) // GROUP
                        place = out + y * out_pitch + at * size
                        copy_inner(place, groups, start_u, step_u, start_v, step_v, src, pitch, size, unit, offsets)
                        at += (groups - 1) * GROUP
                        start_u, start_v = start_u + groups * GROUP * step_u, start_v + groups * GROUP * step_v
                        continue
                    if mode == MAPS and small:
                        groups = (right - spare - at) // GROUP
                        place, origin = out + y * out_pitch + at * size, y * map_pitch + 4 * at
                        groups = copy_mapped(
                            place, groups, map_x + origin, map_y + origin, src, pitch, size, unit, width - 1 - spare,
                            height - 1, offsets,
                        )  # fmt: skip
                        at += groups * GROUP
                        if at >= right:
                            break
                    if near:
                        u, v = step_places(start_u, step_u), step_places(start_v, step_v)
                        start_u, start_v = start_u + GROUP * step_u, start_v + GROUP * step_v
                    else:
                        u, v = find_nearest(geometry, at, y)
                    row = out + y * out_pitch + at * size
                    if border == REPLICATE:
                        u, v = hold_nearest(u, width - 1), hold_nearest(v, height - 1)
                    if border == REFLECT and width > 1 and height > 1:
                        u, v = fold_nearest(u, width), fold_nearest(v, height)
                    inside = which_inside(u, v, 0, width - 1, height - 1, end_row, spare)
                    if small and inside == ALL and at + GROUP + spare <= right:
                        store_offsets(places, u, v, pitch, size)
                        for i in range(GROUP):
                            copy_unit(row + i * size, src + np.int64(offsets[i]), unit)
                    elif border == CONSTANT and not which_inside(u, v, 0, width - 1, height - 1, NOWHERE, 0):
                        copy_bytes(row, filler, min(GROUP, right - at) * size)
                    else:
                        store_wholes(places, u)
                        store_wholes(places + ROW_BYTES, v)
                        for i in range(min(GROUP, right - at)):
                            copy_taps(
                                wholes[0, i], wholes[1, i], 1, src, pitch, np.uint8(0), pixel, height, width,
                                border, value, row + i * size, size,
                            )  # fmt: skip


def warp(
    src: NDArray[Any], out: NDArray[Any], geometry: Geometry, method: str, border: str, value: NDArray[Any],
    first: int, stop: int,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of ``out``; the pixels of both arrays lie side by side in each row."""
    channels = src.shape[2] if src.ndim == 3 else 1
    pixel, taps = channels * src.itemsize, TAPS[method]
    source = (address(src), src.strides[0], *src.shape[:2])
    target = (address(out), out.strides[0], out.shape[1], SEGMENT, TILE_ROWS)
    edge = (BORDERS[border], address(value))
    addresses = scratch("warp_addresses", 2 * GROUP, np.int64).reshape(2, GROUP)
    wholes = scratch("warp_wholes", 2 * GROUP, np.int32).reshape(2, GROUP)
    where = (tuple(geometry), source, target, first, stop)
    patch = scratch("warp_patch", GROUP * (taps * (taps + 1) + 2) * pixel + 64, np.uint8)
    if method == "nearest":
        nearest_rows(*where, (np.int8(0),) * pixel, UNITS[pixel], *edge, wholes, patch)
        return
    packed = np.int32(0) if method == "bilinear" and src.dtype == np.uint8 and has_packed() else np.float32(0)
    shares = scratch("warp_shares", 2 * taps * GROUP, np.float32)
    warp_rows(
        *where, src.dtype.type(0), (np.int8(0),) * channels, (np.int8(0),) * taps, packed, spare_pixels(channels),
        *edge, addresses, wholes, shares, patch,
    )  # fmt: skip
