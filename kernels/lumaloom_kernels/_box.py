"""Means of rectangles by running sums, at a cost that no radius changes.

A line holds the sum of ``2 * ry + 1`` rows for every column; from one output row to the next a row is
added and one is taken away. Sums along the line are differences of two of its prefix sums.
"""

from typing import Any

import numpy as np

from ._fir import BLOCK_U16
from ._simd import (
    LANES_U16,
    address_of,
    copy_bytes,
    jit,
    pixel_size,
    u16_add,
    u16_load,
    u16_load_u8,
    u16_mulhi,
    u16_shr,
    u16_splat,
    u16_store,
    u16_store_u8,
    u16_sub,
)
from ._sums import (
    LANES,
    sum_add,
    sum_carry,
    sum_copy,
    sum_load,
    sum_pixels,
    sum_scan,
    sum_size,
    sum_store,
    sum_store_mean,
    sum_sub,
    sum_zero,
)


@jit
def prefix(line: int, sums: int, count: int, channels: int, acc: Any) -> None:
    """Write the prefix sums of each channel of ``count`` values of the line."""
    step = LANES * sum_size(acc)
    carry = sum_zero(acc)
    if channels == 1:
        for i in range((count + LANES - 1) // LANES):
            v = sum_scan(sum_load(line + i * step, acc), 1)
            sum_store(sums + i * step, sum_add(v, carry))
            carry = sum_add(carry, sum_carry(v, 1))
    elif channels == 2:
        for i in range((count + LANES - 1) // LANES):
            v = sum_scan(sum_load(line + i * step, acc), 2)
            sum_store(sums + i * step, sum_add(v, carry))
            carry = sum_add(carry, sum_carry(v, 2))
    elif channels == 3:
        # which channel a lane has comes round after three vectors: only one sum links them to the next three
        for i in range(0, (count + LANES - 1) // LANES, 3):
            a = sum_scan(sum_load(line + i * step, acc), 3)
            b = sum_scan(sum_load(line + (i + 1) * step, acc), 3)
            c = sum_scan(sum_load(line + (i + 2) * step, acc), 3)
            a_on = sum_carry(a, 3)
            b_on = sum_add(sum_carry(a_on, 3), sum_carry(b, 3))
            c_on = sum_add(sum_carry(b_on, 3), sum_carry(c, 3))
            next_carry = sum_carry(carry, 3)
            sum_store(sums + i * step, sum_add(a, carry))
            sum_store(sums + (i + 1) * step, sum_add(b, sum_add(next_carry, a_on)))
            sum_store(sums + (i + 2) * step, sum_add(c, sum_add(sum_carry(next_carry, 3), b_on)))
            carry = sum_add(carry, c_on)
    else:
        for i in range((count + LANES - 1) // LANES):
            v = sum_scan(sum_load(line + i * step, acc), 4)
            sum_store(sums + i * step, sum_add(v, carry))
            carry = sum_add(carry, sum_carry(v, 4))


@jit
def slide(sums: int, new: int, old: int, begin: bool, count: int, edge: int, kind: Any, acc: Any) -> None:
    """Add a row of ``count`` values to sums and take away another; where ``begin``, without sums to add to.

    Values past the last whole vector go over ``edge``, which has room for two vectors of pixels.
    """
    size, cell = pixel_size(kind), sum_size(acc)
    blocks, done = (count + LANES - 1) // LANES, count // LANES
    for i in range(blocks):
        at, x = sums + i * LANES * cell, i * LANES * size
        fresh, gone = new + x, old + x
        if i == done:
            copy_bytes(edge, fresh, (count - done * LANES) * size)
            copy_bytes(edge + LANES * size, gone, (count - done * LANES) * size)
            fresh, gone = edge, edge + LANES * size
        v = sum_sub(sum_pixels(fresh, kind, acc), sum_pixels(gone, kind, acc))
        if not begin:
            v = sum_add(v, sum_load(at, acc))
        sum_store(at, v)


@jit
def add_border(line: int, margin: int, width: int, pixel: int, xmap: Any, nothing: int, acc: Any) -> None:
    """Fill the border of a line of sums that begins ``margin`` pixels before the first one inside."""
    inner = line + margin * pixel
    first_values = sum_load(inner, acc)
    for p in range(margin):
        source = inner + xmap[p] * pixel if xmap[p] >= 0 else nothing
        sum_copy(line + p * pixel, source, acc)
        if p >= margin - 3:  # the copy ran past the border
            sum_store(inner, first_values)
    for p in range(margin + width, width + 2 * margin):
        source = inner + xmap[p] * pixel if xmap[p] >= 0 else nothing
        sum_copy(line + p * pixel, source, acc)


@jit
def box(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, restart: int, width: int,
    channels: int, rx: int, ry: int, xmap: Any, ymap: Any, line: Any, sums: Any, zeros: Any, spare: Any,
    kind: Any, acc: Any,
) -> bool:  # fmt: skip
    """Average rows ``first`` to ``stop``; return whether all sums were finite.

    Sums begin anew at each multiple of ``restart`` rows. ``line`` and ``sums`` hold zeros in front of
    their first ``channels`` values, ``zeros`` a row of pixels and four sums.
    """
    size, cell = pixel_size(kind), sum_size(acc)
    count = width * channels
    span = (width + 2 * rx) * channels
    scale = 1.0 / ((2 * rx + 1) * (2 * ry + 1))
    lead = LANES * cell
    line_at = address_of(line) + lead
    inner_at = line_at + rx * channels * cell
    sums_at = address_of(sums) + lead
    nothing = address_of(zeros)
    blocks = (count + LANES - 1) // LANES
    pixel = channels * cell
    short = count < LANES
    finite = True
    for y in range(first, stop):
        fresh = (y - first) % restart == 0
        for k in range(0 if fresh else 2 * ry, 2 * ry + 1):
            new = src + ymap[y + k] * src_step if ymap[y + k] >= 0 else nothing
            old = nothing
            if not fresh and ymap[y - 1] >= 0:
                old = src + ymap[y - 1] * src_step
            slide(inner_at, new, old, fresh and k == 0, count, address_of(spare), kind, acc)
        add_border(line_at, rx, width, pixel, xmap, nothing, acc)
        prefix(line_at, sums_at, span, channels, acc)
        goal = out + y * out_step
        for i in range(blocks):
            x = 0 if short else min(i * LANES, count - LANES)
            high = sum_load(sums_at + (x + 2 * rx * channels) * cell, acc)
            low = sum_load(sums_at + (x - channels) * cell, acc)
            b = address_of(spare) if short else goal + x * size
            sum_store_mean(b, sum_sub(high, low), scale, kind)
        if short:
            copy_bytes(goal, address_of(spare), count * size)
        for c in range(channels):
            finite = finite and np.isfinite(sums[LANES + span - 1 - c])
    return finite


@jit
def add_rows(at: int, new: int, old: int, keep: int) -> None:
    """Add 32 pixels of a row to sums, and take away those of another; begin anew where ``keep`` is 0."""
    v = u16_sub(u16_load_u8(new), u16_load_u8(old))
    if keep:
        v = u16_add(v, u16_load(at))
    u16_store(at, v)


@jit
def box_small(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, width: int, channels: int,
    rx: int, ry: int, xmap: Any, ymap: Any, line: Any, zeros: Any, spare: Any, factor: int, shift: int,
) -> None:  # fmt: skip
    """Average rows ``first`` to ``stop`` of 8-bit pixels whose sums stay below 65536.

    A sum s becomes ``(s + number // 2) * factor >> 16 + shift``, which is exact.
    """
    count = width * channels
    blocks = (count + LANES_U16 - 1) // LANES_U16
    inner_at = address_of(line) + 2 * rx * channels
    nothing = address_of(zeros)
    edge = address_of(spare)
    short = count < LANES_U16
    half = u16_splat((2 * rx + 1) * (2 * ry + 1) // 2)
    factors = u16_splat(factor)
    shifts = u16_splat(shift)
    whole, tail = count // LANES_U16, count % LANES_U16
    for y in range(first, stop):
        fresh = y == first
        for k in range(0 if fresh else 2 * ry, 2 * ry + 1):
            new = src + ymap[y + k] * src_step if ymap[y + k] >= 0 else nothing
            old = nothing
            if not fresh and ymap[y - 1] >= 0:
                old = src + ymap[y - 1] * src_step
            keep = 0 if fresh and k == 0 else 1
            for i in range(whole):
                add_rows(inner_at + 64 * i, new + 32 * i, old + 32 * i, keep)
            if tail:
                copy_bytes(edge, new + 32 * whole, tail)
                copy_bytes(edge + 32, old + 32 * whole, tail)
                add_rows(inner_at + 64 * whole, edge, edge + 32, keep)
        for part in range(2):
            for p in range(0 if part == 0 else rx + width, rx if part == 0 else 2 * rx + width):
                for c in range(channels):
                    value = np.uint16(0)
                    if xmap[p] >= 0:
                        value = line[(rx + xmap[p]) * channels + c]
                    line[p * channels + c] = value
        goal = out + y * out_step
        for i in range(0 if count < BLOCK_U16 else (count + BLOCK_U16 - 1) // BLOCK_U16):
            x = min(i * BLOCK_U16, count - BLOCK_U16)
            at = address_of(line) + 2 * x
            s0, s1 = u16_add(half, u16_load(at)), u16_add(half, u16_load(at + 64))
            s2, s3 = u16_add(half, u16_load(at + 128)), u16_add(half, u16_load(at + 192))
            for _ in range(2 * rx):
                at += 2 * channels
                s0, s1 = u16_add(s0, u16_load(at)), u16_add(s1, u16_load(at + 64))
                s2, s3 = u16_add(s2, u16_load(at + 128)), u16_add(s3, u16_load(at + 192))
            u16_store_u8(goal + x, u16_shr(u16_mulhi(s0, factors), shifts))
            u16_store_u8(goal + x + 32, u16_shr(u16_mulhi(s1, factors), shifts))
            u16_store_u8(goal + x + 64, u16_shr(u16_mulhi(s2, factors), shifts))
            u16_store_u8(goal + x + 96, u16_shr(u16_mulhi(s3, factors), shifts))
        for i in range(blocks if count < BLOCK_U16 else 0):
            x = 0 if short else min(i * LANES_U16, count - LANES_U16)
            at = address_of(line) + 2 * x
            v = u16_add(half, u16_load(at))
            for k in range(1, 2 * rx + 1):
                v = u16_add(v, u16_load(at + 2 * k * channels))
            v = u16_shr(u16_mulhi(v, factors), shifts)
            u16_store_u8(edge if short else goal + x, v)
        if short:
            copy_bytes(goal, edge, count)
