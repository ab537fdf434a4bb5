"""A module of LLVM text from a lowered run: one function per pass, which goes over rows of blocks of pixels.

A block is as many pixels as a vector has lanes, in one row, or in two where chroma is halved downward. It is loaded,
computed and stored without leaving the registers. The last block of a row overlaps the one before it, so rows have
at least one vector; the caller widens smaller pictures, and those of odd width with halved chroma.
"""

from __future__ import annotations

from typing import Any

from lumaloom.pointwise.ir import Node, node, reach
from lumaloom.pointwise.llvm_floats import Floats
from lumaloom.pointwise.llvm_frame import Frame
from lumaloom.pointwise.llvm_math import prelude
from lumaloom.pointwise.llvm_planes import (
    Arithmetic,
    Row,
    dither_table,
    dithered,
    load,
    shuffled,
    store,
    texel,
    upsampled,
)
from lumaloom.pointwise.llvm_table import by_table
from lumaloom.pointwise.llvm_text import Text, splat
from lumaloom.pointwise.llvm_values import Values
from lumaloom.pointwise.llvm_words import WordFrame, Words, WordValues
from lumaloom.pointwise.lower import Lowered, Pass, Place, inputs, places
from lumaloom.pointwise.passes.affine import is_affine
from lumaloom.pointwise.passes.fixed import Way

_LEAVES = ("input", "texel", "byte")


def module(lowered: Lowered, lanes: int, way: Way | None = None) -> str:
    """Return the text of a module with functions `pass0`, `pass1`, ... of two pointers: words and numbers.

    Words are int64: `HEADER`, then address and pitch of every plane of the source and of the result, then address
    and last index of every table. Numbers are float32, as `lowered.numbers`; of a run in fixed point, which has a
    `way`, they are int16, each in all lanes.
    """
    functions, used, intrinsics = [], set(), set()
    for number, part in enumerate(lowered.passes):
        text = Text()
        if part.by_table:
            by_table(text, lowered, part, number, lanes)
        else:
            frame = Frame(text, lowered, number, lanes) if way is None else WordFrame(text, lowered, number, lanes, way)
            _Blocks(frame, part, Floats() if way is None else Words(way.shift)).write()
        functions.append("\n".join(text.lines))
        used |= text.used
        intrinsics |= text.intrinsics
    kind = f"<{lanes} x float>"
    intrinsics |= {f"declare {kind} @llvm.{name}.v{lanes}f32({kind})" for name in ("rint", "fabs", "floor")}
    intrinsics.add(f"declare {kind} @llvm.copysign.v{lanes}f32({kind}, {kind})")
    if lowered.dither:
        intrinsics.add(dither_table())
    return "\n\n".join([*functions, prelude(used, lanes), "\n".join(sorted(intrinsics)), "!0 = !{}"]) + "\n"


