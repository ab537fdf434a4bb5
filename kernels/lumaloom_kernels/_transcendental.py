"""log2, exp2 and powers of float32 vectors by polynomials: numba has no vector form of them.

The functions that end in ``_of`` write LLVM code for a value that is a vector of any number of float32 lanes, and
are for use inside other intrinsics; those that begin with ``f32`` are called by compiled code on 16 lanes.

=============  ========================================================================================
``log2``       relative error at most 2.5e-7, also near 1; -inf of 0, NaN below
``exp2``       relative error at most 2e-7 down to 2**-126, then gradual underflow; 0 and inf beyond the range
``exp2m1``     2**x - 1 with an error of at most 2.5e-7 of it from -0.5 to 0.5, and of the larger of it and 1 beyond
``pow``        relative error at most 2e-7 * (1 + abs(y * log2(x))), so 1e-5 where the result is a float32, and
               within 3e-7 of 1 for x from 0 to 1 and y from 0 to 3; NaN below 0, 1 for y = 0; y is finite
=============  ========================================================================================

All keep NaN. The polynomials are minimax fits: log2(1 + f) / f on sqrt(0.5) <= 1 + f <= sqrt(2) to 3e-8 and
(2**f - 1) / f on -0.5 <= f <= 0.5 to 1.1e-8, relative.
"""

import math
from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _CONTRACT, _all
from ._simd import F32, Codegen, intrinsic

_LOG2 = (
    1.4426950216293335, -0.7213473320007324, 0.48091065883636475, -0.36070379614830017, 0.2879154086112976,
    -0.23894168436527252, 0.21572132408618927, -0.20729626715183258, 0.12585440278053284,
)  # fmt: skip
_EXP2 = (
    0.6931471824645996, 0.24022649228572845, 0.05550357326865196, 0.009618237614631653, 0.001339075854048133,
    0.00015403512225020677,
)  # fmt: skip
_ROOT_HALF = 0x3F3504F3  # the bits of sqrt(0.5)
_MAGIC = 1.5 * 2**23  # a float32 of this size has no bits left for a fraction: adding it rounds to whole numbers
_LEAST = 2.0**-126  # below, float32 have fewer bits


