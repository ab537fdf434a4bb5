"""Functions of one value in a graph: what lies between a node and the last value that all ways to it go through.

A gamma behind a transfer behind a curve is one such function, and can be had for the price of one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from typing import Any

from lumaloom.pointwise.ir import Node, node, reach, rebuilt, substituted
from lumaloom.pointwise.numpy_eval import evaluate
from lumaloom.pointwise.passes.affine import is_affine
from lumaloom.pointwise.passes.cost import cost

ARGUMENT = node("input", (), "argument")
"""What a function found is written in."""

TIMES = ((-1, "t"), (-1, "frame"))
"""What is other for every frame; functions have none of it in them, so that their tables stay."""

_STEPS = {"floor", "ceil", "rint", "trunc", "hash", "texel", "lookup3"}  # neither smooth nor of one value


class Function:
    """A function of one value: what a table holds that the host makes once it knows where the values lie.

    Attributes:
        root: the function of `ARGUMENT`.
        degree: of the polynomials that it is to become.
        entries: of its table.
        params: the parameters that it has.
        jagged: whether it may have anything between two values, as tables of a user's have.
        capped: whether it may end in a straight line.

    """

    def __init__(self, root: Node, degree: int, entries: int) -> None:
        self.root, self.degree, self.entries = root, degree, entries
        nodes = list(reach([root]))
        self.params = tuple(here for here in nodes if here.op == "param")
        ops = {here.op for here in nodes if here.varying}
        self.jagged, self.capped = "lookup" in ops, bool(ops & {"lookup", "min"})

    def at(self, values: Any, known: Mapping[Hashable, Any]) -> Any:
        """Return what becomes of an array, with the parameters `known`."""
        return evaluate([self.root], {**known, ARGUMENT.data: values})[0]

    def __call__(self, *params: float) -> Callable[[Any], Any]:
        """Return the function with its parameters, as the table of `pieces` when nodes are evaluated."""
        known = dict(zip((param.data for param in self.params), params, strict=True))
        return lambda values: self.at(values, known)

    @property
    def _key(self) -> tuple[Node, int, int]:
        return self.root, self.degree, self.entries

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"function {self.root.digest.hex()} {self.degree} {self.entries}"


def separated(
    roots: Sequence[Node], worth: int, degree: int, entries: int, far: bool, lacking: Set[str] = frozenset()
) -> list[Node]:
    """Return the roots with functions that cost `worth` or more as nodes `pieces` of a value and a `table`.

    So are those that have operations which code is `lacking`.

    Pieces are polynomials of a `degree`, out of a table of `entries`. Sums stay outside. Functions that reach as `far`
    back as they can are fewest; those that begin as late as is worth it, and have no tables in them, are the smoothest.
    """
    tops = _Tops(roots, _STEPS if far else {*_STEPS, "lookup"})
    found: dict[Node, tuple[Node, Node]] = {}
    seen: set[Node] = set()
    stack = list(roots)[::-1]
    while stack:
        here = stack.pop()
        if here in seen or not here.varying:
            continue
        seen.add(here)
        above = [] if here.is_bool or is_affine(here) else tops.of(here)
        for top in above[::-1] if far else above:
            function = Function(_written(here, top), degree, entries)
            if cost([function.root]) >= worth or any(part.op in lacking for part in reach([function.root])):
                found[here] = (top, node("table", function.params, function))
                stack.append(top)
                break
            if far:
                break
        if here not in found:
            stack.extend(here.args[::-1])
    new: dict[Node, Node] = {}

    def change(here: Node, args: tuple[Node, ...]) -> Node:
        top, table = found.get(here, (None, None))
        new[here] = node("pieces", (new[top], table)) if top and table else rebuilt(here, args)
        return new[here]

    return substituted(roots, change)


class _Tops:
    """For every node the values that all ways from the inputs to it go through (dominators)."""

    def __init__(self, roots: Iterable[Node], steps: set[str]) -> None:
        self._above: dict[Node, Node | None] = {}
        self._depth: dict[Node, int] = {}
        moving: set[Node] = set()
        for here in reach(roots):
            timed = here.data in TIMES or any(arg in moving for arg in here.args)
            if not here.varying:
                moving |= {here} if timed else set()
                continue
            above = None
            if here.op != "input" and here.op not in steps and not timed:
                args = [arg for arg in here.args if arg.varying]
                above = args[0]
                for arg in args[1:]:
                    above = self._common(above, arg)
            self._above[here] = above
            self._depth[here] = 0 if above is None else self._depth[above] + 1

    def _common(self, a: Node | None, b: Node | None) -> Node | None:
        while a is not b and a is not None and b is not None:
            if self._depth[a] >= self._depth[b]:
                a = self._above[a]
            else:
                b = self._above[b]
        return a if a is b else None

    def of(self, here: Node) -> list[Node]:
        """Return those of a node, the one next to it first."""
        found, above = [], self._above[here]
        while above is not None:
            found += [] if above.is_bool else [above]
            above = self._above[above]
        return found


def _written(root: Node, top: Node) -> Node:
    """Return what becomes of `top` on the way to `root` as a function of `ARGUMENT`."""
    new: dict[Node, Node] = {top: ARGUMENT}
    stack = [root]
    while stack:
        here = stack[-1]
        waiting = [arg for arg in here.args if arg.varying and arg not in new]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        if here not in new:
            new[here] = rebuilt(here, tuple(new.get(arg, arg) for arg in here.args))
    return new[root]
