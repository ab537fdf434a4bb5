"""Pixels moved whole: mirrored and transposed in registers.

``pixel`` is a tuple with one member a byte of a pixel; only its length counts, so that compiled code knows it.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from ._lanes import _I8, _I64, _at
from ._planes import _shuffle
from ._simd import Codegen, intrinsic

_REGISTER = 16
BLOCK = 4096  # bytes that are made in the first-level cache before they go past it
_SIDES = {1: 16, 2: 8, 4: 8, 8: 4}  # bytes of a pixel -> pixels to a side of a block that is transposed in registers


def _mirrored(pixel: int) -> int:
    """Return how many pixels are mirrored together."""
    if pixel & (pixel - 1) == 0:
        return 4 * _REGISTER // pixel
    return max(_REGISTER // pixel, 2)


@intrinsic
def mirror_count(typingctx: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Return how many pixels `mirror` moves."""
    return types.int64(pixel), lambda c, b, s, a: ir.Constant(_I64, _mirrored(len(pixel)))


def _reach(pixel: int) -> int:
    """Return how many bytes are read and written at once."""
    return -(-_mirrored(pixel) * pixel // _REGISTER) * _REGISTER


@intrinsic
def mirror_reach(typingctx: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Return how many bytes `mirror` reads and writes."""
    return types.int64(pixel), lambda c, b, s, a: ir.Constant(_I64, _reach(len(pixel)))


@intrinsic
def block_buffer(typingctx: Any) -> tuple[Any, Codegen]:
    """Return the address of `BLOCK` bytes, and a register, of the function's own."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = cgutils.alloca_once(builder, ir.ArrayType(_I8, BLOCK + 4 * _REGISTER))
        place.align = 64
        return builder.ptrtoint(place, _I64)

    return types.int64(), codegen


@intrinsic
def mirror(typingctx: Any, target: Any, source: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Copy pixels in reverse; for pixels of 3, 6 or 12 bytes `mirror_reach` bytes, the last of them for nothing."""
    size = len(pixel)
    count, total = _mirrored(size), _reach(size)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        vector = ir.VectorType(_I8, total)
        value = builder.load(_at(builder, args[1], vector), align=1)
        lanes = [(count - 1 - i // size) * size + i % size for i in range(count * size)]
        lanes += list(range(len(lanes), total))
        builder.store(_shuffle(builder, value, value, lanes), _at(builder, args[0], vector), align=1)

    return types.void(types.int64, types.int64, pixel), codegen


@intrinsic
def block_side(typingctx: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Return the side in pixels of the block that `transpose` turns; 0 where it has none for such pixels."""
    return types.int64(pixel), lambda c, b, s, a: ir.Constant(_I64, _SIDES.get(len(pixel), 0))


@intrinsic
def transpose(typingctx: Any, target: Any, out_pitch: Any, source: Any, pitch: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Turn a square block of pixels about its main diagonal: its halves are zipped, as often as it takes."""
    size = len(pixel)
    side = _SIDES.get(size, 0)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        vector = ir.VectorType(ir.IntType(8 * size), side)

        def place(start: Any, step: Any, row: int) -> Any:
            return _at(builder, builder.add(start, builder.mul(step, ir.Constant(_I64, row))), vector)

        rows = [builder.load(place(args[2], args[3], row), align=1) for row in range(side)]
        half = side // 2
        low = [i // 2 + side * (i % 2) for i in range(side)]
        for _ in range(side.bit_length() - 1):
            pairs = [(rows[i], rows[i + half]) for i in range(half)]
            rows = [
                _shuffle(builder, first, second, [lane + start for lane in low])
                for first, second in pairs
                for start in (0, half)
            ]
        for row, value in enumerate(rows):
            builder.store(value, place(args[0], args[1], row), align=1)

    return types.void(*[types.int64] * 4, pixel), codegen
