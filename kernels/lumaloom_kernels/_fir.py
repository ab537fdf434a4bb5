"""Separable symmetric filters by direct sums: one pass over the image in strips that stay in cache.

Every source row of a strip is widened into a line with its border, filtered along x into a ring of
rows, and as soon as the ring holds enough rows they are filtered along y into the output. A row of C
interleaved channels is one long row whose neighbours lie C values apart, so channels cost nothing.

Weights are folded: element 0 is the outermost, the last one the centre. ``xmap`` and ``ymap`` give the
source index of each position from ``-radius`` on (-1 for a zero); the entries of ``xmap`` from ``xpad``
on, as many as the source is wide, are the source itself. Addresses and pitches are in bytes.
"""

from typing import Any

import numpy as np

from ._simd import (
    LANES_F32,
    LANES_U16,
    address_of,
    copy_bytes,
    f32_add,
    f32_load,
    f32_mul,
    f32_splat,
    f32_store,
    jit,
    pixel_load,
    pixel_size,
    pixels_load,
    pixels_store,
    prefetch,
    prefetch_write,
    u16_add,
    u16_load,
    u16_load_u8,
    u16_mulhi,
    u16_shl7,
    u16_shr7,
    u16_splat,
    u16_store,
    u16_store_u8,
)

BLOCK_U16 = 4 * LANES_U16
BLOCK_F32 = 4 * LANES_F32
AHEAD = 3  # rows between asking for a row and using it
U8 = np.uint8(0)


