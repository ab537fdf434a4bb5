"""Shrinking by a whole factor and enlarging again, with symmetric weights, in float32.

Both work row by row, so that nothing of full size but the source and the output passes through memory:
`shrink` sums source rows into one line, which is then filtered and thinned out along x; `enlarge` widens
each small row once into a ring and sums rows of the ring into output rows.

The small image has a margin, so that no border is needed there. Addresses and pitches are in bytes.
"""

from typing import Any

import numpy as np

from ._fir import BLOCK_F32, sum_f32
from ._picks import HAS_PICKS, filter_row
from ._simd import (
    address_of,
    copy_bytes,
    f32_add,
    f32_load,
    f32_mul,
    f32_splat,
    jit,
    pixel_copy,
    pixel_load,
    pixel_size,
    pixels_load,
    pixels_store,
    prefetch,
)

F32 = np.float32(0)


@jit
def thin_out(
    line: Any, sums: Any, target: int, low_width: int, source_width: int, channels: int, sx: int, xmap: Any,
    xpad: int, wx: Any, picks: Any,
) -> None:  # fmt: skip
    """Give the line its border, filter it with folded weights and keep every pixel of ``sx``; or by picks."""
    rx = wx.size - 1
    span = (low_width - 1) * sx + 2 * rx + 1
    step = 4 * channels
    line_at = address_of(line)
    sums_at = address_of(sums)
    inner_at = line_at + xpad * step
    for part in range(2):
        for p in range(0 if part == 0 else xpad + source_width, min(xpad, span) if part == 0 else span):
            if xmap[p] >= 0 and (p < xpad - 3 or p > xpad):  # a copy writes up to three pixels further
                pixel_copy(line_at + p * step, inner_at + xmap[p] * step, F32)
                continue
            for c in range(channels):
                value = F32
                if xmap[p] >= 0:
                    value = line[(xpad + xmap[p]) * channels + c]
                line[p * channels + c] = value
    if sx == 1 and rx == 0:
        copy_bytes(target, line_at, span * step)
        return
    entries, vectors, taps, pairs = picks
    if HAS_PICKS and vectors:
        filter_row(line_at, entries, vectors, taps, pairs, F32, target, F32)
        return
    for i in range((((low_width - 1) * sx + 1) * channels + BLOCK_F32 - 1) // BLOCK_F32):
        a = line_at + 4 * BLOCK_F32 * i
        sum_f32(a, a + 2 * rx * step, step, a + rx * step, wx, sums_at + 4 * BLOCK_F32 * i, F32)
    for i in range(low_width):
        pixel_copy(target + i * step, sums_at + i * sx * step, F32)


@jit
def choose_rows(rows: Any, src: int, src_step: int, ymap: Any, top: int, used: int, more: int, zeros: int) -> None:
    """Note the addresses of ``used`` source rows from ``top`` on, and of ``more`` that come next."""
    for k in range(used):
        y = ymap[top + k]
        rows[k] = src + y * src_step if y >= 0 else zeros
    for k in range(used, used + more):
        rows[k] = src + ymap[min(top + k, ymap.size - 1)] * src_step


@jit
def widen(
    source: int, target: int, cells: int, channels: int, wx: Any, phase_at: int, phase_pitch: int, picks: Any, kind: Any
) -> None:
    """Enlarge one row along x, into values of a kind; by phases, or by picks."""
    entries, vectors, taps, pairs = picks
    if HAS_PICKS and vectors:
        filter_row(source, entries, vectors, taps, pairs, F32, target, kind)
        return
    sx, nx = wx.shape
    size = pixel_size(kind)
    step = 4 * channels
    for q in range(sx):
        for i in range((cells * channels + BLOCK_F32 - 1) // BLOCK_F32):
            a = source + 4 * BLOCK_F32 * i
            w = f32_splat(wx[q, 0])
            s0 = f32_mul(f32_load(a), w)
            s1 = f32_mul(f32_load(a + 64), w)
            s2 = f32_mul(f32_load(a + 128), w)
            s3 = f32_mul(f32_load(a + 192), w)
            for t in range(1, nx):
                a += step
                w = f32_splat(wx[q, t])
                s0 = f32_add(s0, f32_mul(f32_load(a), w))
                s1 = f32_add(s1, f32_mul(f32_load(a + 64), w))
                s2 = f32_add(s2, f32_mul(f32_load(a + 128), w))
                s3 = f32_add(s3, f32_mul(f32_load(a + 192), w))
            b = (target if sx == 1 else phase_at + q * phase_pitch) + size * BLOCK_F32 * i
            pixels_store(b, s0, kind)
            pixels_store(b + 16 * size, s1, kind)
            pixels_store(b + 32 * size, s2, kind)
            pixels_store(b + 48 * size, s3, kind)
    if sx > 1:
        step = size * channels
        for i in range(cells):
            for q in range(sx):
                pixel_copy(target + (i * sx + q) * step, phase_at + q * phase_pitch + i * step, kind)


@jit
def shrink(
    src: int, src_step: int, source_width: int, low: int, low_step: int, first: int, stop: int, low_width: int,
    channels: int, sx: int, sy: int, xmap: Any, xpad: int, ymap: Any, wx: Any, picks: Any, wy: Any, line: Any,
    sums: Any, rows: Any, zeros: Any, kind: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of the small image.

    Small pixel (i, j) is the sum of the source positions ``xmap[i * sx + k]``, ``ymap[j * sy + k]`` with
    folded weights ``wx`` and ``wy``; ``xmap[xpad:]`` is the source itself, -1 is a zero.
    """
    ry = wy.size - 1
    size = pixel_size(kind)
    count = source_width * channels
    inner_at = address_of(line) + 4 * xpad * channels
    for j in range(first, stop):
        choose_rows(rows, src, src_step, ymap, j * sy, 2 * ry + 1, sy, address_of(zeros))
        if count < BLOCK_F32:
            for x in range(count):
                value = wy[ry] * pixel_load(rows[ry] + x * size, kind)
                for k in range(ry):
                    pair = pixel_load(rows[k] + x * size, kind) + pixel_load(rows[2 * ry - k] + x * size, kind)
                    value += wy[k] * pair
                line[xpad * channels + x] = value
        else:
            for i in range((count + BLOCK_F32 - 1) // BLOCK_F32):
                x = min(i * BLOCK_F32, count - BLOCK_F32)
                for k in range(2 * ry + 1, 2 * ry + 1 + sy):
                    prefetch(rows[k] + x * size)
                w = f32_splat(wy[ry])
                a = rows[ry] + x * size
                s0 = f32_mul(pixels_load(a, kind), w)
                s1 = f32_mul(pixels_load(a + 16 * size, kind), w)
                s2 = f32_mul(pixels_load(a + 32 * size, kind), w)
                s3 = f32_mul(pixels_load(a + 48 * size, kind), w)
                for k in range(ry):
                    w = f32_splat(wy[k])
                    a = rows[k] + x * size
                    b = rows[2 * ry - k] + x * size
                    v = f32_add(pixels_load(a, kind), pixels_load(b, kind))
                    s0 = f32_add(s0, f32_mul(v, w))
                    v = f32_add(pixels_load(a + 16 * size, kind), pixels_load(b + 16 * size, kind))
                    s1 = f32_add(s1, f32_mul(v, w))
                    v = f32_add(pixels_load(a + 32 * size, kind), pixels_load(b + 32 * size, kind))
                    s2 = f32_add(s2, f32_mul(v, w))
                    v = f32_add(pixels_load(a + 48 * size, kind), pixels_load(b + 48 * size, kind))
                    s3 = f32_add(s3, f32_mul(v, w))
                b = inner_at + 4 * x
                pixels_store(b, s0, F32)
                pixels_store(b + 64, s1, F32)
                pixels_store(b + 128, s2, F32)
                pixels_store(b + 192, s3, F32)
        thin_out(line, sums, low + j * low_step, low_width, source_width, channels, sx, xmap, xpad, wx, picks)


@jit
def enlarge(
    low: int, low_step: int, out: int, out_step: int, first: int, stop: int, width: int, channels: int,
    wx: Any, picks: Any, wy: Any, ring: Any, pitch: int, phase: Any, rows: Any, spare: Any, kind: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of the output.

    Output pixel (i, j) with the phases ``i % sx`` and ``j % sy`` is the sum of the small pixels from
    ``(i // sx, j // sy)`` on with the weights ``wx[phase]`` and ``wy[phase]``.
    """
    sx = wx.shape[0]
    sy, ny = wy.shape
    size = pixel_size(kind)
    count = width * channels
    blocks = (count + BLOCK_F32 - 1) // BLOCK_F32
    short = count < BLOCK_F32
    cells = (width + sx - 1) // sx
    ring_at = address_of(ring)
    phase_at = address_of(phase)
    phase_pitch = 4 * (phase.size // sx)
    done = first // sy  # small rows below this one are in the ring
    for j in range(first // sy, (stop + sy - 1) // sy):
        while done < j + ny:
            source = low + done * low_step
            target = ring_at + (done % ny) * pitch
            widen(source, target, cells, channels, wx, phase_at, phase_pitch, picks, F32)
            done += 1
        for t in range(ny):
            rows[t] = ring_at + ((j + t) % ny) * pitch
        for i in range(blocks):
            x = 0 if short else min(i * BLOCK_F32, count - BLOCK_F32)
            for q in range(max(0, first - j * sy), min(sy, stop - j * sy)):
                a = rows[0] + 4 * x
                w = f32_splat(wy[q, 0])
                s0 = f32_mul(f32_load(a), w)
                s1 = f32_mul(f32_load(a + 64), w)
                s2 = f32_mul(f32_load(a + 128), w)
                s3 = f32_mul(f32_load(a + 192), w)
                for t in range(1, ny):
                    a = rows[t] + 4 * x
                    w = f32_splat(wy[q, t])
                    s0 = f32_add(s0, f32_mul(f32_load(a), w))
                    s1 = f32_add(s1, f32_mul(f32_load(a + 64), w))
                    s2 = f32_add(s2, f32_mul(f32_load(a + 128), w))
                    s3 = f32_add(s3, f32_mul(f32_load(a + 192), w))
                goal = out + (j * sy + q) * out_step
                b = address_of(spare) if short else goal + x * size
                pixels_store(b, s0, kind)
                pixels_store(b + 16 * size, s1, kind)
                pixels_store(b + 32 * size, s2, kind)
                pixels_store(b + 48 * size, s3, kind)
                if short:
                    copy_bytes(goal, address_of(spare), count * size)
