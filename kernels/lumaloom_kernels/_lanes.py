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
from numba import types
from numba.core import cgutils

from ._simd import F32, LANES_F32, Codegen, Vector, intrinsic
from ._x86 import ROUNDED_PRODUCTS, call_in_parts, has

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


def has_fixed_point() -> bool:
    """Tell whether the int16 family is fast here."""
    return any(has(feature) for feature, _, _ in ROUNDED_PRODUCTS)


def _all(vector: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


def square_root(builder: Any, x: Any) -> Any:
    """Return the square root of a vector of float32."""
    kind = ir.FunctionType(x.type, [x.type])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{x.type.count}f32"), [x])


def _at(builder: Any, address: Any, kind: ir.Type) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _spread(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    empty = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, empty, _all(ir.VectorType(_I32, vector.count), 0))


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

    return _FAMILIES[value](value), lambda c, b, s, a: _spread(b, a[0], vector)


@intrinsic
def whole_at(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Load an int64."""
    return types.int64(types.int64), lambda c, b, s, a: b.load(_at(b, a[0], _I64), align=8)


@intrinsic
def splat_at(typingctx: Any, address: Any, family: Any) -> tuple[Any, Codegen]:
    """Put the number of a family at an address into all lanes."""
    vector = _FAMILIES[family].vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _spread(builder, builder.load(_at(builder, args[0], vector.element), align=1), vector)

    return _FAMILIES[family](types.int64, family), codegen


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
