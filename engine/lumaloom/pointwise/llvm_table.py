"""A pass whose channels each depend on themselves alone: computed once per code value, then looked up."""

from __future__ import annotations

from lumaloom.pointwise.ir import Node
from lumaloom.pointwise.llvm_floats import Floats
from lumaloom.pointwise.llvm_frame import Frame
from lumaloom.pointwise.llvm_planes import element
from lumaloom.pointwise.llvm_text import Text
from lumaloom.pointwise.llvm_values import Values
from lumaloom.pointwise.lower import Lowered, Pass, places

_UNROLL = 4


def by_table(text: Text, lowered: Lowered, part: Pass, number: int, lanes: int) -> None:
    """Write the function of such a pass."""
    frame = Frame(text, lowered, number, lanes)
    before, after = lowered.before.format, lowered.after.format
    (plane,) = part.planes
    letters = after.planes[plane].channels
    place = places(before)[letters[0]]
    entries, kind = 1 << before.depth, element(after)
    tables = [
        text.set(f"alloca [{entries} x {kind}], align 64", "table") for _ in _distinct([part.roots[c] for c in letters])
    ]
    frame.prepare(part)
    roots = [part.roots[letter] for letter in letters]
    distinct = _distinct(roots)
    text.line("  br label %fill")
    text.line("fill:")
    text.line("  %k = phi i64 [ 0, %entry ], [ %k.next, %fill ]")
    start = frame.spread(text.set("sitofp i64 %k to float"))
    ramp = ", ".join(f"float {lane}.0" for lane in range(lanes))
    codes = text.set(f"fadd <{lanes} x float> {start}, <{ramp}>")
    values = Values(
        text,
        lanes,
        lambda here: codes if here.op == "input" else frame.numbers[id(here)],
        lambda here: frame.tables[id(here)],
    )
    for table, root in zip(tables, distinct, strict=True):
        values_of_root = Floats().rounded(text, after, values.of(root), lanes)
        entry = text.set(f"getelementptr {kind}, ptr {table}, i64 %k", "p")
        text.line(f"  store <{lanes} x {kind}> {values_of_root}, ptr {entry}, align {after.dtype.itemsize}")
    text.line(f"  %k.next = add nsw i64 %k, {lanes}")
    text.line(f"  %k.more = icmp slt i64 %k.next, {entries}")
    text.line("  br i1 %k.more, label %fill, label %row")
    which = {letter: tables[_index(distinct, part.roots[letter])] for letter in letters}
    _look_up(text, frame, lowered, plane, place.plane, which)


def _distinct(roots: list[Node]) -> list[Node]:
    """Return the roots that differ once the name of the channel is left out."""
    found: list[Node] = []
    for root in roots:
        if all(not _same(root, other) for other in found):
            found.append(root)
    return found


def _index(distinct: list[Node], root: Node) -> int:
    return next(k for k, other in enumerate(distinct) if _same(root, other))


def _same(a: Node, b: Node) -> bool:
    """Whether two roots are the same function of their one channel."""
    if a is b:
        return True
    if a.op != b.op or len(a.args) != len(b.args):
        return False
    if a.op == "input":
        return True
    return a.data == b.data and all(map(_same, a.args, b.args))


def _look_up(text: Text, frame: Frame, lowered: Lowered, plane: int, source: int, which: dict[str, str]) -> None:
    before, after = lowered.before.format, lowered.after.format
    size_in, size_out, count = before.dtype.itemsize, after.dtype.itemsize, len(which)
    width = frame.width
    text.line("row:")
    text.line(f"  %j = phi i64 [ {frame.first}, %fill ], [ %j.next, %row.end ]")
    from_row, to_row = frame.row("src", source, "%j", width), frame.row("out", plane, "%j", width)
    last = text.set(f"sub i64 {width}, {_UNROLL}", "n")
    text.line("  br label %pixels")
    text.line("pixels:")
    text.line("  %i = phi i64 [ 0, %row ], [ %i.next, %pixels ]")
    inside = text.set(f"icmp slt i64 %i, {last}", "m")
    at = text.set(f"select i1 {inside}, i64 %i, i64 {last}", "at")
    for k in range(_UNROLL):
        for index, table in enumerate(which.values()):
            spot = text.set(f"mul i64 {at}, {count}", "o")
            spot = text.set(f"add i64 {spot}, {k * count + index}", "o")
            pointer = text.set(f"getelementptr {element(before)}, ptr {from_row.address}, i64 {spot}", "p")
            code = text.set(f"load {element(before)}, ptr {pointer}, align {size_in}", "c")
            wide = text.set(f"zext {element(before)} {code} to i64", "c")
            if before.depth < 8 * size_in:  # a sample beyond its depth must not read beyond the table
                wide = text.set(f"call i64 @llvm.umin.i64(i64 {wide}, i64 {(1 << before.depth) - 1})", "c")
                text.intrinsics.add("declare i64 @llvm.umin.i64(i64, i64)")
            entry = text.set(f"getelementptr {element(after)}, ptr {table}, i64 {wide}", "p")
            value = text.set(f"load {element(after)}, ptr {entry}, align {size_out}", "c")
            target = text.set(f"getelementptr {element(after)}, ptr {to_row.address}, i64 {spot}", "p")
            text.line(f"  store {element(after)} {value}, ptr {target}, align {size_out}")
    text.line(f"  %i.next = add nsw i64 %i, {_UNROLL}")
    text.line(f"  %i.more = icmp slt i64 %i.next, {width}")
    text.line("  br i1 %i.more, label %pixels, label %row.end")
    text.line("row.end:")
    text.line("  %j.next = add nsw i64 %j, 1")
    text.line(f"  %j.more = icmp slt i64 %j.next, {frame.stop}")
    text.line("  br i1 %j.more, label %row, label %done")
    text.line("done:\n  ret void\n}\n")
