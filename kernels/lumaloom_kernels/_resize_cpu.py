"""Resize in vectors: whichever axis shrinks the data first, in tiles that stay in cache.

Along y a weighted sum is easy in vectors. Along x it is so too once as many rows as a vector has lanes are turned:
then a vector holds the samples of a column, wherever in a row they are, of however many channels a pixel is.

Rows are given by address and their distances in bytes; ``kind`` is the pixels' type, ``family`` that of the sums
(see ``_lanes``). Tables are those of a `Plan`, ``room`` is the address of working memory.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import VECTOR_BYTES, add_product, lanes, load, same_type, splat, splat_at, store, whole_at
from ._lines import address
from ._resize_plan import LEAST_SAMPLES, SAMPLE_BYTES, TILE_BYTES, Plan
from ._scratch import scratch
from ._simd import copy_bytes, jit, pixel_size
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
    """Store the sum of ``count`` samples of the rows at addresses ``rows``, weighed by the numbers at ``weights``.

    Eight vectors at a time hide how long an addition takes; the last ones overlap those before.
    """
    step, size, out_size = lanes(family), pixel_size(family), pixel_size(out_kind)
    hop, zero, block = step * out_size, splat(family), 8 * step
    if count < block:
        for i in range((count + step - 1) // step):
            x = min(i * step, count - step)
            a = zero
            for k in range(taps):
                a = add_product(a, load(rows[k] + x * size, family, family), splat_at(weights + k * size, family))
            store(out + x * out_size, a, out_kind)
        return
    for i in range((count + block - 1) // block):
        x = min(i * block, count - block)
        a = b = c = d = e = f = g = h = zero
        for k in range(taps):
            weight = splat_at(weights + k * size, family)
            at = rows[k] + x * size
            a = add_product(a, load(at, family, family), weight)
            b = add_product(b, load(at + VECTOR_BYTES, family, family), weight)
            c = add_product(c, load(at + 2 * VECTOR_BYTES, family, family), weight)
            d = add_product(d, load(at + 3 * VECTOR_BYTES, family, family), weight)
            e = add_product(e, load(at + 4 * VECTOR_BYTES, family, family), weight)
            f = add_product(f, load(at + 5 * VECTOR_BYTES, family, family), weight)
            g = add_product(g, load(at + 6 * VECTOR_BYTES, family, family), weight)
            h = add_product(h, load(at + 7 * VECTOR_BYTES, family, family), weight)
        at = out + x * out_size
        store(at, a, out_kind)
        store(at + hop, b, out_kind)
        store(at + 2 * hop, c, out_kind)
        store(at + 3 * hop, d, out_kind)
        store(at + 4 * hop, e, out_kind)
        store(at + 5 * hop, f, out_kind)
        store(at + 6 * hop, g, out_kind)
        store(at + 7 * hop, h, out_kind)


@jit
def add_columns(
    columns: int, table: int, weights: int, taps: int, hop: int, family: Any, out: int, out_kind: Any, count: int
) -> None:  # fmt: skip
    """Make ``count`` turned samples; ``table`` is the address of entries of a `Plan`, ``hop`` bytes a pixel."""
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
    lines: int, pitch: int, channels: int, family: Any, x: Any, columns: int, turned: int, out: int, out_pitch: int,
    out_kind: Any,
) -> None:  # fmt: skip
    """Filter a block of lines along x, in tiles that are turned, filtered and turned back."""
    samples, weights, taps, tile, tiles, count = x
    block = lanes(family)
    for t in range(count):
        at = tiles + TILE_BYTES * t
        place, low, width = whole_at(at), whole_at(at + 8), whole_at(at + 16)
        turn(lines + low * pixel_size(family), pitch, columns, VECTOR_BYTES, block, width, family)
        entries, origin = samples + place * SAMPLE_BYTES, columns - low * VECTOR_BYTES
        add_columns(origin, entries, weights, taps, channels * VECTOR_BYTES, family, turned, out_kind, tile)
        target = out + place * pixel_size(out_kind)
        turn(turned, block * pixel_size(out_kind), target, out_pitch, max(tile, LEAST_SAMPLES), block, out_kind)


@jit
def rows_first(
    source: Any, target: Any, first: int, stop: int, channels: int, kind: Any, family: Any, y_table: Any, x_table: Any,
    room: int, spaces: Any, rows: Any,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along y and then along x."""
    src, pitch, width, _ = source
    out, out_pitch, out_width = target
    starts, weights, taps = y_table
    line_pitch, ring_pitch, made_pitch, ring_rows, columns, turned, ring, made = spaces
    size, block, step = pixel_size(kind), lanes(family), taps * pixel_size(family)
    ready = 0
    for y in range(first, stop, block):
        here = min(block, stop - y)
        for j in range(here):
            start = whole_at(starts + 8 * (y + j))
            if same_type(kind, family):
                for k in range(taps):
                    rows[k] = src + (start + k) * pitch
            else:
                for row in range(max(ready, start), start + taps):
                    widen(src + row * pitch, kind, family, room + ring + row % ring_rows * ring_pitch, width)
                ready = start + taps
                for k in range(taps):
                    rows[k] = room + ring + (start + k) % ring_rows * ring_pitch
            add_rows(rows, weights + (y + j) * step, taps, family, room + j * line_pitch, family, width)
        filter_lines(
            room, line_pitch, channels, family, x_table, room + columns, room + turned, room + made, made_pitch, kind
        )  # fmt: skip
        for j in range(here):
            copy_bytes(out + (y + j) * out_pitch, room + made + j * made_pitch, out_width * size)


@jit
def columns_first(
    source: Any, target: Any, first: int, stop: int, channels: int, kind: Any, family: Any, y_table: Any, x_table: Any,
    room: int, spaces: Any, rows: Any,
) -> None:  # fmt: skip
    """Make output rows ``first`` to ``stop``, filtering along x into a ring of rows, and then along y."""
    src, pitch, width, height = source
    out, out_pitch, out_width = target
    starts, weights, taps = y_table
    line_pitch, ring_pitch, _, ring_rows, columns, turned, ring, _ = spaces
    block, step = lanes(family), taps * pixel_size(family)
    done = whole_at(starts + 8 * first) // block * block
    for y in range(first, stop):
        start = whole_at(starts + 8 * y)
        while done < start + taps:
            for j in range(min(block, height - done)):
                widen(src + (done + j) * pitch, kind, family, room + j * line_pitch, width)
            place = room + ring + done % ring_rows * ring_pitch
            filter_lines(
                room, line_pitch, channels, family, x_table, room + columns, room + turned, place, ring_pitch, family
            )  # fmt: skip
            done += block
        for k in range(taps):
            rows[k] = room + ring + (start + k) % ring_rows * ring_pitch
        add_rows(rows, weights + y * step, taps, family, out + y * out_pitch, kind, out_width)


def resize_rows(src: NDArray[Any], out: NDArray[Any], plan: Plan, channels: int, first: int, stop: int) -> None:
    """Make rows ``first`` to ``stop`` of ``out`` by a plan whose widths both arrays have; rows hold samples."""
    make = rows_first if plan.rows_first else columns_first
    make(
        (address(src), src.strides[0], src.shape[1], len(src)), (address(out), out.strides[0], out.shape[1]), first,
        stop, channels, src.dtype.type(0), plan.family, plan.y, plan.x, address(scratch("resize", plan.room, np.uint8)),
        plan.spaces, scratch("resize_rows", plan.y[2], np.int64),
    )  # fmt: skip
