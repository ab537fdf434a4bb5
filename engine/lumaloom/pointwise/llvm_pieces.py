"""Functions of one value as polynomials by pieces, all lanes: see `passes.pieces`. For processors with AVX-512."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumaloom.pointwise.llvm_planes import joined, shuffled
from lumaloom.pointwise.passes.pieces import ENTRIES, HEAD

if TYPE_CHECKING:
    from lumaloom.pointwise.llvm_text import Text
    from lumaloom.pointwise.llvm_values import Values

_WIDE, _WHOLE = "<16 x float>", "<16 x i32>"
_PICK = "llvm.x86.avx512.vpermi2var.ps.512"


def operands(text: Text, address: str, degree: int, lanes: int) -> tuple[str, ...]:
    """Return what the code needs of a table, loaded: the five of its head in all lanes, and the coefficients."""
    found = []
    for k, kind in enumerate(("float", "float", "float", "float", "i32")):
        pointer = text.set(f"getelementptr float, ptr {address}, i64 {k}", "p")
        value = text.set(f"load {kind}, ptr {pointer}, align 4, !invariant.load !0", "c")
        many = f"<{lanes} x {kind}>"
        one = text.set(f"insertelement {many} poison, {kind} {value}, i64 0", "c")
        found.append(text.set(f"shufflevector {many} {one}, {many} poison, <{lanes} x i32> zeroinitializer", "c"))
    for k in range(HEAD, HEAD + ENTRIES * (degree + 1), 16):
        pointer = text.set(f"getelementptr float, ptr {address}, i64 {k}", "p")
        found.append(text.set(f"load {_WIDE}, ptr {pointer}, align 64, !invariant.load !0", "c"))
    return tuple(found)


def pieces(values: Values, table: tuple[str, ...], x: str, capped: bool) -> str:
    """Return a vector of results; `capped` where the last piece is told by more than the range of `x`."""
    text, kind, n, truth = values.text, values.kind, values.lanes, values.truth
    whole = f"<{n} x i32>"
    factor, summand, least, most, shift, *coefficients = table
    scaled = text.set(f"fmul contract {kind} {x}, {factor}")
    s = text.set(f"fadd contract {kind} {scaled}, {summand}")
    over = text.set(f"fcmp ogt {kind} {s}, {least}", "m")
    kept = text.set(f"select {truth} {over}, {kind} {s}, {kind} {least}")
    if capped:
        under = text.set(f"fcmp olt {kind} {kept}, {most}", "m")
        kept = text.set(f"select {truth} {under}, {kind} {kept}, {kind} {most}")
    bits = text.set(f"bitcast {kind} {kept} to {whole}", "i")
    index = text.set(f"lshr {whole} {bits}, {shift}", "i")
    powers = [_picked(values, index, *coefficients[k : k + 2]) for k in range(0, len(coefficients), 2)]
    result = powers.pop()
    while powers:
        product = text.set(f"fmul contract {kind} {result}, {s}")
        result = text.set(f"fadd contract {kind} {product}, {powers.pop()}")
    return result


def _picked(values: Values, index: str, first: str, second: str) -> str:
    """Return entries of two vectors of 16, by the last five bits of the indices."""
    text, n = values.text, values.lanes
    text.intrinsics.add(f"declare {_WIDE} @{_PICK}({_WIDE}, {_WHOLE}, {_WIDE})")
    parts = []
    for start in range(0, n, 16):
        some = shuffled(text, f"<{n} x i32>", index, "poison", list(range(start, start + 16)))
        parts.append(text.set(f"call {_WIDE} @{_PICK}({_WIDE} {first}, {_WHOLE} {some}, {_WIDE} {second})"))
    return joined(text, parts, 16)
