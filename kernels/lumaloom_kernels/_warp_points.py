"""Where the output pixels of a warp lie in the source, 16 at a time: whole numbers and fractions in vectors.

Coordinates are float64, or whole numbers of 2**-32 of a pixel along a row of an affine map, so that a pixel of the
largest image is off by less than a thousandth of a step of 16 bits. Those that are not numbers, or lie farther away
than `FAR`, are moved there.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from ._lanes import _I16, _I32, _I64, I32, _all, _at
from ._planes import _shuffle
from ._simd import F32, LANES_F32, Codegen, intrinsic

GROUP = LANES_F32
FAR = 1e9
ALL = (1 << GROUP) - 1
WEIGHT_BITS = 14
ROW_BYTES = 4 * GROUP  # of a row of weights

_DOUBLE = ir.DoubleType()
_PLACE = types.Tuple((I32, F32))


def _splat(builder: Any, value: Any, count: int = GROUP) -> Any:
    vector = ir.VectorType(value.type, count)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
    return _shuffle(builder, one, one, [0] * count)


def _pick(builder: Any, which: Any, first: Any, second: float) -> Any:
    return builder.select(which, first, _all(first.type, second))


def _floor(builder: Any, value: Any) -> Any:
    name = f"v{value.type.count}f{64 if value.type.element == _DOUBLE else 32}"
    kind = ir.FunctionType(value.type, [value.type])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.floor.{name}"), [value])


def _held(builder: Any, place: Any) -> Any:
    """Return coordinates held within `FAR`; what is no number is there too."""
    place = _pick(builder, builder.fcmp_ordered(">", place, _all(place.type, -FAR)), place, -FAR)
    return _pick(builder, builder.fcmp_ordered("<", place, _all(place.type, FAR)), place, FAR)


def _split(builder: Any, place: Any, shift: Any) -> list[Any]:
    """Return the whole numbers and the fractions of float64 coordinates, held and then moved."""
    place = builder.fadd(_held(builder, place), shift)
    whole = _floor(builder, place)
    return [builder.fptosi(whole, I32.vector), builder.fptrunc(builder.fsub(place, whole), F32.vector)]


@intrinsic
def step_places(typingctx: Any, start: Any, step: Any) -> tuple[Any, Codegen]:
    """Take ``start + i * step``, in units of 2**-32, apart."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(_I64, GROUP)
        steps = builder.mul(_splat(builder, args[1]), ir.Constant(vector, list(range(GROUP))))
        words = builder.bitcast(builder.add(_splat(builder, args[0]), steps), ir.VectorType(_I32, 2 * GROUP))
        whole = _shuffle(builder, words, words, list(range(1, 2 * GROUP, 2)))
        part = builder.lshr(_shuffle(builder, words, words, list(range(0, 2 * GROUP, 2))), _all(I32.vector, 8))
        share = builder.fmul(builder.sitofp(part, F32.vector), _all(F32.vector, 2.0**-24))
        return context.make_tuple(builder, signature.return_type, [whole, share])

    return _PLACE(types.int64, types.int64), codegen


@intrinsic
def plane_places(
    typingctx: Any, column: Any, across: Any, start: Any, down: Any, top: Any, depth: Any, far: Any, shift: Any
) -> tuple[Any, Codegen]:
    """Take places along x and y of 16 columns x apart, moved by ``shift``.

    They are ``(across * x + start) / d`` and ``(down * x + top) / d`` with ``d = depth * x + far``.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        column, across, start, down, top, depth, far, shift = (_splat(builder, value) for value in args)
        x = builder.fadd(column, ir.Constant(ir.VectorType(_DOUBLE, GROUP), [float(i) for i in range(GROUP)]))
        share = builder.fdiv(_all(x.type, 1.0), builder.fadd(builder.fmul(depth, x), far))
        places = []
        for slope, base in ((across, start), (down, top)):
            place = builder.fmul(builder.fadd(builder.fmul(slope, x), base), share)
            places.append(context.make_tuple(builder, _PLACE, _split(builder, place, shift)))
        return context.make_tuple(builder, signature.return_type, places)

    return types.Tuple((_PLACE, _PLACE))(*[types.float64] * 8), codegen


@intrinsic
def map_places(typingctx: Any, address: Any, shift: Any) -> tuple[Any, Codegen]:
    """Take 16 float32 of a map apart, moved by a whole number.

    In float32 a place and its whole number have an exact difference, but not a sum.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _held(builder, builder.load(_at(builder, args[0], F32.vector), align=4))
        whole = _floor(builder, place)
        step = builder.fptosi(args[1], _I32)
        first = builder.add(builder.fptosi(whole, I32.vector), _splat(builder, step))
        return context.make_tuple(builder, signature.return_type, [first, builder.fsub(place, whole)])

    return _PLACE(types.int64, types.float64), codegen


