"""Resize in vectors: whichever axis shrinks the data first, in tiles that stay in cache.

Along y a weighted sum is easy in vectors. Along x it is so too once as many rows as a vector has lanes are turned:
then a vector holds the samples of a column, wherever in a row they are, of however many channels a pixel is.

Rows are given by address and their distances in bytes; ``kind`` is the pixels' type, ``family`` that of the sums
(see ``_lanes``). ``low`` is the source sample with which a tile's lines begin.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import VECTOR_BYTES, add_product, lanes, load, same_type, splat, splat_at, store, whole_at
from ._resize_plan import LEAST_SAMPLES, SAMPLE_BYTES, Plan
from ._scratch import scratch
from ._simd import address_of, copy_bytes, jit, pixel_size
from ._turn import turn


@jit
def widen(src: int, kind: Any, family: Any, out: int, count: int) -> None:
    """Store ``count`` pixels as values of the family."""
    size, step = pixel_size(kind), lanes(family)
    for i in range((count + step - 1) // step):
        x = min(i * step, count - step)
        store(out + x * pixel_size(family), load(src + x * size, kind, family), family)


@jit
def add_rows(rows: Any, weights: int, taps: int, family: Any, out: int, out_kind: Any, count: int) -> None:
    """Store the sum of ``count`` samples of the rows at addresses ``rows``, weighed by the numbers at ``weights``."""
    step, size = lanes(family), pixel_size(family)
    out_hop = step * pixel_size(out_kind)
    zero = splat(family)
    whole = count // (4 * step)
    for i in range(whole):
        a = b = c = d = zero
        for k in range(taps):
            weight = splat_at(weights + k * size, family)
            address = rows[k] + 4 * i * VECTOR_BYTES
            a = add_product(a, load(address, family, family), weight)
            b = add_product(b, load(address + VECTOR_BYTES, family, family), weight)
            c = add_product(c, load(address + 2 * VECTOR_BYTES, family, family), weight)
            d = add_product(d, load(address + 3 * VECTOR_BYTES, family, family), weight)
        address = out + 4 * i * out_hop
        store(address, a, out_kind)
        store(address + out_hop, b, out_kind)
        store(address + 2 * out_hop, c, out_kind)
        store(address + 3 * out_hop, d, out_kind)
    for i in range(4 * whole, (count + step - 1) // step):
        x = min(i * step, count - step)
        a = zero
        for k in range(taps):
            a = add_product(a, load(rows[k] + x * size, family, family), splat_at(weights + k * size, family))
        store(out + x * pixel_size(out_kind), a, out_kind)


@jit
def add_columns(
    columns: int, table: int, weights: int, taps: int, hop: int, family: Any, out: int, out_kind: Any, count: int
) -> None:  # fmt: skip
    """Make ``count`` turned samples; ``table`` is the address of a `SampleTable`'s places, ``hop`` bytes a pixel."""
    size = pixel_size(family)
    zero, step = splat(family), lanes(family) * pixel_size(out_kind)
    for i in range((count + 1) // 2):
        first, second = 2 * i, min(2 * i + 1, count - 1)
        at, next_at = table + SAMPLE_BYTES * first, table + SAMPLE_BYTES * second
        one, other = columns + whole_at(at), columns + whole_at(next_at)
        weight, other_weight = weights + whole_at(at + 8), weights + whole_at(next_at + 8)
        a = b = zero
        for _ in range(taps):
            a = add_product(a, load(one, family, family), splat_at(weight, family))
            b = add_product(b, load(other, family, family), splat_at(other_weight, family))
            one, other, weight, other_weight = one + hop, other + hop, weight + size, other_weight + size
        store(out + first * step, a, out_kind)
        store(out + second * step, b, out_kind)


@jit
def filter_lines(
    lines: int, pitch: int, channels: int, family: Any, table: Any, weights: Any, tile: int, places: Any, lows: Any,
    counts: Any, columns: int, turned: int, out: int, out_pitch: int, out_kind: Any,
) -> None:  # fmt: skip
    """Filter a block of lines along x, in tiles that are turned, filtered and turned back."""
    block, taps, hop = lanes(family), weights.shape[1], channels * VECTOR_BYTES
    for t in range(len(places)):
        low = lines + lows[t] * pixel_size(family)
        turn(low, pitch, columns, VECTOR_BYTES, block, counts[t], family)
        entries, origin = address_of(table) + places[t] * SAMPLE_BYTES, columns - lows[t] * VECTOR_BYTES
        add_columns(origin, entries, address_of(weights), taps, hop, family, turned, out_kind, tile)
        target = out + places[t] * pixel_size(out_kind)
        turn(turned, block * pixel_size(out_kind), target, out_pitch, max(tile, LEAST_SAMPLES), block, out_kind)


@jit
def rows_first(
    src: int, pitch: int, width: int, out: int, out_pitch: int, out_width: int, first: int, stop: int, channels: int,
    kind: Any, family: Any, starts: Any, y_weights: Any, table: Any, x_weights: Any, tile: int, places: Any, lows: Any,
    counts: Any, lines: Any, columns: Any, turned: Any, ring: Any, made: Any, rows: Any,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along y and then along x."""
    size, taps, block = pixel_size(kind), y_weights.shape[1], lanes(family)
    weights, step = address_of(y_weights), taps * pixel_size(family)
    line_at, line_pitch, ring_at, ring_pitch = address_of(lines), lines.strides[0], address_of(ring), ring.strides[0]
    made_at, made_pitch = address_of(made), made.strides[0]
    ready = 0
    for y in range(first, stop, block):
        here = min(block, stop - y)
        for j in range(here):
            start = starts[y + j]
            if same_type(kind, family):
                for k in range(taps):
                    rows[k] = src + (start + k) * pitch
            else:
                for row in range(max(ready, start), start + taps):
                    widen(src + row * pitch, kind, family, ring_at + row % taps * ring_pitch, width)
                ready = start + taps
                for k in range(taps):
                    rows[k] = ring_at + (start + k) % taps * ring_pitch
            add_rows(rows, weights + (y + j) * step, taps, family, line_at + j * line_pitch, family, width)
        filter_lines(
            line_at, line_pitch, channels, family, table, x_weights, tile, places, lows, counts, address_of(columns),
            address_of(turned), made_at, made_pitch, kind,
        )  # fmt: skip
        for j in range(here):
            copy_bytes(out + (y + j) * out_pitch, made_at + j * made_pitch, out_width * size)


@jit
def columns_first(
    src: int, pitch: int, width: int, height: int, out: int, out_pitch: int, out_width: int, first: int, stop: int,
    channels: int, kind: Any, family: Any, starts: Any, y_weights: Any, table: Any, x_weights: Any, tile: int,
    places: Any, lows: Any, counts: Any, lines: Any, columns: Any, turned: Any, ring: Any, rows: Any,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along x into a ring of rows, and then along y."""
    taps, block = y_weights.shape[1], lanes(family)
    weights, step = address_of(y_weights), taps * pixel_size(family)
    line_at, line_pitch, ring_at, ring_pitch = address_of(lines), lines.strides[0], address_of(ring), ring.strides[0]
    done = starts[first] // block * block
    for y in range(first, stop):
        while done < starts[y] + taps:
            for j in range(min(block, height - done)):
                widen(src + (done + j) * pitch, kind, family, line_at + j * line_pitch, width)
            filter_lines(
                line_at, line_pitch, channels, family, table, x_weights, tile, places, lows, counts,
                address_of(columns), address_of(turned), ring_at + done % len(ring) * ring_pitch, ring_pitch, family,
            )  # fmt: skip
            done += block
        for k in range(taps):
            rows[k] = ring_at + (starts[y] + k) % len(ring) * ring_pitch
        add_rows(rows, weights + y * step, taps, family, out + y * out_pitch, kind, out_width)


def resize_rows(src: NDArray[Any], out: NDArray[Any], plan: Plan, channels: int, first: int, stop: int) -> None:
    """Make rows ``first`` to ``stop`` of ``out`` by a plan whose widths both arrays have; rows hold samples."""
    family, block = plan.family, VECTOR_BYTES // plan.family.nbytes
    wide, made = int(plan.counts.max()), max(plan.tile, LEAST_SAMPLES)
    lines = _rows("resize_lines", block, src.shape[1], family)
    columns = scratch("resize_columns", wide * block, family.dtype)
    turned = scratch("resize_turned", made * block, family.dtype)
    rows = scratch("resize_rows", plan.y.weights.shape[1], np.int64)
    tables = (*plan.y, *plan.x, plan.tile, plan.places, plan.lows, plan.counts, lines, columns, turned)
    source = (src.ctypes.data, src.strides[0], src.shape[1])
    target = (out.ctypes.data, out.strides[0], out.shape[1], first, stop, channels, src.dtype.type(0), family)
    if plan.rows_first:
        ring = _rows("resize_ring", plan.ring, src.shape[1], family)
        rows_first(*source, *target, *tables, ring, _rows("resize_made", block, out.shape[1], src.dtype.type(0)), rows)
    else:
        ring = _rows("resize_ring", plan.ring, out.shape[1], family)
        columns_first(*source, len(src), *target, *tables, ring, rows)


def _rows(name: str, count: int, width: int, kind: Any) -> NDArray[Any]:
    """Return scratch rows an odd number of vectors apart, so that they don't compete for cache lines."""
    step = VECTOR_BYTES // kind.nbytes
    vectors = -(-width // step) | 1
    return scratch(name, count * vectors * step, kind.dtype).reshape(count, vectors * step)
