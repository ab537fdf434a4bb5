"""Weighted sums and gradients of small neighbourhoods of uint8 and uint16 pixels, in whole numbers.

Source rows are copied once, with their border, into a ring that holds as many rows as the neighbourhood is high,
as bytes or signed words; two products at a time are summed from there. Arguments are those of `_stencil`.
"""

from typing import Any

from ._pairs_simd import (
    PAIR_BYTES,
    pair_add,
    pair_copy,
    pair_copy_one,
    pair_start,
    pair_sub,
    pair_sums,
    pair_weights,
    store_length,
    store_scaled,
    store_shifted,
)
from ._simd import address_of, copy_bytes, jit, pixel_size

BLOCK_BYTES = 4 * PAIR_BYTES


@jit
def line_raw(
    line: int, row: int, inside: bool, x0: int, span: int, xmap: Any, xpad: int, source_width: int, channels: int,
    kind: Any,
) -> None:  # fmt: skip
    """Fill ``line`` with the pixels of positions ``x0`` to ``x0 + span``, or with zeros."""
    size = pixel_size(kind)
    low = min(max(xpad, x0), x0 + span) if inside else x0
    high = max(low, min(xpad + source_width, x0 + span)) if inside else x0
    for part in range(2):
        for p in range(x0 if part == 0 else high, low if part == 0 else x0 + span):
            found = inside and xmap[p] >= 0
            source = row + max(xmap[p], 0) * channels * size
            for c in range(channels):
                pair_copy_one(line + ((p - x0) * channels + c) * size, source + c * size, found, kind)
    count = (high - low) * channels * size
    source = row + (low - xpad) * channels * size
    target = line + (low - x0) * channels * size
    if count >= PAIR_BYTES:
        for i in range((count + PAIR_BYTES - 1) // PAIR_BYTES):
            x = min(i * PAIR_BYTES, count - PAIR_BYTES)
            pair_copy(target + x, source + x, kind)
    else:
        for x in range(0, count, size):
            pair_copy_one(target + x, source + x, True, kind)


@jit
def sums(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, down: Any, right: Any, weights: Any, start: int, scale: Any, offset: Any, high: Any, shift: int,
    kind: Any,
) -> None:  # fmt: skip
    """Sum pixels times small whole weights, exactly; then ``(sum + start) * scale + offset``.

    ``down`` and ``right`` are the row and the column of each weight in its neighbourhood, two and two; ``weights``
    hold two each. Where ``shift`` is not below zero, sums are shifted by it instead.
    """
    size = pixel_size(kind)
    pitch = size * ring.shape[1]
    begin = pair_start(start, kind)
    top = int(high)
    spare_at = address_of(spare)
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels * size
        blocks = (count + BLOCK_BYTES - 1) // BLOCK_BYTES
        short = count < BLOCK_BYTES
        for e in range(first, stop + depth - 1):
            line = address_of(ring) + e % depth * pitch
            y = e - depth + 1
            row = src + max(ymap[e], 0) * src_step
            line_raw(line, row, ymap[e] >= 0, x0, strip + across - 1, xmap, xpad, source_width, channels, kind)
            if y < first:
                continue
            for t in range(down.size):
                bases[t] = address_of(ring) + (y + down[t]) % depth * pitch + right[t] * channels * size
            goal = out + y * out_step + x0 * channels * size
            for i in range(blocks):
                x = 0 if short else min(i * BLOCK_BYTES, count - BLOCK_BYTES)
                s0 = s1 = s2 = s3 = begin
                for t in range(weights.size):
                    w = pair_weights(weights[t], kind)
                    a = bases[2 * t] + x
                    b = bases[2 * t + 1] + x
                    s0 = pair_add(s0, pair_sums(a, b, w, kind))
                    s1 = pair_add(s1, pair_sums(a + PAIR_BYTES, b + PAIR_BYTES, w, kind))
                    s2 = pair_add(s2, pair_sums(a + 2 * PAIR_BYTES, b + 2 * PAIR_BYTES, w, kind))
                    s3 = pair_add(s3, pair_sums(a + 3 * PAIR_BYTES, b + 3 * PAIR_BYTES, w, kind))
                b = spare_at if short else goal + x
                if shift >= 0:
                    store_shifted(b, s0, shift, top, kind)
                    store_shifted(b + PAIR_BYTES, s1, shift, top, kind)
                    store_shifted(b + 2 * PAIR_BYTES, s2, shift, top, kind)
                    store_shifted(b + 3 * PAIR_BYTES, s3, shift, top, kind)
                else:
                    store_scaled(b, s0, scale, offset, high, kind)
                    store_scaled(b + PAIR_BYTES, s1, scale, offset, high, kind)
                    store_scaled(b + 2 * PAIR_BYTES, s2, scale, offset, high, kind)
                    store_scaled(b + 3 * PAIR_BYTES, s3, scale, offset, high, kind)
            if short:
                copy_bytes(goal, spare_at, count)


@jit
def gradient(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, side: int, centre: int, scale: Any, offset: Any, high: Any, kind: Any,
) -> None:  # fmt: skip
    """Take the length of the gradient, smoothed across by weights; both come as two: a weight and its opposite."""
    size = pixel_size(kind)
    step = channels * size
    pitch = size * ring.shape[1]
    p = pair_weights(side, kind)
    q = pair_weights(centre, kind)
    spare_at = address_of(spare)
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels * size
        blocks = (count + PAIR_BYTES - 1) // PAIR_BYTES
        short = count < PAIR_BYTES
        for e in range(first, stop + 2):
            line = address_of(ring) + e % 3 * pitch
            y = e - 2
            row = src + max(ymap[e], 0) * src_step
            line_raw(line, row, ymap[e] >= 0, x0, strip + 2, xmap, xpad, source_width, channels, kind)
            if y < first:
                continue
            above = address_of(ring) + y % 3 * pitch
            here = address_of(ring) + (y + 1) % 3 * pitch
            goal = out + y * out_step + x0 * channels * size
            for i in range(blocks):
                x = 0 if short else min(i * PAIR_BYTES, count - PAIR_BYTES)
                a = above + x
                b = here + x
                c = line + x
                falling = pair_sums(c + 2 * step, a, p, kind)
                rising = pair_sums(a + 2 * step, c, p, kind)
                gx = pair_add(pair_add(falling, rising), pair_sums(b + 2 * step, b, q, kind))
                gy = pair_add(pair_sub(falling, rising), pair_sums(c + step, a + step, q, kind))
                store_length(spare_at if short else goal + x, gx, gy, scale, offset, high, kind)
            if short:
                copy_bytes(goal, spare_at, count)
