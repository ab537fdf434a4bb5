"""Powers whose exponent is one number per frame: polynomials that the host fits, instead of a logarithm and back.

With `x = m * 2**e`, `1 <= m < 2`, and `e + 127 = 8 * h + l`, `0 <= l < 8`:
`x**p = polynomial(m - 3/2) * low[l] * high[h]`. The polynomial and both tables depend on the exponent alone, and eight
floats are looked up within a register by one instruction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lumaloom.pointwise.host import HostCall
from lumaloom.pointwise.ir import Node, const, node, rebuilt, substituted

LEAST, MOST = 0.3, 4.0
"""Exponents for which the result is within 4e-6 of the value, and 0 below `NOTHING`."""

DEGREE = 5
NOTHING, EVERYTHING = 2.0**-39, 2.0**17
"""What is less counts as 0, and what is more as this."""

_FIRST = 10  # h of the numbers that count as 0


def power_table(exponent: float) -> np.ndarray[Any, Any]:
    """Return the coefficients, from the constant on, and from entry 8 on `low` and then `high` by the last bits of h.

    The polynomial meets the power at the zeros of Chebyshev's.
    """
    points = 0.5 * np.cos((np.arange(DEGREE + 1) + 0.5) * np.pi / (DEGREE + 1))
    table = np.zeros(24)
    with np.errstate(all="ignore"):
        values = (points + 1.5) ** exponent
        if np.isfinite(values).all():
            table[: DEGREE + 1] = np.linalg.solve(np.vander(points, increasing=True), values)
        table[8:16] = np.exp2(exponent * np.arange(8))
        for h in range(_FIRST + 1, _FIRST + 8):
            table[16 + h % 8] = np.exp2(exponent * (8.0 * h - 127))
        return np.nan_to_num(table)


def replaced(roots: Iterable[Node], exponents: dict[Node, None]) -> list[Node]:
    """Return roots with such powers; exponents that are not constant are added, and have to be `usual`.

    Constant ones that are not are left as they are.
    """

    def change(here: Node, args: tuple[Node, ...]) -> Node:
        if here.op != "pow" or not args[0].varying or args[1].varying:
            return rebuilt(here, args)
        base, exponent = args
        number = exponent.number
        if number is None:
            exponents[exponent] = None
        elif not usual([number]):
            return rebuilt(here, args)
        return node("power", (_unclamped(base), node("table", (exponent,), HostCall(power_table, (...,)))))

    return substituted(roots, change)


def usual(exponents: Sequence[float] | np.ndarray[Any, Any]) -> bool:
    """Whether all exponents of now are among those that the polynomials are good for."""
    return all(LEAST <= float(exponent) <= MOST for exponent in exponents)


def _unclamped(base: Node) -> Node:
    """Return a base without the clamp to what counts as 0 anyway."""
    if base.op == "max" and base.args[1] is const(0):
        return base.args[0]
    return base
