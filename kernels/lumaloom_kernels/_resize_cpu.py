"""Resize in vectors: whichever axis shrinks the data first, in tiles that stay in cache.

Rows are given by address and their distances in bytes; ``kind`` is the pixels' type, ``family`` that of
the sums (see ``_lanes``). ``low`` is the source sample with which a tile's lines begin.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import VECTOR_BYTES, add_product, lanes, load, pick, same_type, splat, store
from ._resize_plan import BLOCK_ROWS, Plan
from ._scratch import scratch
from ._simd import jit, pixel_size


@jit
def widen_row(src: int, kind: Any, family: Any, out: int, count: int) -> None:
    """Store ``count`` pixels as values of the family."""
    size, step = pixel_size(kind), lanes(family)
    for i in range((count + step - 1) // step):
        x = min(i * step, count - step)
        store(out + x * pixel_size(family), load(src + x * size, kind, family), family)


@jit
def add_rows(rows: Any, weights: Any, y: int, kind: Any, family: Any, out: int, out_kind: Any, count: int) -> None:
    """Store the sum of ``count`` samples of the rows at addresses ``rows``, weighed by ``weights[y]``."""
    step, taps = lanes(family), weights.shape[1]
    hop, out_hop = step * pixel_size(kind), step * pixel_size(out_kind)
    zero = splat(family)
    whole = count // (4 * step)
    for i in range(whole):
        a = b = c = d = zero
        for k in range(taps):
            weight = splat(weights[y, k])
            address = rows[k] + 4 * i * hop
            a = add_product(a, load(address, kind, family), weight)
            b = add_product(b, load(address + hop, kind, family), weight)
            c = add_product(c, load(address + 2 * hop, kind, family), weight)
            d = add_product(d, load(address + 3 * hop, kind, family), weight)
        address = out + 4 * i * out_hop
        store(address, a, out_kind)
        store(address + out_hop, b, out_kind)
        store(address + 2 * out_hop, c, out_kind)
        store(address + 3 * out_hop, d, out_kind)
    for i in range(4 * whole, (count + step - 1) // step):
        x = min(i * step, count - step)
        a = zero
        for k in range(taps):
            a = add_product(a, load(rows[k] + x * pixel_size(kind), kind, family), splat(weights[y, k]))
        store(out + x * pixel_size(out_kind), a, out_kind)


@jit
def add_columns(
    sources: Any, targets: Any, places: Any, bases: Any, indices: Any, weights: Any, first: int, stop: int,
    low: int, channels: int, family: Any, out_kind: Any, windows: Any,
) -> None:  # fmt: skip
    """Filter four rows along x: vectors ``first`` to ``stop`` of the table.

    ``sources`` are the addresses of sample ``low``, ``targets`` those of the first vector's place.
    """
    taps, size = weights.shape[1], pixel_size(family)
    zero = splat(family)
    table, index_table, base_table = weights.ctypes.data, indices.ctypes.data, bases.ctypes.data
    base_step = 8 * bases.shape[1]
    s0, s1, s2, s3 = sources[0], sources[1], sources[2], sources[3]
    t0, t1, t2, t3 = targets[0], targets[1], targets[2], targets[3]
    for v in range(first, stop):
        index = load(index_table + v * VECTOR_BYTES, indices[0, 0], indices[0, 0])
        base = base_table + v * base_step
        x = -low * size
        a = b = c = d = zero
        for k in range(taps):
            weight = load(table + (v * taps + k) * VECTOR_BYTES, family, family)
            a = add_product(a, pick(s0 + x, base, index, family, windows), weight)
            b = add_product(b, pick(s1 + x, base, index, family, windows), weight)
            c = add_product(c, pick(s2 + x, base, index, family, windows), weight)
            d = add_product(d, pick(s3 + x, base, index, family, windows), weight)
            x += channels * size
        place = (places[v] - places[first]) * pixel_size(out_kind)
        store(t0 + place, a, out_kind)
        store(t1 + place, b, out_kind)
        store(t2 + place, c, out_kind)
        store(t3 + place, d, out_kind)


@jit
def rows_first(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, channels: int, kind: Any,
    family: Any, starts: Any, y_weights: Any, places: Any, bases: Any, indices: Any, x_weights: Any, windows: Any,
    tile: int, lows: Any, counts: Any, lines: Any, rows: Any, ends: Any,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along y and then along x."""
    size, taps = pixel_size(kind), y_weights.shape[1]
    sources, targets = ends[0], ends[1]
    for t in range(len(lows)):
        v0, v1 = t * tile, min((t + 1) * tile, len(places))
        low, count = lows[t], counts[t]
        for y in range(first, stop, BLOCK_ROWS):
            for j in range(BLOCK_ROWS):
                line = lines[j].ctypes.data
                if y + j < stop:
                    for k in range(taps):
                        rows[k] = src + (starts[y + j] + k) * pitch + low * size
                    add_rows(rows, y_weights, y + j, kind, family, line, family, count)
                sources[j] = line if y + j < stop else sources[j - 1]
                targets[j] = out + min(y + j, stop - 1) * out_pitch + places[v0] * size
            add_columns(
                sources, targets, places, bases, indices, x_weights, v0, v1, low, channels, family, kind,
                windows,
            )  # fmt: skip


