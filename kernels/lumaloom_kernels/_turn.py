"""Rows turned into columns, in blocks that fit into registers: what lies beside becomes what lies below."""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _ELEMENTS, _I64, _at
from ._planes import _shuffle
from ._simd import Codegen, intrinsic, jit, pixel_size

_REGISTER = 16  # bytes: shuffles do not cross them


@intrinsic
def block_columns(typingctx: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return how many values wide a block of `turn_block` is; it is twice as high."""
    return types.int64(kind), lambda c, b, s, a: ir.Constant(_I64, _REGISTER * 8 // kind.bitwidth)


@intrinsic
def turn_block(typingctx: Any, target: Any, out_pitch: Any, source: Any, pitch: Any, kind: Any) -> tuple[Any, Codegen]:
    """Turn a block about its main diagonal: the halves of the rows are zipped, as often as it takes.

    The upper half of the rows is in one half of the registers, the lower half in the other.
    """
    side = _REGISTER * 8 // kind.bitwidth

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        part, whole = (ir.VectorType(_ELEMENTS[kind], count) for count in (side, 2 * side))

        def place(start: Any, step: Any, row: int, vector: ir.VectorType) -> Any:
            return _at(builder, builder.add(start, builder.mul(step, ir.Constant(_I64, row))), vector)

        halves = [builder.load(place(args[2], args[3], row, part), align=1) for row in range(2 * side)]
        rows = [_shuffle(builder, halves[i], halves[i + side], list(range(2 * side))) for i in range(side)]
        low = [half * side + i // 2 + 2 * side * (i % 2) for half in range(2) for i in range(side)]
        for _ in range(side.bit_length() - 1):
            pairs = [(rows[i], rows[i + side // 2]) for i in range(side // 2)]
            rows = [
                _shuffle(builder, first, second, [lane + start for lane in low])
                for first, second in pairs
                for start in (0, side // 2)
            ]
        for row, value in enumerate(rows):
            builder.store(value, place(args[0], args[1], row, whole), align=1)

    return types.void(*[types.int64] * 4, kind), codegen


@jit
def turn(src: int, pitch: int, out: int, out_pitch: int, rows: int, columns: int, kind: Any) -> None:
    """Store value c of row r as value r of row c; there is at least a block, and the last blocks overlap."""
    size, across = pixel_size(kind), block_columns(kind)
    down = 2 * across
    for i in range((columns + across - 1) // across):
        x = min(i * across, columns - across)
        for j in range((rows + down - 1) // down):
            y = min(j * down, rows - down)
            turn_block(out + x * out_pitch + y * size, out_pitch, src + y * pitch + x * size, pitch, kind)
