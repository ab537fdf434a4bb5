"""Weighted sums of pixels in vectors of 512 bits, written once for two families.

A kernel takes a ``family``, a scalar whose type alone counts:

- ``float32``: 16 lanes; pixels of every kind are loaded as they are.
- ``int16``: 32 lanes of fixed point, for uint8 pixels that go through exactly two weighted sums. They are
  loaded with 7 fractional bits, weights have 14, and a product keeps its upper half, rounded. So sums
  have 6 fractional bits after the first pass and 5 after the second, where they become uint8. The
  rounding of a product costs at most 1/128 of a step in the first pass and 1/64 in the second.
- ``uint8``: 32 lanes of pixels as they are, for kernels that take them further themselves.

``kind`` is such a scalar too: the type of what lies in memory, a pixel type or the family's own.
Memory is given by address.
"""

from typing import Any

from llvmlite import ir
from numba.core import types

from ._simd import F32, LANES_F32, Codegen, Vector, intrinsic
from ._x86 import ROUNDED_PRODUCTS, call, call_in_parts, has

VECTOR_BYTES = 64
SOURCE_BITS, WEIGHT_BITS = 7, 14
_RESULT_BITS = 5

_I8, _I16, _I32, _I64, _FLOAT = (*map(ir.IntType, (8, 16, 32, 64)), ir.FloatType())
I16 = Vector("i16x32", _I16, 32)
I32 = Vector("i32x16", _I32, LANES_F32)
U8 = Vector("u8x32", _I8, 32)
_FAMILIES = {types.float32: F32, types.int16: I16, types.int32: I32, types.uint8: U8}
_ELEMENTS = {
    types.uint8: _I8, types.uint16: _I16, types.int16: _I16, types.int32: _I32, types.float32: _FLOAT,
}  # fmt: skip
_CONTRACT = ("contract",)
_PERMUTES = {F32: "ps", I16: "hi"}
_GROUP = 8


def has_fixed_point() -> bool:
    """Tell whether the int16 family is fast here."""
    return any(has(feature) for feature, _, _ in ROUNDED_PRODUCTS)


