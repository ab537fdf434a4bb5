"""Resize without filtering: every output pixel is copied whole, repeated rows at once."""

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numpy.typing import NDArray

from ._resize_table import Box, axis_table
from ._simd import Codegen, copy_bytes, intrinsic, jit

# A pixel of so many bytes moves as one scalar; where that is wider, the next pixel covers the rest.
UNITS: dict[int, Any] = {1: np.uint8(0), 2: np.uint16(0), 3: np.uint32(0), 4: np.uint32(0), 6: np.uint64(0)}
UNITS |= {8: np.uint64(0), 12: np.complex128(0), 16: np.complex128(0)}


@intrinsic
def copy_unit(typingctx: Any, target: Any, source: Any, unit: Any) -> tuple[Any, Codegen]:
    """Copy as many bytes as a scalar of the type of ``unit`` has."""
    pointer = ir.IntType(unit.bitwidth).as_pointer()

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        value = builder.load(builder.inttoptr(args[1], pointer), align=1)
        builder.store(value, builder.inttoptr(args[0], pointer), align=1)

    return types.void(types.int64, types.int64, unit), codegen


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


@lru_cache(64)
def _offsets(width: int, out_width: int, span: tuple[float, float], pixel: int) -> tuple[NDArray[np.int64], int]:
    """Return where each pixel of a row lies in its source, and how many of them are safe to copy as units."""
    columns = axis_table(width, out_width, "nearest", span).starts.astype(np.int64) * pixel
    columns.flags.writeable = False
    unit = UNITS[pixel].nbytes
    safe = int(np.searchsorted(columns, width * pixel - unit, side="right"))
    return columns, min(safe, out_width if unit == pixel else out_width - 1)


def nearest_rows(src: NDArray[Any], out: NDArray[Any], channels: int, box: Box, first: int, stop: int) -> None:
    """Make rows ``first`` to ``stop`` of ``out``; both arrays hold rows of samples."""
    pixel = channels * src.itemsize
    width, out_width = src.shape[1] // channels, out.shape[1] // channels
    columns, safe = _offsets(width, out_width, (box[0], box[2]), pixel)
    rows = axis_table(len(src), len(out), "nearest", (box[1], box[3])).starts
    nearest_lines(
        src.ctypes.data, src.strides[0], out.ctypes.data, out.strides[0], first, stop, rows, columns, safe,
        pixel, UNITS[pixel],
    )  # fmt: skip
