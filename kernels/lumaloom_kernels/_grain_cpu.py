"""Noise added to samples, 32 at once."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _ELEMENTS, _FLOAT, _I16, _I32, _I64, I16, I32, _all, _at, _rounded_product
from ._lines import Addresses, run_rows
from ._noise import BELL_BITS, STRENGTH_BITS, row_keys
from ._noise_cpu import bell_lanes, uniform_lanes, uniform_lanes_odd
from ._planes import _shuffle, fetch_ahead
from ._simd import F32, Codegen, intrinsic, jit, pixel_size

STEP = I16.vector.count


def _clipped(builder: Any, value: Any, high: Any) -> Any:
    """Write the code that brings whole numbers between zero and ``high``."""
    zero, sign = _all(value.type, 0), builder.icmp_signed
    value = builder.select(sign(">", value, zero), value, zero)
    return builder.select(sign("<", value, high), value, high)


def _everywhere(builder: Any, scalar: Any, vector: ir.VectorType) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, one, _all(ir.VectorType(_I32, vector.count), 0))


@intrinsic
def add_noise(
    typingctx: Any, source: Any, target: Any, noise: Any, strength: Any, high: Any, kind: Any
) -> tuple[Any, Codegen]:
    """Add noise to 32 samples: int16 strength and high in whole numbers, float32 ones in float32."""

    def whole(builder: Any, source: Any, target: Any, noise: Any, strength: Any, high: Any) -> None:
        raw = builder.load(_at(builder, source, ir.VectorType(_ELEMENTS[kind], STEP)), align=1)
        pixels = builder.zext(raw, I16.vector)
        scaled = _rounded_product(builder, noise, _everywhere(builder, strength, I16.vector))
        steps = builder.ashr(builder.add(scaled, _all(I16.vector, 16)), _all(I16.vector, 5))
        result = _clipped(builder, builder.add(pixels, steps), _everywhere(builder, high, I16.vector))
        result = builder.trunc(result, raw.type)
        builder.store(result, _at(builder, target, result.type), align=1)

    def part(builder: Any, source: Any, target: Any, noise: Any, strength: Any, high: Any) -> None:
        element, count = _ELEMENTS[kind], F32.vector.count
        raw = builder.load(_at(builder, source, ir.VectorType(element, count)), align=1)
        pixels = raw if element == _FLOAT else builder.sitofp(builder.zext(raw, I32.vector), F32.vector)
        wide = builder.sitofp(builder.sext(noise, I32.vector), F32.vector)
        total = builder.fadd(pixels, builder.fmul(wide, _everywhere(builder, strength, F32.vector)))
        top = _everywhere(builder, high, F32.vector)
        total = builder.select(builder.fcmp_ordered(">", total, top), top, total)
        if element != _FLOAT:
            total = builder.fadd(total, _all(F32.vector, 0.5))
            total = builder.select(
                builder.fcmp_ordered(">", total, _all(F32.vector, 0.0)), total, _all(F32.vector, 0.0)
            )
            total = builder.trunc(builder.fptosi(total, I32.vector), raw.type)
        builder.store(total, _at(builder, target, total.type), align=1)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        source, target, noise, strength, high, _ = args
        if strength.type == _I16:
            whole(builder, source, target, noise, strength, high)
            return
        half = STEP // 2
        step = ir.Constant(_I64, half * (kind.bitwidth // 8))
        for number in (0, 1):
            lanes = _shuffle(builder, noise, noise, list(range(number * half, (number + 1) * half)))
            part(builder, source, target, lanes, strength, high)
            source, target = builder.add(source, step), builder.add(target, step)

    return types.void(types.int64, types.int64, I16, strength, high, kind), codegen


@jit
def grain_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, keys: Any, start: int, strength: Any,
    high: Any,
) -> None:  # fmt: skip
    """Compute rows ``first`` to ``stop`` of ``count`` samples, the first of which is number ``start`` of its row."""
    size = pixel_size(kind)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        one, two = keys[y, 0], keys[y, 1]
        for i in range((count + STEP - 1) // STEP):
            at = min(i * STEP, count - STEP)
            place = start + at
            fetch_ahead(source + at * size, STEP * size)
            numbers = uniform_lanes_odd(place, one, two) if place & 1 else uniform_lanes(place, one, two)
            add_noise(source + at * size, target + at * size, bell_lanes(numbers), strength, high, kind)


def grain(
    src: NDArray[Any], out: NDArray[Any], strength: float, seed: int, frame: int, origin: tuple[int, int],
    high: float, threads: int,
) -> None:  # fmt: skip
    """Add grain to an image."""
    keys = row_keys(seed, frame, origin[1], len(src))
    channels = src.shape[2] if src.ndim == 3 else 1
    kind, start = src.dtype.type(0), origin[0] * channels
    scale: Any
    top: Any
    if src.dtype == np.uint8:
        scale, top = np.int16(round(strength * (1 << STRENGTH_BITS))), np.int16(high)
    else:
        scale, top = np.float32(strength / (1 << BELL_BITS)), np.float32(high)

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        grain_lines(addresses, pitches, first, stop, count, kind, keys, start, scale, top)

    run_rows(work, src, out, threads)
