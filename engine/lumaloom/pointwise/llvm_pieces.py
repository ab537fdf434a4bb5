"""Functions of one value as polynomials by pieces, all lanes: see `passes.pieces`.

Tables of 32 entries are for processors with AVX-512, tables of 16 for those with AVX2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumaloom.pointwise.llvm_planes import joined, shuffled
from lumaloom.pointwise.passes.pieces import HEAD

if TYPE_CHECKING:
    from lumaloom.pointwise.llvm_text import Text
    from lumaloom.pointwise.llvm_values import Values
    from lumaloom.pointwise.passes.regions import Function


def operands(text: Text, address: str, function: Function, lanes: int) -> tuple[str, ...]:
    """Return what the code needs of a table, loaded: the five of its head in all lanes, and the coefficients."""
    found = []
    for k, kind in enumerate(("float", "float", "float", "float", "i32")):
        pointer = text.set(f"getelementptr float, ptr {address}, i64 {k}", "p")
        value = text.set(f"load {kind}, ptr {pointer}, align 4, !invariant.load !0", "c")
        many = f"<{lanes} x {kind}>"
        one = text.set(f"insertelement {many} poison, {kind} {value}, i64 0", "c")
        found.append(text.set(f"shufflevector {many} {one}, {many} poison, <{lanes} x i32> zeroinitializer", "c"))
    half = function.entries // 2
    for k in range(HEAD, HEAD + function.entries * (function.degree + 1), half):
        pointer = text.set(f"getelementptr float, ptr {address}, i64 {k}", "p")
        found.append(text.set(f"load <{half} x float>, ptr {pointer}, align {4 * half}, !invariant.load !0", "c"))
    return tuple(found)


def pieces(values: Values, table: tuple[str, ...], x: str, function: Function) -> str:
    """Return a vector of results."""
    text, kind, n, truth = values.text, values.kind, values.lanes, values.truth
    whole = f"<{n} x i32>"
    factor, summand, least, most, shift, *coefficients = table
    scaled = text.set(f"fmul contract {kind} {x}, {factor}")
    s = text.set(f"fadd contract {kind} {scaled}, {summand}")
    over = text.set(f"fcmp ogt {kind} {s}, {least}", "m")
    kept = text.set(f"select {truth} {over}, {kind} {s}, {kind} {least}")
    if function.capped:  # else the range of x is all that there is
        under = text.set(f"fcmp olt {kind} {kept}, {most}", "m")
        kept = text.set(f"select {truth} {under}, {kind} {kept}, {kind} {most}")
    bits = text.set(f"bitcast {kind} {kept} to {whole}", "i")
    index = text.set(f"lshr {whole} {bits}, {shift}", "i")
    pick = _of_32 if function.entries == 32 else _of_16
    powers = pick(values, index, [(coefficients[k], coefficients[k + 1]) for k in range(0, len(coefficients), 2)])
    result = powers.pop()
    while powers:
        product = text.set(f"fmul contract {kind} {result}, {s}")
        result = text.set(f"fadd contract {kind} {product}, {powers.pop()}")
    return result


def _of_32(values: Values, index: str, pairs: list[tuple[str, str]]) -> list[str]:
    """Return entries of pairs of vectors of 16, by the last five bits of the indices."""
    text, kind, whole = values.text, "<16 x float>", "<16 x i32>"
    text.intrinsics.add(f"declare {kind} @llvm.x86.avx512.vpermi2var.ps.512({kind}, {whole}, {kind})")
    return [
        joined(
            text,
            [
                text.set(f"call {kind} @llvm.x86.avx512.vpermi2var.ps.512({kind} {a}, {whole} {some}, {kind} {b})")
                for some in _parts(values, index, 16)
            ],
            16,
        )
        for a, b in pairs
    ]


def _of_16(values: Values, index: str, pairs: list[tuple[str, str]]) -> list[str]:
    """Return entries of pairs of vectors of eight, by the last four bits of the indices."""
    text, kind, whole = values.text, "<8 x float>", "<8 x i32>"
    text.intrinsics.add(f"declare {kind} @llvm.x86.avx2.permps({kind}, {whole})")
    results = []
    for pair in pairs:
        parts = []
        for some in _parts(values, index, 8):
            low, high = (text.set(f"call {kind} @llvm.x86.avx2.permps({kind} {v}, {whole} {some})") for v in pair)
            sign = text.set(f"shl {whole} {some}, splat (i32 28)", "i")
            upper = text.set(f"icmp slt {whole} {sign}, zeroinitializer", "m")
            parts.append(text.set(f"select <8 x i1> {upper}, {kind} {high}, {kind} {low}"))
        results.append(joined(text, parts))
    return results


def _parts(values: Values, index: str, width: int) -> list[str]:
    n = values.lanes
    return [
        shuffled(values.text, f"<{n} x i32>", index, "poison", list(range(start, start + width)))
        for start in range(0, n, width)
    ]
