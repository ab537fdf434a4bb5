"""Y'CbCr planes to interleaved RGB and back, in vectors.

Pictures of odd or of small width are copied to a wider one first, edges repeated, so that pairs of pixels are
whole and a row has two vectors.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _CONTRACT, _ELEMENTS, _FAMILIES, _FLOAT, _all, _at, add_product, lanes, load, splat, store
from ._lines import address, packed
from ._matrix import RESULT_BITS, coefficients, matrix_product, splat_all
from ._planes import _shuffle, _widen, fetch_ahead, load_pixels, store_pixels
from ._simd import Codegen, intrinsic, jit, pixel_size
from ._threads import run_bands

LEAST = 64  # pixels in a row
_TRIPLE = (np.int8(0),) * 3
_CELLS = (np.int8(0),) * 12


@intrinsic
def load_twice(typingctx: Any, address: Any, kind: Any, family: Any) -> tuple[Any, Codegen]:
    """Load half a vector, each value in two lanes side by side."""
    vector, element = _FAMILIES[family].vector, _ELEMENTS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        half = builder.load(_at(builder, args[0], ir.VectorType(element, vector.count // 2)), align=1)
        return _widen(builder, _shuffle(builder, half, half, [i // 2 for i in range(vector.count)]), vector)

    return _FAMILIES[family](types.int64, kind, family), codegen


def _half(builder: Any, value: Any) -> Any:
    if value.type.element == _FLOAT:
        return builder.fmul(value, _all(value.type, 0.5), flags=_CONTRACT)
    return builder.lshr(value, _all(value.type, 1))  # exact: pixels have 7 fractional bits


@intrinsic
def mean_of(typingctx: Any, first: Any, second: Any) -> tuple[Any, Codegen]:
    """Return the mean of pixels in every channel."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        plus = builder.fadd if first.dtype.vector.element == _FLOAT else builder.add
        values = [
            plus(*(_half(builder, builder.extract_value(arg, channel)) for arg in args))
            for channel in range(len(first))
        ]
        return context.make_tuple(builder, signature.return_type, values)

    return first(first, second), codegen


@intrinsic
def mean_of_pairs(typingctx: Any, first: Any, second: Any) -> tuple[Any, Codegen]:
    """Return the means of lanes side by side in every channel, of one vector after the other."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = first.dtype.vector
        plus = builder.fadd if vector.element == _FLOAT else builder.add
        values = []
        for channel in range(len(first)):
            a, b = (builder.extract_value(arg, channel) for arg in args)
            even, odd = (_shuffle(builder, a, b, list(range(s, 2 * vector.count, 2))) for s in (0, 1))
            values.append(plus(_half(builder, even), _half(builder, odd)))
        return context.make_tuple(builder, signature.return_type, values)

    return first(first, second), codegen


@intrinsic
def at_most(typingctx: Any, value: Any, high: Any) -> tuple[Any, Codegen]:
    """Return the smaller of each lane."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        compare = builder.fcmp_ordered if value.vector.element == _FLOAT else builder.icmp_signed
        return builder.select(compare("<", *args), *args)

    return value(value, high), codegen


