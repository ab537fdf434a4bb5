"""Lookups in tables, all lanes: linear in a line, by tetrahedra in a cube."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lumaloom.pointwise.llvm_planes import shuffled
from lumaloom.pointwise.llvm_text import splat

if TYPE_CHECKING:
    from lumaloom.pointwise.llvm_values import Values

STRIDE = 4
"""Floats from one point of the cube to the next: red, green, blue, and one unused."""


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
    width = 8
    while len(parts) > 1:
        kind, order = f"<{width} x float>", list(range(2 * width))
        parts = [
            (shuffled(text, kind, a[0], b[0], order), shuffled(text, kind, a[1], b[1], order))
            for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
        width *= 2
    return parts[0]


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
    far = text.set(f"add {whole} {step_r}, {step_g}", "i")
    far = text.set(f"add {whole} {far}, {step_b}", "i")
    third = text.set(f"add {whole} {base}, {far}", "i")
    corners = [base, first, second, third]
    weights = [
        text.set(f"fsub {kind} {splat(1)}, {x2}"),
        text.set(f"fsub {kind} {x2}, {y3}"),
        text.set(f"fsub {kind} {y3}, {z}"),
        z,
    ]
    pixels = [_pixel(values, address, corners, weights, lane) for lane in range(n)]
    return _columns(values, pixels)


def _pixel(values: Values, address: str, corners: list[str], weights: list[str], lane: int) -> str:
    """Return red, green and blue of one lane."""
    text, n = values.text, values.lanes
    four = "<4 x float>"
    total = ""
    for corner, weight in zip(corners, weights, strict=True):
        index = text.set(f"extractelement <{n} x i32> {corner}, i64 {lane}", "i")
        wide = text.set(f"zext i32 {index} to i64", "i")
        pointer = text.set(f"getelementptr {four}, ptr {address}, i64 {wide}", "p")
        point = text.set(f"load {four}, ptr {pointer}, align 16")
        share = text.set(f"shufflevector <{n} x float> {weight}, <{n} x float> poison, <4 x i32> splat (i32 {lane})")
        part = text.set(f"fmul contract {four} {point}, {share}")
        total = text.set(f"fadd contract {four} {part}, {total}") if total else part
    return total


def _columns(values: Values, pixels: list[str]) -> tuple[str, str, str]:
    """Transpose one vector of four per lane into a vector of all lanes per channel."""
    text, width = values.text, 4
    while len(pixels) > 1:
        pixels = [
            text.set(
                f"shufflevector <{width} x float> {a}, <{width} x float> {b}, <{2 * width} x i32> <"
                + ", ".join(f"i32 {k}" for k in range(2 * width))
                + ">"
            )
            for a, b in zip(pixels[::2], pixels[1::2], strict=True)
        ]
        width *= 2
    found = []
    for channel in range(3):
        lanes = ", ".join(f"i32 {4 * lane + channel}" for lane in range(values.lanes))
        found.append(
            text.set(
                f"shufflevector <{width} x float> {pixels[0]}, <{width} x float> poison, "
                f"<{values.lanes} x i32> <{lanes}>"
            )
        )
    return found[0], found[1], found[2]
