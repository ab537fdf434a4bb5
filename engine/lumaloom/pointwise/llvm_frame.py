"""The two arguments of a pass, read once: words and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.llvm_pieces import operands as pieces
from lumaloom.pointwise.llvm_planes import Row
from lumaloom.pointwise.llvm_power import operands as powers
from lumaloom.pointwise.llvm_text import Text
from lumaloom.pointwise.llvm_values import Values
from lumaloom.pointwise.lower import Lowered, Pass, places

HEADER = 4
"""Words of the argument block before the planes: width, height, first and last row of blocks."""


class Frame:
    """What the code of a pass reads from its two arguments, once.

    Attributes:
        element: LLVM's type of a number.

    """

    element = "float"

    def __init__(self, text: Text, lowered: Lowered, number: int, lanes: int) -> None:
        self.text, self.lowered, self.lanes = text, lowered, lanes
        text.line(f"define void @pass{number}(ptr noalias readonly %words, ptr noalias readonly %numbers) {{")
        text.line("entry:")
        self.width, self.height, self.first, self.stop = (self.word(k) for k in range(HEADER))
        self.planes: dict[tuple[str, int], tuple[str, str]] = {}
        self._sides = {"src": HEADER, "out": HEADER + 2 * len(lowered.before.format.planes)}
        self._tables = self._sides["out"] + 2 * len(lowered.after.format.planes)
        self._numbers = {id(value): k for k, value in enumerate(lowered.numbers)}
        self.numbers: dict[int, str] = {}
        self.tables: dict[int, tuple[str, ...]] = {}

    def word(self, index: int) -> str:
        """Return a word of the first argument."""
        pointer = self.text.set(f"getelementptr i64, ptr %words, i64 {index}", "p")
        return self.text.set(f"load i64, ptr {pointer}, align 8, !invariant.load !0", "w")

    def prepare(self, part: Pass) -> None:
        """Read the planes, numbers and tables that a pass uses."""
        self._read_planes(part)
        self._read_numbers(part)

    def number(self, here: Node, row: str = "", at: str = "") -> str:
        """Return in all lanes what is one number for a frame."""
        return self.numbers[id(here)]

    def values(self, lanes: int, leaf: Callable[[Node], str]) -> Values:
        """Return what evaluates nodes in vectors, from those of the `leaf` nodes."""
        return Values(self.text, lanes, leaf, lambda here: self.tables[id(here)])

    def _read_planes(self, part: Pass) -> None:
        source = places(self.lowered.before.format)
        for plane in sorted({source[name].plane for name in part.reads if name in source}):
            self._plane("src", plane)
        for plane in part.planes:
            self._plane("out", plane)

    def _read_numbers(self, part: Pass) -> None:
        for here in reach(part.roots.values()):
            if id(here) in self._numbers:
                pointer = self.text.set(f"getelementptr float, ptr %numbers, i64 {self._numbers[id(here)]}", "p")
                value = self.text.set(f"load float, ptr {pointer}, align 4, !invariant.load !0", "u")
                self.numbers[id(here)] = self.spread(value)
            if here.op == "table":
                number = [id(table) for table in self.lowered.tables].index(id(here))
                self.tables[id(here)] = self.picture(number)
        for here in reach(part.roots.values()):
            if here.op == "power":
                self.tables[id(here)] = powers(self.text, self.tables[id(here.args[1])][0])
            if here.op == "pieces":
                table: Any = here.args[1]
                self.tables[id(here)] = pieces(self.text, self.tables[id(table)][0], table.data, self.lanes)

    def picture(self, number: int) -> tuple[str, str]:
        """Return the address of a table, and its last index or its pitch."""
        last = self.word(self._tables + 2 * number + 1)
        return self.table(number), self.text.set(f"trunc i64 {last} to i32", "i")

    def table(self, number: int) -> str:
        """Return the address of a table."""
        return self.text.set(f"inttoptr i64 {self.word(self._tables + 2 * number)} to ptr", "table")

    def _plane(self, side: str, plane: int) -> None:
        base = self._sides[side] + 2 * plane
        address = self.text.set(f"inttoptr i64 {self.word(base)} to ptr", side)
        self.planes[side, plane] = (address, self.word(base + 1))

    def spread(self, scalar: str) -> str:
        """Return a number in all lanes."""
        kind = f"<{self.lanes} x {self.element}>"
        one = self.text.set(f"insertelement {kind} poison, {self.element} {scalar}, i64 0")
        return self.text.set(f"shufflevector {kind} {one}, {kind} poison, <{self.lanes} x i32> zeroinitializer", "u")

    def row(self, side: str, plane: int, row: str, width: str) -> Row:
        """Return a row of a plane."""
        address, pitch = self.planes[side, plane]
        offset = self.text.set(f"mul i64 {row}, {pitch}", "o")
        return Row(self.text.set(f"getelementptr i8, ptr {address}, i64 {offset}", "row"), width)