def _all(vector: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


def _at(builder: Any, address: Any, kind: ir.Type) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


@intrinsic
def lanes(typingctx: Any, family: Any) -> tuple[Any, Codegen]:
    """Return the number of lanes of a family."""
    count = _FAMILIES[family].vector.count
    return types.int64(family), lambda c, b, s, a: ir.Constant(_I64, count)


@intrinsic
def same_type(typingctx: Any, first: Any, second: Any) -> tuple[Any, Codegen]:
    """Tell while compiling whether two scalars are of one type."""
    return types.boolean(first, second), lambda c, b, s, a: ir.Constant(ir.IntType(1), first == second)


@intrinsic
def load(typingctx: Any, address: Any, kind: Any, family: Any) -> tuple[Any, Codegen]:
    """Load a vector of a family from values of a kind."""
    vector, element = _FAMILIES[family].vector, _ELEMENTS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        raw = builder.load(_at(builder, args[0], ir.VectorType(element, vector.count)), align=1)
        if element == vector.element:
            return raw
        if vector.element == _FLOAT:
            return builder.sitofp(builder.zext(raw, I32.vector), vector)
        return builder.shl(builder.zext(raw, vector), _all(vector, SOURCE_BITS))

    return _FAMILIES[family](types.int64, kind, family), codegen


@intrinsic
def store(typingctx: Any, address: Any, value: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store a vector as values of a kind; pixels of whole numbers round half up and saturate."""
    return _storing(value, kind, saturate=True)


@intrinsic
def store_clipped(typingctx: Any, address: Any, value: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store a vector that is known to be in the range of the kind."""
    return _storing(value, kind, saturate=False)


def _storing(value: Any, kind: Any, saturate: bool) -> tuple[Any, Codegen]:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        result = narrow(builder, args[1], _ELEMENTS[kind], saturate)
        builder.store(result, _at(builder, args[0], result.type), align=1)

    return types.void(types.int64, value, kind), codegen


def narrow(builder: Any, result: Any, element: ir.Type, saturate: bool) -> Any:
    """Return a vector of a family as elements of a kind, rounded half up and clipped to its range."""
    vector = result.type
    if element == vector.element:
        return result
    if vector.element == _FLOAT:
        result = builder.fadd(result, _all(vector, 0.5))
        if saturate:
            positive = builder.fcmp_ordered(">", result, _all(vector, 0.0))
            result = builder.select(positive, result, _all(vector, 0.0))
        result = builder.fptosi(result, I32.vector)
    else:
        result = builder.add(result, _all(vector, 1 << (_RESULT_BITS - 1)))
        result = builder.ashr(result, _all(vector, _RESULT_BITS))
        if saturate:
            positive = builder.icmp_signed(">", result, _all(vector, 0))
            result = builder.select(positive, result, _all(vector, 0))
    if saturate:
        top = _all(result.type, 2**element.width - 1)
        result = builder.select(builder.icmp_unsigned("<", result, top), result, top)
    return builder.trunc(result, ir.VectorType(element, vector.count))


@intrinsic
def splat(typingctx: Any, value: Any) -> tuple[Any, Codegen]:
    """Put one number into all lanes of its family."""
    vector = _FAMILIES[value].vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        empty = ir.Constant(vector, ir.Undefined)
        one = builder.insert_element(empty, args[0], ir.Constant(_I32, 0))
        return builder.shuffle_vector(one, empty, _all(ir.VectorType(_I32, vector.count), 0))

    return _FAMILIES[value](value), codegen


@intrinsic
def add_product(typingctx: Any, total: Any, pixels: Any, weights: Any) -> tuple[Any, Codegen]:
    """Return ``total + pixels * weights``; in fixed point, with half the bits of the product."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, pixels, weights = args
        if signature.return_type == F32:
            return builder.fadd(total, builder.fmul(pixels, weights, flags=_CONTRACT), flags=_CONTRACT)
        return builder.add(total, _rounded_product(builder, pixels, weights))

    return total(total, pixels, weights), codegen


@intrinsic
def clip(typingctx: Any, value: Any, low: Any, high: Any) -> tuple[Any, Codegen]:
    """Return the value where it lies between the bounds, else the nearer one; NaN stays."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, low, high = args
        value = builder.select(builder.fcmp_ordered("<", value, low), low, value)
        return builder.select(builder.fcmp_ordered(">", value, high), high, value)

    return value(value, low, high), codegen


def _rounded_product(builder: Any, first: Any, second: Any) -> Any:
    """Return ``(first * second + 2**14) >> 15`` of int16 lanes."""
    result = call_in_parts(builder, ROUNDED_PRODUCTS, first, second)
    if result is not None:
        return result
    wide = ir.VectorType(_I32, I16.vector.count)
    product = builder.mul(builder.sext(first, wide), builder.sext(second, wide))
    product = builder.ashr(builder.add(product, _all(wide, 1 << 14)), _all(wide, 15))
    return builder.trunc(product, I16.vector)


def pick_group(count: int) -> int:
    """Return how many of a vector's ``count`` lanes `pick` takes from the same place."""
    return count if has("avx512bw") else _GROUP


def pick_windows() -> tuple[int, ...]:
    """Return how many groups' width the samples of a group may be spread over to be picked fast."""
    if has("avx512bw"):
        return (2,)
    return (2, 4) if has("avx2") else ()


@intrinsic
def pick(
    typingctx: Any, address: Any, bases: Any, indices: Any, family: Any, windows: Any
) -> tuple[Any, Codegen]:  # fmt: skip
    """Pick each lane from the values of a family at ``address``.

    ``bases`` is the address of an int64 for each group of lanes, at which value its samples begin; the index
    of a lane counts from there. ``windows`` is a tuple, as long as an index is smaller than so many times the
    lanes of a group; an empty one lets them be as large as they like, for lane after lane.
    """
    vector = _FAMILIES[family].vector
    group = pick_group(vector.count)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, bases, indices, _, _ = args
        places = []
        for g in range(vector.count // group):
            base = builder.load(_at(builder, builder.add(bases, ir.Constant(_I64, 8 * g)), _I64))
            places.append(builder.add(address, builder.mul(base, ir.Constant(_I64, VECTOR_BYTES // vector.count))))
        if not windows.count:
            return _pick_each(builder, vector, places, indices)
        if has("avx512bw"):
            low, high = _windows(builder, places, 0, vector), _windows(builder, places, 1, vector)
            return call(builder, f"avx512.vpermi2var.{_PERMUTES[_FAMILIES[family]]}.512", vector, low, indices, high)
        choose = _pick_floats if vector.element == _FLOAT else _pick_words
        return choose(builder, places, indices, windows.count)

    return _FAMILIES[family](types.int64, types.int64, indices, family, windows), codegen


def _windows(builder: Any, places: Any, number: int, kind: ir.VectorType) -> Any:
    """Load window ``number`` of each place: vectors of a kind, side by side."""
    parts = []
    for place in places:
        shift = ir.Constant(_I64, number * kind.count * (2 if kind.element == _I16 else 4))
        parts.append(builder.load(_at(builder, builder.add(place, shift), kind), align=1))
    return _joined(builder, parts)


def _joined(builder: Any, parts: list[Any]) -> Any:
    while len(parts) > 1:
        both = ir.Constant(ir.VectorType(_I32, 2 * parts[0].type.count), list(range(2 * parts[0].type.count)))
        parts = [builder.shuffle_vector(one, two, both) for one, two in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _part(builder: Any, vector: Any, start: int, count: int) -> Any:
    lanes = ir.Constant(ir.VectorType(_I32, count), list(range(start, start + count)))
    return builder.shuffle_vector(vector, vector, lanes)


def _pick_words(builder: Any, places: Any, indices: Any, windows: int) -> Any:
    """Pick words by shuffles of bytes, which give zero for a negative index; those of the windows are joined."""
    part, window, octets = ir.VectorType(_I16, 2 * _GROUP), ir.VectorType(_I16, _GROUP), ir.VectorType(_I8, 32)
    results = []
    for start in range(0, len(places), 2):
        index = _part(builder, indices, start * _GROUP, 2 * _GROUP)
        place = builder.and_(index, _all(part, _GROUP - 1))
        both = builder.add(builder.mul(place, _all(part, 0x0202)), _all(part, 0x0100))
        result = None
        for number in range(windows):
            here = builder.icmp_unsigned("==", builder.lshr(index, _all(part, 3)), _all(part, number))
            mask = builder.bitcast(builder.select(here, both, _all(part, -0x7F80)), octets)
            value = builder.bitcast(_windows(builder, places[start : start + 2], number, window), octets)
            value = call(builder, "avx2.pshuf.b", octets, value, mask)
            result = value if result is None else builder.or_(result, value)
        results.append(builder.bitcast(result, part))
    return _joined(builder, results)


def _pick_floats(builder: Any, places: Any, indices: Any, windows: int) -> Any:
    """Pick floats by permutations, of which each looks at the low three bits of an index."""
    part, numbers = ir.VectorType(_FLOAT, _GROUP), ir.VectorType(_I32, _GROUP)
    results = []
    for g, place in enumerate(places):
        index = _part(builder, indices, g * _GROUP, _GROUP)
        result = None
        for number in range(windows):
            value = call(builder, "avx2.permps", part, _windows(builder, [place], number, part), index)
            here = builder.icmp_unsigned("==", builder.lshr(index, _all(numbers, 3)), _all(numbers, number))
            result = value if result is None else builder.select(here, value, result)
        results.append(result)
    return _joined(builder, results)


def _pick_each(builder: Any, vector: ir.VectorType, places: Any, indices: Any) -> Any:
    result = ir.Constant(vector, ir.Undefined)
    group = vector.count // len(places)
    for lane in range(vector.count):
        position = ir.Constant(_I32, lane)
        index = builder.zext(builder.extract_element(indices, position), _I64)
        values = _at(builder, places[lane // group], vector.element)
        result = builder.insert_element(result, builder.load(builder.gep(values, [index]), align=1), position)
    return result
