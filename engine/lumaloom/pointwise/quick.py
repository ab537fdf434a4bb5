"""A run as this processor does it best: with powers by `passes.powers`, with functions by `passes.pieces`."""

from __future__ import annotations

from dataclasses import replace

from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.lower import Lowered, gathered
from lumaloom.pointwise.passes.powers import replaced
from lumaloom.pointwise.passes.regions import separated

_COSTLY = {"pow", "exp2", "log2", "expm1", "log1p", "sin", "cos", "tanh", "cbrt", "atan", "lookup"}
_WORTH = 16  # instructions; pieces take twelve
_DEGREES: dict[int, dict[int, tuple[int, ...]]] = {32: {8: (2, 3), 12: (3, 4)}, 16: {8: (3, 4)}}
"""By entries of tables and bits of results: degrees of polynomials whose errors are small, the fastest first."""


def quick(lowered: Lowered) -> tuple[Lowered, int]:
    """Return the run with such powers, and how many numbers at its end are exponents, which have to be `usual`."""
    exponents: dict[Node, None] = {}
    passes = []
    for part in lowered.passes:
        roots = replaced(part.roots.values(), exponents)
        passes.append(replace(part, roots=dict(zip(part.roots, roots, strict=True))))
    numbers, tables = gathered(passes)
    return replace(lowered, passes=tuple(passes), numbers=(*numbers, *exponents), tables=tables), len(exponents)


def ways(lowered: Lowered, entries: int) -> list[tuple[int, int, bool]]:
    """Return the arguments of `pieced` that suit a run, those of the fastest code first; none where nothing is costly.

    Only runs from integers, whose range is known, to integers of few enough bits; `entries` tables may have.
    """
    before, after = lowered.before.format, lowered.after.format
    degrees = next((found for depth, found in _DEGREES[entries].items() if after.depth <= depth), ())
    nodes = list(reach(root for part in lowered.passes if not part.by_table for root in part.roots.values()))
    costly = any(here.varying and here.op in _COSTLY for here in nodes)
    if before.is_float or after.is_float or not costly:
        return []
    far = [(degree, entries, True) for degree in degrees]
    return far + [(degree, entries, False) for degree in degrees[-1:]]


def pieced(lowered: Lowered, degree: int, entries: int, far: bool) -> tuple[Lowered, int]:
    """Return what `quick` makes of the run with costly functions of one value by pieces, as `separated` finds them."""
    passes = []
    for part in lowered.passes:
        roots = list(part.roots.values())
        found = roots if part.by_table else separated(roots, _WORTH, degree, entries, far)
        passes.append(replace(part, roots=dict(zip(part.roots, found, strict=True))))
    numbers, tables = gathered(passes)
    return quick(replace(lowered, passes=tuple(passes), numbers=numbers, tables=tables))
