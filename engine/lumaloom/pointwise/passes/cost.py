"""About how many vector instructions a graph takes per pixel."""

from __future__ import annotations

from collections.abc import Sequence

from lumaloom.pointwise.ir import Node, reach

_WEIGHTS = {
    "div": 5, "sqrt": 5, "select": 1, "exp2": 12, "log2": 15, "pow": 30, "power": 15, "pieces": 12, "sin": 12,
    "cos": 12, "tanh": 20, "cbrt": 30, "atan": 20, "atan2": 25, "hash": 25, "lookup": 30, "lookup3": 30, "input": 0,
    "texel": 2, "expm1": 14, "log1p": 18,
}  # fmt: skip


def cost(roots: Sequence[Node]) -> int:
    """Return the instructions for all roots together; a product that is added to something is free."""
    nodes = [here for here in reach(roots) if here.varying]
    once: set[Node] = set()
    more: set[Node] = set()
    for here in nodes:
        for arg in here.args:
            (more if arg in once else once).add(arg)
    total = 0
    for here in nodes:
        total += _WEIGHTS.get(here.op, 1)
        if here.op in ("add", "sub") and any(arg.op == "mul" and arg not in more for arg in here.args):
            total -= 1
    return total
