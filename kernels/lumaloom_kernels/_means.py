"""Means of 3 by 3 pixels for code that is being generated: rows are summed once and serve all windows.

Samples of 8 and 16 bits are widened without a shuffle, into vectors of the even ones and the odd ones.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types

from ._x86 import HIGH_PRODUCTS, call_in_parts

_I16, _I32, _FLOAT = ir.IntType(16), ir.IntType(32), ir.FloatType()
NUMBER = 9
_HALF, _RECIPROCAL = 4, -(-(1 << 16) // NUMBER)  # (s + 4) / 9 rounded down is s / 9 to the nearest, exact up to 9 * 255
_CONTRACT = ("contract",)

Row = Callable[[int, int], Any]  # vectors of a row, counted from the first window's, at an offset along it


def _all(vector: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


def means(builder: Any, row: Row, kind: Any) -> Callable[[int], Any]:
    """Return a function that gives the means of the windows whose first row is ``k``, as 64 bytes of pixels."""
    if kind == types.float32:
        return _real_means(builder, row)
    wide = ir.VectorType(_I16 if kind == types.uint8 else _I32, 512 // kind.bitwidth // 2)
    bits = _all(wide, kind.bitwidth)

    @cache
    def along(j: int, half: int) -> Any:
        parts = [builder.bitcast(row(j, x), wide) for x in (-1, 0, 1)]
        low = _all(wide, (1 << kind.bitwidth) - 1)
        first, second, third = [builder.lshr(part, bits) if half else builder.and_(part, low) for part in parts]
        return builder.add(builder.add(first, second), third)

    @cache
    def pair(j: int, half: int) -> Any:
        return builder.add(along(j, half), along(j + 1, half))

    def mean(k: int, half: int) -> Any:
        both, one = (k + 1, k) if k % 2 == 0 else (k, k + 2)  # the pair serves two windows
        total = builder.add(pair(both, half), along(one, half))
        if kind == types.uint8:
            total, factor = builder.add(total, _all(wide, _HALF)), _all(wide, _RECIPROCAL)
            found = call_in_parts(builder, HIGH_PRODUCTS, total, factor)
            if found is not None:
                return found
            double = ir.VectorType(_I32, wide.count)
            product = builder.mul(builder.zext(total, double), builder.zext(factor, double))
            return builder.trunc(builder.lshr(product, _all(double, 16)), wide)
        real = ir.VectorType(_FLOAT, wide.count)  # whose error is far below 1/18, which a mean is from a half at least
        share = builder.fmul(builder.sitofp(total, real), _all(real, 1 / NUMBER), flags=_CONTRACT)
        return builder.fptosi(builder.fadd(share, _all(real, 0.5), flags=_CONTRACT), wide)

    return lambda k: builder.or_(mean(k, 0), builder.shl(mean(k, 1), bits))


def _real_means(builder: Any, row: Row) -> Callable[[int], Any]:
    """Do that in an order of additions that does not depend on where a window lies."""
    real = ir.VectorType(_FLOAT, 16)

    @cache
    def along(j: int) -> Any:
        first, second, third = [builder.bitcast(row(j, x), real) for x in (-1, 0, 1)]
        return builder.fadd(builder.fadd(first, second), third)

    def mean(k: int) -> Any:
        total = builder.fadd(builder.fadd(along(k), along(k + 1)), along(k + 2))
        return builder.fmul(total, _all(real, 1 / NUMBER))

    return mean
