"""A run as this processor does it best: powers by `passes.powers`, functions by `passes.pieces` or in fixed point."""

from __future__ import annotations

from dataclasses import replace

from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.lower import Lowered, gathered
from lumaloom.pointwise.passes.fixed import LACKING, UnsuitableError
from lumaloom.pointwise.passes.powers import replaced
from lumaloom.pointwise.passes.regions import separated

_COSTLY = {"pow", "exp2", "log2", "expm1", "log1p", "sin", "cos", "tanh", "cbrt", "atan", "lookup"}
_WORTH, _WORTH_WORDS = 16, 8  # instructions of floats; pieces take twelve, and seven of twice as many words
_WORD_DEPTH = 10
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
    if before.is_float or after.is_float or not _is_costly(lowered):
        return []
    far = [(degree, entries, True) for degree in degrees]
    return far + [(degree, entries, False) for degree in degrees[-1:]]


def in_steps(lowered: Lowered) -> Lowered:
    """Return the run with functions of one value by pieces, as code in fixed point has them, which pay sooner there.

    Raises:
        UnsuitableError: it has nothing costly, or samples of more bits than words are good for.

    """
    before, after = lowered.before.format, lowered.after.format
    floats = before.is_float or after.is_float
    if floats or max(before.depth, after.depth) > _WORD_DEPTH or lowered.dither or not _is_costly(lowered):
        raise UnsuitableError("samples")
    return _separated(lowered, _WORTH_WORDS, 2, 64, True, LACKING)


def pieced(lowered: Lowered, degree: int, entries: int, far: bool) -> tuple[Lowered, int]:
    """Return what `quick` makes of the run with costly functions of one value by pieces, as `separated` finds them."""
    return quick(_separated(lowered, _WORTH, degree, entries, far))


def _separated(
    lowered: Lowered, worth: int, degree: int, entries: int, far: bool, lacking: frozenset[str] = frozenset()
) -> Lowered:
    passes = []
    for part in lowered.passes:
        roots = list(part.roots.values())
        found = roots if part.by_table else separated(roots, worth, degree, entries, far, lacking)
        passes.append(replace(part, roots=dict(zip(part.roots, found, strict=True))))
    numbers, tables = gathered(passes)
    return replace(lowered, passes=tuple(passes), numbers=numbers, tables=tables)


def _is_costly(lowered: Lowered) -> bool:
    roots = (root for part in lowered.passes if not part.by_table for root in part.roots.values())
    return any(here.varying and here.op in _COSTLY for here in reach(roots))
