"""SSIM from four weighted means instead of five: those of the sum and the difference of two images and their squares.

With s = a + b and d = a - b, 2 E[a] E[b] is (E[s]**2 - E[d]**2) / 2, E[a]**2 + E[b]**2 is the same with a plus, and so
are covariance and variances. Each row of a tile of columns is filtered once across, into a ring of eleven rows that
stays in the cache; then the eleven are filtered down. Samples are divided by the peak, and s is taken around 1.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lane_math import Lane, where
from ._lanes import add_product, load, splat
from ._lines import packed
from ._scratch import scratch
from ._simd import (
    F32,
    LANES_F32,
    Codegen,
    address_of,
    f32_add,
    f32_load,
    f32_mul,
    f32_store,
    intrinsic,
    jit,
    pixel_load,
    pixel_size,
)
from ._sums import F64
from ._threads import run_bands

TILE = 512  # samples; eleven rows of four means of them are 90 KiB
SIDE = 11
MARGIN = 4 * (SIDE - 1)  # samples that windows reach beyond a tile, with four channels
STRIDE = TILE + MARGIN + LANES_F32  # of a row of prepared samples
PLANE = TILE + LANES_F32  # of a row in the ring: no power of two, or all rows would fall into the same cache sets
BYTES = 4
RING = 4 * STRIDE  # places in the working memory, in float32: prepared rows, the ring,
MASKS = RING + SIDE * 4 * PLANE  # ones and zeros, from which masks are cut,
ENDS = MASKS + 2 * LANES_F32  # and the last samples of two rows
WORK = ENDS + 2 * LANES_F32


@intrinsic
def prepared(typingctx: Any, a: Any, b: Any, scale: Any) -> tuple[Any, Codegen]:
    """Return sum, difference and their squares."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, scale = (Lane(builder, arg) for arg in args)
        plus, minus = (a + b) * scale - 1, (a - b) * scale
        values = [lane.value for lane in (plus, minus, plus * plus, minus * minus)]
        return context.make_tuple(builder, signature.return_type, values)

    return types.UniTuple(F32, 4)(F32, F32, F32), codegen


@intrinsic
def similarity(
    typingctx: Any, plus: Any, minus: Any, plus2: Any, minus2: Any, c1: Any, c2: Any, mask: Any
) -> tuple[Any, Codegen]:
    """Return the measure of each window, 0 where the mask is 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        plus, minus, plus2, minus2, c1, c2, mask = (Lane(builder, arg) for arg in args)
        spread, apart = plus2 - plus * plus, minus2 - minus * minus
        level = plus + 1
        one, other = level * level, minus * minus
        above = ((one - other) * 0.5 + c1) * ((spread - apart) * 0.5 + c2)
        below = ((one + other) * 0.5 + c1) * ((spread + apart) * 0.5 + c2)
        return where(mask > 0, above / below, 0).value

    return F32(F32, F32, F32, F32, F32, F32, F32), codegen


@intrinsic
def total_of(typingctx: Any, value: Any) -> tuple[Any, Codegen]:
    """Return the sum of the lanes, as float64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = builder.fpext(args[0], F64.vector)
        while vector.type.count > 1:
            half = vector.type.count // 2
            picks = [ir.Constant(ir.VectorType(ir.IntType(32), half), list(range(s, s + half))) for s in (0, half)]
            vector = builder.fadd(*(builder.shuffle_vector(vector, vector, pick) for pick in picks))
        return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))

    return types.float64(F32), codegen


@jit
def weighted(centre: Any, a: Any, b: Any, weight: Any) -> Any:
    """Add two values of one weight."""
    return add_product(centre, f32_add(a, b), weight)


@jit
def eleven(address: int, step: int, w: Any) -> Any:
    """Return the weighted sum of eleven vectors that lie ``step`` bytes apart, the first at ``address``."""
    total = f32_mul(f32_load(address + 5 * step), w[5])
    total = weighted(total, f32_load(address), f32_load(address + 10 * step), w[0])
    total = weighted(total, f32_load(address + step), f32_load(address + 9 * step), w[1])
    total = weighted(total, f32_load(address + 2 * step), f32_load(address + 8 * step), w[2])
    total = weighted(total, f32_load(address + 3 * step), f32_load(address + 7 * step), w[3])
    return weighted(total, f32_load(address + 4 * step), f32_load(address + 6 * step), w[4])


@jit
def eleven_rows(base: int, rows: Any, at: int, w: Any) -> Any:
    """Return the weighted sum of vectors at the same place in eleven rows, by their offsets in order."""
    base += at
    total = f32_mul(f32_load(base + rows[5]), w[5])
    total = weighted(total, f32_load(base + rows[0]), f32_load(base + rows[10]), w[0])
    total = weighted(total, f32_load(base + rows[1]), f32_load(base + rows[9]), w[1])
    total = weighted(total, f32_load(base + rows[2]), f32_load(base + rows[8]), w[2])
    total = weighted(total, f32_load(base + rows[3]), f32_load(base + rows[7]), w[3])
    return weighted(total, f32_load(base + rows[4]), f32_load(base + rows[6]), w[4])


