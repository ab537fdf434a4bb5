"""Samples cut to fewer bits, 32 at once, by thresholds from a table or from a hash.

``way`` is a tuple whose length tells the compiler which: 0 for rows of a table, 1 for the gradient, 2 for noise.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._dither import GRADIENT, bayer, places
from ._lanes import _ELEMENTS, _FLOAT, _I32, _I64, I16, I32, _all, _at
from ._lines import LEAST, Addresses, run_rows
from ._noise import row_keys
from ._noise_cpu import uniform_lanes, uniform_lanes_odd
from ._planes import _shuffle, fetch_ahead
from ._simd import F32, Codegen, intrinsic, jit, pixel_size

STEP, HALF = 32, 16


def _spread(builder: Any, scalar: Any, vector: ir.VectorType) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, one, _all(ir.VectorType(_I32, vector.count), 0))


@intrinsic
def gradient_lanes(typingctx: Any, address: Any, row: Any) -> tuple[Any, Codegen]:
    """Return 16 bits of the gradient noise of 32 samples, by the table of their columns and the row's share."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.VectorType(_I32, STEP)
        phase = builder.add(builder.load(_at(builder, args[0], wide), align=1), _spread(builder, args[1], wide))
        noise = builder.mul(builder.lshr(phase, _all(wide, 8)), _all(wide, GRADIENT[2]))
        return builder.trunc(builder.lshr(noise, _all(wide, 16)), I16.vector)

    return I16(types.int64, types.int32), codegen


def _cut(builder: Any, source: Any, target: Any, added: Any, scale: Any, top: Any, kinds: Any) -> None:
    """Write the code that cuts 16 samples."""
    element, vector = _ELEMENTS[kinds[0]], F32.vector
    raw = builder.load(_at(builder, source, ir.VectorType(element, HALF)), align=1)
    value = raw if element == _FLOAT else builder.sitofp(builder.zext(raw, I32.vector), vector)
    total = builder.fadd(builder.fmul(value, _spread(builder, scale, vector)), added)
    zero, most = _all(vector, 0.0), _spread(builder, top, vector)
    total = builder.select(builder.fcmp_ordered(">", total, zero), total, zero)
    total = builder.select(builder.fcmp_ordered("<", total, most), total, most)
    result = builder.trunc(builder.fptosi(total, I32.vector), ir.VectorType(_ELEMENTS[kinds[1]], HALF))
    builder.store(result, _at(builder, target, result.type), align=1)


def _halves(kinds: Any, builder: Any, source: Any, target: Any) -> Any:
    """Yield the places of the two halves of 32 samples."""
    for number in (0, 1):
        places_ = [
            builder.add(address, ir.Constant(_I64, number * HALF * (kind.bitwidth // 8)))
            for address, kind in zip((source, target), kinds, strict=True)
        ]
        yield number, *places_


@intrinsic
def cut_by_table(
    typingctx: Any, source: Any, target: Any, table: Any, scale: Any, top: Any, kind: Any, small: Any
) -> tuple[Any, Codegen]:
    """Cut 32 samples by float32 thresholds at an address."""
    kinds = kind, small

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        for number, source, target in _halves(kinds, builder, args[0], args[1]):
            place = builder.add(args[2], ir.Constant(_I64, number * HALF * 4))
            added = builder.load(_at(builder, place, F32.vector), align=1)
            _cut(builder, source, target, added, args[3], args[4], kinds)

    return types.void(types.int64, types.int64, types.int64, types.float32, types.float32, kind, small), codegen


@intrinsic
def cut_by_bits(
    typingctx: Any, source: Any, target: Any, bits: Any, scale: Any, top: Any, kind: Any, small: Any
) -> tuple[Any, Codegen]:
    """Cut 32 samples by 16 random bits each."""
    kinds = kind, small

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        for number, source, target in _halves(kinds, builder, args[0], args[1]):
            lanes = _shuffle(builder, args[2], args[2], list(range(number * HALF, (number + 1) * HALF)))
            wide = builder.sitofp(builder.zext(lanes, I32.vector), F32.vector)
            added = builder.fmul(builder.fadd(wide, _all(F32.vector, 0.5)), _all(F32.vector, 2.0**-16))
            _cut(builder, source, target, added, args[3], args[4], kinds)

    return types.void(types.int64, types.int64, I16, types.float32, types.float32, kind, small), codegen


@jit
def dither_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kinds: Any, numbers: Any, keys: Any, start: int,
    table: int, lines: int, way: Any,
) -> None:  # fmt: skip
    """Cut rows ``first`` to ``stop`` of ``count`` samples; the table has ``lines`` rows of ``count`` of 4 bytes."""
    size, small = pixel_size(kinds[0]), pixel_size(kinds[1])
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        row = table + y % lines * count * 4
        for i in range((count + STEP - 1) // STEP):
            at = min(i * STEP, count - STEP)
            a, b, place = source + at * size, target + at * small, start + at
            fetch_ahead(a, STEP * size)
            if len(way) == 0:
                cut_by_table(a, b, row + at * 4, numbers[0], numbers[1], kinds[0], kinds[1])
            elif len(way) == 1:
                cut_by_bits(a, b, gradient_lanes(row + at * 4, keys[y, 0]), numbers[0], numbers[1], kinds[0], kinds[1])
            elif place & 1:
                odd = uniform_lanes_odd(place, keys[y, 0], keys[y, 1])
                cut_by_bits(a, b, odd, numbers[0], numbers[1], kinds[0], kinds[1])
            else:
                even = uniform_lanes(place, keys[y, 0], keys[y, 1])
                cut_by_bits(a, b, even, numbers[0], numbers[1], kinds[0], kinds[1])


def reduce(
    src: NDArray[Any], out: NDArray[Any], bits: int, method: str, scale: float, seed: int, frame: int,
    origin: tuple[int, int], threads: int,
) -> None:  # fmt: skip
    """Reduce an image to some bits."""
    (height, width), channels = src.shape[:2], src.shape[2] if src.ndim == 3 else 1
    kinds = src.dtype.type(0), out.dtype.type(0)
    numbers = np.float32(scale), np.float32((1 << bits) - 1)
    x = np.resize(places(origin[0], width, channels), max(width * channels, LEAST))
    way: Any = ()
    keys = np.zeros((height, 2), np.int32)
    table: NDArray[Any] = np.full((1, len(x)), 0.5, np.float32)
    if method == "bayer":
        table = bayer().astype(np.float32)[(np.arange(8)[:, None] + origin[1]) % 8, x % 8]
    elif method == "gradient":
        across, down, _ = GRADIENT
        table, way = (across * x % (1 << 32)).astype(np.uint32)[None], (np.int8(0),)
        keys[:, 0] = (down * np.arange(origin[1], origin[1] + height) % (1 << 32)).astype(np.uint32).view(np.int32)
    elif method == "random":
        way, keys = (np.int8(0),) * 2, row_keys(seed, frame, origin[1], height)

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        dither_lines(
            addresses, pitches, first, stop, count, kinds, numbers, keys, origin[0] * channels, table.ctypes.data,
            len(table), way,
        )  # fmt: skip

    run_rows(work, src, out, threads)
