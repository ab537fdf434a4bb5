"""Noise added to samples, 32 at once, or 64 of a byte."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from ._lanes import _ELEMENTS, _FLOAT, _I8, _I32, _I64, I16, I32, _all, _at
from ._lines import Addresses, run_rows
from ._nibble_table import entries, has_nibbles
from ._noise import BELL_BITS, bell_steps, row_keys
from ._noise_cpu import (
    BYTES,
    bell_lanes,
    uniform_bytes_between,
    uniform_bytes_lanes,
    uniform_lanes,
    uniform_lanes_odd,
)
from ._planes import _shuffle, fetch_ahead
from ._simd import F32, Codegen, address_of, intrinsic, jit, pixel_size
from ._x86 import call, has

STEP, BYTE_STEP = I16.vector.count, BYTES.vector.count


def _everywhere(builder: Any, scalar: Any, vector: ir.VectorType) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, one, _all(ir.VectorType(_I32, vector.count), 0))


def _looked_up(builder: Any, numbers: Any, table: Any) -> Any:
    """Write the code that looks the lower seven bits of bytes up."""
    if has("avx512vbmi"):
        halves = [
            builder.load(_at(builder, builder.add(table, ir.Constant(_I64, start)), BYTES.vector), align=1)
            for start in (0, 64)
        ]
        return call(builder, "avx512.vpermi2var.qi.512", BYTES.vector, halves[0], numbers, halves[1])
    count = BYTES.vector.count
    if has_nibbles():
        half = count // 2
        parts = [_shuffle(builder, numbers, numbers, list(range(start, start + half))) for start in (0, half)]
        low, high = entries(builder, parts, table, 8)
        return _shuffle(builder, low, high, list(range(count)))
    result = ir.Constant(BYTES.vector, ir.Undefined)
    for i in range(count):
        place = ir.Constant(_I32, i)
        number = builder.and_(builder.extract_element(numbers, place), ir.Constant(_I8, 127))
        entry = builder.load(_at(builder, builder.add(table, builder.zext(number, _I64)), _I8))
        result = builder.insert_element(result, entry, place)
    return result


def _saturating(builder: Any, name: str, a: Any, b: Any) -> Any:
    kind = ir.FunctionType(a.type, [a.type, b.type])
    full = f"llvm.{name}.sat.v{a.type.count}i{a.type.element.width}"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, full), [a, b])


@intrinsic
def add_steps(typingctx: Any, source: Any, target: Any, numbers: Any, table: Any, high: Any) -> tuple[Any, Codegen]:
    """Add to 64 bytes what a table has for the lower seven bits of numbers, or subtract it where the eighth is set."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        source, target, numbers, table, high = args
        pixels = builder.load(_at(builder, source, BYTES.vector), align=1)
        steps = _looked_up(builder, numbers, table)
        down = builder.icmp_signed("<", numbers, _all(BYTES.vector, 0))
        less, more = (_saturating(builder, name, pixels, steps) for name in ("usub", "uadd"))
        result, top = builder.select(down, less, more), _everywhere(builder, high, BYTES.vector)
        result = builder.select(builder.icmp_unsigned("<", result, top), result, top)
        builder.store(result, _at(builder, target, BYTES.vector), align=1)

    return types.void(types.int64, types.int64, BYTES, types.int64, types.uint8), codegen


@intrinsic
def add_noise(
    typingctx: Any, source: Any, target: Any, noise: Any, strength: Any, high: Any, kind: Any
) -> tuple[Any, Codegen]:
    """Add noise to 32 samples of uint16 or float32."""

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
        half = STEP // 2
        step = ir.Constant(_I64, half * (kind.bitwidth // 8))
        for number in (0, 1):
            lanes = _shuffle(builder, noise, noise, list(range(number * half, (number + 1) * half)))
            part(builder, source, target, lanes, strength, high)
            source, target = builder.add(source, step), builder.add(target, step)

    return types.void(types.int64, types.int64, I16, strength, high, kind), codegen


@jit
def grain_byte_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, keys: Any, start: int, table: Any, high: Any
) -> None:
    """Compute rows ``first`` to ``stop`` of ``count`` bytes, the first of which is number ``start`` of its row."""
    steps = address_of(table)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        one, two = keys[y, 0], keys[y, 1]
        for i in range((count + BYTE_STEP - 1) // BYTE_STEP):
            at = min(i * BYTE_STEP, count - BYTE_STEP)
            place = start + at
            fetch_ahead(source + at, BYTE_STEP)
            numbers = uniform_bytes_between(place, one, two) if place & 3 else uniform_bytes_lanes(place, one, two)
            add_steps(source + at, target + at, numbers, steps, high)


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
    steps = bell_steps(strength) if src.dtype == np.uint8 else None
    scale, top = np.float32(strength / (1 << BELL_BITS)), np.float32(high)

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        if steps is not None:
            grain_byte_lines(addresses, pitches, first, stop, count, keys, start, steps, np.uint8(high))
        else:
            grain_lines(addresses, pitches, first, stop, count, kind, keys, start, scale, top)

    run_rows(work, src, out, threads)