@jit
def put_four(target: int, four: Any) -> None:
    """Store prepared samples, each in its row."""
    f32_store(target, four[0])
    f32_store(target + STRIDE * BYTES, four[1])
    f32_store(target + 2 * STRIDE * BYTES, four[2])
    f32_store(target + 3 * STRIDE * BYTES, four[3])


@jit
def similarity_rows(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, channels: int, kind: Any, bell: Any,
    numbers: Any, block: Any, order: Any, results: Any,
) -> None:  # fmt: skip
    """Add up the measure of windows whose first rows are ``first`` to ``stop``, in rows of ``count`` samples."""
    size, step = pixel_size(kind), channels * BYTES
    w = (splat(bell[0]), splat(bell[1]), splat(bell[2]), splat(bell[3]), splat(bell[4]), splat(bell[5]))
    zero, scale, c1, c2 = bell[0], splat(numbers[0]), splat(numbers[1]), splat(numbers[2])
    work, line, plane = address_of(block), STRIDE * BYTES, PLANE * BYTES
    ring, masks, ends = work + RING * BYTES, work + MASKS * BYTES, work + ENDS * BYTES
    windows = count - (SIDE - 1) * channels
    for left in range(0, windows, TILE):
        wide = min(TILE, windows - left)
        reach = wide + (SIDE - 1) * channels
        vectors, whole = (wide + LANES_F32 - 1) // LANES_F32, reach // LANES_F32 * LANES_F32
        for y in range(first, stop + SIDE - 1):
            a, b = addresses[0] + y * pitches[0] + left * size, addresses[1] + y * pitches[1] + left * size
            for at in range(0, whole, LANES_F32):
                pixels = load(a + at * size, kind, zero), load(b + at * size, kind, zero)
                put_four(work + at * BYTES, prepared(pixels[0], pixels[1], scale))
            if whole < reach:
                for i in range(whole, reach):
                    block[ENDS + i - whole] = pixel_load(a + i * size, kind)
                    block[ENDS + LANES_F32 + i - whole] = pixel_load(b + i * size, kind)
                pixels = f32_load(ends), f32_load(ends + LANES_F32 * BYTES)
                put_four(work + whole * BYTES, prepared(pixels[0], pixels[1], scale))
            slot = ring + y % SIDE * 4 * plane
            for i in range(vectors):
                at = i * LANES_F32 * BYTES
                f32_store(slot + at, eleven(work + at, step, w))
                f32_store(slot + plane + at, eleven(work + line + at, step, w))
                f32_store(slot + 2 * plane + at, eleven(work + 2 * line + at, step, w))
                f32_store(slot + 3 * plane + at, eleven(work + 3 * line + at, step, w))
            if y < first + SIDE - 1:
                continue
            for k in range(SIDE):
                order[k] = (y + 1 + k) % SIDE * 4 * plane
            rows = (
                order[0], order[1], order[2], order[3], order[4], order[5],
                order[6], order[7], order[8], order[9], order[10],
            )  # fmt: skip
            total = splat(numbers[3])
            for i in range(vectors):
                at = i * LANES_F32 * BYTES
                mask = f32_load(masks + (LANES_F32 - min(wide - i * LANES_F32, LANES_F32)) * BYTES)
                plus, minus = eleven_rows(ring, rows, at, w), eleven_rows(ring + plane, rows, at, w)
                plus2 = eleven_rows(ring + 2 * plane, rows, at, w)
                minus2 = eleven_rows(ring + 3 * plane, rows, at, w)
                total = f32_add(total, similarity(plus, minus, plus2, minus2, c1, c2, mask))
            results[y - SIDE + 1] += total_of(total)


def mean_similarity(
    a: NDArray[Any],
    b: NDArray[Any],
    bell: NDArray[np.float64],
    peak: float,
    constants: tuple[float, float],
    threads: int,
) -> float:
    """Return the mean over all windows of images of at least eleven rows and columns."""
    images = [image if packed(image) else np.ascontiguousarray(image) for image in (a, b)]
    addresses = tuple(image.ctypes.data for image in images)
    pitches = tuple(image.strides[0] for image in images)
    channels = a.shape[2] if a.ndim == 3 else 1
    height, count = len(a) - SIDE + 1, a.shape[1] * channels
    kind, weights = a.dtype.type(0), bell.astype(np.float32)
    numbers = np.array([1 / peak, *constants, 0], np.float32)
    results = np.zeros(height)

    def work(first: int, stop: int) -> None:
        block = scratch("ssim", WORK, np.float32)
        block[MASKS:ENDS] = np.repeat([1, 0], LANES_F32)
        order = np.empty(SIDE, np.int64)
        similarity_rows(addresses, pitches, first, stop, count, channels, kind, weights, numbers, block, order, results)

    run_bands(work, height, threads)
    return float(results.sum() / (height * (count - (SIDE - 1) * channels)))
