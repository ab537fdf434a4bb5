"""Vectors of 16 running sums for numba kernels: uint32, which wraps and so loses nothing, or float64.

An ``acc`` argument is a scalar uint32 or float64 and a ``kind`` argument a scalar of a pixel type; their
types alone count. Memory is given by address, as in `_simd`.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic as numba_intrinsic

from ._simd import F32, Codegen, Vector, _broadcast, intrinsic

LANES = 16
_I8, _I16, _I32, _I64, _FLOAT, _DOUBLE = (
    ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType(),
)  # fmt: skip
U32 = Vector("u32x16", _I32, LANES)
F64 = Vector("f64x16", _DOUBLE, LANES)
_SUMS = {types.uint32: U32, types.float64: F64}
_ELEMENTS = {types.uint8: _I8, types.uint16: _I16, types.float32: _FLOAT}


def _pointer(builder: Any, address: Any, vector: ir.Type) -> Any:
    return builder.inttoptr(address, vector.as_pointer())


def _add(builder: Any, a: Any, b: Any) -> Any:
    return builder.fadd(a, b) if a.type.element == _DOUBLE else builder.add(a, b)


@intrinsic
def sum_size(typingctx: Any, acc: Any) -> tuple[Any, Codegen]:
    """Return the bytes of one sum."""
    return types.int64(acc), lambda c, b, s, a: ir.Constant(_I64, acc.bitwidth // 8)


@intrinsic
def sum_zero(typingctx: Any, acc: Any) -> tuple[Any, Codegen]:
    """Return 16 zeros."""
    return _SUMS[acc](acc), lambda c, b, s, a: ir.Constant(_SUMS[acc].vector, None)


@intrinsic
def sum_pixels(typingctx: Any, address: Any, kind: Any, acc: Any) -> tuple[Any, Codegen]:
    """Load 16 pixels."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pixels = ir.VectorType(_ELEMENTS[kind], LANES)
        raw = builder.load(_pointer(builder, args[0], pixels), align=1)
        if kind == types.float32:
            return builder.fpext(raw, F64.vector)
        wide = builder.zext(raw, U32.vector)
        return wide if acc == types.uint32 else builder.sitofp(wide, F64.vector)

    return _SUMS[acc](types.int64, kind, acc), codegen


@intrinsic
def sum_load(typingctx: Any, address: Any, acc: Any) -> tuple[Any, Codegen]:
    """Load 16 sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, args[0], _SUMS[acc].vector), align=1)

    return _SUMS[acc](types.int64, acc), codegen


@intrinsic
def sum_store(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store 16 sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        builder.store(args[1], _pointer(builder, args[0], value.vector), align=1)

    return types.void(types.int64, value), codegen


@intrinsic
def sum_add(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Add."""
    return a(a, b), lambda c, builder, s, args: _add(builder, *args)


@intrinsic
def sum_sub(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Subtract."""
    return a(a, b), lambda c, builder, s, args: (builder.fsub if a is F64 or a == F64 else builder.sub)(*args)


def _literal(function: Any) -> Any:
    return numba_intrinsic(prefer_literal=True)(function)


@_literal
def sum_scan(typingctx: Any, value: Any, channels: Any) -> tuple[Any, Codegen] | None:
    """Return, for each lane, the sum of it and of all lower lanes of its channel."""
    if not isinstance(channels, types.IntegerLiteral):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total = args[0]
        zeros = ir.Constant(total.type, None)
        shift = channels.literal_value
        while shift < LANES:
            mask = ir.Constant(ir.VectorType(_I32, LANES), [max(i - shift, -1) % 32 for i in range(LANES)])
            total = _add(builder, total, builder.shuffle_vector(total, zeros, mask))
            shift *= 2
        return total

    return value(value, channels), codegen


@_literal
def sum_carry(typingctx: Any, value: Any, channels: Any) -> tuple[Any, Codegen] | None:
    """Return, for each lane of the next vector, the last lane of this one with its channel."""
    if not isinstance(channels, types.IntegerLiteral):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        c = channels.literal_value
        mask = ir.Constant(ir.VectorType(_I32, LANES), [LANES - c + i % c for i in range(LANES)])
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return value(value, channels), codegen


@intrinsic
def sum_store_mean(typingctx: Any, address: Any, value: Any, scale: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store 16 sums, or float32, times ``scale`` as pixels, integers rounded half up; they must be in range."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        element = _DOUBLE if value == F64 else _FLOAT
        vector = ir.VectorType(element, LANES)
        total = builder.uitofp(args[1], vector) if value == U32 else args[1]
        factor = args[2] if value == F64 else builder.fptrunc(args[2], _FLOAT)
        mean = builder.fmul(total, _broadcast(builder, factor, LANES))
        pixels = ir.VectorType(_ELEMENTS[kind], LANES)
        if kind == types.float32:
            mean = builder.fptrunc(mean, pixels) if value == F64 else mean
        else:
            half = ir.Constant(vector, [0.5] * LANES)
            mean = builder.trunc(builder.fptosi(builder.fadd(mean, half), U32.vector), pixels)
        builder.store(mean, _pointer(builder, args[0], pixels), align=1)

    return types.void(types.int64, value, types.float64, kind), codegen


@intrinsic
def sum_add_part(typingctx: Any, value: Any, other: Any, part: Any) -> tuple[Any, Codegen]:
    """Return ``value + other * part`` as floating-point numbers; sums have to be below 2**31."""
    result = F64 if value == F64 else F32

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, more, part = args
        element = result.vector.element
        if element == _FLOAT:
            total, more = builder.sitofp(total, result.vector), builder.sitofp(more, result.vector)
            part = builder.fptrunc(part, _FLOAT)
        parts = _broadcast(builder, part, LANES)
        return builder.fadd(total, builder.fmul(more, parts))

    return result(value, value, types.float64), codegen


@intrinsic
def sum_copy(typingctx: Any, target: Any, source: Any, acc: Any) -> tuple[Any, Codegen]:
    """Copy four sums; a run of pixels with fewer channels is copied in rising order."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        four = ir.VectorType(_SUMS[acc].vector.element, 4)
        builder.store(
            builder.load(_pointer(builder, args[1], four), align=1), _pointer(builder, args[0], four), align=1
        )

    return types.void(types.int64, types.int64, acc), codegen
