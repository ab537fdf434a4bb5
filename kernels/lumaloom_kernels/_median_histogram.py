"""Medians of large windows of 8-bit pixels, at a cost that the radius does not change.

Every column of the window has counts of its pixels; from row to row one pixel enters and one leaves. The
window's counts are those of its columns; from pixel to pixel one column enters and one leaves. Counts are
kept on two levels, 16 bins of 16 values, and of the fine level only the bin that holds the median is
brought up to date (S. Perreault and P. Hebert, "Median filtering in constant time", IEEE Transactions on
Image Processing 16, 2007). All of them are running totals here, so that the bin of the median is the number
of totals that do not reach it: one comparison of vectors.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._order import load_vector, store_vector
from ._simd import Codegen, Vector, address_of, intrinsic, jit

BINS = 16
COLUMN_BYTES = 2 * (BINS + BINS * BINS)

_I16, _I32, _I64 = map(ir.IntType, (16, 32, 64))
COLUMN = ir.VectorType(_I16, BINS)
TOTALS = Vector("u32x16", _I32, BINS)


@intrinsic
def byte_at(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Load one byte."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(builder.inttoptr(args[0], ir.IntType(8).as_pointer()), align=1)
        return builder.zext(value, _I64)

    return types.int64(types.int64), codegen


@intrinsic
def put_byte(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store one byte."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        byte = builder.trunc(args[1], ir.IntType(8))
        builder.store(byte, builder.inttoptr(args[0], byte.type.as_pointer()), align=1)

    return types.void(types.int64, types.int64), codegen


def _changed(builder: Any, address: Any, step: Any, add: bool) -> None:
    counts, change = load_vector(builder, address, COLUMN), load_vector(builder, step, COLUMN)
    store_vector(builder, address, builder.add(counts, change) if add else builder.sub(counts, change))


@intrinsic
def count_in(typingctx: Any, address: Any, source: Any) -> tuple[Any, Codegen]:
    """Add to the 16 totals at an address those at another."""
    return types.void(types.int64, types.int64), lambda c, b, s, a: _changed(b, a[0], a[1], True)


@intrinsic
def count_out(typingctx: Any, address: Any, source: Any) -> tuple[Any, Codegen]:
    """Take from the 16 totals at an address those at another."""
    return types.void(types.int64, types.int64), lambda c, b, s, a: _changed(b, a[0], a[1], False)


@intrinsic
def no_totals(typingctx: Any) -> tuple[Any, Codegen]:
    """Return totals of nothing."""
    return TOTALS(), lambda c, b, s, a: ir.Constant(TOTALS.vector, [0] * BINS)


@intrinsic
def totals_at(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Load the totals of a window."""
    return TOTALS(types.int64), lambda c, b, s, a: load_vector(b, a[0], TOTALS.vector)


@intrinsic
def keep_totals(typingctx: Any, address: Any, totals: Any) -> tuple[Any, Codegen]:
    """Store the totals of a window."""
    return types.void(types.int64, TOTALS), lambda c, b, s, a: store_vector(b, a[0], a[1])


@intrinsic
def with_column(typingctx: Any, totals: Any, address: Any) -> tuple[Any, Codegen]:
    """Add the totals of a column."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.add(args[0], builder.zext(load_vector(builder, args[1], COLUMN), TOTALS.vector))

    return TOTALS(TOTALS, types.int64), codegen


@intrinsic
def without_column(typingctx: Any, totals: Any, address: Any) -> tuple[Any, Codegen]:
    """Take away the totals of a column."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sub(args[0], builder.zext(load_vector(builder, args[1], COLUMN), TOTALS.vector))

    return TOTALS(TOTALS, types.int64), codegen


