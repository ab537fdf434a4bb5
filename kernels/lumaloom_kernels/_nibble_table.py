"""Tables of 256 entries by AVX2: sixteen permutations of 16 entries, the right one chosen by the upper four bits.

A permutation takes the lower four bits of a sample, and a blend the uppermost of a byte: shifted to there, each of the
upper four halves the candidates. 36 instructions look 32 samples up, where a load for each would take 64.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _I8, _I16, _I32, _I64, U8, _all, _at, lanes, load
from ._planes import load_pixels, store_pixels
from ._simd import Codegen, intrinsic, jit
from ._x86 import call, has

_VECTOR, _WORDS = U8.vector, ir.VectorType(_I16, U8.vector.count // 2)


def has_nibbles() -> bool:
    """Tell whether the processor permutes 32 bytes at once."""
    return has("avx2")


@intrinsic
def looked_up(typingctx: Any, values: Any, table: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return the entries of samples, of each channel in a table of its own where the shape has more than one."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = [builder.extract_value(args[0], i) for i in range(len(values))]
        tables = [builder.add(args[1], ir.Constant(_I64, 256 * i)) for i in range(len(shape))]
        each = len(vectors) // len(tables)  # vectors that share what is loaded of a table
        results = []
        for i, place in enumerate(tables):
            results += entries(builder, vectors[i * each : (i + 1) * each], place, 16)
        return context.make_tuple(builder, signature.return_type, results)

    return values(values, types.int64, shape), codegen


def entries(builder: Any, values: list[Any], table: Any, blocks: int) -> list[Any]:
    """Write the code that looks vectors up in a table of so many blocks of 16 entries, 2 to 16."""
    part = ir.VectorType(_I8, 16)
    both = ir.Constant(ir.VectorType(_I32, _VECTOR.count), [*range(part.count)] * 2)
    lower = [builder.and_(value, _all(_VECTOR, 15)) for value in values]
    signs = [_signs(builder, value) for value in values]

    def among(first: int, count: int) -> list[Any]:
        """Return the entries if the upper four bits are one of ``count`` numbers."""
        if count == 1:
            block = builder.load(_at(builder, builder.add(table, ir.Constant(_I64, 16 * first)), part), align=1)
            spread = builder.shuffle_vector(block, block, both)
            return [call(builder, "avx2.pshuf.b", _VECTOR, spread, index) for index in lower]
        half = count // 2
        pairs = zip(among(first, half), among(first + half, half), signs, strict=True)
        bit = half.bit_length() - 1
        return [call(builder, "avx2.pblendvb", _VECTOR, low, high, sign[bit]) for low, high, sign in pairs]

    return among(0, blocks)


def _signs(builder: Any, value: Any) -> list[Any]:
    """Return vectors whose bytes have bit 4, 5, 6 and 7 of the value in the uppermost place."""
    words = builder.bitcast(value, _WORDS)
    return [*(builder.bitcast(builder.shl(words, _all(_WORDS, left)), _VECTOR) for left in (3, 2, 1)), value]


@jit
def nibble_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, shape: Any, table: int, kind: Any
) -> None:
    """Look rows of ``count`` pixels of 8 bits up, at least 64, in tables of 256 entries one after the other."""
    channels, step = len(shape), lanes(kind)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        if channels == 1:
            for at in range(0, count, 2 * step):
                last = min(at, count - 2 * step)
                pair = load(source + last, kind, kind), load(source + last + step, kind, kind)
                low, high = looked_up(pair, table, shape)
                store_pixels(target + last, (low,), kind)
                store_pixels(target + last + step, (high,), kind)
        else:
            for at in range(0, count, step):
                last = min(at, count - step) * channels
                values = load_pixels(source + last, kind, kind, shape)
                store_pixels(target + last, looked_up(values, table, shape), kind)
