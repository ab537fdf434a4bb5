"""A table of 256 entries by AVX2: sixteen permutations of 16 entries, the right one chosen by the upper four bits.

A permutation takes the lower four bits of a sample, and a blend the uppermost of a byte: shifted to there, each of the
upper four halves the candidates. 36 instructions look 32 samples up, where a load for each would take 64.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _I16, _I64, _at
from ._simd import Codegen, intrinsic, jit
from ._x86 import call, has

STEP = 64  # samples at once: two vectors share what is loaded of the table
_BYTE, _WIDTH = ir.IntType(8), 32
_VECTOR, _WORDS = ir.VectorType(_BYTE, _WIDTH), ir.VectorType(_I16, _WIDTH // 2)


def has_nibbles() -> bool:
    """Tell whether the processor permutes 32 bytes at once."""
    return has("avx2")


@intrinsic
def look_64_up(typingctx: Any, target: Any, source: Any, table: Any) -> tuple[Any, Codegen]:
    """Look 64 samples up in a table of 256 bytes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        target, source, table = args
        part = ir.VectorType(_BYTE, 16)
        both = ir.Constant(ir.VectorType(ir.IntType(32), _WIDTH), [*range(16), *range(16)])
        places = [ir.Constant(_I64, start) for start in (0, _WIDTH)]
        values = [builder.load(_at(builder, builder.add(source, place), _VECTOR), align=1) for place in places]
        lower = [builder.and_(value, ir.Constant(_VECTOR, [15] * _WIDTH)) for value in values]
        signs = [_signs(builder, value) for value in values]

        def among(first: int, count: int) -> list[Any]:
            """Return the entries if the upper four bits are one of ``count`` numbers."""
            if count == 1:
                block = builder.load(_at(builder, builder.add(table, ir.Constant(_I64, 16 * first)), part), align=1)
                spread = builder.shuffle_vector(block, block, both)
                return [call(builder, "avx2.pshuf.b", _VECTOR, spread, index) for index in lower]
            half = count // 2
            pairs = zip(among(first, half), among(first + half, half), signs, strict=True)
            return [
                call(builder, "avx2.pblendvb", _VECTOR, low, high, sign[half.bit_length() - 1])
                for low, high, sign in pairs
            ]

        for result, place in zip(among(0, 16), places, strict=True):
            builder.store(result, _at(builder, builder.add(target, place), _VECTOR), align=1)

    return types.void(types.int64, types.int64, types.int64), codegen


def _signs(builder: Any, value: Any) -> list[Any]:
    """Return vectors whose bytes have bit 4, 5, 6 and 7 of the value in the uppermost place."""
    words = builder.bitcast(value, _WORDS)
    shifted = [builder.shl(words, ir.Constant(_WORDS, [left] * _WORDS.count)) for left in (3, 2, 1)]
    return [*(builder.bitcast(vector, _VECTOR) for vector in shifted), value]


@jit
def nibble_lines(addresses: Any, pitches: Any, first: int, stop: int, count: int, table: int) -> None:
    """Look rows of ``count`` samples of 8 bits up, at least 64."""
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        for at in range(0, count, STEP):
            last = min(at, count - STEP)
            look_64_up(target + last, source + last, table)
