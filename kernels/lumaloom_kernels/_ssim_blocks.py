"""SSIM from plain means of 8 by 8 pixels at every fourth place.

A window is four blocks of 4 by 4 pixels, so each pixel is looked at once: sums of blocks go into two rows of blocks in
turn, whose neighbours are added up. Sums of whole numbers are exact.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _I32, _I64, _at, lanes
from ._lines import address, packed
from ._moments import _KINDS, _REAL, _SHAPES, _WHOLE, add_products, add_up, no_sums, plain
from ._planes import _shuffle, load_pixels
from ._scratch import scratch
from ._simd import Codegen, intrinsic, jit, pixel_size
from ._threads import run_bands

BLOCK = 4  # pixels
LEAST = 32  # pixels in a row: a vector
GROUP = 8  # windows at once
_DOUBLE = ir.DoubleType()


@intrinsic
def put_blocks(typingctx: Any, target: Any, step: Any, sums: Any) -> tuple[Any, Codegen]:
    """Store the sums of the blocks that a vector of pixels holds, ``step`` bytes between the channels."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        place = args[0]
        for channel in range(len(sums)):
            value = builder.extract_value(args[2], channel)
            whole = value.type.element == _I32  # whose lanes are sums of two pixels already
            for _ in range(1 if whole else 2):
                even, odd = (_shuffle(builder, value, value, list(range(i, value.type.count, 2))) for i in (0, 1))
                value = builder.add(even, odd) if whole else builder.fadd(even, odd)
            builder.store(value, _at(builder, place, value.type), align=4)
            place = builder.add(place, args[1])

    return types.void(types.int64, types.int64, sums), codegen


@intrinsic
def block_similarity(
    typingctx: Any, upper: Any, lower: Any, step: Any, c1: Any, c2: Any, left: Any, family: Any
) -> tuple[Any, Codegen]:  # fmt: skip
    """Return the sum of the measure of the first ``left`` of `GROUP` windows; moments lie ``step`` bytes apart.

    Differences of whole numbers are exact in 32 bits; what comes after them is float32 there.
    """
    whole = family == types.int16
    element, bytes_ = (_I32, 4) if whole else (_DOUBLE, 8)
    vector = ir.VectorType(element, GROUP)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        plus, minus, times = (
            (builder.add, builder.sub, builder.mul) if whole else (builder.fadd, builder.fsub, builder.fmul)
        )

        def spread(scalar: Any) -> Any:
            one = ir.Constant(ir.VectorType(scalar.type, GROUP), ir.Undefined)
            one = builder.insert_element(one, scalar, ir.Constant(_I32, 0))
            return _shuffle(builder, one, one, [0] * GROUP)

        def window(number: int) -> Any:
            shift = builder.mul(args[2], ir.Constant(_I64, number))
            rows = [builder.add(row, shift) for row in args[:2]]
            places = [builder.add(row, ir.Constant(_I64, bytes_ * i)) for row in rows for i in (0, 1)]
            a, b, c, d = (builder.load(_at(builder, place, vector), align=4) for place in places)
            return plus(plus(a, b), plus(c, d))

        a, b, squares, product = map(window, range(4))
        count = ir.Constant(vector, [(2 * BLOCK) ** 2] * GROUP)
        ab, levels = times(a, b), plus(times(a, a), times(b, b))
        covariance, variances = minus(times(product, count), ab), minus(times(squares, count), levels)
        numbers = [plus(ab, ab), plus(covariance, covariance), levels, variances]
        constants = args[3:5]
        if whole:
            numbers = [builder.sitofp(number, ir.VectorType(ir.FloatType(), GROUP)) for number in numbers]
            constants = [builder.fptrunc(constant, ir.FloatType()) for constant in constants]
        c1, c2 = map(spread, constants)
        level, structure, levels, variances = (builder.fadd(n, c) for n, c in zip(numbers, (c1, c2) * 2, strict=True))
        value = builder.fdiv(builder.fmul(level, structure), builder.fmul(levels, variances))
        lane = ir.Constant(ir.VectorType(_I32, GROUP), list(range(GROUP)))
        inside = builder.icmp_signed("<", lane, spread(builder.trunc(args[5], _I32)))
        value = builder.select(inside, value, ir.Constant(value.type, [0.0] * GROUP))
        if whole:
            value = builder.fpext(value, ir.VectorType(_DOUBLE, GROUP))
        while value.type.count > 1:
            half = value.type.count // 2
            low, high = (_shuffle(builder, value, value, list(range(s, s + half))) for s in (0, half))
            value = builder.fadd(low, high)
        return builder.extract_element(value, ir.Constant(_I32, 0))

    return types.float64(*[types.int64] * 3, types.float64, types.float64, types.int64, family), codegen


