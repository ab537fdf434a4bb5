"""Passes in fixed point as LLVM instructions on vectors of words, one register wide: see `passes.fixed`.

Tables of 64 entries are for processors with AVX-512BW, tables of 16 for those with AVX2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lumaloom.frame import PixelFormat
from lumaloom.pointwise.ir import Node, reach
from lumaloom.pointwise.llvm_frame import Frame
from lumaloom.pointwise.llvm_planes import joined, shuffled
from lumaloom.pointwise.llvm_text import Text
from lumaloom.pointwise.lower import Lowered, Pass
from lumaloom.pointwise.passes.fixed import Way
from lumaloom.pointwise.passes.fixed_curves import Shape

_CUT = {"add": "sadd.sat", "sub": "ssub.sat"}
_EXTREMES = {"min": "smin", "max": "smax"}
_COMPARES = {"lt": "slt", "le": "sle"}
_PRODUCTS = {32: "avx512.pmul.hr.sw.512", 16: "avx2.pmul.hr.sw"}  # by words of a register
_PAIRS = {32: "avx512.pmaddw.d.512", 16: "avx2.pmadd.wd"}
_LEAVES = ("input", "byte", "column", "line")


class WordFrame(Frame):
    """What the code of a pass in fixed point reads of its arguments, once."""

    element = "i16"

    def __init__(self, text: Text, lowered: Lowered, number: int, lanes: int, way: Way) -> None:
        super().__init__(text, lowered, number, lanes)
        self.way, self.register = way, lanes // 2
        self._places = {here: k for k, here in enumerate(lowered.tables)}
        self._slots = {(here.op, here.data): k for k, here in enumerate(lowered.numbers)}
        self._kind = f"<{lanes} x i16>"

    def values(self, lanes: int, leaf: Callable[[Node], str]) -> WordValues:  # type: ignore[override]
        """Return what evaluates nodes in vectors, from those of the `leaf` nodes."""
        return WordValues(self, lanes, leaf)

    def number(self, here: Node, row: str = "", at: str = "") -> str:
        """Return the number of a `scaled` or `level`, or what a `column` or `line` is at a row and pixel."""
        if here.op not in ("column", "line"):
            return self.numbers[self._slots[here.op, here.data]]
        spot = at if here.op == "column" else row
        pointer = self.text.set(f"getelementptr i16, ptr {self.tables[id(here)][0]}, i64 {spot}", "p")
        kind = self._kind if here.op == "column" else "i16"
        value = self.text.set(f"load {kind}, ptr {pointer}, align 2, !invariant.load !0")
        return value if here.op == "column" else self.spread(value)

    def _read_numbers(self, part: Pass) -> None:
        register = f"<{self.register} x i16>"
        for here in reach(part.roots.values()):
            if here.op == "byte":
                picture: Any = here.data
                self.tables[id(picture.args[0])] = self.picture(self._places[picture.args[0]])
            if here.op in ("scaled", "level"):
                slot = self._slots[here.op, here.data]
                number = next(self._vectors("%numbers", register, slot, 1))
                self.numbers[slot] = joined(self.text, [number, number], self.register, "i16")
            elif here.op in ("curve", "column", "line"):
                address = self.table(self._places[here])
                self.tables[id(here)] = (address,)
                if here.op == "curve":
                    kind = register if self.register == 32 else f"<{2 * self.register} x i8>"
                    shape = self.way.shapes[here]
                    count = (1 + (shape.entries > 8)) * (shape.degree + 1)
                    self.tables[id(here)] = tuple(self._vectors(address, kind, 0, count))

    def _vectors(self, address: str, kind: str, first: int, count: int) -> Iterator[str]:
        size = 2 * self.register
        for k in range(first, first + count):
            pointer = self.text.set(f"getelementptr i8, ptr {address}, i64 {k * size}", "p")
            yield self.text.set(f"load {kind}, ptr {pointer}, align {size}, !invariant.load !0", "c")


class WordValues:
    """Evaluates nodes in vectors of one number of words; every node once.

    Args:
        frame: where the instructions go, and what was read.
        lanes: of a vector: as many as the frame's, or half.
        leaf: gives the value of inputs and of what depends on the place alone.

    """

    def __init__(self, frame: WordFrame, lanes: int, leaf: Callable[[Node], str]) -> None:
        self.frame, self.text, self.lanes, self.leaf = frame, frame.text, lanes, leaf
        self.kind, self.truth = f"<{lanes} x i16>", f"<{lanes} x i1>"
        self._known: dict[Node, str] = {}
        self._known_parts: dict[str, list[str]] = {}

    def of(self, here: Node) -> str:
        """Return the name of a node's value."""
        stack = [here]
        while stack:  # deep graphs would exhaust recursion
            top = stack[-1]
            args = () if top.op in _LEAVES else top.args
            waiting = [arg for arg in args if arg not in self._known]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if top not in self._known:
                self._known[top] = self._made(top, [self._known[arg] for arg in args])
        return self._known[here]

    def _made(self, here: Node, args: list[str]) -> str:
        text, kind = self.text, self.kind
        if here.op in _LEAVES:
            return self.leaf(here)
        if here.op == "level":
            return self._number(here)
        if here.op == "scaled":
            return self._product(args[0], self._number(here))
        if here.op == "product":
            return self._product(*args)
        if here.op in _CUT:
            return self._sum(here, here.op, *args)
        if here.op in _EXTREMES:
            return _called(text, self.lanes, _EXTREMES[here.op], *args)
        if here.op in ("neg", "abs"):
            turned = self._sum(here, "sub", "zeroinitializer", *args)
            return turned if here.op == "neg" else _called(text, self.lanes, "smax", *args, turned)
        if here.op in _COMPARES:
            return text.set(f"icmp {_COMPARES[here.op]} {kind} {args[0]}, {args[1]}", "m")
        if here.op == "select":
            return text.set(f"select {self.truth} {args[0]}, {kind} {args[1]}, {kind} {args[2]}")
        if here.op == "doubled":
            value = args[0]
            for _ in range(self.frame.way.doublings[here]):
                value = _called(text, self.lanes, "sadd.sat", value, value)
            return value
        assert here.op == "curve", here.op
        return self._curve(here, args[0])

    def _sum(self, here: Node, op: str, a: str, b: str) -> str:
        if here in self.frame.way.cut or self.lanes != self.frame.lanes:
            return _called(self.text, self.lanes, _CUT[op], a, b)
        return self.text.set(f"{op} {self.kind} {a}, {b}")

    def _number(self, here: Node) -> str:
        name = self.frame.number(here)
        if self.lanes == self.frame.lanes:
            return name
        return shuffled(self.text, f"<{self.frame.lanes} x i16>", name, "poison", list(range(self.lanes)))

    def _product(self, a: str, b: str) -> str:
        """Return products, rounded, of which the highest bits are kept."""
        width = self.frame.register
        kind, name = f"<{width} x i16>", f"@llvm.x86.{_PRODUCTS[width]}"
        self.text.intrinsics.add(f"declare {kind} {name}({kind}, {kind})")
        parts = zip(self._parts(a), self._parts(b), strict=True)
        return self._joined([self.text.set(f"call {kind} {name}({kind} {x}, {kind} {y})") for x, y in parts])

    def _parts(self, value: str) -> list[str]:
        if value not in self._known_parts:
            self._known_parts[value] = _parts(self.text, self.kind, value, self.frame.register)
        return self._known_parts[value]

    def _joined(self, parts: list[str]) -> str:
        value = joined(self.text, parts, self.frame.register, "i16")
        self._known_parts[value] = parts
        return value

    def _curve(self, here: Node, x: str) -> str:
        shape = self.frame.way.shapes[here]
        entry, t = self._index(shape, x)
        powers = self._picked(shape, entry, self.frame.tables[id(here)])
        result = powers.pop()
        while powers:
            result = self._sum(here, "add", powers.pop(), self._product(result, t))
        return result

    def _index(self, shape: Shape, x: str) -> tuple[str, str]:
        """Return the entry of words in the lowest bits, with others above them, and what polynomials are of."""
        text, kind = self.text, self.kind
        entry = text.set(f"lshr {kind} {x}, {_all(shape.bits)}", "i")
        if shape.direct:
            return entry, x
        part = text.set(f"shl {kind} {x}, {_all(16 - shape.bits)}", "i")
        if shape.fine:
            above = text.set(f"add {kind} {x}, {_all(shape.limit)}", "i")
            fine = text.set(f"icmp ult {kind} {above}, {_all(2 * shape.limit)}", "m")
            coarse = text.set(f"add {kind} {entry}, {_all(shape.entries // 4)}", "i")
            entry = text.set(f"lshr {kind} {x}, {_all(shape.bits - shape.fine)}", "i")
            entry = text.set(f"select {self.truth} {fine}, {kind} {entry}, {kind} {coarse}", "i")
            close = text.set(f"shl {kind} {x}, {_all(16 - shape.bits + shape.fine)}", "i")
            part = text.set(f"select {self.truth} {fine}, {kind} {close}, {kind} {part}", "i")
        return entry, text.set(f"xor {kind} {part}, {_all(-32768)}", "i")

    def _picked(self, shape: Shape, entry: str, table: tuple[str, ...]) -> list[str]:
        """Return the coefficients of entries, from the vectors of a table, one or two for every power."""
        text, width = self.text, self.frame.register
        entries = self._parts(entry)
        if shape.entries == 8:
            spots = [self._spots(some) for some in entries]
            return [self._joined([self._octets(row, spot) for spot in spots]) for row in table]
        pairs = [(table[k], table[k + 1]) for k in range(0, len(table), 2)]
        if shape.entries == 64:
            kind, name = f"<{width} x i16>", "@llvm.x86.avx512.vpermi2var.hi.512"
            text.intrinsics.add(f"declare {kind} {name}({kind}, {kind}, {kind})")
            return [
                self._joined(
                    [text.set(f"call {kind} {name}({kind} {a}, {kind} {some}, {kind} {b})") for some in entries]
                )
                for a, b in pairs
            ]
        places = [self._halves(some) for some in entries]
        return [self._joined([self._by_octets(pair, place) for place in places]) for pair in pairs]

    def _spots(self, entry: str) -> str:
        """Return the places of both bytes of words for `pshufb`."""
        text, kind = self.text, f"<{self.frame.register} x i16>"
        twice = text.set(f"mul {kind} {entry}, {_all(0x0202)}", "i")
        return self._as_octets(text.set(f"add {kind} {twice}, {_all(0x0100)}", "i"))

    def _halves(self, entry: str) -> tuple[str, str]:
        """Return the places of low and high bytes for `pshufb`: where a byte's highest bit is set, 0 comes."""
        text, kind = self.text, f"<{self.frame.register} x i16>"
        upper = text.set(f"shl {kind} {entry}, {_all(8)}", "i")
        low, high = (
            text.set(f"or {kind} {entry}, {_all(-32768)}", "i"),
            text.set(f"or {kind} {upper}, {_all(128)}", "i"),
        )
        return self._as_octets(low), self._as_octets(high)

    def _as_octets(self, words: str) -> str:
        return self.text.set(f"bitcast <{self.frame.register} x i16> {words} to <{2 * self.frame.register} x i8>", "i")

    def _by_octets(self, pair: tuple[str, str], places: tuple[str, str]) -> str:
        low, high = (self._octets(half, place) for half, place in zip(pair, places, strict=True))
        return self.text.set(f"or <{self.frame.register} x i16> {low}, {high}")

    def _octets(self, table: str, places: str) -> str:
        """Return words from the bytes at places of a table, which is there for both halves of a register."""
        kind, name = f"<{2 * self.frame.register} x i8>", "@llvm.x86.avx2.pshuf.b"
        self.text.intrinsics.add(f"declare {kind} {name}({kind}, {kind})")
        found = self.text.set(f"call {kind} {name}({kind} {table}, {kind} {places})")
        return self.text.set(f"bitcast {kind} {found} to <{self.frame.register} x i16>")


