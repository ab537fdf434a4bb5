"""Vector operations of the small stencils: signed 16-bit lanes that become uint8, and float32 lanes with a bound.

The 32 lanes of `_simd.U16` are taken as signed here.
"""

import math
from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import square_root
from ._simd import F32, LANES_F32, LANES_U16, U16, Codegen, _broadcast, _store, intrinsic
from ._x86 import call, has

_I8, _I16, _I32, _FLOAT = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType()
_WIDE = ir.VectorType(_I32, LANES_U16)
_REAL = ir.VectorType(_FLOAT, LANES_U16)
_BYTES = ir.VectorType(_I8, LANES_U16)
_CONTRACT = ("contract",)


def _real(builder: Any, value: Any) -> Any:
    return builder.sitofp(builder.sext(value, _WIDE), _REAL)


def _round(builder: Any, address: Any, value: Any, high: Any) -> None:
    """Store 32 float32 as uint8 between 0 and ``high``, halves rounded up."""
    zero = ir.Constant(_REAL, [0.0] * LANES_U16)
    top = _broadcast(builder, high, LANES_U16)
    value = builder.select(builder.fcmp_ordered(">", value, zero), value, zero)
    value = builder.select(builder.fcmp_ordered("<", value, top), value, top)
    value = builder.fadd(value, ir.Constant(_REAL, [0.5] * LANES_U16))
    _store(builder, address, builder.trunc(builder.fptosi(value, _WIDE), _BYTES))


def _sqrt(builder: Any, value: Any, finite: bool = False) -> Any:
    """Return square roots; where there is an estimate of their reciprocals, one of Newton's steps from there.

    That is off by a few units of the last place, and takes a fraction of the time.
    """
    vector = value.type
    if vector.count == LANES_F32 and has("avx512f"):
        zero, half, endless = (ir.Constant(vector, [number] * vector.count) for number in (0.0, 0.5, math.inf))
        some = builder.bitcast(builder.fcmp_ordered(">", value, zero), _I16)
        inverse = call(builder, "avx512.rsqrt14.ps.512", vector, value, zero, some)
        root, part = builder.fmul(value, inverse), builder.fmul(inverse, half)
        rest = builder.fsub(half, builder.fmul(root, part, flags=_CONTRACT), flags=_CONTRACT)
        root = builder.fadd(builder.fmul(root, rest, flags=_CONTRACT), root, flags=_CONTRACT)
        return root if finite else builder.select(builder.fcmp_ordered("<", value, endless), root, value)
    return square_root(builder, value)


@intrinsic
def i16_clip(typingctx: Any, value: Any, low: Any, high: Any) -> tuple[Any, Codegen]:
    """Return the value, not below ``low`` and not above ``high``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, low, high = args
        value = builder.select(builder.icmp_signed(">", value, low), value, low)
        return builder.select(builder.icmp_signed("<", value, high), value, high)

    return U16(U16, U16, U16), codegen


@intrinsic
def store_sharpened(
    typingctx: Any, address: Any, value: Any, detail: Any, amount: Any, high: Any
) -> tuple[Any, Codegen]:
    """Store ``(value + detail * amount) / 128`` as uint8."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        address, value, detail, amount, high = args
        factor = _broadcast(builder, amount, LANES_U16)
        product = builder.fmul(_real(builder, detail), factor, flags=_CONTRACT)
        total = builder.fadd(_real(builder, value), product, flags=_CONTRACT)
        _round(builder, address, builder.fmul(total, ir.Constant(_REAL, [1 / 128] * LANES_U16)), high)

    return types.void(types.int64, U16, U16, types.float32, types.float32), codegen


@intrinsic
def f32_stream(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store 16 float32 at an address that 64 divides, past the caches; `fence` before anyone reads them."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        store = builder.store(args[1], builder.inttoptr(args[0], F32.vector.as_pointer()), align=64)
        store.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(_I32, 1)]))

    return types.void(types.int64, F32), codegen


@intrinsic
def fence(typingctx: Any) -> tuple[Any, Codegen]:
    """Make all stores before it seen before those after it."""
    return types.void(), lambda c, b, s, a: b.fence("seq_cst")


@intrinsic
def f32_sub(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Subtract."""
    return F32(F32, F32), lambda c, b, s, a: b.fsub(a[0], a[1], flags=_CONTRACT)


@intrinsic
def f32_sqrt(typingctx: Any, a: Any) -> tuple[Any, Codegen]:
    """Take the square root."""
    return F32(F32), lambda c, b, s, a: _sqrt(b, a[0])


@intrinsic
def f32_min(typingctx: Any, value: Any, high: Any) -> tuple[Any, Codegen]:
    """Return the value, not above ``high``; NaN stays."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[1], args[0])

    return F32(F32, F32), codegen