@jit
def to_rgb(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, steps: Any, kind: Any, numbers: Any
) -> None:
    """Compute rows ``first`` to ``stop`` of RGB from planes y, u and v; ``numbers`` end with the greatest value."""
    family = numbers[0]
    size, step = pixel_size(kind), lanes(family)
    luma, green_u, green_v = splat(numbers[0]), splat(numbers[5]), splat(numbers[6])
    red_v, blue_u = splat(numbers[2]), splat(numbers[9])
    red, green, blue, top = splat(numbers[3]), splat(numbers[7]), splat(numbers[11]), splat(numbers[12])
    for row in range(first, stop):
        line = row // steps[1]
        y, u, v = addresses[0] + row * pitches[0], addresses[1] + line * pitches[1], addresses[2] + line * pitches[2]
        out = addresses[3] + row * pitches[3]
        for i in range((count + step - 1) // step):
            at = min(i * step, count - step)
            if steps[0] == 2:
                us = load_twice(u + at // 2 * size, kind, family)
                vs = load_twice(v + at // 2 * size, kind, family)
            else:
                us, vs = load(u + at * size, kind, family), load(v + at * size, kind, family)
            ys = load(y + at * size, kind, family)
            r = add_product(add_product(red, ys, luma), vs, red_v)
            g = add_product(add_product(add_product(green, ys, luma), us, green_u), vs, green_v)
            b = add_product(add_product(blue, ys, luma), us, blue_u)
            store_pixels(out + 3 * at * size, (at_most(r, top), at_most(g, top), at_most(b, top)), kind)


@jit
def to_yuv(
    addresses: Any, pitches: Any, first: int, stop: int, height: int, count: int, steps: Any, kind: Any, numbers: Any,
    shape: Any, cells: Any,
) -> None:  # fmt: skip
    """Compute chroma rows ``first`` to ``stop``, and the luma rows beside them, from RGB."""
    family = numbers[0]
    size, step = pixel_size(kind), lanes(family)
    weights, top = splat_all(numbers, cells), splat(numbers[12])
    for line in range(first, stop):
        row = line * steps[1]
        below = min(row + steps[1] - 1, height - 1)
        source, next_source = addresses[0] + row * pitches[0], addresses[0] + below * pitches[0]
        y, next_y = addresses[1] + row * pitches[1], addresses[1] + below * pitches[1]
        u, v = addresses[2] + line * pitches[2], addresses[3] + line * pitches[3]
        for i in range((count + 2 * step - 1) // (2 * step)):
            at = min(i * 2 * step, count - 2 * step)
            here, beside = at * size, (at + step) * size
            fetch_ahead(source + 3 * here, 6 * step * size)
            fetch_ahead(next_source + 3 * here, 6 * step * size)
            a = load_pixels(source + 3 * here, kind, family, shape)
            b = load_pixels(source + 3 * beside, kind, family, shape)
            whole_a, whole_b = matrix_product(a, weights), matrix_product(b, weights)
            store(y + here, at_most(whole_a[0], top), kind)
            store(y + beside, at_most(whole_b[0], top), kind)
            if steps[0] == 1:
                store(u + here, at_most(whole_a[1], top), kind)
                store(v + here, at_most(whole_a[2], top), kind)
                store(u + beside, at_most(whole_b[1], top), kind)
                store(v + beside, at_most(whole_b[2], top), kind)
            else:
                if below > row:
                    c = load_pixels(next_source + 3 * here, kind, family, shape)
                    d = load_pixels(next_source + 3 * beside, kind, family, shape)
                    store(next_y + here, at_most(matrix_product(c, weights)[0], top), kind)
                    store(next_y + beside, at_most(matrix_product(d, weights)[0], top), kind)
                    a, b = mean_of(a, c), mean_of(b, d)
                mean = matrix_product(mean_of_pairs(a, b), weights)
                store(u + here // 2, at_most(mean[1], top), kind)
                store(v + here // 2, at_most(mean[2], top), kind)


def planes_to_rgb(
    planes: tuple[NDArray[Any], ...], out: NDArray[Any], steps: tuple[int, int], matrix: Any, depth: int, threads: int
) -> None:
    """Convert planes y, u and v."""
    width = _even(out.shape[1])
    sources = [_widened(planes[0], width), *(_widened(plane, width // steps[0]) for plane in planes[1:])]
    target = _target(out, width)
    numbers = _numbers(matrix, out.dtype, depth)
    lines = (*sources, target)
    addresses, pitches = tuple(address(p) for p in lines), tuple(p.strides[0] for p in lines)
    kind = out.dtype.type(0)
    run_bands(
        lambda first, stop: to_rgb(addresses, pitches, first, stop, width, steps, kind, numbers), len(out), threads
    )
    if target is not out:
        out[...] = target[:, : out.shape[1]]


def rgb_to_planes(
    src: NDArray[Any], outs: tuple[NDArray[Any], ...], steps: tuple[int, int], matrix: Any, depth: int, threads: int
) -> None:
    """Convert to planes y, u and v."""
    width, height = _even(src.shape[1]), len(src)
    targets = [_target(outs[0], width), *(_target(out, width // steps[0]) for out in outs[1:])]
    numbers = _numbers(matrix, src.dtype, depth)
    lines = (_widened(src, width), *targets)
    addresses, pitches = tuple(address(p) for p in lines), tuple(p.strides[0] for p in lines)
    kind = src.dtype.type(0)

    def work(first: int, stop: int) -> None:
        to_yuv(addresses, pitches, first, stop, height, width, steps, kind, numbers, _TRIPLE, _CELLS)

    run_bands(work, len(outs[1]), threads)
    for out, target in zip(outs, targets, strict=True):
        if target is not out:
            out[...] = target[:, : out.shape[1]]


def _numbers(matrix: NDArray[np.float64], dtype: np.dtype[Any], depth: int) -> NDArray[Any]:
    numbers = coefficients(matrix, dtype)
    top = (2**depth - 1) * (1 << RESULT_BITS if numbers.dtype == np.int16 else 1)
    return np.append(numbers, numbers.dtype.type(top))


def _even(width: int) -> int:
    return max(LEAST, width + width % 2)


def _widened(plane: NDArray[Any], width: int) -> NDArray[Any]:
    if plane.shape[1] == width:
        return plane if packed(plane) else np.ascontiguousarray(plane)
    margins = ((0, 0), (0, width - plane.shape[1]), (0, 0))[: plane.ndim]
    return np.pad(plane, margins, mode="edge")


def _target(out: NDArray[Any], width: int) -> NDArray[Any]:
    if out.shape[1] == width and packed(out):
        return out
    return np.empty((out.shape[0], width, *out.shape[2:]), out.dtype)
