"""Lookups in tables, all lanes: linear in a line, by tetrahedra in a cube."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lumaloom.pointwise.llvm_planes import joined, shuffled
from lumaloom.pointwise.llvm_text import splat

if TYPE_CHECKING:
    from lumaloom.pointwise.llvm_values import Values

_POINT, _POINT_BITS = "<4 x float>", 4
"""A point of the cube: red, green, blue, and one unused; and log2 of its bytes."""


def place(values: Values, value: str, last: str) -> tuple[str, str]:
    """Return the index of the entry below, and the way from it to the next, of values kept within 0 to 1."""
    text, kind, n, truth = values.text, values.kind, values.lanes, values.truth
    whole = f"<{n} x i32>"
    over = text.set(f"fcmp ogt {kind} {value}, zeroinitializer", "m")
    value = text.set(f"select {truth} {over}, {kind} {value}, {kind} zeroinitializer")
    under = text.set(f"fcmp olt {kind} {value}, {splat(1)}", "m")
    value = text.set(f"select {truth} {under}, {kind} {value}, {kind} {splat(1)}")
    one = text.set(f"insertelement {whole} poison, i32 {last}, i64 0", "i")
    lasts = text.set(f"shufflevector {whole} {one}, {whole} poison, {whole} zeroinitializer", "i")
    scale = text.set(f"sitofp {whole} {lasts} to {kind}")
    spot = text.set(f"fmul {kind} {value}, {scale}")
    index = text.set(f"fptosi {kind} {spot} to {whole}", "i")
    greatest = text.set(f"sub {whole} {lasts}, splat (i32 1)", "i")
    less = text.set(f"icmp slt {whole} {index}, {greatest}", "m")
    index = text.set(f"select {truth} {less}, {whole} {index}, {whole} {greatest}", "i")
    back = text.set(f"sitofp {whole} {index} to {kind}")
    return index, text.set(f"fsub {kind} {spot}, {back}")


def line(values: Values, address: str, last: str, v: str) -> str:
    """Return a vector of results."""
    index, share = place(values, v, last)
    text, kind, n = values.text, values.kind, values.lanes
    spots = _spilled(values, [index])
    pairs = []
    for lane in range(n):
        entry = text.set(f"getelementptr float, ptr {address}, i64 {spots(0, lane)}", "p")
        pairs.append(text.set(f"load <2 x float>, ptr {entry}, align 4"))
    low, high = _unzipped(values, pairs)
    rise = text.set(f"fsub {kind} {high}, {low}")
    step = text.set(f"fmul contract {kind} {rise}, {share}")
    return text.set(f"fadd contract {kind} {low}, {step}")


def _spilled(values: Values, vectors: list[str]) -> Callable[[int, int], str]:
    """Write vectors of whole numbers to the stack; return what gives one lane of one of them, as i64.

    Taking a lane out of a register takes two or three instructions, reading it from memory is one. Volatile, because
    the optimiser would undo it.
    """
    text, n = values.text, values.lanes
    whole = f"<{n} x i32>"
    place = text.scratch(f"[{len(vectors) * n} x i32]")
    for k, vector in enumerate(vectors):
        pointer = text.set(f"getelementptr i32, ptr {place}, i64 {k * n}", "p")
        text.line(f"  store volatile {whole} {vector}, ptr {pointer}, align 64")

    def lane_of(k: int, lane: int) -> str:
        pointer = text.set(f"getelementptr i32, ptr {place}, i64 {k * n + lane}", "p")
        index = text.set(f"load volatile i32, ptr {pointer}, align 4", "i")
        return text.set(f"zext i32 {index} to i64", "i")

    return lane_of


def _unzipped(values: Values, pairs: list[str]) -> tuple[str, str]:
    """Return the first and the second numbers of a pair per lane.

    Joined so that every step is one instruction within halves of 128 bits: eight lanes are pairs 0 1 4 5 and 2 3 6 7,
    of which one shuffle takes the first numbers in order, another the second ones.
    """
    text = values.text
    parts: list[tuple[str, str]] = []
    for start in range(0, len(pairs), 8):
        fours = [
            shuffled(text, "<2 x float>", pairs[start + k], pairs[start + k + 1], [0, 1, 2, 3]) for k in (0, 2, 4, 6)
        ]
        ahead, behind = (shuffled(text, "<4 x float>", fours[k], fours[k + 2], list(range(8))) for k in (0, 1))
        firsts, seconds = (
            shuffled(text, "<8 x float>", ahead, behind, [k + j for k in (0, 2, 8, 10, 4, 6, 12, 14)]) for j in (0, 1)
        )
        parts.append((firsts, seconds))
    return joined(text, [part[0] for part in parts]), joined(text, [part[1] for part in parts])


def cube(values: Values, address: str, last: str, r: str, g: str, b: str) -> tuple[str, str, str]:
    """Return three vectors of results.

    With the shares sorted, x >= y >= z, the result is `c0 (1 - x) + c1 (x - y) + c2 (y - z) + c3 z`: c0 is the
    lowest corner of the cell, c1 one step further along the axis of x, c2 along that of y too, c3 the opposite one.
    """
    text, kind, n, truth = values.text, values.kind, values.lanes, values.truth
    whole = f"<{n} x i32>"
    (ir, fr), (ig, fg), (ib, fb) = (place(values, value, last) for value in (r, g, b))
    side = text.set(f"add i32 {last}, 1", "i")
    square = text.set(f"mul i32 {side}, {side}", "i")

    def spread(scalar: str) -> str:
        one = text.set(f"insertelement {whole} poison, i32 {scalar}, i64 0", "i")
        return text.set(f"shufflevector {whole} {one}, {whole} poison, {whole} zeroinitializer", "i")

    def choose(condition: str, yes: str, no: str, of: str = whole) -> str:
        return text.set(f"select {truth} {condition}, {of} {yes}, {of} {no}")

    step_r, step_g, step_b = spread(square), spread(side), "splat (i32 1)"
    base = text.set(f"mul {whole} {ir}, {step_r}", "i")
    rows = text.set(f"mul {whole} {ig}, {step_g}", "i")
    base = text.set(f"add {whole} {base}, {rows}", "i")
    base = text.set(f"add {whole} {base}, {ib}", "i")
    # A sorting network on (share, step): r with g, the greater with b, the lesser with the lesser.
    rg = text.set(f"fcmp oge {kind} {fr}, {fg}", "m")
    x, y = choose(rg, fr, fg, kind), choose(rg, fg, fr, kind)
    sx, sy = choose(rg, step_r, step_g), choose(rg, step_g, step_r)
    yb = text.set(f"fcmp oge {kind} {y}, {fb}", "m")
    y2, z = choose(yb, y, fb, kind), choose(yb, fb, y, kind)
    sy2 = choose(yb, sy, step_b)
    xy = text.set(f"fcmp oge {kind} {x}, {y2}", "m")
    x2, y3 = choose(xy, x, y2, kind), choose(xy, y2, x, kind)
    sx2, sy3 = choose(xy, sx, sy2), choose(xy, sy2, sx)
    first = text.set(f"add {whole} {base}, {sx2}", "i")
    second = text.set(f"add {whole} {first}, {sy3}", "i")
    corners = [text.set(f"shl {whole} {corner}, splat (i32 {_POINT_BITS})", "i") for corner in (base, first, second)]
    weights = [
        text.set(f"fsub {kind} {splat(1)}, {x2}"),
        text.set(f"fsub {kind} {x2}, {y3}"),
        text.set(f"fsub {kind} {y3}, {z}"),
        z,
    ]
    far = text.set(f"add i32 {square}, {side}", "i")
    far = text.set(f"zext i32 {far} to i64", "i")
    opposite = text.set(f"getelementptr {_POINT}, ptr {address}, i64 {far}", "p")
    opposite = text.set(f"getelementptr {_POINT}, ptr {opposite}, i64 1", "p")
    return _mixed(values, (address, opposite), corners, weights)


def _mixed(values: Values, addresses: tuple[str, str], corners: list[str], weights: list[str]) -> tuple[str, str, str]:
    """Return weighted sums of four points each, the last as far from the first as `addresses` are apart.

    Vectors go through memory: to take a lane out of a register, or to spread it, costs more than a load.
    """
    text, n = values.text, values.lanes
    size = 4 * n
    memory = text.scratch(f"[{(len(corners) + len(weights)) * size} x i8]")
    kinds = [f"<{n} x i32>"] * len(corners) + [values.kind] * len(weights)
    for k, (kind, vector) in enumerate(zip(kinds, [*corners, *weights], strict=True)):
        pointer = text.set(f"getelementptr i8, ptr {memory}, i64 {k * size}", "p")
        text.line(f"  store {kind} {vector}, ptr {pointer}, align 64")
    # What was written is not known from here on: the optimiser would take lanes out of registers.
    text.line(f'  call void asm sideeffect "", "r,~{{memory}}"(ptr {memory})')
    pixels = []
    for lane in range(n):
        offsets = []
        for k in range(len(corners)):
            pointer = text.set(f"getelementptr i8, ptr {memory}, i64 {k * size + 4 * lane}", "p")
            offset = text.set(f"load i32, ptr {pointer}, align 4", "i")
            offsets.append(text.set(f"zext i32 {offset} to i64", "i"))
        total = ""
        for k in range(len(weights)):
            start, offset = (addresses[0], offsets[k]) if k < len(corners) else (addresses[1], offsets[0])
            place = text.set(f"getelementptr i8, ptr {start}, i64 {offset}", "p")
            point = text.set(f"load {_POINT}, ptr {place}, align 16")
            pointer = text.set(f"getelementptr i8, ptr {memory}, i64 {(len(corners) + k) * size + 4 * lane}", "p")
            share = text.set(f"load float, ptr {pointer}, align 4")
            share = text.set(f"insertelement {_POINT} poison, float {share}, i64 0")
            share = text.set(f"shufflevector {_POINT} {share}, {_POINT} poison, <4 x i32> zeroinitializer")
            part = text.set(f"fmul contract {_POINT} {point}, {share}")
            total = text.set(f"fadd contract {_POINT} {part}, {total}") if total else part
        pixels.append(total)
    return _columns(values, pixels)


def _columns(values: Values, pixels: list[str]) -> tuple[str, str, str]:
    """Transpose one vector of four per lane into a vector of all lanes per channel.

    Eight at a time, in steps that are one instruction each: pixels k and k + 4 side by side, then within halves of
    128 bits the 4 by 4 transposition.
    """
    text, wide = values.text, "<8 x float>"
    low, high = [0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15]
    first, second = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    parts: list[list[str]] = []
    for start in range(0, len(pixels), 8):
        rows = [shuffled(text, _POINT, pixels[start + k], pixels[start + k + 4], list(range(8))) for k in range(4)]
        (reds_a, blues_a), (reds_b, blues_b) = (
            [shuffled(text, wide, rows[k], rows[k + 1], order) for order in (low, high)] for k in (0, 2)
        )
        parts.append(
            [
                shuffled(text, wide, reds_a, reds_b, first),
                shuffled(text, wide, reds_a, reds_b, second),
                shuffled(text, wide, blues_a, blues_b, first),
            ]
        )
    r, g, b = (joined(text, [part[k] for part in parts]) for k in range(3))
    return r, g, b