@jit
def block_rows(
    a: int, b: int, a_pitch: int, b_pitch: int, first: int, stop: int, count: int, kind: Any, family: Any, shape: Any,
    one: Any, none: Any, block: int, c1: float, c2: float, results: Any,
) -> None:  # fmt: skip
    """Add up the measure of rows ``first`` to ``stop`` of windows, of images of ``count`` pixels in a row."""
    size, step, channels = pixel_size(kind), lanes(family), len(shape)
    blocks = count // BLOCK
    unit = 128 // step  # bytes of a sum: 4 where it is whole, else 8
    line = (blocks + GROUP + 1) * unit  # of one moment of one channel in a row of blocks
    for y in range(first, stop + 1):
        here = block + (y & 1) * 4 * channels * line
        before = block + (~y & 1) * 4 * channels * line
        vectors = (blocks * BLOCK + step - 1) // step
        for i in range(vectors):
            x = max(min(i * step, blocks * BLOCK - step), 0)
            sums_a, sums_b = no_sums(family, shape), no_sums(family, shape)
            squares, products = no_sums(family, shape), no_sums(family, shape)
            for row in range(y * BLOCK, (y + 1) * BLOCK):
                one_pixels = plain(load_pixels(a + row * a_pitch + x * channels * size, kind, family, shape))
                two_pixels = plain(load_pixels(b + row * b_pitch + x * channels * size, kind, family, shape))
                sums_a, sums_b = add_up(sums_a, one_pixels, none), add_up(sums_b, two_pixels, none)
                squares = add_up(add_up(squares, one_pixels, one), two_pixels, one)
                products = add_products(products, one_pixels, two_pixels)
            at = here + x // BLOCK * unit
            put_blocks(at, 4 * line, sums_a)
            put_blocks(at + line, 4 * line, sums_b)
            put_blocks(at + 2 * line, 4 * line, squares)
            put_blocks(at + 3 * line, 4 * line, products)
        if y == first:
            continue
        for c in range(channels):
            shift = 4 * c * line
            for x in range(0, blocks - 1, GROUP):
                place = shift + x * unit
                results[y - 1] += block_similarity(before + place, here + place, line, c1, c2, blocks - 1 - x, family)


def mean_block_similarity(a: NDArray[Any], b: NDArray[Any], constants: tuple[float, float], threads: int) -> float:
    """Return the mean over all windows of images of at least eight rows and columns."""
    channels = a.shape[2] if a.ndim == 3 else 1
    height, width = a.shape[:2]
    images = [_ready(image) for image in (a, b)]
    windows = height // BLOCK - 1
    results = np.zeros(windows)
    c1, c2 = (constant * (2 * BLOCK) ** 4 for constant in constants)  # for sums instead of means
    family = _WHOLE if a.dtype == np.uint8 else _REAL
    places = [address(image) for image in images]
    pitches = [image.strides[0] for image in images]
    kind, shape = _KINDS[a.dtype], _SHAPES[channels]

    def work(first: int, stop: int) -> None:
        block = scratch("ssim_blocks", 8 * channels * (width // BLOCK + GROUP + 1), np.float64)
        block_rows(
            *places, *pitches, first, stop, width, kind, family, shape, _SHAPES[1], (), address(block), c1, c2, results
        )

    run_bands(work, windows, threads)
    total = float(results.sum())
    return total / float(windows * (width // BLOCK - 1) * channels)


def _ready(image: NDArray[Any]) -> NDArray[Any]:
    """Return the image with packed pixels, at least a vector of them in a row."""
    height, width, *pixel = image.shape
    if width >= LEAST:
        return image if packed(image) else np.ascontiguousarray(image)
    wide = np.zeros((height, LEAST, *pixel), image.dtype)
    wide[:, :width] = image
    return wide
