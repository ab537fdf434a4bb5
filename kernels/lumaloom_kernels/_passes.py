"""Two passes of weights of any shape, and unsharp masking: the blur and its use in one visit of each pixel.

The scheme is that of `_fir`: lines of one strip are filtered along x into a ring of rows, and rows of the ring
along y into the output. Here weights need no symmetry, and where ``sharpen`` the sum is not the result but the
blurred pixel that is compared with its source. Weights lie in the order of the pixels that they multiply.
"""

from typing import Any

import numpy as np

from ._fir import AHEAD, BLOCK_U16, line_f32, line_u8
from ._lanes import clip
from ._picks import HAS_PICKS, load_indices, picked
from ._simd import (
    LANES_F32,
    address_of,
    copy_bytes,
    f32_add,
    f32_load,
    f32_mul,
    f32_splat,
    f32_store,
    jit,
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
    u16_splat,
    u16_store,
    u16_sub,
)
from ._stencil_simd import f32_min, f32_stream, f32_sub, fence, i16_clip, store_sharpened

BLOCK = 8 * LANES_F32
FLOAT = np.float32(0)


@jit
def sharpened(value: Any, blurred: Any, amount: Any, threshold: Any) -> Any:
    """Add the part of a pixel's detail that is above the threshold."""
    detail = f32_sub(value, blurred)
    rest = f32_sub(detail, clip(detail, f32_sub(f32_splat(0), threshold), threshold))
    return f32_add(value, f32_mul(rest, amount))


@jit
def put(
    target: int, value: Any, source: int, amount: Any, threshold: Any, high: Any, sharpen: bool, past: bool, kind: Any
) -> None:  # fmt: skip
    """Store a sum, or the pixels at ``source`` sharpened by it."""
    if sharpen:
        value = sharpened(pixels_load(source, kind), value, amount, threshold)
    if past:
        f32_stream(target, f32_min(value, high))
    else:
        pixels_store(target, f32_min(value, high), kind)


