"""Weighted sums over small neighbourhoods, and gradients of 3 x 3: compiled code on rows kept in cache.

Source rows are widened once, with their border, into a ring that holds as many rows as the neighbourhood is
high; every output row is then made of vectors loaded from the ring at the offsets of the weights. A row of C
interleaved channels is one long row whose neighbours lie C values apart. Images go strip by strip where the
ring would leave the first-level cache. Addresses and pitches are in bytes; maps are those of `_fir`.
"""

from typing import Any

import numpy as np

from ._fir import BLOCK_F32, line_f32
from ._simd import (
    address_of,
    copy_bytes,
    f32_add,
    f32_load,
    f32_mul,
    f32_splat,
    f32_store,
    jit,
    pixel_size,
    pixels_store,
)
from ._stencil_simd import (
    f32_min,
    f32_sqrt,
    f32_stream,
    f32_sub,
    fence,
)

FLOAT = np.float32(0)


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
def length(a: int, b: int, c: int, step: int, p: Any, q: Any) -> Any:
    """Return the lengths of the gradients of 16 pixels by the rows above, here and below, from one to the left on."""
    falling = f32_sub(f32_load(c + 2 * step), f32_load(a))
    rising = f32_sub(f32_load(a + 2 * step), f32_load(c))
    gx = f32_mul(f32_sub(f32_load(b + 2 * step), f32_load(b)), q)
    gy = f32_mul(f32_sub(f32_load(c + step), f32_load(a + step)), q)
    gx = f32_add(gx, f32_mul(f32_add(falling, rising), p))
    gy = f32_add(gy, f32_mul(f32_sub(falling, rising), p))
    return f32_sqrt(f32_add(f32_mul(gx, gx), f32_mul(gy, gy)))


@jit
def gradient_f32(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, side: Any, centre: Any, offset: Any, high: Any, zeros: Any, stream: bool,
) -> None:  # fmt: skip
    """Take the length of the gradient of float32 pixels, smoothed across by ``side, centre, side``.

    Strips are read and written as those of `sums_f32`.
    """
    step = 4 * channels
    pitch = 4 * ring.shape[1]
    p = f32_splat(side)
    q = f32_splat(centre)
    start = f32_splat(offset)
    top = f32_splat(high)
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels
        blocks = (count + BLOCK_F32 - 1) // BLOCK_F32
        short = count < BLOCK_F32
        direct = not short and x0 >= xpad and x0 - xpad + strip + 2 <= source_width
        past = stream and direct and out % 4 == 0 and out_step % 4 == 0
        for e in range(first, stop + 2):
            line = ring[e % 3]
            y = e - 2
            if not direct:
                if ymap[e] < 0:
                    line[:] = 0
                else:
                    row = src + ymap[e] * src_step
                    line_f32(line, row, x0, strip + 2, xmap, xpad, source_width, channels, FLOAT)
            if y < first:
                continue
            for t in range(3):
                bases[t] = address_of(ring) + (y + t) % 3 * pitch
                if direct:
                    bases[t] = address_of(zeros)
                    if ymap[y + t] >= 0:
                        bases[t] = src + ymap[y + t] * src_step + (x0 - xpad) * step
            goal = out + y * out_step + x0 * step
            head = 0
            if past and goal % 64:
                head = 16 - goal % 64 // 4 - BLOCK_F32  # so the first block lies before the first whole line
            for i in range(blocks + (head < 0)):
                x = 0 if short else max(0, min(head + i * BLOCK_F32, count - BLOCK_F32))
                a = bases[0] + 4 * x
                b = bases[1] + 4 * x
                c = bases[2] + 4 * x
                s0 = f32_min(f32_add(length(a, b, c, step, p, q), start), top)
                s1 = f32_min(f32_add(length(a + 64, b + 64, c + 64, step, p, q), start), top)
                s2 = f32_min(f32_add(length(a + 128, b + 128, c + 128, step, p, q), start), top)
                s3 = f32_min(f32_add(length(a + 192, b + 192, c + 192, step, p, q), start), top)
                b = address_of(spare) if short else goal + 4 * x
                if past and b % 64 == 0:
                    f32_stream(b, s0)
                    f32_stream(b + 64, s1)
                    f32_stream(b + 128, s2)
                    f32_stream(b + 192, s3)
                else:
                    f32_store(b, s0)
                    f32_store(b + 64, s1)
                    f32_store(b + 128, s2)
                    f32_store(b + 192, s3)
            if short:
                copy_bytes(goal, address_of(spare), 4 * count)
    if stream:
        fence()
