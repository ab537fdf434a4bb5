"""Samples of planes to vectors and back: interleaved channels, halved chroma, dither."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from lumaloom.frame import FORMATS, PixelFormat
from lumaloom.pointwise.dither import SIDE, pattern
from lumaloom.pointwise.ir import Node
from lumaloom.pointwise.llvm_math import literal
from lumaloom.pointwise.llvm_text import Text
from lumaloom.pointwise.lower import Place

_PATTERN_COLUMNS = 64 + SIDE  # vectors have 64 lanes at most


def element(fmt: PixelFormat) -> str:
    """Return LLVM's type of a sample."""
    return "float" if fmt.is_float else f"i{8 * fmt.dtype.itemsize}"


@cache
def mask(lanes: tuple[int, ...]) -> str:
    """Return the operand of a shuffle."""
    return f"<{len(lanes)} x i32> <{', '.join(f'i32 {lane}' for lane in lanes)}>"


def shuffled(text: Text, kind: str, a: str, b: str, lanes: list[int]) -> str:
    """Return lanes of two vectors of the same type."""
    return text.set(f"shufflevector {kind} {a}, {kind} {b}, {mask(tuple(lanes))}")


def joined(text: Text, parts: list[str], width: int = 8, element: str = "float") -> str:
    """Return vectors of `width` numbers, whose count is a power of two, as one."""
    while len(parts) > 1:
        parts = [
            shuffled(text, f"<{width} x {element}>", a, b, list(range(2 * width)))
            for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
        width *= 2
    return parts[0]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a plane: the name of its address, and its samples per channel."""

    address: str
    width: str


class Arithmetic(Protocol):
    """What pixels are computed in: vectors of float (`llvm_floats`) or of words (`llvm_words`).

    Attributes:
        element: LLVM's type of a number.

    """

    element: str

    def loaded(self, text: Text, fmt: PixelFormat, samples: str, lanes: int) -> str:
        """Return numbers from samples."""

    def mean(self, text: Text, lanes: int, a: str, b: str) -> str:
        """Return the means of two vectors."""

    def halved(self, text: Text, lanes: int, rows: list[str], pairs: bool, evens: bool) -> str:
        """Return the mean of one or two rows, and of `pairs` of columns or the `evens` of them."""

    def rounded(self, text: Text, fmt: PixelFormat, value: str, lanes: int) -> str:
        """Return samples from numbers to which the half was added: clamped."""


def load(text: Text, kind: Arithmetic, fmt: PixelFormat, place: Place, row: Row, at: str, lanes: int) -> str:
    """Return `lanes` samples of a channel from the pixel `at` as numbers."""
    size, count = fmt.dtype.itemsize, place.count
    offset = text.set(f"mul i64 {at}, {size * count}", "o")
    pointer = text.set(f"getelementptr i8, ptr {row.address}, i64 {offset}", "p")
    many = f"<{lanes * count} x {element(fmt)}>"
    samples = text.set(f"load {many}, ptr {pointer}, align {size}", "s")
    if count > 1:
        samples = shuffled(text, many, samples, "poison", list(range(place.index, lanes * count, count)))
    return kind.loaded(text, fmt, samples, lanes)


def texel(text: Text, kind: Arithmetic, table: tuple[str, ...], here: Node, row: str, at: str, lanes: int) -> str:
    """Return `lanes` samples of one channel of a picture, whose rows lie channel after channel, as numbers.

    `table` is its address and the bytes from one of them to the next.
    """
    index, count, bits = here.texel
    size = bits // 8
    line = text.set(f"mul i64 {row}, {count}", "o")
    line = text.set(f"add i64 {line}, {index}", "o")
    pitch = text.set(f"zext i32 {table[1]} to i64", "o")
    offset = text.set(f"mul i64 {line}, {pitch}", "o")
    start = text.set(f"getelementptr i8, ptr {table[0]}, i64 {offset}", "p")
    pointer = text.set(f"getelementptr i{bits}, ptr {start}, i64 {at}", "p")
    samples = text.set(f"load <{lanes} x i{bits}>, ptr {pointer}, align {size}", "s")
    return kind.loaded(text, FORMATS["gray" if bits == 8 else "gray16le"], samples, lanes)


def upsampled(
    text: Text, kind: Arithmetic, fmt: PixelFormat, place: Place, row: Row, at: str, lanes: int, sited: bool
) -> str:
    """Return `lanes` pixels from the pixel `at`, which is even, of a plane with half as many columns.

    Where samples are `sited` on the even pixels the others get the mean of two; else a pair shares one.
    """
    half = lanes // 2
    many = f"<{half} x {kind.element}>"
    here = text.set(f"lshr i64 {at}, 1", "o")
    samples = load(text, kind, fmt, place, row, here, half)
    if not sited:
        return shuffled(text, many, samples, "poison", [lane // 2 for lane in range(lanes)])
    most = text.set(f"sub i64 {row.width}, {half}", "o")
    following = text.set(f"add i64 {here}, 1", "o")
    at_end = text.set(f"icmp sgt i64 {following}, {most}", "m")
    start = text.set(f"select i1 {at_end}, i64 {most}, i64 {following}", "o")
    further = load(text, kind, fmt, place, row, start, half)
    last = shuffled(text, many, further, "poison", [*range(1, half), half - 1])
    beside = text.set(f"select i1 {at_end}, {many} {last}, {many} {further}")
    between = kind.mean(text, half, samples, beside)
    return shuffled(text, many, samples, between, [k for lane in range(half) for k in (lane, half + lane)])


def dither_table() -> str:
    """Return the constant that `dithered` reads: every row of the pattern, long enough from any of its columns."""
    numbers = ", ".join(f"float {literal(float(v))}" for v in np.tile(pattern(), (1, _PATTERN_COLUMNS // SIDE)).ravel())
    return f"@dither = internal constant [{SIDE * _PATTERN_COLUMNS} x float] [{numbers}], align 64"


def dithered(text: Text, value: str, row: str, at: str, lanes: int) -> str:
    """Return floats with the offsets of their places added; `lanes` may be half of a vector's."""
    kind = f"<{lanes} x float>"
    down, across = (text.set(f"and i64 {place}, {SIDE - 1}", "o") for place in (row, at))
    line = text.set(f"mul i64 {down}, {_PATTERN_COLUMNS}", "o")
    spot = text.set(f"add i64 {line}, {across}", "o")
    pointer = text.set(f"getelementptr float, ptr @dither, i64 {spot}", "p")
    offset = text.set(f"load {kind}, ptr {pointer}, align 4, !invariant.load !0")
    return text.set(f"fadd {kind} {value}, {offset}")


def store(text: Text, fmt: PixelFormat, channels: list[str], row: Row, at: str, lanes: int) -> None:
    """Write samples of all channels of a plane at the pixel `at`."""
    kind, size, count = element(fmt), fmt.dtype.itemsize, len(channels)
    samples, width = list(channels), lanes
    if count > 1:
        while len(samples) > 1:  # joined in pairs until one vector holds channel after channel
            samples += ["poison"] * (len(samples) % 2)
            part = f"<{width} x {kind}>"
            samples = [
                shuffled(text, part, a, b, list(range(2 * width)))
                for a, b in zip(samples[::2], samples[1::2], strict=True)
            ]
            width *= 2
        order = [channel * lanes + lane for lane in range(lanes) for channel in range(count)]
        samples = [shuffled(text, f"<{width} x {kind}>", samples[0], "poison", order)]
    offset = text.set(f"mul i64 {at}, {size * count}", "o")
    pointer = text.set(f"getelementptr i8, ptr {row.address}, i64 {offset}", "p")
    text.line(f"  store <{lanes * count} x {kind}> {samples[0]}, ptr {pointer}, align {size}")