class Words:
    """Vectors of words: `llvm_planes.Arithmetic`.

    Args:
        shift: of roots, by which a step of the format lies above the lowest bit.

    """

    element = "i16"

    def __init__(self, shift: int) -> None:
        self._shift = shift

    def loaded(self, text: Text, fmt: PixelFormat, samples: str, lanes: int) -> str:
        """Return words from samples of integers, of which the greatest becomes nearly the greatest word."""
        kind = f"<{lanes} x i16>"
        if fmt.dtype.itemsize == 1:
            samples = text.set(f"zext <{lanes} x i8> {samples} to {kind}", "i")
        if fmt.shift:
            samples = text.set(f"lshr {kind} {samples}, {_all(fmt.shift)}", "i")
        return text.set(f"shl {kind} {samples}, {_all(15 - fmt.depth)}")

    def mean(self, text: Text, lanes: int, a: str, b: str) -> str:
        """Return the means of two vectors, halves upward."""
        kind = f"<{lanes} x i16>"
        either = text.set(f"or {kind} {a}, {b}")
        half = text.set(f"ashr {kind} {text.set(f'xor {kind} {a}, {b}')}, {_all(1)}")
        return text.set(f"sub {kind} {either}, {half}")

    def halved(self, text: Text, lanes: int, rows: list[str], pairs: bool, evens: bool) -> str:
        """Return the mean of one or two rows, and of `pairs` of columns or the `evens` of them."""
        kind, half, width = f"<{lanes} x i16>", f"<{lanes // 2} x i32>", lanes // 2
        if not pairs:
            value = rows[0] if len(rows) == 1 else self.mean(text, lanes, *rows)
            return shuffled(text, kind, value, "poison", list(range(0, lanes, 2))) if evens else value
        one, sum_of, name = f"<{width} x i16>", f"<{width // 2} x i32>", f"@llvm.x86.{_PAIRS[width]}"
        text.intrinsics.add(f"declare {sum_of} {name}({one}, {one})")
        sums = []
        for row in rows:
            parts = _parts(text, kind, row, width)
            found = [text.set(f"call {sum_of} {name}({one} {some}, {one} {_all(1)})") for some in parts]
            sums.append(joined(text, found, width // 2, "i32"))
        total = sums[0] if len(sums) == 1 else text.set(f"add {half} {sums[0]}, {sums[1]}")
        total = text.set(f"add {half} {total}, splat (i32 {len(rows)})")  # the half of what they are divided by
        total = text.set(f"ashr {half} {total}, splat (i32 {len(rows)})")
        return text.set(f"trunc {half} {total} to <{lanes // 2} x i16>")

    def rounded(self, text: Text, fmt: PixelFormat, value: str, lanes: int) -> str:
        """Return samples from words to which the half was added: clamped."""
        kind = f"<{lanes} x i16>"
        whole = text.set(f"ashr {kind} {value}, {_all(self._shift)}", "i")
        whole = _called(text, lanes, "smax", whole, "zeroinitializer")
        whole = _called(text, lanes, "smin", whole, _all((1 << fmt.depth) - 1))
        if fmt.shift:
            whole = text.set(f"shl {kind} {whole}, {_all(fmt.shift)}", "i")
        return whole if fmt.dtype.itemsize == 2 else text.set(f"trunc {kind} {whole} to <{lanes} x i8>", "s")


def _called(text: Text, lanes: int, name: str, *args: str) -> str:
    kind = f"<{lanes} x i16>"
    text.intrinsics.add(f"declare {kind} @llvm.{name}.v{lanes}i16({', '.join([kind] * len(args))})")
    return text.set(f"call {kind} @llvm.{name}.v{lanes}i16({', '.join(f'{kind} {arg}' for arg in args)})")


def _parts(text: Text, kind: str, value: str, width: int) -> list[str]:
    """Return a vector in parts of a width."""
    lanes = int(kind.split()[0][1:])
    if lanes == width:
        return [value]
    return [shuffled(text, kind, value, "poison", list(range(k, k + width))) for k in range(0, lanes, width)]


def _all(word: int) -> str:
    return f"splat (i16 {word})"