@jit
def passes_f32(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int, channels: int,
    xmap: Any, xpad: int, ymap: Any, wx: Any, wy: Any, windows: Any, indices: Any, strips: Any, line: Any, ring: Any,
    pitch: int, rows: Any, spare: Any, offset: Any, high: Any, amount: Any, threshold: Any, sharpen: bool,
    stream: bool, kind: Any,
) -> None:  # fmt: skip
    """Filter rows ``first`` to ``stop`` of pixels of a kind in float32.

    Eight sums at a time hide how long each addition takes. A strip of float32 pixels that reaches no border is read
    where it is. Where ``stream``, such strips are written past the caches: the image is too large to be read from
    there. ``windows`` and ``indices`` are those of `_picks`.
    """
    across = wx.size
    depth = wy.size
    size = pixel_size(kind)
    line_at = address_of(line)
    ring_at = address_of(ring)
    spare_at = address_of(spare)
    table = address_of(indices)
    step = 4 * channels
    start = f32_splat(offset)
    top = f32_splat(high)
    gain = f32_splat(amount)
    least = f32_splat(threshold)
    for s in range(len(strips)):
        x0, strip = strips[s]
        count = strip * channels
        blocks = (count + BLOCK - 1) // BLOCK
        short = count < BLOCK
        direct = size == 4 and not short and x0 >= xpad and x0 - xpad + strip + across - 1 <= source_width
        past = stream and direct and out % 4 == 0 and out_step % 4 == 0
        inner = max(0, min(x0 - xpad, source_width - strip)) * channels * size
        for e in range(first, stop + depth - 1):
            target = ring_at + (e % depth) * pitch
            y = e - depth + 1
            if ymap[e] < 0:
                for i in range(8 * blocks):
                    f32_store(target + 64 * i, f32_splat(0))
            else:
                row = src + ymap[e] * src_step
                soon = src + ymap[min(e + AHEAD, ymap.size - 1)] * src_step + inner
                for i in range(0, count * size, 64):
                    prefetch(soon + i)
                origin = line_at
                if direct:
                    origin = row + (x0 - xpad) * step
                else:
                    line_f32(line, row, x0, strip + across - 1, xmap, xpad, source_width, channels, kind)
                for i in range(blocks):
                    x = 0 if short else min(i * BLOCK, count - BLOCK)
                    a = origin + 4 * x
                    b = target + 4 * x
                    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = f32_splat(0)
                    k = 0
                    for j in range(len(windows) * HAS_PICKS):
                        at = a + windows[j, 0]
                        v0, v1, v2 = f32_load(at), f32_load(at + 64), f32_load(at + 128)
                        v3, v4, v5 = f32_load(at + 192), f32_load(at + 256), f32_load(at + 320)
                        v6, v7, v8 = f32_load(at + 384), f32_load(at + 448), f32_load(at + 512)
                        for _ in range(windows[j, 1]):
                            w = f32_splat(wx[k])
                            tap = load_indices(table + 64 * k, FLOAT)
                            s0 = f32_add(s0, f32_mul(picked((v0, v1), tap), w))
                            s1 = f32_add(s1, f32_mul(picked((v1, v2), tap), w))
                            s2 = f32_add(s2, f32_mul(picked((v2, v3), tap), w))
                            s3 = f32_add(s3, f32_mul(picked((v3, v4), tap), w))
                            s4 = f32_add(s4, f32_mul(picked((v4, v5), tap), w))
                            s5 = f32_add(s5, f32_mul(picked((v5, v6), tap), w))
                            s6 = f32_add(s6, f32_mul(picked((v6, v7), tap), w))
                            s7 = f32_add(s7, f32_mul(picked((v7, v8), tap), w))
                            k += 1
                    for k in range(0 if len(windows) == 0 else across, across):
                        w = f32_splat(wx[k])
                        s0 = f32_add(s0, f32_mul(f32_load(a), w))
                        s1 = f32_add(s1, f32_mul(f32_load(a + 64), w))
                        s2 = f32_add(s2, f32_mul(f32_load(a + 128), w))
                        s3 = f32_add(s3, f32_mul(f32_load(a + 192), w))
                        s4 = f32_add(s4, f32_mul(f32_load(a + 256), w))
                        s5 = f32_add(s5, f32_mul(f32_load(a + 320), w))
                        s6 = f32_add(s6, f32_mul(f32_load(a + 384), w))
                        s7 = f32_add(s7, f32_mul(f32_load(a + 448), w))
                        a += step
                    f32_store(b, s0)
                    f32_store(b + 64, s1)
                    f32_store(b + 128, s2)
                    f32_store(b + 192, s3)
                    f32_store(b + 256, s4)
                    f32_store(b + 320, s5)
                    f32_store(b + 384, s6)
                    f32_store(b + 448, s7)
            if y < first:
                continue
            for k in range(depth):
                rows[k] = ring_at + ((y + k) % depth) * pitch
            goal = out + y * out_step + x0 * channels * size
            if not past:
                for i in range(0, count * size, 64):
                    prefetch_write(goal + AHEAD * out_step + i)
            origin = src + y * src_step + x0 * channels * size
            if short and sharpen:
                copy_bytes(spare_at, origin, count * size)
                origin = spare_at
            head = 0
            if past and goal % 64:
                head = 16 - goal % 64 // 4 - BLOCK  # so the first block lies before the first whole line
            for i in range(blocks + (head < 0)):
                x = 0 if short else max(0, min(head + i * BLOCK, count - BLOCK))
                s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = start
                for k in range(depth):
                    w = f32_splat(wy[k])
                    a = rows[k] + 4 * x
                    s0 = f32_add(s0, f32_mul(f32_load(a), w))
                    s1 = f32_add(s1, f32_mul(f32_load(a + 64), w))
                    s2 = f32_add(s2, f32_mul(f32_load(a + 128), w))
                    s3 = f32_add(s3, f32_mul(f32_load(a + 192), w))
                    s4 = f32_add(s4, f32_mul(f32_load(a + 256), w))
                    s5 = f32_add(s5, f32_mul(f32_load(a + 320), w))
                    s6 = f32_add(s6, f32_mul(f32_load(a + 384), w))
                    s7 = f32_add(s7, f32_mul(f32_load(a + 448), w))
                a = origin + x * size
                b = spare_at if short else goal + x * size
                whole = past and b % 64 == 0
                hop = 16 * size
                put(b, s0, a, gain, least, top, sharpen, whole, kind)
                put(b + hop, s1, a + hop, gain, least, top, sharpen, whole, kind)
                put(b + 2 * hop, s2, a + 2 * hop, gain, least, top, sharpen, whole, kind)
                put(b + 3 * hop, s3, a + 3 * hop, gain, least, top, sharpen, whole, kind)
                put(b + 4 * hop, s4, a + 4 * hop, gain, least, top, sharpen, whole, kind)
                put(b + 5 * hop, s5, a + 5 * hop, gain, least, top, sharpen, whole, kind)
                put(b + 6 * hop, s6, a + 6 * hop, gain, least, top, sharpen, whole, kind)
                put(b + 7 * hop, s7, a + 7 * hop, gain, least, top, sharpen, whole, kind)
            if short:
                copy_bytes(goal, spare_at, count * size)
    if stream:
        fence()