@jit
def columns_first(
    src: int, pitch: int, height: int, out: int, out_pitch: int, first: int, stop: int, channels: int,
    kind: Any, family: Any, starts: Any, y_weights: Any, places: Any, bases: Any, indices: Any,
    x_weights: Any, windows: Any, tile: int, lows: Any, counts: Any, lines: Any, ring: Any, rows: Any, ends: Any,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along x into a ring of rows, and then along y."""
    size, taps, step = pixel_size(kind), y_weights.shape[1], lanes(family)
    sources, targets = ends[0], ends[1]
    for t in range(len(lows)):
        v0, v1 = t * tile, min((t + 1) * tile, len(places))
        low, count = lows[t], counts[t]
        end = places[v1] if v1 < len(places) else places[v1 - 1] + step
        block = starts[first] // BLOCK_ROWS
        for y in range(first, stop):
            while block <= (starts[y] + taps - 1) // BLOCK_ROWS:
                for j in range(BLOCK_ROWS):
                    row = block * BLOCK_ROWS + j
                    address = src + row * pitch + low * size
                    if row >= height:
                        address = sources[j - 1]
                    elif not same_type(kind, family):
                        widen_row(address, kind, family, lines[j].ctypes.data, count)
                        address = lines[j].ctypes.data
                    sources[j] = address
                    targets[j] = ring[row % len(ring)].ctypes.data
                add_columns(
                    sources, targets, places, bases, indices, x_weights, v0, v1, low, channels, family, family,
                    windows,
                )  # fmt: skip
                block += 1
            for k in range(taps):
                rows[k] = ring[(starts[y] + k) % len(ring)].ctypes.data
            address = out + y * out_pitch + places[v0] * size
            add_rows(rows, y_weights, y, family, family, address, kind, end - places[v0])


def resize_rows(src: NDArray[Any], out: NDArray[Any], plan: Plan, channels: int, first: int, stop: int) -> None:
    """Make rows ``first`` to ``stop`` of ``out`` by a plan whose widths both arrays have; rows hold samples."""
    family = plan.family
    lines = _rows("resize_lines", BLOCK_ROWS, int(plan.counts.max()), family)
    rows = np.empty(plan.y.weights.shape[1], np.int64)
    ends = np.empty((2, BLOCK_ROWS), np.int64)
    tables = (*plan.y, *plan.x, plan.tile, plan.lows, plan.counts, lines)
    source, target = (src.ctypes.data, src.strides[0]), (out.ctypes.data, out.strides[0])
    kind = src.dtype.type(0)
    if plan.rows_first:
        rows_first(*source, *target, first, stop, channels, kind, family, *tables, rows, ends)
    else:
        ring = _rows("resize_ring", plan.ring, min(plan.tile * VECTOR_BYTES // family.nbytes, plan.out_width), family)
        columns_first(*source, len(src), *target, first, stop, channels, kind, family, *tables, ring, rows, ends)


def _rows(name: str, count: int, width: int, family: Any) -> NDArray[Any]:
    """Return scratch rows an odd number of vectors apart, so that they don't compete for cache lines."""
    step = VECTOR_BYTES // family.nbytes
    vectors = -(-width // step) | 1
    return scratch(name, count * vectors * step, family.dtype).reshape(count, vectors * step)
