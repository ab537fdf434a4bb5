"""The same as `_shrink` for 8-bit pixels, with the sums along y in 16-bit fixed point: twice the lanes.

A pixel is held times 128, a weight times 65536; the high half of their product loses less than 1/128 of
a step, half of which is put back per weight. Rows hold at least `BLOCK` values.
"""

from typing import Any

import numpy as np

from ._shrink import choose_rows, thin_out, widen
from ._simd import (
    LANES_U16,
    address_of,
    jit,
    prefetch,
    u16_add,
    u16_load,
    u16_load_u8,
    u16_min,
    u16_mulhi,
    u16_shl7,
    u16_shr7,
    u16_splat,
    u16_store_f32,
    u16_store_u8,
)

BLOCK = 2 * LANES_U16
U16 = np.uint16(0)


@jit
def shrink_u8(
    src: int, src_step: int, source_width: int, low: int, low_step: int, first: int, stop: int, low_width: int,
    channels: int, sx: int, sy: int, xmap: Any, xpad: int, ymap: Any, wx: Any, picks: Any, wy: Any, line: Any,
    sums: Any, rows: Any, zeros: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of the small image, in float32; ``wy`` is in fixed point."""
    ry = wy.size - 1
    count = source_width * channels
    inner_at = address_of(line) + 4 * xpad * channels
    bias = u16_splat((ry + 1) // 2)
    for j in range(first, stop):
        choose_rows(rows, src, src_step, ymap, j * sy, 2 * ry + 1, sy, address_of(zeros))
        for i in range((count + BLOCK - 1) // BLOCK):
            x = min(i * BLOCK, count - BLOCK)
            for k in range(2 * ry + 1, 2 * ry + 1 + sy):
                prefetch(rows[k] + x)
            a = rows[ry] + x
            w = u16_splat(wy[ry])
            s0 = u16_add(bias, u16_mulhi(u16_shl7(u16_load_u8(a)), w))
            s1 = u16_add(bias, u16_mulhi(u16_shl7(u16_load_u8(a + 32)), w))
            for k in range(ry):
                w = u16_splat(wy[k])
                a = rows[k] + x
                b = rows[2 * ry - k] + x
                v = u16_add(u16_load_u8(a), u16_load_u8(b))
                s0 = u16_add(s0, u16_mulhi(u16_shl7(v), w))
                v = u16_add(u16_load_u8(a + 32), u16_load_u8(b + 32))
                s1 = u16_add(s1, u16_mulhi(u16_shl7(v), w))
            u16_store_f32(inner_at + 4 * x, s0)
            u16_store_f32(inner_at + 4 * x + 128, s1)
        thin_out(line, sums, low + j * low_step, low_width, source_width, channels, sx, xmap, xpad, wx, picks)


@jit
def enlarge_u8(
    low: int, low_step: int, out: int, out_step: int, first: int, stop: int, width: int, channels: int,
    wx: Any, picks: Any, wy: Any, ring: Any, pitch: int, phase: Any, rows: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of the output; ``wx`` is times 128, ``wy`` in fixed point."""
    sx = wx.shape[0]
    sy, ny = wy.shape
    count = width * channels
    cells = (width + sx - 1) // sx
    ring_at = address_of(ring)
    phase_at = address_of(phase)
    phase_pitch = 4 * (phase.size // sx)
    bias = u16_splat(64 + ny // 2)
    top = u16_splat(255)
    done = first // sy
    for j in range(first // sy, (stop + sy - 1) // sy):
        while done < j + ny:
            target = ring_at + (done % ny) * pitch
            widen(low + done * low_step, target, cells, channels, wx, phase_at, phase_pitch, picks, U16)
            done += 1
        for t in range(ny):
            rows[t] = ring_at + ((j + t) % ny) * pitch
        for i in range((count + BLOCK - 1) // BLOCK):
            x = min(i * BLOCK, count - BLOCK)
            for q in range(max(0, first - j * sy), min(sy, stop - j * sy)):
                s0 = s1 = bias
                for t in range(ny):
                    a = rows[t] + 2 * x
                    w = u16_splat(wy[q, t])
                    s0 = u16_add(s0, u16_mulhi(u16_load(a), w))
                    s1 = u16_add(s1, u16_mulhi(u16_load(a + 64), w))
                b = out + (j * sy + q) * out_step + x
                u16_store_u8(b, u16_min(u16_shr7(s0), top))
                u16_store_u8(b + 32, u16_min(u16_shr7(s1), top))
