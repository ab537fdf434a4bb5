"""The random numbers of `_noise` in vectors of 32 samples, or 64 bytes."""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _I8, _I32, I16, I32, _all, _rounded_product
from ._noise import BELL, FIRST, MIDDLE, SECOND
from ._simd import Codegen, Vector, intrinsic

BYTES = Vector("u8x64", _I8, 4 * I32.vector.count)


def _spread(builder: Any, scalar: Any, vector: ir.VectorType) -> Any:
    empty = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(empty, scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, empty, _all(ir.VectorType(_I32, vector.count), 0))


def _words(builder: Any, index: Any, one: Any, two: Any) -> Any:
    """Write the code of 16 hashes from the word ``index`` on."""
    vector = I32.vector

    def shifted(x: Any, count: int) -> Any:
        return builder.xor(x, builder.lshr(x, _all(vector, count)))

    x = builder.add(_spread(builder, builder.add(index, one), vector), ir.Constant(vector, list(range(vector.count))))
    x = builder.mul(shifted(x, 16), _all(vector, FIRST))
    x = builder.add(shifted(x, 15), _spread(builder, two, vector))
    return shifted(builder.mul(x, _all(vector, SECOND)), 16)


@intrinsic
def uniform_lanes(typingctx: Any, sample: Any, one: Any, two: Any) -> tuple[Any, Codegen]:
    """Return 16 random bits for each of 32 samples from an even one on, by the keys of their row."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        index = builder.trunc(builder.ashr(args[0], ir.Constant(ir.IntType(64), 1)), _I32)
        return builder.bitcast(_words(builder, index, args[1], args[2]), I16.vector)

    return I16(types.int64, types.int32, types.int32), codegen


@intrinsic
def uniform_lanes_odd(typingctx: Any, sample: Any, one: Any, two: Any) -> tuple[Any, Codegen]:
    """Return the same for samples from an odd one on: halves of words that are not of one word."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        index = builder.trunc(builder.ashr(args[0], ir.Constant(ir.IntType(64), 1)), _I32)
        low = _words(builder, index, args[1], args[2])
        high = _words(builder, builder.add(index, ir.Constant(_I32, 1)), args[1], args[2])
        half = _all(I32.vector, 16)
        return builder.bitcast(builder.or_(builder.lshr(low, half), builder.shl(high, half)), I16.vector)

    return I16(types.int64, types.int32, types.int32), codegen


@intrinsic
def uniform_bytes_lanes(typingctx: Any, sample: Any, one: Any, two: Any) -> tuple[Any, Codegen]:
    """Return 8 random bits for each of 64 samples from a multiple of four on, by the keys of their row."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        index = builder.trunc(builder.ashr(args[0], ir.Constant(ir.IntType(64), 2)), _I32)
        return builder.bitcast(_words(builder, index, args[1], args[2]), BYTES.vector)

    return BYTES(types.int64, types.int32, types.int32), codegen


@intrinsic
def uniform_bytes_between(typingctx: Any, sample: Any, one: Any, two: Any) -> tuple[Any, Codegen]:
    """Return the same for samples from any other number on: parts of words that are not of one word."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sample = builder.trunc(args[0], _I32)
        index = builder.trunc(builder.ashr(args[0], ir.Constant(ir.IntType(64), 2)), _I32)
        low = _words(builder, index, args[1], args[2])
        high = _words(builder, builder.add(index, ir.Constant(_I32, 1)), args[1], args[2])
        gone = builder.shl(builder.and_(sample, ir.Constant(_I32, 3)), ir.Constant(_I32, 3))
        left = builder.sub(ir.Constant(_I32, 32), gone)
        gone, left = (_spread(builder, bits, I32.vector) for bits in (gone, left))
        return builder.bitcast(builder.or_(builder.lshr(low, gone), builder.shl(high, left)), BYTES.vector)

    return BYTES(types.int64, types.int32, types.int32), codegen


@intrinsic
def bell_lanes(typingctx: Any, numbers: Any) -> tuple[Any, Codegen]:
    """Return the bell-shaped numbers of uniform ones."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.or_(args[0], _all(I16.vector, 1))
        power, square = 1, _rounded_product(builder, place, place)
        total = _all(I16.vector, MIDDLE)
        for wanted, weight in BELL:
            while power < wanted:
                power, square = 2 * power, _rounded_product(builder, square, square)
            total = builder.add(total, _rounded_product(builder, square, _all(I16.vector, weight)))
        return _rounded_product(builder, place, total)

    return I16(I16), codegen
