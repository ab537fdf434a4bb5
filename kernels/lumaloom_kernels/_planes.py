"""Interleaved pixels taken apart into one vector a channel, and put together again.

``shape`` is a tuple with one member a channel; only its length counts, so that compiled code knows it.
Vectors, families and kinds are those of `_lanes`.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import (
    _ELEMENTS,
    _FAMILIES,
    _FLOAT,
    _I8,
    _I16,
    _I32,
    I32,
    SOURCE_BITS,
    VECTOR_BYTES,
    _all,
    _at,
    narrow,
)
from ._simd import Codegen, _prefetch, intrinsic, jit, prefetch
from ._x86 import has

AHEAD = 8192  # bytes


def _shuffle(builder: Any, first: Any, second: Any, picks: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_I32, len(picks)), picks))


def _permute(builder: Any, parts: list[Any], wanted: list[int]) -> Any:
    """Return the elements of these numbers, counted through all parts, which are of one type."""
    count, width = parts[0].type.count, len(wanted)
    picks = [i if i < 2 * count else place % count for place, i in enumerate(wanted)]
    result = _shuffle(builder, parts[0], parts[1 % len(parts)], picks)
    for number, part in enumerate(parts[2:], 2):
        if any(i // count == number for i in wanted):
            base = max(count, width)
            if base > count:
                part = _shuffle(builder, part, part, [i % count for i in range(base)])
            if base > width:
                result = _shuffle(builder, result, result, [i % width for i in range(base)])
            picks = [i - number * count + base if i // count == number else place for place, i in enumerate(wanted)]
            result = _shuffle(builder, result, part, picks)
    return result


def _register(element: ir.Type) -> int:
    """Return how many elements a register of the widest kind holds."""
    return VECTOR_BYTES // 4 if element == _FLOAT else 8 * VECTOR_BYTES // int(element.width)


def _widen(builder: Any, raw: Any, vector: ir.VectorType) -> Any:
    if raw.type.element == vector.element:
        return raw
    if vector.element == _FLOAT:
        return builder.sitofp(builder.zext(raw, I32.vector), vector)
    return builder.shl(builder.zext(raw, vector), _all(vector, SOURCE_BITS))


def _halves(builder: Any, pointer: Any, vector: ir.VectorType) -> list[Any]:
    """Load pixels of two integers as one of twice the bits, whose halves are the channels, without a shuffle."""
    bits = 2 * pointer.type.pointee.width
    both = ir.VectorType(ir.IntType(bits), vector.count)
    raw = builder.load(builder.bitcast(pointer, both.as_pointer()), align=1)
    parts = [builder.and_(raw, _all(both, 2 ** (bits // 2) - 1)), builder.lshr(raw, _all(both, bits // 2))]
    wide = I32.vector if vector.element == _FLOAT else vector
    parts = [part if part.type == wide else builder.zext(part, wide) for part in parts]
    if vector.element == _FLOAT:
        return [builder.sitofp(part, vector) for part in parts]
    return [builder.shl(part, _all(vector, SOURCE_BITS)) for part in parts]


def _threes(builder: Any, pointer: Any, count: int) -> list[Any]:
    """Load pixels of three channels that fill three registers of 256 bits; return channels.

    A register holds 128 bits of the first half of the pixels and as many of the second. Three and a power of two have
    no common divisor, so that samples of a channel are at different places of the three: blends and one shuffle
    within 128 bits take it out, and no sample crosses to the other half of a register.
    """
    half = count // 2
    planes = []
    for blend, picks in _blended(builder, pointer, half):
        planes.append(_shuffle(builder, blend, blend, picks + [half + i for i in picks]))
    return planes


def _blended(builder: Any, pointer: Any, half: int) -> list[tuple[Any, list[int]]]:
    """Load twice ``half`` pixels of three channels; return registers that have a channel each, and where."""
    kind = ir.VectorType(pointer.type.pointee, half)
    blocks = []
    for number in range(6):
        place = builder.gep(pointer, [ir.Constant(ir.IntType(64), number * half)])
        blocks.append(builder.load(builder.bitcast(place, kind.as_pointer()), align=1))
    parts = [_shuffle(builder, blocks[i], blocks[i + 3], list(range(2 * half))) for i in range(3)]
    results = []
    for channel in range(3):
        numbers = [_pixel_at(place - channel, half) * 3 + channel for place in range(half)]
        blend = _blend(builder, parts, [number // half for number in numbers])
        results.append((blend, [(3 * i + channel) % half for i in range(half)]))
    return results


def _pixel_at(place: int, half: int) -> int:
    """Return the pixel whose sample lies at a place of the registers, modulo their half."""
    return place * pow(3, -1, half) % half


def _blend(builder: Any, parts: list[Any], numbers: list[int]) -> Any:
    """Take each place of both halves from the part with this number."""
    result, count = parts[0], 2 * len(numbers)
    for number in (1, 2):
        picks = [i + count * (numbers[i % len(numbers)] == number) for i in range(count)]
        result = _shuffle(builder, result, parts[number], picks)
    return result


def _store_threes(builder: Any, pointer: Any, planes: list[Any]) -> None:
    """Store channels as pixels; the inverse of `_threes`."""
    count = planes[0].type.count
    half = count // 2
    turned = []
    for channel, plane in enumerate(planes):
        picks = [_pixel_at(place - channel, half) for place in range(half)]
        turned.append(_shuffle(builder, plane, plane, picks + [half + i for i in picks]))
    for number in range(3):
        whole = _blend(builder, turned, [(number * half + place) % 3 for place in range(half)])
        for upper in (0, 1):
            part = _shuffle(builder, whole, whole, list(range(upper * half, upper * half + half)))
            place = builder.gep(pointer, [ir.Constant(ir.IntType(64), (3 * upper + number) * half)])
            builder.store(part, builder.bitcast(place, part.type.as_pointer()), align=1)


def _fill_threes(element: ir.Type, channels: int, count: int) -> bool:
    """Tell whether three channels fill registers of 256 bits, for which no single instruction permutes more."""
    if channels != 3 or not has("avx2"):
        return False
    if element == _FLOAT:
        return count == 8 and not has("avx512f")
    return element in (_I8, _I16) and count * element.width == 256


def _beyond(builder: Any, pointer: Any, count: int) -> Any:
    return builder.gep(pointer, [ir.Constant(ir.IntType(64), count)])


def _taken_apart(builder: Any, pointer: Any, channels: int, vector: ir.VectorType) -> list[Any]:
    """Write the code of `load_pixels`."""
    element = pointer.type.pointee
    if channels == 2 and element in (_I8, _I16) and element != vector.element:
        return _halves(builder, pointer, vector)
    if _fill_threes(element, channels, vector.count):
        return [_widen(builder, plane, vector) for plane in _threes(builder, pointer, vector.count)]
    if _fill_threes(element, channels, vector.count // 2):
        count = vector.count // 2
        halves = [_threes(builder, _beyond(builder, pointer, start), count) for start in (0, 3 * count)]
        return [_shuffle(builder, pair[0], pair[1], list(range(2 * count))) for pair in zip(*halves, strict=True)]
    total = channels * vector.count
    size = min(_register(element), total)
    starts = [min(start, total - size) for start in range(0, total, size)]
    parts = []
    for start in starts:
        place = builder.gep(pointer, [ir.Constant(ir.IntType(64), start)])
        parts.append(builder.load(builder.bitcast(place, ir.VectorType(element, size).as_pointer()), align=1))
    planes = []
    for channel in range(channels):
        wanted = []
        for i in range(channel, total, channels):
            part = next(k for k, start in enumerate(starts) if start <= i < start + size)
            wanted.append(part * size + i - starts[part])
        planes.append(_widen(builder, _permute(builder, parts, wanted), vector))
    return planes


@intrinsic
def load_pixels(typingctx: Any, address: Any, kind: Any, family: Any, shape: Any) -> tuple[Any, Codegen]:
    """Load as many pixels as a family has lanes; return a vector of each channel."""
    channels, element, vector = len(shape), _ELEMENTS[kind], _FAMILIES[family].vector
    result = types.UniTuple(_FAMILIES[family], channels)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        planes = _taken_apart(builder, _at(builder, args[0], element), channels, vector)
        return context.make_tuple(builder, signature.return_type, planes)

    return result(types.int64, kind, family, shape), codegen


def _put_together(builder: Any, pointer: Any, planes: list[Any]) -> None:
    """Write the code that stores channels of elements as pixels."""
    channels, lanes, element = len(planes), planes[0].type.count, planes[0].type.element
    total = channels * lanes
    size = min(_register(element), total)
    if _fill_threes(element, channels, lanes):
        _store_threes(builder, pointer, planes)
        return
    if _fill_threes(element, channels, lanes // 2):
        for start in (0, lanes // 2):
            picks = list(range(start, start + lanes // 2))
            half = [_shuffle(builder, plane, plane, picks) for plane in planes]
            _store_threes(builder, _beyond(builder, pointer, 3 * start), half)
        return
    while len(planes) > 1 and planes[0].type.count < size:  # two halves of a register are one part
        planes = [
            _shuffle(builder, planes[i], planes[min(i + 1, len(planes) - 1)], list(range(2 * planes[0].type.count)))
            for i in range(0, len(planes), 2)
        ]
    for start in range(0, total, size):
        stop = min(start + size, total)
        part = _permute(builder, planes, [i % channels * lanes + i // channels for i in range(start, stop)])
        place = builder.gep(pointer, [ir.Constant(ir.IntType(64), start)])
        builder.store(part, builder.bitcast(place, part.type.as_pointer()), align=1)


@intrinsic
def store_pixels(typingctx: Any, address: Any, values: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store vectors of channels as interleaved pixels; whole numbers round half up and saturate."""
    element = _ELEMENTS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        parts = [builder.extract_value(args[1], c) for c in range(len(values))]
        _put_together(builder, _at(builder, args[0], element), [narrow(builder, part, element, True) for part in parts])

    return types.void(types.int64, values, kind), codegen


@jit
def fetch_ahead(address: int, count: int) -> None:
    """Ask for ``count`` bytes that will be read soon: two pages on, where the processor's own guess stops at one."""
    for at in range(0, count, 64):
        prefetch(address + AHEAD + at)


@intrinsic
def fetch_pixels_ahead(typingctx: Any, address: Any, kind: Any, family: Any, shape: Any) -> tuple[Any, Codegen]:
    """Do the same for as many pixels as `load_pixels` loads, without a loop."""
    size = _FAMILIES[family].vector.count * len(shape) * kind.bitwidth // 8

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        for at in range(0, size, 64):
            _prefetch(builder, builder.add(args[0], ir.Constant(ir.IntType(64), AHEAD + at)), 0)

    return types.void(types.int64, kind, family, shape), codegen


@jit
def shift_to_line(address: int, pixel: int, step: int) -> int:
    """Return by how many pixels vectors of ``step`` pixels start earlier, so that most begin a cache line.

    Or half of one, where their size is no multiple of a line; 0 where that can't be.
    """
    line = 64 if step * pixel % 64 == 0 else 32
    for skipped in range(step):
        if (address + skipped * pixel) % line == 0:
            return (step - skipped) % step
    return 0
