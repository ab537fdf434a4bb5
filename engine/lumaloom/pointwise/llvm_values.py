"""Nodes of a graph as LLVM instructions on vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lumaloom.pointwise.ir import Node, node
from lumaloom.pointwise.llvm_lookup import cube, line
from lumaloom.pointwise.llvm_pieces import pieces
from lumaloom.pointwise.llvm_power import power
from lumaloom.pointwise.llvm_text import Text, splat

_COMPARES = {"lt": "olt", "le": "ole", "eq": "oeq", "ne": "une"}
_PLAIN = {"add": "fadd contract nsz", "sub": "fsub contract nsz", "mul": "fmul contract nsz", "div": "fdiv"}
_INTRINSICS = {"abs": "fabs", "sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "rint": "rint", "trunc": "trunc"}
_CALLS = ("exp2", "log2", "sin", "cos", "tanh", "expm1", "log1p", "cbrt", "atan", "atan2", "pow", "hash")
_LEAVES = ("input", "texel")
_LOGIC = {"and": "and", "or": "or", "xor": "xor"}


class Values:
    """Evaluates nodes in vectors of one number of lanes; every node once.

    Args:
        text: where the instructions go.
        lanes: of a vector.
        leaf: gives the value of inputs, of pictures, and of uniform nodes.
        tables: gives address and last index of a table's node, and the operands of powers and pieces.

    """

    def __init__(
        self, text: Text, lanes: int, leaf: Callable[[Node], str], tables: Callable[[Node], tuple[str, ...]]
    ) -> None:
        self.text, self.lanes, self.leaf, self.tables = text, lanes, leaf, tables
        self.kind, self.truth = f"<{lanes} x float>", f"<{lanes} x i1>"
        self._known: dict[Node, str] = {}  # by node, which keeps it alive

    def of(self, here: Node) -> str:
        """Return the name of a node's value, or the constant itself."""
        found = self._known.get(here)
        if found is None:
            stack = [here]
            while stack:  # deep graphs would exhaust recursion
                top = stack[-1]
                waiting = [arg for arg in self._needed(top) if arg not in self._known]
                if waiting:
                    stack.extend(waiting)
                else:
                    stack.pop()
                    if top not in self._known:
                        self._known[top] = self._made(top)
            found = self._known[here]
        return found

    def _needed(self, here: Node) -> tuple[Node, ...]:
        if not here.varying or here.op in _LEAVES:
            return ()
        return tuple(arg for arg in here.args if arg.op != "table")

    def _made(self, here: Node) -> str:
        number = here.number
        if number is not None:
            return splat(number)
        if not here.varying or here.op in _LEAVES:
            return self.leaf(here)
        if here.op in ("lookup", "lookup3"):
            return self._looked_up(here)
        if here.op == "pieces":
            function: Any = here.args[1].data
            return pieces(self, self.tables(here), self._known[here.args[0]], function)
        if here.op == "power":
            return power(self, self.tables(here), self._known[here.args[0]])
        args = [self._known[arg] for arg in here.args]
        return self._computed(here, args)

    def _computed(self, here: Node, args: list[str]) -> str:
        text, kind = self.text, self.kind
        if here.op in _PLAIN:
            return text.set(f"{_PLAIN[here.op]} {kind} {args[0]}, {args[1]}")
        if here.op == "neg":
            return text.set(f"fneg {kind} {args[0]}")
        if here.op in ("min", "max"):
            mask = text.set(f"fcmp {'olt' if here.op == 'min' else 'ogt'} {kind} {args[0]}, {args[1]}", "m")
            return text.set(f"select {self.truth} {mask}, {kind} {args[0]}, {kind} {args[1]}")
        if here.op in _INTRINSICS:
            return text.intrinsic(_INTRINSICS[here.op], self.lanes, args[0])
        if here.op in _COMPARES:
            return text.set(f"fcmp {_COMPARES[here.op]} {kind} {args[0]}, {args[1]}", "m")
        if here.op in _CALLS:
            text.used.add(here.op)
            return text.set(f"call {kind} @{here.op}({', '.join(f'{kind} {arg}' for arg in args)})")
        truths = [self._as_truth(arg, name) for arg, name in zip(here.args, args, strict=True)]
        if here.op in _LOGIC:
            return text.set(f"{_LOGIC[here.op]} {self.truth} {truths[0]}, {truths[1]}", "m")
        if here.op == "not":
            return text.set(f"xor {self.truth} {truths[0]}, splat (i1 true)", "m")
        assert here.op == "select", here.op
        return text.set(f"select {self.truth} {truths[0]}, {kind} {args[1]}, {kind} {args[2]}")

    def _as_truth(self, here: Node, name: str) -> str:
        if here.is_bool:
            return name if here.varying else self.text.set(f"fcmp une {self.kind} {name}, zeroinitializer", "m")
        if here.number is not None:
            return f"splat (i1 {'true' if here.number else 'false'})"
        return name

    def _looked_up(self, here: Node) -> str:
        address, last = self.tables(here.args[0])
        args = [self.of(arg) for arg in here.args[1:]]
        if here.op == "lookup":
            return line(self, address, last, args[0])
        for k, name in enumerate(cube(self, address, last, *args)):
            self._known[node("lookup3", here.args, k)] = name
        return self._known[here]
