"""Resize without filtering: every output pixel is copied whole, repeated rows at once.

Where what goes into a register comes from a window of two, a row of small pixels is shuffled register by register;
else its pixels are copied one by one.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _I8, _I64, _at
from ._lines import address
from ._resize_table import Box, axis_table
from ._simd import Codegen, address_of, copy_bytes, intrinsic, jit
from ._x86 import call, has

# A pixel of so many bytes moves as one scalar; where that is wider, the next pixel covers the rest.
UNITS: dict[int, Any] = {1: np.uint8(0), 2: np.uint16(0), 3: np.uint32(0), 4: np.uint32(0), 6: np.uint64(0)}
UNITS |= {8: np.uint64(0), 12: np.complex128(0), 16: np.complex128(0)}
REGISTER = 16  # bytes
MOST_SHUFFLED = 4  # bytes of a pixel: larger ones are copied sooner one by one
_NONE = 0x80  # the index of a byte that is zero


@intrinsic
def copy_unit(typingctx: Any, target: Any, source: Any, unit: Any) -> tuple[Any, Codegen]:
    """Copy as many bytes as a scalar of the type of ``unit`` has."""
    pointer = ir.IntType(unit.bitwidth).as_pointer()

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        value = builder.load(builder.inttoptr(args[1], pointer), align=1)
        builder.store(value, builder.inttoptr(args[0], pointer), align=1)

    return types.void(types.int64, types.int64, unit), codegen


@intrinsic
def shuffle_bytes(typingctx: Any, target: Any, source: Any, address: Any) -> tuple[Any, Codegen]:
    """Store 16 of 32 bytes: ``address`` is that of their indices into the first 16, and into the others.

    Without SSSE3 it does nothing: there are no tables of places then.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        if not has("ssse3"):
            return
        vector = ir.VectorType(_I8, REGISTER)
        parts = []
        for number in range(2):
            value, mask = (
                builder.load(_at(builder, builder.add(start, ir.Constant(_I64, number * REGISTER)), vector), align=1)
                for start in args[1:]
            )
            parts.append(call(builder, "ssse3.pshuf.b.128", vector, value, mask))
        builder.store(builder.or_(*parts), _at(builder, args[0], vector), align=1)

    return types.void(types.int64, types.int64, types.int64), codegen


@jit
def shuffle_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, rows: Any, places: Any, bases: Any,
    masks: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop``: the 16 bytes from ``places[i]`` on, of those from ``bases[i]`` on of a row."""
    indices, hop = address_of(masks), 2 * REGISTER
    count = places[-1] + REGISTER
    for y in range(first, stop):
        target = out + y * out_pitch
        if y > first and rows[y] == rows[y - 1]:
            copy_bytes(target, target - out_pitch, count)
        else:
            source = src + rows[y] * pitch
            for i in range(len(places)):
                shuffle_bytes(target + places[i], source + bases[i], indices + i * hop)


@jit
def nearest_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, rows: Any, columns: Any, safe: int,
    pixel: int, unit: Any,
) -> None:  # fmt: skip
    """Copy pixels of ``pixel`` bytes to rows ``first`` to ``stop``, from byte ``columns[x]`` of row ``rows[y]``.

    The first ``safe`` of a row may be copied as units.
    """
    width = len(columns)
    for y in range(first, stop):
        target = out + y * out_pitch
        if y > first and rows[y] == rows[y - 1]:
            copy_bytes(target, target - out_pitch, width * pixel)
        else:
            source = src + rows[y] * pitch
            for x in range(safe):
                copy_unit(target + x * pixel, source + columns[x], unit)
            for x in range(safe, width):
                copy_bytes(target + x * pixel, source + columns[x], pixel)


def _frozen(*arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    for array in arrays:
        array.flags.writeable = False
    return arrays


@lru_cache(64)
def _offsets(width: int, out_width: int, span: tuple[float, float], pixel: int) -> tuple[NDArray[np.int64], int]:
    """Return where each pixel of a row lies in its source, and how many of them are safe to copy as units."""
    (columns,) = _frozen(axis_table(width, out_width, "nearest", span).starts.astype(np.int64) * pixel)
    unit = UNITS[pixel].nbytes
    safe = int(np.searchsorted(columns, width * pixel - unit, side="right"))
    return columns, min(safe, out_width if unit == pixel else out_width - 1)


@lru_cache(64)
def _shuffles(
    width: int, out_width: int, span: tuple[float, float], pixel: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    """Return how a row is shuffled: where registers go, where they come from, and indices; None where they can't."""
    count, window = out_width * pixel, 2 * REGISTER
    if not has("ssse3") or pixel > MOST_SHUFFLED or count < REGISTER or width * pixel < window:
        return None
    starts = axis_table(width, out_width, "nearest", span).starts.astype(np.int64) * pixel
    sources = (starts[:, None] + np.arange(pixel)).ravel()
    return shuffles_of(sources, np.minimum(np.arange(0, count, REGISTER), count - REGISTER), width * pixel)


def shuffles_of(
    sources: NDArray[np.int64], places: NDArray[np.int64], size: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    """Return how registers at some places of a row are shuffled out of another of ``size`` bytes, at least 32.

    ``sources`` says of each byte where it comes from. Those of a register must lie within 32; None where they don't.
    """
    taken = sources[places[:, None] + np.arange(REGISTER)]
    bases = np.minimum(taken.min(1, initial=size), size - 2 * REGISTER)
    indices = taken - bases[:, None]
    if indices.max(initial=0) >= 2 * REGISTER:
        return None
    masks = [np.where(indices // REGISTER == half, indices % REGISTER, _NONE) for half in range(2)]
    places, bases, indices = _frozen(places, bases, np.stack(masks, 1).astype(np.uint8))
    return places, bases, indices


def nearest_rows(src: NDArray[Any], out: NDArray[Any], channels: int, box: Box, first: int, stop: int) -> None:
    """Make rows ``first`` to ``stop`` of ``out``; both arrays hold rows of samples."""
    pixel = channels * src.itemsize
    width, out_width = src.shape[1] // channels, out.shape[1] // channels
    rows = axis_table(len(src), len(out), "nearest", (box[1], box[3])).starts
    where = (address(src), src.strides[0], address(out), out.strides[0], first, stop, rows)
    shuffles = _shuffles(width, out_width, (box[0], box[2]), pixel)
    if shuffles is None:
        columns, safe = _offsets(width, out_width, (box[0], box[2]), pixel)
        nearest_lines(*where, columns, safe, pixel, UNITS[pixel])
    else:
        shuffle_lines(*where, *shuffles)
