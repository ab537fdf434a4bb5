"""Weighted sums over small neighbourhoods, and gradients of 3 x 3: compiled code on rows kept in cache.

Source rows are widened once, with their border, into a ring that holds as many rows as the neighbourhood is
high; every output row is then made of vectors loaded from the ring at the offsets of the weights. A row of C
interleaved channels is one long row whose neighbours lie C values apart. Images go strip by strip where the
ring would leave the first-level cache. Addresses and pitches are in bytes; maps are those of `_fir`.
"""

from typing import Any

import numpy as np

from ._fir import BLOCK_F32, BLOCK_U16, U8, line_f32
from ._simd import (
    LANES_U16,
    address_of,
    copy_bytes,
    f32_add,
    f32_load,
    f32_mul,
    f32_splat,
    jit,
    pixel_load,
    pixel_size,
    pixels_store,
    u16_add,
    u16_load,
    u16_load_u8,
    u16_splat,
    u16_store,
    u16_store_u8,
    u16_sub,
)
from ._stencil_simd import (
    f32_min,
    f32_sqrt,
    f32_stream,
    f32_sub,
    fence,
    i16_clip,
    i16_mul,
    i16_shr,
    store_line,
    store_magnitude,
)


@jit
def line_u16(line: Any, row: int, x0: int, span: int, xmap: Any, xpad: int, source_width: int, channels: int) -> None:
    """Fill ``line`` with the 8-bit pixels of positions ``x0`` to ``x0 + span``, as uint16."""
    low = min(max(xpad, x0), x0 + span)
    high = max(low, min(xpad + source_width, x0 + span))
    for part in range(2):
        for p in range(x0 if part == 0 else high, low if part == 0 else x0 + span):
            for c in range(channels):
                value = np.float32(0)
                if xmap[p] >= 0:
                    value = pixel_load(row + xmap[p] * channels + c, U8)
                line[(p - x0) * channels + c] = np.uint16(value)
    count = (high - low) * channels
    source = row + (low - xpad) * channels
    target = (low - x0) * channels
    if count >= LANES_U16:
        for i in range((count + LANES_U16 - 1) // LANES_U16):
            x = min(i * LANES_U16, count - LANES_U16)
            u16_store(address_of(line) + 2 * (target + x), u16_load_u8(source + x))
    else:
        for x in range(count):
            line[target + x] = np.uint16(pixel_load(source + x, U8))


@jit
def sums_u8(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, down: Any, right: Any, weights: Any, scale: Any, offset: Any, high: Any, shift: int,
) -> None:  # fmt: skip
    """Sum 8-bit pixels times small whole weights, exactly; then ``sum * scale + offset``.

    ``down`` and ``right`` are the row and the column of each weight in its neighbourhood. Where ``shift``
    is not below zero, the scale is 1 over two to that power, and all of it is whole and fits 16 bits.
    """
    pitch = 2 * ring.shape[1]
    start = u16_splat(np.int64(offset * (1 << shift)) + (1 << shift >> 1) if shift >= 0 else 0)
    places = u16_splat(max(shift, 0))
    bottom = u16_splat(0)
    top = u16_splat(np.int64(high))
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels
        blocks = (count + BLOCK_U16 - 1) // BLOCK_U16
        short = count < BLOCK_U16
        for e in range(first, stop + depth - 1):
            line = ring[e % depth]
            y = e - depth + 1
            if ymap[e] < 0:
                line[:] = 0
            else:
                row = src + ymap[e] * src_step
                line_u16(line, row, x0, strip + across - 1, xmap, xpad, source_width, channels)
            if y < first:
                continue
            for t in range(weights.size):
                bases[t] = address_of(ring) + (y + down[t]) % depth * pitch + 2 * right[t] * channels
            goal = out + y * out_step + x0 * channels
            for i in range(blocks):
                x = 0 if short else min(i * BLOCK_U16, count - BLOCK_U16)
                s0 = s1 = s2 = s3 = start
                for t in range(weights.size):
                    w = u16_splat(weights[t])
                    a = bases[t] + 2 * x
                    s0 = u16_add(s0, i16_mul(u16_load(a), w))
                    s1 = u16_add(s1, i16_mul(u16_load(a + 64), w))
                    s2 = u16_add(s2, i16_mul(u16_load(a + 128), w))
                    s3 = u16_add(s3, i16_mul(u16_load(a + 192), w))
                b = address_of(spare) if short else goal + x
                if shift >= 0:
                    u16_store_u8(b, i16_clip(i16_shr(s0, places), bottom, top))
                    u16_store_u8(b + 32, i16_clip(i16_shr(s1, places), bottom, top))
                    u16_store_u8(b + 64, i16_clip(i16_shr(s2, places), bottom, top))
                    u16_store_u8(b + 96, i16_clip(i16_shr(s3, places), bottom, top))
                else:
                    store_line(b, s0, scale, offset, high)
                    store_line(b + 32, s1, scale, offset, high)
                    store_line(b + 64, s2, scale, offset, high)
                    store_line(b + 96, s3, scale, offset, high)
            if short:
                copy_bytes(goal, address_of(spare), count)


@jit
def sums_f32(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, down: Any, right: Any, weights: Any, offset: Any, high: Any, zeros: Any,
    stream: bool, kind: Any,
) -> None:  # fmt: skip
    """Sum pixels of a kind times weights in float32, and add ``offset``.

    A strip of float32 pixels that reaches no border is read where it is. ``zeros`` is as long as a strip.
    Where ``stream``, such strips are written past the caches: the image is too large to be read from there.
    """
    size = pixel_size(kind)
    pitch = 4 * ring.shape[1]
    start = f32_splat(offset)
    top = f32_splat(high)
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels
        blocks = (count + BLOCK_F32 - 1) // BLOCK_F32
        short = count < BLOCK_F32
        direct = size == 4 and not short and x0 >= xpad and x0 - xpad + strip + across - 1 <= source_width
        past = stream and direct and out % 4 == 0 and out_step % 4 == 0
        for e in range(first, stop + depth - 1):
            line = ring[e % depth]
            y = e - depth + 1
            if ymap[e] < 0:
                if not direct:
                    line[:] = 0
            else:
                row = src + ymap[e] * src_step
                if not direct:
                    line_f32(line, row, x0, strip + across - 1, xmap, xpad, source_width, channels, kind)
            if y < first:
                continue
            for t in range(weights.size):
                bases[t] = address_of(ring) + (y + down[t]) % depth * pitch + 4 * right[t] * channels
                if direct:
                    bases[t] = address_of(zeros)
                    if ymap[y + down[t]] >= 0:
                        bases[t] = src + ymap[y + down[t]] * src_step + 4 * (x0 - xpad + right[t]) * channels
            goal = out + y * out_step + x0 * channels * size
            head = 0
            if past and goal % 64:
                head = 16 - goal % 64 // 4 - BLOCK_F32  # so the first block lies before the first whole line
            for i in range(blocks + (head < 0)):
                x = 0 if short else max(0, min(head + i * BLOCK_F32, count - BLOCK_F32))
                s0 = s1 = s2 = s3 = start
                for t in range(weights.size):
                    w = f32_splat(weights[t])
                    a = bases[t] + 4 * x
                    s0 = f32_add(s0, f32_mul(f32_load(a), w))
                    s1 = f32_add(s1, f32_mul(f32_load(a + 64), w))
                    s2 = f32_add(s2, f32_mul(f32_load(a + 128), w))
                    s3 = f32_add(s3, f32_mul(f32_load(a + 192), w))
                b = address_of(spare) if short else goal + x * size
                if past and b % 64 == 0:
                    f32_stream(b, f32_min(s0, top))
                    f32_stream(b + 64, f32_min(s1, top))
                    f32_stream(b + 128, f32_min(s2, top))
                    f32_stream(b + 192, f32_min(s3, top))
                    continue
                pixels_store(b, f32_min(s0, top), kind)
                pixels_store(b + 16 * size, f32_min(s1, top), kind)
                pixels_store(b + 32 * size, f32_min(s2, top), kind)
                pixels_store(b + 48 * size, f32_min(s3, top), kind)
            if short:
                copy_bytes(goal, address_of(spare), count * size)
    if stream:
        fence()


@jit
def gradient_u8(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, side: int, centre: int, scale: Any, offset: Any, high: Any,
) -> None:  # fmt: skip
    """Take the length of the gradient of 8-bit pixels, smoothed across by ``side, centre, side``."""
    step = 2 * channels
    pitch = 2 * ring.shape[1]
    p = u16_splat(side)
    q = u16_splat(centre)
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels
        blocks = (count + LANES_U16 - 1) // LANES_U16
        short = count < LANES_U16
        for e in range(first, stop + 2):
            line = ring[e % 3]
            y = e - 2
            if ymap[e] < 0:
                line[:] = 0
            else:
                row = src + ymap[e] * src_step
                line_u16(line, row, x0, strip + 2, xmap, xpad, source_width, channels)
            if y < first:
                continue
            for t in range(3):
                bases[t] = address_of(ring) + (y + t) % 3 * pitch
            goal = out + y * out_step + x0 * channels
            for i in range(blocks):
                x = 0 if short else min(i * LANES_U16, count - LANES_U16)
                a = bases[0] + 2 * x
                b = bases[1] + 2 * x
                c = bases[2] + 2 * x
                falling = u16_sub(u16_load(c + 2 * step), u16_load(a))
                rising = u16_sub(u16_load(a + 2 * step), u16_load(c))
                gx = i16_mul(u16_sub(u16_load(b + 2 * step), u16_load(b)), q)
                gy = i16_mul(u16_sub(u16_load(c + step), u16_load(a + step)), q)
                gx = u16_add(gx, i16_mul(u16_add(falling, rising), p))
                gy = u16_add(gy, i16_mul(u16_sub(falling, rising), p))
                store_magnitude(address_of(spare) if short else goal + x, gx, gy, scale, offset, high)
            if short:
                copy_bytes(goal, address_of(spare), count)


@jit
def gradient_f32(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, side: Any, centre: Any, offset: Any, high: Any, kind: Any,
) -> None:  # fmt: skip
    """Take the length of the gradient of pixels of a kind, smoothed across by ``side, centre, side``."""
    size = pixel_size(kind)
    lanes = BLOCK_F32 // 4
    step = 4 * channels
    pitch = 4 * ring.shape[1]
    p = f32_splat(side)
    q = f32_splat(centre)
    start = f32_splat(offset)
    top = f32_splat(high)
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels
        blocks = (count + lanes - 1) // lanes
        short = count < lanes
        for e in range(first, stop + 2):
            line = ring[e % 3]
            y = e - 2
            if ymap[e] < 0:
                line[:] = 0
            else:
                row = src + ymap[e] * src_step
                line_f32(line, row, x0, strip + 2, xmap, xpad, source_width, channels, kind)
            if y < first:
                continue
            for t in range(3):
                bases[t] = address_of(ring) + (y + t) % 3 * pitch
            goal = out + y * out_step + x0 * channels * size
            for i in range(blocks):
                x = 0 if short else min(i * lanes, count - lanes)
                a = bases[0] + 4 * x
                b = bases[1] + 4 * x
                c = bases[2] + 4 * x
                falling = f32_sub(f32_load(c + 2 * step), f32_load(a))
                rising = f32_sub(f32_load(a + 2 * step), f32_load(c))
                gx = f32_mul(f32_sub(f32_load(b + 2 * step), f32_load(b)), q)
                gy = f32_mul(f32_sub(f32_load(c + step), f32_load(a + step)), q)
                gx = f32_add(gx, f32_mul(f32_add(falling, rising), p))
                gy = f32_add(gy, f32_mul(f32_sub(falling, rising), p))
                root = f32_add(f32_sqrt(f32_add(f32_mul(gx, gx), f32_mul(gy, gy))), start)
                pixels_store(address_of(spare) if short else goal + x * size, f32_min(root, top), kind)
            if short:
                copy_bytes(goal, address_of(spare), count * size)