@jit
def line_u8(line: Any, row: int, x0: int, span: int, xmap: Any, xpad: int, source_width: int, channels: int) -> None:
    """Fill ``line`` with the 8-bit pixels of positions ``x0`` to ``x0 + span``, times 128, as uint16."""
    low = min(max(xpad, x0), x0 + span)
    high = max(low, min(xpad + source_width, x0 + span))
    for part in range(2):
        for p in range(x0 if part == 0 else high, low if part == 0 else x0 + span):
            for c in range(channels):
                value = np.float32(0)
                if xmap[p] >= 0:
                    value = pixel_load(row + xmap[p] * channels + c, U8)
                line[(p - x0) * channels + c] = np.uint16(value * np.float32(128))
    count = (high - low) * channels
    source = row + (low - xpad) * channels
    target = (low - x0) * channels
    if count >= LANES_U16:
        for i in range((count + LANES_U16 - 1) // LANES_U16):
            x = min(i * LANES_U16, count - LANES_U16)
            u16_store(address_of(line) + 2 * (target + x), u16_shl7(u16_load_u8(source + x)))
    else:
        for x in range(count):
            line[target + x] = np.uint16(pixel_load(source + x, U8) * np.float32(128))


@jit
def fir_u8(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int, width: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, wx: Any, wy: Any, strip: int, line: Any, ring: Any,
    pitch: int, rows: Any, spare: Any,
) -> None:  # fmt: skip
    """Filter rows ``first`` to ``stop`` of 8-bit pixels in 16-bit fixed point.

    A pixel is held times 128, a weight times 65536; the high half of their product loses less than
    1/128 of a step, half of which is put back per weight.
    """
    rx = wx.size - 1
    ry = wy.size - 1
    depth = 2 * ry + 1
    strip = min(strip, width)
    count = strip * channels
    blocks = (count + BLOCK_U16 - 1) // BLOCK_U16
    line_at = address_of(line)
    ring_at = address_of(ring)
    bias_x = u16_splat((rx + 1) // 2)
    bias_y = u16_splat((ry + 1) // 2 + 64)
    for s in range((width + strip - 1) // strip):
        x0 = min(s * strip, width - strip)
        for e in range(first, stop + 2 * ry):
            target = ring_at + (e % depth) * pitch
            if ymap[e] < 0:
                for i in range(4 * blocks):
                    u16_store(target + 64 * i, u16_splat(0))
            else:
                row = src + ymap[e] * src_step
                soon = src + ymap[min(e + AHEAD, ymap.size - 1)] * src_step
                inner = max(0, min(x0 - xpad, source_width - strip)) * channels
                for i in range(0, count, 64):
                    prefetch(soon + inner + i)
                line_u8(line, row, x0, strip + 2 * rx, xmap, xpad, source_width, channels)
                for i in range(blocks):
                    at = line_at + 2 * BLOCK_U16 * i
                    end = at + 4 * rx * channels
                    s0 = s1 = s2 = s3 = bias_x
                    for k in range(rx):
                        w = u16_splat(wx[k])
                        a = at + 2 * k * channels
                        b = end - 2 * k * channels
                        s0 = u16_add(s0, u16_mulhi(u16_add(u16_load(a), u16_load(b)), w))
                        s1 = u16_add(s1, u16_mulhi(u16_add(u16_load(a + 64), u16_load(b + 64)), w))
                        s2 = u16_add(s2, u16_mulhi(u16_add(u16_load(a + 128), u16_load(b + 128)), w))
                        s3 = u16_add(s3, u16_mulhi(u16_add(u16_load(a + 192), u16_load(b + 192)), w))
                    w = u16_splat(wx[rx])
                    a = at + 2 * rx * channels
                    b = target + 2 * BLOCK_U16 * i
                    u16_store(b, u16_add(s0, u16_mulhi(u16_load(a), w)))
                    u16_store(b + 64, u16_add(s1, u16_mulhi(u16_load(a + 64), w)))
                    u16_store(b + 128, u16_add(s2, u16_mulhi(u16_load(a + 128), w)))
                    u16_store(b + 192, u16_add(s3, u16_mulhi(u16_load(a + 192), w)))
            y = e - 2 * ry
            if y < first:
                continue
            for k in range(depth):
                rows[k] = ring_at + ((y + k) % depth) * pitch
            goal = out + y * out_step + x0 * channels
            for i in range(0, count, 64):
                prefetch_write(goal + AHEAD * out_step + i)
            short = count < BLOCK_U16
            for i in range(blocks):
                x = 0 if short else min(i * BLOCK_U16, count - BLOCK_U16)
                s0 = s1 = s2 = s3 = bias_y
                for k in range(ry):
                    w = u16_splat(wy[k])
                    a = rows[k] + 2 * x
                    b = rows[2 * ry - k] + 2 * x
                    s0 = u16_add(s0, u16_mulhi(u16_add(u16_load(a), u16_load(b)), w))
                    s1 = u16_add(s1, u16_mulhi(u16_add(u16_load(a + 64), u16_load(b + 64)), w))
                    s2 = u16_add(s2, u16_mulhi(u16_add(u16_load(a + 128), u16_load(b + 128)), w))
                    s3 = u16_add(s3, u16_mulhi(u16_add(u16_load(a + 192), u16_load(b + 192)), w))
                w = u16_splat(wy[ry])
                a = rows[ry] + 2 * x
                b = address_of(spare) if short else goal + x
                u16_store_u8(b, u16_shr7(u16_add(s0, u16_mulhi(u16_load(a), w))))
                u16_store_u8(b + 32, u16_shr7(u16_add(s1, u16_mulhi(u16_load(a + 64), w))))
                u16_store_u8(b + 64, u16_shr7(u16_add(s2, u16_mulhi(u16_load(a + 128), w))))
                u16_store_u8(b + 96, u16_shr7(u16_add(s3, u16_mulhi(u16_load(a + 192), w))))
            if short:
                copy_bytes(goal, address_of(spare), count)


@jit
def line_f32(
    line: Any, row: int, x0: int, span: int, xmap: Any, xpad: int, source_width: int, channels: int, kind: Any
) -> None:
    """Fill ``line`` with the pixels of positions ``x0`` to ``x0 + span``, as float32."""
    size = pixel_size(kind)
    low = min(max(xpad, x0), x0 + span)
    high = max(low, min(xpad + source_width, x0 + span))
    for part in range(2):
        for p in range(x0 if part == 0 else high, low if part == 0 else x0 + span):
            for c in range(channels):
                value = np.float32(0)
                if xmap[p] >= 0:
                    value = pixel_load(row + (xmap[p] * channels + c) * size, kind)
                line[(p - x0) * channels + c] = value
    count = (high - low) * channels
    source = row + (low - xpad) * channels * size
    target = (low - x0) * channels
    if count >= LANES_F32:
        for i in range((count + LANES_F32 - 1) // LANES_F32):
            x = min(i * LANES_F32, count - LANES_F32)
            f32_store(address_of(line) + 4 * (target + x), pixels_load(source + x * size, kind))
    else:
        for x in range(count):
            line[target + x] = pixel_load(source + x * size, kind)


@jit
def sum_f32(a: int, b: int, step: int, center: int, weights: Any, target: int, kind: Any) -> None:
    """Store 64 weighted sums of values ``step`` apart, from ``a`` upwards and ``b`` downwards."""
    radius = weights.size - 1
    size = pixel_size(kind)
    w = f32_splat(weights[radius])
    s0 = f32_mul(f32_load(center), w)
    s1 = f32_mul(f32_load(center + 64), w)
    s2 = f32_mul(f32_load(center + 128), w)
    s3 = f32_mul(f32_load(center + 192), w)
    for k in range(radius):
        w = f32_splat(weights[k])
        s0 = f32_add(s0, f32_mul(f32_add(f32_load(a), f32_load(b)), w))
        s1 = f32_add(s1, f32_mul(f32_add(f32_load(a + 64), f32_load(b + 64)), w))
        s2 = f32_add(s2, f32_mul(f32_add(f32_load(a + 128), f32_load(b + 128)), w))
        s3 = f32_add(s3, f32_mul(f32_add(f32_load(a + 192), f32_load(b + 192)), w))
        a += step
        b -= step
    pixels_store(target, s0, kind)
    pixels_store(target + 16 * size, s1, kind)
    pixels_store(target + 32 * size, s2, kind)
    pixels_store(target + 48 * size, s3, kind)
