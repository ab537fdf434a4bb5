"""Arithmetic of the bilateral filter in float32: 16 pixels in a vector. Sums are one vector for each quantity.

The numbers of a weight are the factor of a squared difference; a place counts with the binary logarithm of its weight.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _FLOAT, _I32, I32, _all, _spread
from ._simd import _CONTRACT, F32
from ._x86 import call, has

VECTOR = SUM = MEAN = F32
COUNT = F32.vector.count
HALVES = 1  # vectors of a sum
ELEMENT, ITEM = _FLOAT, 4

# 2**x, for x from -1/2 and from 0 on, within 7.5e-5 of it: less than 0.02 of a step of uint8; and 2.6e-6
_SHORT = (0.999928057, 0.693260968, 0.242611125, 0.0551716536), (0.999925196, 0.695833504, 0.226067185, 0.0780244991)
_LONG = (
    (0.999999285, 0.693121791, 0.240247443, 0.0559178591, 0.0095701003),
    (1.00000262, 0.693003833, 0.241442755, 0.0520114675, 0.0135341650),
)
_WHOLE = 1.5 * 2**23  # added to a float32 and taken away again, this rounds it
_LEAST = -125.0  # exponents below it have no weight
_DOWN, _AS_IT_IS = 9, 4  # how an instruction rounds


def absolute(builder: Any, value: Any) -> Any:
    """Write the code of an absolute value."""
    bits = builder.and_(builder.bitcast(value, I32.vector), _all(I32.vector, 0x7FFFFFFF))
    return builder.bitcast(bits, F32.vector)


def _distance(builder: Any, one: list[Any], two: list[Any]) -> Any:
    differences = [builder.fsub(first, second) for first, second in zip(one, two, strict=True)]
    if len(differences) == 1:
        return differences[0]  # it is squared
    total = absolute(builder, differences[0])
    for difference in differences[1:]:
        total = builder.fadd(total, absolute(builder, difference))
    return total


def _polynomial(builder: Any, terms: tuple[float, ...], value: Any) -> Any:
    total = _all(F32.vector, terms[-1])
    for term in terms[-2::-1]:
        product = builder.fmul(total, value, flags=_CONTRACT)
        total = builder.fadd(product, _all(F32.vector, term), flags=_CONTRACT)
    return total


def _power(builder: Any, exponent: Any, kind: Any) -> Any:
    """Write the code of two to the power of an exponent that is not above zero."""
    near, upward = _SHORT if kind == types.uint8 else _LONG
    if has("avx512dq"):  # instructions that cut a fraction off, and that multiply by a power of two
        least = _all(F32.vector, 2 * _LEAST)
        exponent = builder.select(builder.fcmp_ordered(">", exponent, least), exponent, least)
        mask = ir.Constant(ir.IntType(16), -1)
        down, same = ir.Constant(_I32, _DOWN), ir.Constant(_I32, _AS_IT_IS)
        rest = call(builder, "avx512.mask.reduce.ps.512", F32.vector, exponent, down, exponent, mask, same)
        value = _polynomial(builder, upward, rest)
        return call(builder, "avx512.mask.scalef.ps.512", F32.vector, value, exponent, value, mask, same)
    shifted = builder.fadd(exponent, _all(F32.vector, _WHOLE))
    value = _polynomial(builder, near, builder.fsub(exponent, builder.fsub(shifted, _all(F32.vector, _WHOLE))))
    power = builder.shl(builder.bitcast(shifted, I32.vector), _all(I32.vector, 23))
    value = builder.bitcast(builder.add(builder.bitcast(value, I32.vector), power), F32.vector)
    return builder.select(builder.fcmp_ordered(">", exponent, _all(F32.vector, _LEAST)), value, _all(F32.vector, 0.0))


def weights(
    builder: Any, middle: list[Any], pixels: list[list[Any]], spatial: list[Any], numbers: list[Any], kind: Any
) -> list[Any]:
    """Write the code of the weights of two taps for the pixels in the middle."""
    results = []
    for channels, start in zip(pixels, spatial, strict=True):
        far = _distance(builder, middle, channels)
        product = builder.fmul(builder.fmul(far, numbers[0]), far, flags=_CONTRACT)
        exponent = builder.fadd(product, _spread(builder, start, F32.vector), flags=_CONTRACT)
        results.append(_power(builder, exponent, kind))
    return results


def added(builder: Any, sums: list[Any], weights: list[Any], pixels: list[list[Any]]) -> list[Any]:
    """Write the code that adds two taps with their weights to sums: of weights, then of each channel."""
    one, two = weights
    totals = [builder.fadd(sums[0], builder.fadd(one, two))]  # sums wait for one addition a pair
    for total, (first, second) in zip(sums[1:], zip(*pixels, strict=True), strict=True):
        product = builder.fmul(second, two, flags=_CONTRACT)
        pair = builder.fadd(builder.fmul(first, one), product, flags=_CONTRACT)
        totals.append(builder.fadd(total, pair))
    return totals


def ordered(builder: Any, sums: list[Any]) -> list[Any]:
    """Sums are in the order of the pixels."""
    return sums


def means(builder: Any, one: list[Any], two: list[Any], middle: list[Any], own: Any) -> list[Any]:
    """Write the code of the means of two groups of sums and the middle with its own weight."""
    own = _spread(builder, own, F32.vector)
    totals = [builder.fadd(first, second) for first, second in zip(one, two, strict=True)]
    whole = builder.fadd(totals[0], own)
    parts = []
    for total, pixel in zip(totals[1:], middle, strict=True):
        total = builder.fadd(total, builder.fmul(pixel, own, flags=_CONTRACT), flags=_CONTRACT)
        parts.append(builder.fdiv(total, whole))
    return parts