@intrinsic
def bins_up_to(typingctx: Any, totals: Any, rank: Any) -> tuple[Any, Codegen]:
    """Return how many totals do not exceed a rank."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = ir.VectorType(_I32, BINS)
        empty = ir.Constant(lanes, ir.Undefined)
        one = builder.insert_element(empty, builder.trunc(args[1], _I32), ir.Constant(_I32, 0))
        ranks = builder.shuffle_vector(one, empty, ir.Constant(lanes, [0] * BINS))
        mask = builder.bitcast(builder.icmp_unsigned("<=", args[0], ranks), ir.IntType(BINS))
        return builder.zext(builder.ctpop(mask), _I64)

    return types.int64(TOTALS, types.int64), codegen


@jit
def median_histogram(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, width: int, channels: int,
    channel: int, rx: int, ry: int, strip: int, offsets: Any, inside: Any, ymap: Any, zeros: Any, steps: Any,
    columns: Any, window: Any, seen: Any, coarse: Any,
) -> None:  # fmt: skip
    """Write the medians of one channel of rows ``first`` to ``stop``, strip by strip.

    ``offsets`` are those of the columns in a row, from a radius before the image on; where ``inside`` is 0
    pixels count as 0. ``steps`` are the totals of one pixel of each value below 16, ``columns`` the totals
    of ``strip + 2 * rx`` columns, ``window`` those of the fine level of a window, and ``seen`` the pixel for
    which each bin of them was last made. ``coarse`` begins with a zero.
    """
    side = 2 * rx + 1
    rank = side * (2 * ry + 1) // 2
    nothing, step_at, base = address_of(zeros), address_of(steps), address_of(columns)
    fine_at, coarse_at = address_of(window), address_of(coarse)
    for x in range(0, width, strip):
        count = min(strip, width - x)
        columns[: (count + 2 * rx) * COLUMN_BYTES // 2] = 0
        for y in range(first, stop):
            for j in range(0 if y == first else 2 * ry, 2 * ry + 1):
                new = src + ymap[y + j] * src_step if ymap[y + j] >= 0 else nothing
                old = new
                if y > first:
                    old = src + ymap[y - 1] * src_step if ymap[y - 1] >= 0 else nothing
                for p in range(count + 2 * rx):
                    at = base + p * COLUMN_BYTES
                    value = byte_at(new + offsets[x + p]) & inside[x + p]
                    if y > first:
                        gone = byte_at(old + offsets[x + p]) & inside[x + p]
                        if gone == value:
                            continue
                        count_out(at, step_at + 32 * (gone >> 4))
                        count_out(at + 32 + 32 * (gone >> 4), step_at + 32 * (gone & 15))
                    count_in(at, step_at + 32 * (value >> 4))
                    count_in(at + 32 + 32 * (value >> 4), step_at + 32 * (value & 15))
            totals = no_totals()
            for p in range(2 * rx):
                totals = with_column(totals, base + p * COLUMN_BYTES)
            for bin_number in range(BINS):
                seen[bin_number] = -side - 1
            goal = out + y * out_step + x * channels + channel
            for i in range(count):
                at = base + i * COLUMN_BYTES
                totals = with_column(totals, at + 2 * rx * COLUMN_BYTES)
                keep_totals(coarse_at + 4, totals)
                bin_number = bins_up_to(totals, rank)
                totals = without_column(totals, at)
                left = rank - coarse[bin_number]
                fine = 32 + 32 * bin_number
                keep = fine_at + 64 * bin_number
                since = i - seen[bin_number]
                if since > rx:
                    part = no_totals()
                    for p in range(i, i + side):
                        part = with_column(part, base + p * COLUMN_BYTES + fine)
                else:
                    part = totals_at(keep)
                    for p in range(seen[bin_number], i):
                        part = without_column(part, base + p * COLUMN_BYTES + fine)
                        part = with_column(part, base + (p + side) * COLUMN_BYTES + fine)
                keep_totals(keep, part)
                seen[bin_number] = i
                put_byte(goal + i * channels, 16 * bin_number + bins_up_to(part, left))
