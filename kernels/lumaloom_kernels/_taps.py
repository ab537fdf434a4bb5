"""Means of 8-bit pixels with symmetric weights that are no product: 16-bit fixed point on rows kept in cache.

Pixels have 7 fractional bits in the ring, so two of them have one sum in 16 bits, and their weight has 17: a
product's upper half has 8 fractional bits and is cut off there. What that takes away, half a unit a product, is
added at the start. With less than 256 products the result lies within half a step of the sum of the rounded
weights, and even images stay as they are. Arguments are those of `_stencil`.
"""

from typing import Any

from ._fir import BLOCK_U16, line_u8
from ._simd import (
    address_of,
    copy_bytes,
    jit,
    u16_add,
    u16_load,
    u16_mulhi,
    u16_shr,
    u16_splat,
    u16_store_u8,
)

MOST_PRODUCTS = 250
WEIGHT_BITS = 17


@jit
def means_u8(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, depth: int, across: int, strips: Any, ring: Any, bases: Any,
    spare: Any, down: Any, right: Any, weights: Any,
) -> None:  # fmt: skip
    """Weigh the pixels at the offsets, each together with that at the opposite one."""
    pitch = 2 * ring.shape[1]
    taps = weights.size
    start = u16_splat(128 + taps // 2)
    eight = u16_splat(8)
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
                line_u8(line, row, x0, strip + across - 1, xmap, xpad, source_width, channels)
            if y < first:
                continue
            for t in range(taps):
                above, below = (y + down[t]) % depth, (y + depth - 1 - down[t]) % depth
                bases[2 * t] = address_of(ring) + above * pitch + 2 * right[t] * channels
                bases[2 * t + 1] = address_of(ring) + below * pitch + 2 * (across - 1 - right[t]) * channels
            goal = out + y * out_step + x0 * channels
            for i in range(blocks):
                x = 0 if short else min(i * BLOCK_U16, count - BLOCK_U16)
                s0 = s1 = s2 = s3 = start
                for t in range(taps):
                    w = u16_splat(weights[t])
                    a = bases[2 * t] + 2 * x
                    b = bases[2 * t + 1] + 2 * x
                    s0 = u16_add(s0, u16_mulhi(u16_add(u16_load(a), u16_load(b)), w))
                    s1 = u16_add(s1, u16_mulhi(u16_add(u16_load(a + 64), u16_load(b + 64)), w))
                    s2 = u16_add(s2, u16_mulhi(u16_add(u16_load(a + 128), u16_load(b + 128)), w))
                    s3 = u16_add(s3, u16_mulhi(u16_add(u16_load(a + 192), u16_load(b + 192)), w))
                b = address_of(spare) if short else goal + x
                u16_store_u8(b, u16_shr(s0, eight))
                u16_store_u8(b + 32, u16_shr(s1, eight))
                u16_store_u8(b + 64, u16_shr(s2, eight))
                u16_store_u8(b + 96, u16_shr(s3, eight))
            if short:
                copy_bytes(goal, address_of(spare), count)