class _Blocks:
    """Writes a pass over blocks of pixels."""

    def __init__(self, frame: Frame, part: Pass, kind: Arithmetic) -> None:
        self.frame, self.text, self.part, self.lanes, self.kind = frame, frame.text, part, frame.lanes, kind
        self.before, self.after = frame.lowered.before, frame.lowered.after
        self.source, self.target = places(self.before.format), places(self.after.format)
        here = [self.source[name] for name in part.reads if name in self.source]
        here += [self.target[name] for name in part.roots]
        self._vertical = self.before.chroma_offset[1] != 0
        self.halved = not part.native and any(place.sub_x for place in here)
        self.pair = not part.native and any(place.sub_y for place in here)
        self.fields = self.pair and frame.lowered.fields
        self.loaded: dict[tuple[str, int], str] = {}
        self.values: list[Values | WordValues] = []

    def write(self) -> None:
        """Write the function."""
        text, frame, lanes = self.text, self.frame, self.lanes
        frame.prepare(self.part)
        more = text.set(f"add i64 {frame.width}, {lanes - 1}", "n")
        blocks = text.set(f"sdiv i64 {more}, {lanes}", "n")
        last = text.set(f"sub i64 {frame.width}, {lanes}", "n")
        text.line("  br label %row")
        text.line("row:")
        text.line(f"  %j = phi i64 [ {frame.first}, %entry ], [ %j.next, %row.end ]")
        self._rows()
        text.line("  br label %block")
        text.line("block:")
        text.line("  %i = phi i64 [ 0, %row ], [ %i.next, %block ]")
        start = text.set(f"mul nsw i64 %i, {lanes}", "o")
        inside = text.set(f"icmp slt i64 {start}, {last}", "m")
        self.at = text.set(f"select i1 {inside}, i64 {start}, i64 {last}", "at")
        self._block()
        text.line("  %i.next = add nsw i64 %i, 1")
        text.line(f"  %i.more = icmp slt i64 %i.next, {blocks}")
        text.line("  br i1 %i.more, label %block, label %row.end")
        text.line("row.end:")
        text.line("  %j.next = add nsw i64 %j, 1")
        text.line(f"  %j.more = icmp slt i64 %j.next, {frame.stop}")
        text.line("  br i1 %j.more, label %row, label %done")
        text.line("done:\n  ret void\n}\n")

    def _rows(self) -> None:
        """Name the rows of this row of blocks: two of full height, the one or two of halved chroma."""
        text, frame = self.text, self.frame
        half = text.set(f"sdiv i64 {frame.width}, 2", "n") if self.halved else frame.width
        self.numbers = ["%j"]
        if self.pair:
            top = text.set("shl i64 %j, 1", "j")
            if self.fields:  # 4 (j / 2) + j % 2: the pair lies in one field
                field = text.set("and i64 %j, 1", "j")
                top = text.set(f"sub i64 {top}, {field}", "j")
            below = text.set(f"add i64 {top}, {2 if self.fields else 1}", "j")
            end = text.set(f"sub i64 {frame.height}, 1", "j")
            beyond = text.set(f"icmp sgt i64 {below}, {end}", "m")
            self.numbers = [top, text.set(f"select i1 {beyond}, i64 {end}, i64 {below}", "j")]
            self.places = [top, below]
        else:
            self.places = ["%j"]
        self.rows: dict[tuple[str, int, int], Row] = {}
        for (side, plane), _ in frame.planes.items():
            fmt = (self.before if side == "src" else self.after).format.planes[plane]
            width = half if fmt.sub_x and not self.part.native else frame.width
            if self.pair and fmt.sub_y:
                self.rows[side, plane, 0] = self.rows[side, plane, 1] = frame.row(side, plane, "%j", width)
                self._further_row(side, plane, width)
            else:
                for k, number in enumerate(self.numbers):
                    self.rows[side, plane, k] = frame.row(side, plane, number, width)

    def _further_row(self, side: str, plane: int, width: str) -> None:
        """Name the chroma row whose mean with this one goes to the row of luma that it does not sit on."""
        offset = self.before.chroma_offset[1]
        if side == "out" or offset == 0:
            return
        text, frame = self.text, self.frame
        step = 2 if self.fields else 1
        near = text.set(f"add i64 %j, {step if offset < 0 else -step}", "j")
        rows = text.set(f"sdiv i64 {frame.height}, 2", "j") if offset < 0 else "0"
        if offset < 0:  # the last row of chroma, of odd heights too
            more = text.set(f"add i64 {frame.height}, 1", "j")
            count = text.set(f"sdiv i64 {more}, 2", "j")
            rows = text.set(f"sub i64 {count}, 1", "j")
        beyond = text.set(f"icmp {'sgt' if offset < 0 else 'slt'} i64 {near}, {rows}", "m")
        self.rows[side, plane, 2] = frame.row(
            side, plane, text.set(f"select i1 {beyond}, i64 %j, i64 {near}", "j"), width
        )

    def _block(self) -> None:
        text = self.text
        self.loaded.clear()
        self.reduced: dict[tuple[object, ...], str] = {}
        self.values = []
        for k in range(len(self.numbers)):
            self.values.append(self.frame.values(self.lanes, lambda here, k=k: self._leaf(here, k)))  # type: ignore[misc]
        self._by_turns()
        fmt = self.after.format
        for k in reversed(range(len(self.numbers))):  # of an odd height the last row is written last
            for plane in self.part.planes:
                letters = fmt.planes[plane].channels
                if self._is_sub(self.target[letters[0]]):
                    continue
                full = [
                    self._sample(letter, self._at(k, self.part.roots[letter]), self.places[k], self.at, self.lanes)
                    for letter in letters
                ]
                store(text, fmt, full, self.rows["out", plane, k], self.at, self.lanes)
        for plane in self.part.planes:
            letters = fmt.planes[plane].channels
            place = self.target[letters[0]]
            if not self._is_sub(place):
                continue
            where = text.set(f"lshr i64 {self.at}, 1", "at") if place.sub_x else self.at
            lanes = self.lanes // 2 if place.sub_x else self.lanes
            each = self.pair and not place.sub_y  # a row of chroma for every row of luma
            for rows in ([1], [0]) if each else (list(range(len(self.numbers))),):
                row = self.places[rows[0]] if each else "%j"
                reduced = [
                    self._sample(letter, self._reduced(self.part.roots[letter], rows), row, where, lanes)
                    for letter in letters
                ]
                store(text, fmt, reduced, self.rows["out", plane, rows[0]], where, lanes)

    def _by_turns(self) -> None:
        """Write what rows and channels need step by step for all of them, as far as it is not halved.

        A processor looks some hundred instructions ahead: one chain after the other would keep it waiting.
        """
        needed: list[Node] = []
        for letter, root in self.part.roots.items():
            if self._is_sub(self.target[letter]) and self.target[letter].sub_x:
                leaves: dict[int, Node] = {}
                _cut(root, leaves)
                needed += leaves.values()
            else:
                needed.append(root)
        depths: dict[Node, int] = {}
        for here in reach(needed):
            if here.varying and here.op not in _LEAVES:
                depths[here] = 1 + max(depths.get(arg, 0) for arg in here.args)
        for here in sorted(depths, key=depths.__getitem__):
            for k in reversed(range(len(self.numbers))):
                self._at(k, here)

    def _sample(self, letter: str, value: str, row: str, at: str, lanes: int) -> str:
        """Return samples of the result from floats, to which the half was added."""
        if self.frame.lowered.dither and letter != "a":
            value = dithered(self.text, value, row, at, lanes)
        return self.kind.rounded(self.text, self.after.format, value, lanes)

    def _is_sub(self, place: Place) -> bool:
        return not self.part.native and bool(place.sub_x or place.sub_y)

    def _at(self, k: int, root: Node) -> str:
        """Return the value of a node in one of the rows; what both rows share is computed once."""
        return self.values[k].of(root) if k and self._differs(root) else self.values[0].of(root)

    def _differs(self, here: Node) -> bool:
        names = [" y", *(name for name, place in self.source.items() if not place.sub_y or self._vertical)]
        return bool(inputs([here]) & set(names))

    def _leaf(self, here: Node, k: int) -> str:
        if here.op in ("texel", "byte"):
            picture: Any = here if here.op == "texel" else here.data
            table = self.frame.tables[id(picture.args[0])]
            return texel(self.text, self.kind, table, picture, self.places[k], self.at, self.lanes)
        if here.op != "input":
            return self.frame.number(here, self.places[k], self.at)
        name = str(here.data)
        place = self.source.get(name.removeprefix("raw ")) if name.startswith("raw ") else None
        row = k if name == "y" or (place is not None and (not place.sub_y or self._vertical)) else 0
        key = (name, row)
        if key not in self.loaded:
            self.loaded[key] = self._load(name, place, row)
        return self.loaded[key]

    def _load(self, name: str, place: Place | None, k: int) -> str:
        text, lanes = self.text, self.lanes
        if place is None:
            return self._column() if name == "x" else self._line(k)
        fmt = self.before.format
        rows = [self.rows["src", place.plane, k]]
        if self.pair and place.sub_y and (self.before.chroma_offset[1] < 0) == (k == 1) and self._vertical:
            rows.append(self.rows["src", place.plane, 2])
        found = []
        for row in rows:
            if place.sub_x and not self.part.native:
                sited = self.before.chroma_offset[0] != 0
                found.append(upsampled(text, self.kind, fmt, place, row, self.at, lanes, sited))
            else:
                found.append(load(text, self.kind, fmt, place, row, self.at, lanes))
        return found[0] if len(found) == 1 else self.kind.mean(text, lanes, *found)

    def _column(self) -> str:
        text, lanes = self.text, self.lanes
        start = self.frame.spread(text.set(f"sitofp i64 {self.at} to float"))
        centres = ", ".join(f"float {lane}.5" for lane in range(lanes))
        return text.set(f"fadd <{lanes} x float> {start}, <{centres}>")

    def _line(self, k: int) -> str:
        start = self.frame.spread(self.text.set(f"sitofp i64 {self.places[k]} to float"))
        return self.text.set(f"fadd <{self.lanes} x float> {start}, {splat(0.5)}")

    def _reduced(self, root: Node, rows: list[int]) -> str:
        """Return a root at the resolution of chroma: sums are halved term by term, what is in them as a whole."""
        place = next(self.target[letter] for letter, found in self.part.roots.items() if found is root)
        if not place.sub_x:
            return self._halved(root, rows, place)
        leaves: dict[int, Node] = {}
        cut = _cut(root, leaves)

        def leaf(here: Node) -> str:
            return self._halved(leaves.get(id(here), here), rows, place)

        return self.frame.values(self.lanes // 2, leaf).of(cut)

    def _halved(self, here: Node, rows: list[int], place: Place) -> str:
        """Return a value at the resolution of a plane of the result, from some of the rows."""
        key = (here, *rows)
        if key not in self.reduced:
            self.reduced[key] = self._made_half(here, rows, place)
        return self.reduced[key]

    def _made_half(self, here: Node, rows: list[int], place: Place) -> str:
        text, lanes = self.text, self.lanes
        if not here.varying:
            name = self.frame.number(here)
            return shuffled(text, f"<{lanes} x {self.kind.element}>", name, "poison", list(range(lanes // 2)))
        exact = self._exact(here)
        if exact is not None:
            return exact
        found = [self._at(k, here) for k in rows]
        across, down = self.after.chroma_offset
        if len(set(found)) == 1 or down:
            found = found[:1] if down <= 0 else found[-1:]
        return self.kind.halved(text, lanes, found, bool(place.sub_x) and not across, bool(place.sub_x and across))

    def _exact(self, here: Node) -> str | None:
        """Return a channel of chroma as it lies, where halving its full resolution gives it back."""
        name = str(here.data).removeprefix("raw ") if here.op == "input" else ""
        place = self.source.get(name)
        alike = place is not None and (place.sub_x, place.sub_y) == self.after.format.subsampling
        if place is None or not alike or self.before.chroma_offset != self.after.chroma_offset:
            return None
        key = (f"half {name}", 0)
        if key not in self.loaded:
            at = self.text.set(f"lshr i64 {self.at}, 1", "at")
            row = self.rows["src", place.plane, 0]
            self.loaded[key] = load(self.text, self.kind, self.before.format, place, row, at, self.lanes // 2)
        return self.loaded[key]


def _cut(root: Node, leaves: dict[int, Node]) -> Node:
    """Return a copy of the sum at the top of a root whose terms are inputs that stand for what they are."""

    def copied(here: Node) -> Node:
        if here.number is not None or here.op == "level":
            return here
        if here.varying and (is_affine(here) or here.op == "scaled"):
            return node(here.op, tuple(copied(arg) for arg in here.args), here.data)
        stand = node("input", (), f"cut {id(here)}")  # digests leave out what is in a table
        leaves[id(stand)] = here
        return stand

    return copied(root)