def _whole(vector: ir.VectorType) -> ir.VectorType:
    return ir.VectorType(ir.IntType(32), vector.count)


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c``, with one rounding where the processor has that."""
    return builder.fadd(builder.fmul(a, b, flags=_CONTRACT), c, flags=_CONTRACT)


def _polynomial(builder: Any, x: Any, coefficients: tuple[float, ...]) -> Any:
    total = _all(x.type, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = fused(builder, total, x, _all(x.type, coefficient))
    return total


def log2_1p_of(builder: Any, f: Any) -> Any:
    """Return log2(1 + f) for f from -0.29 to 0.41."""
    return builder.fmul(f, _polynomial(builder, f, _LOG2))


def normal_log2_of(builder: Any, x: Any) -> Any:
    """Return log2 of what is a finite number of at least 2**-126; anything for other lanes."""
    vector, whole = x.type, _whole(x.type)
    bits = builder.bitcast(x, whole)
    exponent = builder.ashr(builder.sub(bits, _all(whole, _ROOT_HALF)), _all(whole, 23))
    mantissa = builder.bitcast(builder.sub(bits, builder.shl(exponent, _all(whole, 23))), vector)
    f = builder.fsub(mantissa, _all(vector, 1.0))
    return fused(builder, f, _polynomial(builder, f, _LOG2), builder.sitofp(exponent, vector))


def log2_of(builder: Any, x: Any) -> Any:
    """Return log2 of any lanes."""
    vector = x.type
    small = builder.fcmp_ordered("<", x, _all(vector, _LEAST))
    scaled = builder.select(small, builder.fmul(x, _all(vector, 2.0**24)), x)
    result = normal_log2_of(builder, scaled)
    result = builder.fsub(result, builder.select(small, _all(vector, 24.0), _all(vector, 0.0)))
    zero, infinity = _all(vector, 0.0), _all(vector, math.inf)
    result = builder.select(builder.fcmp_ordered("<", x, infinity), result, x)  # infinity and NaN as they are
    result = builder.select(builder.fcmp_ordered("==", x, zero), _all(vector, -math.inf), result)
    return builder.select(builder.fcmp_ordered("<", x, zero), _all(vector, math.nan), result)


def _exp2_parts(builder: Any, x: Any) -> tuple[Any, Any]:
    """Return whole numbers i and the values 2**f - 1, where x = i + f and f is from -0.5 to 0.5."""
    vector, whole = x.type, _whole(x.type)
    magic = _all(vector, _MAGIC)
    rounded = builder.fadd(x, magic)
    i = builder.sub(builder.bitcast(rounded, whole), builder.bitcast(magic, whole))
    f = builder.fsub(x, builder.fsub(rounded, magic))
    return i, builder.fmul(f, _polynomial(builder, f, _EXP2))


def _power(builder: Any, i: Any, vector: ir.VectorType) -> Any:
    """Return 2**i for whole i from -126 to 127."""
    whole = _whole(vector)
    return builder.bitcast(builder.shl(builder.add(i, _all(whole, 127)), _all(whole, 23)), vector)


def _clipped(builder: Any, x: Any, low: float, high: float) -> Any:
    low_, high_ = _all(x.type, low), _all(x.type, high)
    x = builder.select(builder.fcmp_ordered("<", x, low_), low_, x)
    return builder.select(builder.fcmp_ordered(">", x, high_), high_, x)


def normal_exp2_of(builder: Any, x: Any) -> Any:
    """Return 2**x for x from -126 to 127; lanes below give 2**-126, those above 2**127."""
    i, rest = _exp2_parts(builder, _clipped(builder, x, -126.0, 127.0))
    scale = _power(builder, i, x.type)
    return fused(builder, rest, scale, scale)


def exp2_of(builder: Any, x: Any) -> Any:
    """Return 2**x of any lanes."""
    i, rest = _exp2_parts(builder, _clipped(builder, x, -151.0, 129.0))
    half = builder.ashr(i, _all(i.type, 1))  # two factors, as 2**i alone may be out of range
    first, second = _power(builder, half, x.type), _power(builder, builder.sub(i, half), x.type)
    return builder.fmul(fused(builder, rest, first, first), second)


def exp2m1_of(builder: Any, x: Any) -> Any:
    """Return 2**x - 1 for x from -126 to 127; lanes below give -1."""
    i, rest = _exp2_parts(builder, _clipped(builder, x, -126.0, 127.0))
    scale = _power(builder, i, x.type)
    return fused(builder, rest, scale, builder.fsub(scale, _all(x.type, 1.0)))


def pow_of(builder: Any, x: Any, y: Any) -> Any:
    """Return x**y for finite y."""
    zero, one = _all(y.type, 0.0), _all(y.type, 1.0)
    result = exp2_of(builder, builder.fmul(y, log2_of(builder, x)))
    return builder.select(builder.fcmp_ordered("==", y, zero), one, result)


@intrinsic
def f32_log2(typingctx: Any, value: Any) -> tuple[Any, Codegen]:
    """Return log2 of every lane."""
    return F32(F32), lambda c, b, s, a: log2_of(b, a[0])


@intrinsic
def f32_exp2(typingctx: Any, value: Any) -> tuple[Any, Codegen]:
    """Return 2 to the power of every lane."""
    return F32(F32), lambda c, b, s, a: exp2_of(b, a[0])


@intrinsic
def f32_exp2m1(typingctx: Any, value: Any) -> tuple[Any, Codegen]:
    """Return 2 to the power of every lane, less 1."""
    return F32(F32), lambda c, b, s, a: exp2m1_of(b, a[0])


@intrinsic
def f32_pow(typingctx: Any, value: Any, exponent: Any) -> tuple[Any, Codegen]:
    """Return every lane to the power of the other's; a float32 exponent serves all lanes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, exponent = args
        if signature.args[1] != F32:
            empty = ir.Constant(F32.vector, ir.Undefined)
            one = builder.insert_element(empty, exponent, ir.Constant(ir.IntType(32), 0))
            exponent = builder.shuffle_vector(one, empty, _all(_whole(F32.vector), 0))
        return pow_of(builder, value, exponent)

    return F32(F32, exponent if exponent == F32 else types.float32), codegen