@intrinsic
def map_nearest(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Take the pixels that 16 float32 of a map are nearest to: half of the whole numbers at or below twice as much.

    The sum with 1/2 would be rounded.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _held(builder, builder.load(_at(builder, args[0], F32.vector), align=4))
        twice = builder.fptosi(_floor(builder, builder.fadd(place, place)), I32.vector)
        whole = builder.ashr(builder.add(twice, _all(I32.vector, 1)), _all(I32.vector, 1))
        return context.make_tuple(builder, signature.return_type, [whole, _all(F32.vector, 0.0)])

    return _PLACE(types.int64), codegen


@intrinsic
def hold(typingctx: Any, place: Any, last: Any) -> tuple[Any, Codegen]:
    """Move what lies beyond pixels 0 and ``last`` to them; the last is seen from the one before.

    Interpolation between two pixels gives the same there as where the edge is repeated.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole, share = (builder.extract_value(args[0], i) for i in range(2))
        last = _splat(builder, builder.trunc(args[1], _I32))
        beyond = builder.icmp_signed(">=", whole, last)
        before = builder.icmp_signed("<", whole, _all(I32.vector, 0))
        whole = builder.select(beyond, builder.sub(last, _all(I32.vector, 1)), whole)
        share = builder.select(beyond, _all(F32.vector, 1.0), share)
        whole = builder.select(before, _all(I32.vector, 0), whole)
        share = builder.select(before, _all(F32.vector, 0.0), share)
        return context.make_tuple(builder, signature.return_type, [whole, share])

    return place(place, types.int64), codegen


@intrinsic
def hold_nearest(typingctx: Any, place: Any, last: Any) -> tuple[Any, Codegen]:
    """Move what lies beyond pixels 0 and ``last`` to them."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole, last = builder.extract_value(args[0], 0), _splat(builder, builder.trunc(args[1], _I32))
        whole = builder.select(builder.icmp_signed(">", whole, last), last, whole)
        whole = builder.select(builder.icmp_signed("<", whole, _all(I32.vector, 0)), _all(I32.vector, 0), whole)
        return builder.insert_value(args[0], whole, 0)

    return place(place, types.int64), codegen


def _phase(builder: Any, whole: Any, size: Any) -> tuple[Any, Any]:
    """Return where whole numbers lie in the period of an axis that its two ends mirror, and this period."""
    wide = ir.VectorType(_DOUBLE, GROUP)
    period = builder.shl(
        builder.sub(_splat(builder, builder.trunc(size, _I32)), _all(I32.vector, 1)), _all(I32.vector, 1)
    )
    number, length = builder.sitofp(whole, wide), builder.sitofp(period, wide)
    turns = _floor(builder, builder.fdiv(number, length))  # right for all that int32 holds
    return builder.fptosi(builder.fsub(number, builder.fmul(turns, length)), I32.vector), period


@intrinsic
def fold(typingctx: Any, place: Any, size: Any, before: Any) -> tuple[Any, Codegen]:
    """Mirror places into an axis of ``size`` > 1 pixels; ``before`` taps lie before the one at or below a place.

    As weights are even and the border ``reflect101`` is a mirror image, interpolation gives the same there.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole, share = (builder.extract_value(args[0], i) for i in range(2))
        before = _splat(builder, builder.trunc(args[2], _I32))
        phase, period = _phase(builder, builder.add(whole, before), args[1])
        other = builder.sub(builder.sub(period, _all(I32.vector, 1)), phase)
        back = builder.icmp_signed("<", other, phase)
        whole = builder.sub(builder.select(back, other, phase), before)
        share = builder.select(back, builder.fsub(_all(F32.vector, 1.0), share), share)
        return context.make_tuple(builder, signature.return_type, [whole, share])

    return place(place, types.int64, types.int64), codegen


@intrinsic
def fold_nearest(typingctx: Any, place: Any, size: Any) -> tuple[Any, Codegen]:
    """Mirror pixels into an axis of ``size`` > 1."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        phase, period = _phase(builder, builder.extract_value(args[0], 0), args[1])
        other = builder.sub(period, phase)
        whole = builder.select(builder.icmp_signed("<", other, phase), other, phase)
        return builder.insert_value(args[0], whole, 0)

    return place(place, types.int64), codegen


@intrinsic
def which_inside(
    typingctx: Any, x: Any, y: Any, least: Any, last_x: Any, last_y: Any, end_row: Any, spare: Any
) -> tuple[Any, Codegen]:
    """Return a bit for each pixel whose first tap lies from ``least`` to ``last_x``, and to ``last_y``.

    In row ``end_row``, the last of the memory, loads must not reach farther than the image: ``spare`` pixels less.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, y = (builder.extract_value(place, 0) for place in args[:2])
        least, last_x, last_y, end_row, spare = (_splat(builder, builder.trunc(value, _I32)) for value in args[2:])
        at_end = builder.icmp_signed("==", y, end_row)
        limit = builder.sub(last_x, builder.and_(builder.sext(at_end, I32.vector), spare))
        good = builder.and_(
            builder.and_(builder.icmp_signed(">=", x, least), builder.icmp_signed("<=", x, limit)),
            builder.and_(builder.icmp_signed(">=", y, least), builder.icmp_signed("<=", y, last_y)),
        )
        return builder.zext(builder.bitcast(good, _I16), _I64)

    return types.int64(_PLACE, _PLACE, *[types.int64] * 5), codegen


@intrinsic
def store_wholes(typingctx: Any, target: Any, place: Any) -> tuple[Any, Codegen]:
    """Store whole numbers as int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        builder.store(builder.extract_value(args[1], 0), _at(builder, args[0], I32.vector), align=4)

    return types.void(types.int64, _PLACE), codegen


@intrinsic
def store_addresses(
    typingctx: Any, target: Any, x: Any, y: Any, address: Any, pitch: Any, pixel: Any
) -> tuple[Any, Codegen]:
    """Store ``address + y * pitch + x * pixel`` as int64."""
    wide = ir.VectorType(_I64, GROUP)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        x, y = (builder.sext(builder.extract_value(place, 0), wide) for place in args[1:3])
        pitch, pixel = (builder.sext(_splat(builder, builder.trunc(value, _I32)), wide) for value in args[4:])
        result = builder.add(builder.mul(y, pitch), builder.mul(x, pixel))
        builder.store(builder.add(result, _splat(builder, args[3])), _at(builder, args[0], wide), align=8)

    return types.void(types.int64, _PLACE, _PLACE, *[types.int64] * 3), codegen


@intrinsic
def store_offsets(typingctx: Any, target: Any, x: Any, y: Any, pitch: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Store ``y * pitch + x * pixel`` as int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        x, y = (builder.extract_value(place, 0) for place in args[1:3])
        pitch, pixel = (_splat(builder, builder.trunc(value, _I32)) for value in args[3:])
        result = builder.add(builder.mul(y, pitch), builder.mul(x, pixel))
        builder.store(result, _at(builder, args[0], result.type), align=4)

    return types.void(types.int64, _PLACE, _PLACE, types.int64, types.int64), codegen


@intrinsic
def store_weights(typingctx: Any, target: Any, x: Any, y: Any, taps: Any, packed: Any) -> tuple[Any, Codegen]:
    """Store the weights of all taps along x, and then of those along y, in rows of 16.

    Where ``packed`` is an int32 they are in fixed point instead, whole in sum: those of the upper two taps in the
    halves of one row of int32, those of the lower two in the next.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        shares = [builder.extract_value(place, 1) for place in args[1:3]]
        if packed == types.int32:
            rows = _packed_weights(builder, *shares)
        else:
            make = _linear_weights if len(taps) == 2 else _cubic_weights
            rows = [*make(builder, shares[0]), *make(builder, shares[1])]
        for number, row in enumerate(rows):
            place = builder.add(args[0], ir.Constant(_I64, ROW_BYTES * number))
            builder.store(row, _at(builder, place, row.type), align=4)

    return types.void(types.int64, _PLACE, _PLACE, taps, packed), codegen


def _packed_weights(builder: Any, *shares: Any) -> list[Any]:
    vector, scale, half = I32.vector, _all(F32.vector, float(1 << WEIGHT_BITS)), _all(F32.vector, 0.5)
    x, y = (builder.fptosi(builder.fadd(builder.fmul(share, scale), half), vector) for share in shares)
    both = builder.add(builder.mul(x, y), _all(vector, 1 << (WEIGHT_BITS - 1)))
    both = builder.lshr(both, _all(vector, WEIGHT_BITS))
    first = builder.add(builder.sub(_all(vector, 1 << WEIGHT_BITS), builder.add(x, y)), both)
    upper = builder.or_(first, builder.shl(builder.sub(x, both), _all(vector, 16)))
    lower = builder.or_(builder.sub(y, both), builder.shl(both, _all(vector, 16)))
    return [upper, lower]


def _linear_weights(builder: Any, share: Any) -> list[Any]:
    return [builder.fsub(_all(F32.vector, 1.0), share), share]


def _cubic_weights(builder: Any, share: Any) -> list[Any]:
    """Return the weights of the Catmull-Rom spline."""

    def times(*factors: Any) -> Any:
        product = factors[0]
        for factor in factors[1:]:
            product = builder.fmul(product, factor if isinstance(factor, ir.Value) else _all(F32.vector, factor))
        return product

    one = _all(F32.vector, 1.0)
    rest = builder.fsub(one, share)

    def near(this: Any, other: Any) -> Any:  # the weight of a pixel at distance ``other``
        return times(this, builder.fadd(one, times(other, builder.fsub(one, times(other, 1.5)))))

    return [times(share, rest, rest, -0.5), near(rest, share), near(share, rest), times(rest, share, share, -0.5)]
