"""Samples to vectors of float and back: `llvm_planes.Arithmetic`."""

from __future__ import annotations

from lumaloom.frame import PixelFormat
from lumaloom.pointwise.llvm_planes import element, shuffled
from lumaloom.pointwise.llvm_text import Text, splat


class Floats:
    """Vectors of float, in steps of the format."""

    element = "float"

    def loaded(self, text: Text, fmt: PixelFormat, samples: str, lanes: int) -> str:
        """Return numbers from samples."""
        if fmt.is_float:
            return samples
        wide = text.set(f"zext <{lanes} x {element(fmt)}> {samples} to <{lanes} x i32>", "i")
        if fmt.shift:
            wide = text.set(f"lshr <{lanes} x i32> {wide}, splat (i32 {fmt.shift})", "i")
        return text.set(f"sitofp <{lanes} x i32> {wide} to <{lanes} x float>")

    def mean(self, text: Text, lanes: int, a: str, b: str) -> str:
        """Return the means of two vectors."""
        total = text.set(f"fadd <{lanes} x float> {a}, {b}")
        return text.set(f"fmul contract <{lanes} x float> {total}, {splat(0.5)}")

    def halved(self, text: Text, lanes: int, rows: list[str], pairs: bool, evens: bool) -> str:
        """Return the mean of one or two rows, and of `pairs` of columns or the `evens` of them."""
        value = rows[0] if len(rows) == 1 else self.mean(text, lanes, *rows)
        kind = f"<{lanes} x float>"
        if not (pairs or evens):
            return value
        even = shuffled(text, kind, value, "poison", list(range(0, lanes, 2)))
        odd = shuffled(text, kind, value, "poison", list(range(1, lanes, 2))) if pairs else ""
        return self.mean(text, lanes // 2, even, odd) if pairs else even

    def rounded(self, text: Text, fmt: PixelFormat, value: str, lanes: int) -> str:
        """Return samples from numbers to which the half was added: clamped, NaN as 0."""
        if fmt.is_float:
            return value
        kind, truth, peak = f"<{lanes} x float>", f"<{lanes} x i1>", float((1 << fmt.depth) - 1)
        over = text.set(f"fcmp ogt {kind} {value}, zeroinitializer", "m")
        value = text.set(f"select {truth} {over}, {kind} {value}, {kind} zeroinitializer")
        under = text.set(f"fcmp olt {kind} {value}, {splat(peak)}", "m")
        value = text.set(f"select {truth} {under}, {kind} {value}, {kind} {splat(peak)}")
        whole = text.set(f"fptosi {kind} {value} to <{lanes} x i32>", "i")
        if fmt.shift:
            whole = text.set(f"shl <{lanes} x i32> {whole}, splat (i32 {fmt.shift})", "i")
        return text.set(f"trunc <{lanes} x i32> {whole} to <{lanes} x {element(fmt)}>", "s")
