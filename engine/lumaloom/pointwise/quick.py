"""A run as this processor does it best: with powers by `passes.powers`."""

from __future__ import annotations

from dataclasses import replace

from lumaloom.pointwise.ir import Node
from lumaloom.pointwise.lower import Lowered, gathered
from lumaloom.pointwise.passes.powers import replaced


def quick(lowered: Lowered) -> tuple[Lowered, int]:
    """Return the run with such powers, and how many numbers at its end are exponents, which have to be `usual`."""
    exponents: dict[Node, None] = {}
    passes = []
    for part in lowered.passes:
        roots = replaced(part.roots.values(), exponents)
        passes.append(replace(part, roots=dict(zip(part.roots, roots, strict=True))))
    numbers, tables = gathered(passes)
    return replace(lowered, passes=tuple(passes), numbers=(*numbers, *exponents), tables=tables), len(exponents)
