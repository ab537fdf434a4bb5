"""Powers by tables of their exponent, all lanes: see `passes.powers`. For processors with AVX2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumaloom.pointwise.llvm_planes import joined, shuffled
from lumaloom.pointwise.llvm_text import splat
from lumaloom.pointwise.passes.powers import DEGREE, EVERYTHING, NOTHING

if TYPE_CHECKING:
    from lumaloom.pointwise.llvm_text import Text
    from lumaloom.pointwise.llvm_values import Values

_EIGHT, _WHOLE = "<8 x float>", "<8 x i32>"
_FRACTION, _ONE = (1 << 23) - 1, 127 << 23


def operands(text: Text, address: str) -> tuple[str, ...]:
    """Return what the code needs of a table, loaded: the coefficients, and the vectors `low` and `high`."""
    found = []
    for k in range(DEGREE + 1):
        pointer = text.set(f"getelementptr float, ptr {address}, i64 {k}", "p")
        found.append(text.set(f"load float, ptr {pointer}, align 4, !invariant.load !0", "c"))
    for k in (8, 16):
        pointer = text.set(f"getelementptr float, ptr {address}, i64 {k}", "p")
        found.append(text.set(f"load {_EIGHT}, ptr {pointer}, align 32, !invariant.load !0", "c"))
    return tuple(found)


def power(values: Values, table: tuple[str, ...], x: str) -> str:
    """Return a vector of powers."""
    text, kind, n, truth = values.text, values.kind, values.lanes, values.truth
    whole = f"<{n} x i32>"
    *coefficients, low, high = table
    least, most = splat(NOTHING / 2), splat(EVERYTHING * (1 - 2**-24))
    over = text.set(f"fcmp ogt {kind} {x}, {least}", "m")
    x = text.set(f"select {truth} {over}, {kind} {x}, {kind} {least}")
    under = text.set(f"fcmp olt {kind} {x}, {most}", "m")
    x = text.set(f"select {truth} {under}, {kind} {x}, {kind} {most}")
    bits = text.set(f"bitcast {kind} {x} to {whole}", "i")
    fraction = text.set(f"and {whole} {bits}, splat (i32 {_FRACTION})", "i")
    fraction = text.set(f"or {whole} {fraction}, splat (i32 {_ONE})", "i")
    t = text.set(f"bitcast {whole} {fraction} to {kind}")
    t = text.set(f"fsub {kind} {t}, {splat(1.5)}")
    factors = []
    for entries, shift in ((low, 23), (high, 26)):
        index = text.set(f"lshr {whole} {bits}, splat (i32 {shift})", "i")
        factors.append(_picked(values, entries, index))
    scale = text.set(f"fmul {kind} {factors[0]}, {factors[1]}")
    result = _polynomial(values, coefficients, t)
    return text.set(f"fmul {kind} {result}, {scale}")


def _polynomial(values: Values, coefficients: list[str], t: str) -> str:
    """Return the sum in pairs, by Estrin's scheme: no long chain waits for one result after the other."""
    text, kind = values.text, values.kind
    terms, power = [_spread(values, coefficient) for coefficient in coefficients], t
    while len(terms) > 1:
        pairs = []
        for first, second in zip(terms[::2], terms[1::2], strict=False):
            product = text.set(f"fmul contract {kind} {second}, {power}")
            pairs.append(text.set(f"fadd contract {kind} {product}, {first}"))
        terms = pairs + terms[len(terms) - len(terms) % 2 :]
        if len(terms) > 1:
            power = text.set(f"fmul {kind} {power}, {power}")
    return terms[0]


def _picked(values: Values, entries: str, index: str) -> str:
    """Return entries of a vector of eight, by the last three bits of the indices."""
    text, n = values.text, values.lanes
    text.intrinsics.add(f"declare {_EIGHT} @llvm.x86.avx2.permps({_EIGHT}, {_WHOLE})")
    parts = []
    for start in range(0, n, 8):
        eight = shuffled(text, f"<{n} x i32>", index, "poison", list(range(start, start + 8)))
        parts.append(text.set(f"call {_EIGHT} @llvm.x86.avx2.permps({_EIGHT} {entries}, {_WHOLE} {eight})"))
    return joined(text, parts)


def _spread(values: Values, number: str) -> str:
    text, kind = values.text, values.kind
    one = text.set(f"insertelement {kind} poison, float {number}, i64 0")
    return text.set(f"shufflevector {kind} {one}, {kind} poison, <{values.lanes} x i32> zeroinitializer")
