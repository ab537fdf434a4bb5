"""Vector operations of the bilateral filter: distances of pixels, their weights, weighted sums of channels.

Pixels lie in planes, one a channel, ``pitch`` bytes apart. ``shape`` is a tuple with one member a channel, of
which only the length counts; ``kind`` is a scalar of a pixel type, of which only the type counts.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import I16, I32
from ._simd import _CONTRACT, _FLOAT, F32, LANES_F32, Codegen, _broadcast, _load, _splat, _store, intrinsic

FAR = 3e38  # stands for a value that is not finite: farther from all others than any weight reaches
_WHOLE = 1.5 * 2**23  # added to a float32 and taken away again, this rounds it
_LEAST = -125.0  # exponents below it have no weight

# 2**x for |x| <= 1/2 with a relative error of 7.5e-5: less than 0.02 of a step of uint8; and of 2.6e-6
_SHORT = (0.999928074, 0.693260986, 0.242611122, 0.0551716649)
_LONG = (0.999999261, 0.693121815, 0.240247448, 0.0559178603, 0.00957010143)


def _all(value: float) -> ir.Constant:
    return _splat(_FLOAT, LANES_F32, value)


def _absolute(builder: Any, value: Any) -> Any:
    mask = ir.Constant(I32.vector, [0x7FFFFFFF] * LANES_F32)
    return builder.bitcast(builder.and_(builder.bitcast(value, I32.vector), mask), F32.vector)


def _planes(builder: Any, address: Any, pitch: Any, count: int) -> list[Any]:
    """Return the addresses of the same pixel in all planes."""
    places = [address]
    for _ in range(1, count):
        places.append(builder.add(places[-1], pitch))
    return places


@intrinsic
def distance(typingctx: Any, address: Any, other: Any, pitch: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return the sum over the channels of the absolute differences of two runs of pixels."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total = None
        both = (_planes(builder, place, args[2], len(shape)) for place in args[:2])
        for one, two in zip(*both, strict=True):
            difference = builder.fsub(_load(builder, one, F32.vector), _load(builder, two, F32.vector))
            part = _absolute(builder, difference)
            total = part if total is None else builder.fadd(total, part)
        return total

    return F32(types.int64, types.int64, types.int64, shape), codegen


@intrinsic
def weight(typingctx: Any, far: Any, scale: Any, start: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return ``2 ** (far * far * scale + start)``."""
    terms = _SHORT if kind == types.uint8 else _LONG

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        far, scale, start = args[0], *(_broadcast(builder, number, LANES_F32) for number in args[1:3])
        product = builder.fmul(builder.fmul(far, scale), far, flags=_CONTRACT)
        exponent = builder.fadd(product, start, flags=_CONTRACT)
        shifted = builder.fadd(exponent, _all(_WHOLE))
        rest = builder.fsub(exponent, builder.fsub(shifted, _all(_WHOLE)))
        value = _all(terms[-1])
        for term in terms[-2::-1]:
            value = builder.fadd(builder.fmul(value, rest, flags=_CONTRACT), _all(term), flags=_CONTRACT)
        twenty_three = ir.Constant(I32.vector, [23] * LANES_F32)
        power = builder.shl(builder.bitcast(shifted, I32.vector), twenty_three)
        value = builder.bitcast(builder.add(builder.bitcast(value, I32.vector), power), F32.vector)
        return builder.select(builder.fcmp_ordered(">", exponent, _all(_LEAST)), value, _all(0.0))

    return F32(F32, types.float32, types.float32, kind), codegen


@intrinsic
def first_sums(typingctx: Any, address: Any, pitch: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return the sums that hold one run of pixels with the weight 1: a vector a channel, and the weights."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = _planes(builder, args[0], args[1], len(shape))
        parts = [_load(builder, place, F32.vector) for place in places]
        return context.make_tuple(builder, signature.return_type, [*parts, _all(1.0)])

    return types.UniTuple(F32, len(shape) + 1)(types.int64, types.int64, shape), codegen


@intrinsic
def add_pixels(typingctx: Any, sums: Any, weights: Any, address: Any, pitch: Any) -> tuple[Any, Codegen]:
    """Add a run of pixels with these weights to the sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, weights, address, pitch = args
        parts = []
        for c, place in enumerate(_planes(builder, address, pitch, len(signature.return_type) - 1)):
            product = builder.fmul(_load(builder, place, F32.vector), weights, flags=_CONTRACT)
            parts.append(builder.fadd(builder.extract_value(sums, c), product, flags=_CONTRACT))
        parts.append(builder.fadd(builder.extract_value(sums, len(parts)), weights))
        return context.make_tuple(builder, signature.return_type, parts)

    return sums(sums, F32, types.int64, types.int64), codegen


@intrinsic
def means(typingctx: Any, sums: Any) -> tuple[Any, Codegen]:
    """Return the sums of the channels over that of the weights."""
    result = types.UniTuple(F32, len(sums) - 1)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        count = len(result)
        total = builder.extract_value(args[0], count)
        parts = [builder.fdiv(builder.extract_value(args[0], c), total) for c in range(count)]
        return context.make_tuple(builder, signature.return_type, parts)

    return result(sums), codegen


def _finite(builder: Any, value: Any) -> Any:
    return builder.fcmp_ordered("<", _absolute(builder, value), _all(float("inf")))


@intrinsic
def store_planes(typingctx: Any, address: Any, values: Any, pitch: Any) -> tuple[Any, Codegen]:
    """Store a vector a channel: float32 with `FAR` for what is not finite, uint8 as int16."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        for c, place in enumerate(_planes(builder, args[0], args[2], len(values))):
            value = builder.extract_value(args[1], c)
            if values.dtype == F32:
                value = builder.select(_finite(builder, value), value, _all(FAR))
            else:
                value = builder.zext(value, I16.vector)
            _store(builder, place, value)

    return types.void(types.int64, values, types.int64), codegen


@intrinsic
def where_finite(typingctx: Any, values: Any, pixels: Any) -> tuple[Any, Codegen]:
    """Return the values of pixels all of whose channels are finite, and the others as they are."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        old = [builder.extract_value(args[1], c) for c in range(len(values))]
        finite = _finite(builder, old[0])
        for value in old[1:]:
            finite = builder.and_(finite, _finite(builder, value))
        parts = [builder.select(finite, builder.extract_value(args[0], c), value) for c, value in enumerate(old)]
        return context.make_tuple(builder, signature.return_type, parts)

    return values(values, values), codegen
