"""Vectors of pixels that can be compared: 64 bytes of keys whose unsigned order is that of the pixels.

The key of an integer is the integer. The key of a float32 is its bits, with all of them turned over
where the sign is set and the sign alone where not: the total order of IEEE 754, in which -0 is below 0
and a NaN is above every number (below, where its sign is set). So the least of some pixels never
depends on the order in which they are looked at.

``flip`` is 0, or -1 for keys in falling order, which makes a least of them a greatest. ``kind`` is a
scalar of the pixel type, whose type alone counts. Memory is given by address.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from ._simd import U16, Codegen, Vector, intrinsic

VECTOR_BYTES = 64

_I8, _I16, _I32, _I64 = map(ir.IntType, (8, 16, 32, 64))
U8 = Vector("u8x64", _I8, 64)
U32 = Vector("u32x16", _I32, 16)
KEYS = {types.uint8: U8, types.uint16: U16, types.float32: U32}
_WORDS = ir.VectorType(_I64, 8)


def _all(vector: ir.VectorType, value: int) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


def _flipped(builder: Any, value: Any, flip: Any) -> Any:
    one = builder.insert_element(ir.Constant(_WORDS, ir.Undefined), flip, ir.Constant(_I32, 0))
    mask = builder.shuffle_vector(one, one, _all(ir.VectorType(_I32, 8), 0))
    return builder.xor(value, builder.bitcast(mask, value.type))


def load_vector(builder: Any, address: Any, vector: ir.VectorType) -> Any:
    """Write the code that loads a vector from any address."""
    return builder.load(builder.inttoptr(address, vector.as_pointer()), align=1)


def store_vector(builder: Any, address: Any, value: Any) -> None:
    """Write the code that stores a vector to any address."""
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=1)


def store_past(builder: Any, address: Any, value: Any) -> None:
    """Write the code that stores a vector past the caches, to an address that is a multiple of its size."""
    stored = builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=VECTOR_BYTES)
    stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(_I32, 1)]))


def to_keys(builder: Any, value: Any, kind: Any) -> Any:
    """Write the code that makes keys of pixels."""
    if kind != types.float32:
        return value
    sign = builder.ashr(value, _all(value.type, 31))
    return builder.xor(value, builder.or_(sign, _all(value.type, 1 << 31)))


def to_pixels(builder: Any, value: Any, kind: Any) -> Any:
    """Write the code that makes pixels of keys."""
    if kind != types.float32:
        return value
    sign = builder.ashr(builder.not_(value), _all(value.type, 31))
    return builder.xor(value, builder.or_(sign, _all(value.type, 1 << 31)))


def least(builder: Any, first: Any, second: Any) -> Any:
    """Write the code of the smaller keys."""
    return builder.select(builder.icmp_unsigned("<", first, second), first, second)


def greatest(builder: Any, first: Any, second: Any) -> Any:
    """Write the code of the greater keys."""
    return builder.select(builder.icmp_unsigned(">", first, second), first, second)


@intrinsic
def keys_of(typingctx: Any, address: Any, flip: Any, kind: Any) -> tuple[Any, Codegen]:
    """Load pixels as keys."""
    vector = KEYS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = to_keys(builder, load_vector(builder, args[0], vector.vector), kind)
        return _flipped(builder, value, args[1])

    return vector(types.int64, types.int64, kind), codegen


def _storing(kind: Any, store: Callable[[Any, Any, Any], None]) -> tuple[Any, Codegen]:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        store(builder, args[0], to_pixels(builder, _flipped(builder, args[1], args[2]), kind))

    return types.void(types.int64, KEYS[kind], types.int64, kind), codegen


@intrinsic
def store_pixels(typingctx: Any, address: Any, value: Any, flip: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store keys as pixels."""
    return _storing(kind, store_vector)


@intrinsic
def store_pixels_past(typingctx: Any, address: Any, value: Any, flip: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store keys as pixels past the caches, to a multiple of 64 bytes; `_streams.settle` them later."""
    return _storing(kind, store_past)


@intrinsic
def load_keys(typingctx: Any, address: Any, kind: Any) -> tuple[Any, Codegen]:
    """Load keys."""
    vector = KEYS[kind]
    return vector(types.int64, kind), lambda c, b, s, a: load_vector(b, a[0], vector.vector)


@intrinsic
def store_keys(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store keys."""
    return types.void(types.int64, value), lambda c, b, s, a: store_vector(b, a[0], a[1])


@intrinsic
def last_keys(typingctx: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return keys above which there is none."""
    vector = KEYS[kind]
    return vector(kind), lambda c, b, s, a: _all(vector.vector, -1)


@intrinsic
def key_min(typingctx: Any, first: Any, second: Any) -> tuple[Any, Codegen]:
    """Return the smaller keys."""
    return first(first, first), lambda c, b, s, a: least(b, a[0], a[1])