@jit
def sharpen_u8(
    src: int, src_step: int, source_width: int, out: int, out_step: int, first: int, stop: int, width: int,
    channels: int, xmap: Any, xpad: int, ymap: Any, wx: Any, wy: Any, strip: int, line: Any, ring: Any,
    pitch: int, rows: Any, spare: Any, amount: Any, threshold: int, high: Any,
) -> None:  # fmt: skip
    """Sharpen 8-bit pixels by symmetric folded weights in the 16-bit fixed point of `_fir.fir_u8`."""
    rx = wx.size - 1
    ry = wy.size - 1
    depth = 2 * ry + 1
    strip = min(strip, width)
    count = strip * channels
    blocks = (count + BLOCK_U16 - 1) // BLOCK_U16
    line_at = address_of(line)
    ring_at = address_of(ring)
    spare_at = address_of(spare)
    bias_x = u16_splat((rx + 1) // 2)
    bias_y = u16_splat((ry + 1) // 2)
    least = u16_splat(threshold)
    under = u16_splat(-threshold)
    short = count < BLOCK_U16
    for s in range((width + strip - 1) // strip):
        x0 = min(s * strip, width - strip)
        for e in range(first, stop + 2 * ry):
            target = ring_at + (e % depth) * pitch
            y = e - 2 * ry
            if ymap[e] < 0:
                for i in range(4 * blocks):
                    u16_store(target + 64 * i, u16_splat(0))
            else:
                line_u8(line, src + ymap[e] * src_step, x0, strip + 2 * rx, xmap, xpad, source_width, channels)
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
            if y < first:
                continue
            for k in range(depth):
                rows[k] = ring_at + ((y + k) % depth) * pitch
            goal = out + y * out_step + x0 * channels
            origin = src + y * src_step + x0 * channels
            if short:
                copy_bytes(spare_at, origin, count)
                origin = spare_at
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
                s0 = u16_add(s0, u16_mulhi(u16_load(a), w))
                s1 = u16_add(s1, u16_mulhi(u16_load(a + 64), w))
                s2 = u16_add(s2, u16_mulhi(u16_load(a + 128), w))
                s3 = u16_add(s3, u16_mulhi(u16_load(a + 192), w))
                a = origin + x
                b = spare_at if short else goal + x
                finish_u8(a, b, s0, under, least, amount, high)
                finish_u8(a + 32, b + 32, s1, under, least, amount, high)
                finish_u8(a + 64, b + 64, s2, under, least, amount, high)
                finish_u8(a + 96, b + 96, s3, under, least, amount, high)
            if short:
                copy_bytes(goal, spare_at, count)


@jit
def finish_u8(source: int, target: int, blurred: Any, under: Any, least: Any, amount: Any, high: Any) -> None:
    """Store 32 sharpened pixels; everything is times 128."""
    value = u16_shl7(u16_load_u8(source))
    detail = u16_sub(value, blurred)
    store_sharpened(target, value, u16_sub(detail, i16_clip(detail, under, least)), amount, high)


@jit
def combine(
    src: int, src_step: int, blurred: int, blurred_step: int, out: int, out_step: int, first: int, stop: int,
    count: int, spare: Any, amount: Any, threshold: Any, high: Any, kind: Any,
) -> None:  # fmt: skip
    """Sharpen rows of ``count`` values by a float32 image of their blur, which may be read past its rows."""
    size = pixel_size(kind)
    gain = f32_splat(amount)
    least = f32_splat(threshold)
    top = f32_splat(high)
    spare_at = address_of(spare)
    short = count < LANES_F32
    for y in range(first, stop):
        source = src + y * src_step
        soft = blurred + y * blurred_step
        target = out + y * out_step
        if short:
            copy_bytes(spare_at, source, count * size)
            source = spare_at
        for i in range((count + LANES_F32 - 1) // LANES_F32):
            x = 0 if short else min(i * LANES_F32, count - LANES_F32)
            value = sharpened(pixels_load(source + x * size, kind), f32_load(soft + 4 * x), gain, least)
            pixels_store(spare_at if short else target + x * size, f32_min(value, top), kind)
        if short:
            copy_bytes(target, spare_at, count * size)
