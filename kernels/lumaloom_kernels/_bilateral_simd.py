"""Vector operations of the bilateral filter, for both ways to compute it.

``family`` is a scalar whose type alone counts: float32 stands for `_bilateral_real`, int16 for `_bilateral_fixed`.
Pixels lie in planes of that type, one a channel, ``pitch`` bytes apart. ``shape`` and ``cells`` are tuples, of which
only the length counts: the channels, and the numbers that weights are made of. A group of sums has one for the
weights and one a channel.

Taps come in pairs. A record has the addresses of the pixels of both and of where their weights are kept, less ``x``.
"""

from typing import Any

from llvmlite import ir
from numba import types

from . import _bilateral_fixed, _bilateral_real
from ._bilateral_curve import LANES
from ._bilateral_real import absolute
from ._lanes import _I64, I16, _all, _at
from ._simd import F32, Codegen, _load, _store, intrinsic

FAR = 3e38  # stands for a value that is not finite: farther from all others than any weight reaches
RECORD = 32  # bytes
_WAYS = {types.int16: _bilateral_fixed, types.float32: _bilateral_real}
_WAYS_OF_SUMS: dict[Any, Any] = {way.SUM: way for way in _WAYS.values()}


def _values(builder: Any, group: Any) -> list[Any]:
    return [builder.extract_value(group, i) for i in range(group.type.count)]


def _places(builder: Any, address: Any, pitch: Any, count: int) -> list[Any]:
    """Return addresses ``pitch`` bytes apart."""
    places = [address]
    for _ in range(1, count):
        places.append(builder.add(places[-1], pitch))
    return places


def _channels(builder: Any, address: Any, pitch: Any, count: int, way: Any) -> list[Any]:
    return [_load(builder, place, way.VECTOR.vector) for place in _places(builder, address, pitch, count)]


@intrinsic
def load_planes(typingctx: Any, address: Any, pitch: Any, family: Any, shape: Any) -> tuple[Any, Codegen]:
    """Load a vector of pixels of each channel."""
    way = _WAYS[family]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _channels(builder, args[0], args[1], len(shape), way)
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(way.VECTOR, len(shape))(types.int64, types.int64, family, shape), codegen


@intrinsic
def load_numbers(typingctx: Any, address: Any, family: Any, cells: Any) -> tuple[Any, Codegen]:
    """Load as many vectors as ``cells`` has members."""
    way = _WAYS[family]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _channels(builder, args[0], ir.Constant(_I64, way.ITEM * LANES), len(cells), way)
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(way.VECTOR, len(cells))(types.int64, family, cells), codegen


@intrinsic
def no_sums(typingctx: Any, family: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return a group of sums of nothing."""
    way = _WAYS[family]
    result = types.UniTuple(way.SUM, way.HALVES * (len(shape) + 1))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, signature.return_type, [ir.Constant(way.SUM.vector, None)] * len(result))

    return result(family, shape), codegen


def _addresses(builder: Any, record: Any, x: Any) -> list[Any]:
    places = _places(builder, record, ir.Constant(_I64, 8), 4)
    return [builder.add(builder.load(_at(builder, place, _I64), align=8), x) for place in places]


def _weighing(keep: bool, sums: Any, centre: Any, numbers: Any, kind: Any) -> tuple[Any, Codegen]:
    way = _WAYS_OF_SUMS[sums.dtype]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, centre, record, x, spatial, numbers, pitch, _ = args
        middle = _values(builder, centre)
        places = _addresses(builder, record, x)
        pixels = [_channels(builder, place, pitch, len(middle), way) for place in places[:2]]
        bytes_apart = ir.Constant(_I64, way.ITEM)
        shares = [
            builder.load(_at(builder, place, way.ELEMENT), align=2)
            for place in _places(builder, spatial, bytes_apart, 2)
        ]
        weights = way.weights(builder, middle, pixels, shares, _values(builder, numbers), kind)
        if keep:
            for place, weight in zip(places[2:], weights, strict=True):
                _store(builder, place, weight)
        parts = way.added(builder, _values(builder, sums), weights, pixels)
        return context.make_tuple(builder, signature.return_type, parts)

    return sums(sums, centre, types.int64, types.int64, types.int64, numbers, types.int64, kind), codegen


@intrinsic
def add_weighing(
    typingctx: Any, sums: Any, centre: Any, record: Any, x: Any, spatial: Any, numbers: Any, pitch: Any, kind: Any
) -> tuple[Any, Codegen]:
    """Work out the weights of two taps, keep them, and add the taps to a group of sums.

    At ``spatial`` are the weights of both places.
    """
    return _weighing(True, sums, centre, numbers, kind)


@intrinsic
def add_once(
    typingctx: Any, sums: Any, centre: Any, record: Any, x: Any, spatial: Any, numbers: Any, pitch: Any, kind: Any
) -> tuple[Any, Codegen]:
    """Do the same without keeping the weights."""
    return _weighing(False, sums, centre, numbers, kind)


@intrinsic
def add_kept(typingctx: Any, sums: Any, record: Any, x: Any, pitch: Any) -> tuple[Any, Codegen]:
    """Add two taps whose weights are kept to a group of sums."""
    way = _WAYS_OF_SUMS[sums.dtype]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, record, x, pitch = args
        places = _addresses(builder, record, x)
        count = len(signature.return_type) // way.HALVES - 1
        pixels = [_channels(builder, place, pitch, count, way) for place in places[:2]]
        weights = [_load(builder, place, way.VECTOR.vector) for place in places[2:]]
        parts = way.added(builder, _values(builder, sums), weights, pixels)
        return context.make_tuple(builder, signature.return_type, parts)

    return sums(sums, types.int64, types.int64, types.int64), codegen


@intrinsic
def in_order(typingctx: Any, sums: Any) -> tuple[Any, Codegen]:
    """Put a group of sums into the order of the pixels."""
    way = _WAYS_OF_SUMS[sums.dtype]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, signature.return_type, way.ordered(builder, _values(builder, args[0])))

    return sums(sums), codegen


def _sum_places(builder: Any, address: Any, pitch: Any, count: int, way: Any) -> list[Any]:
    rows = _places(builder, address, pitch, count // way.HALVES)
    size = ir.Constant(_I64, 4 * way.SUM.vector.count)
    return [place for row in rows for place in _places(builder, row, size, way.HALVES)]


@intrinsic
def store_sums(typingctx: Any, address: Any, sums: Any, pitch: Any) -> tuple[Any, Codegen]:
    """Store a group of sums in planes ``pitch`` bytes apart."""
    way = _WAYS_OF_SUMS[sums.dtype]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        parts = _values(builder, args[1])
        for place, part in zip(_sum_places(builder, args[0], args[2], len(parts), way), parts, strict=True):
            _store(builder, place, part)

    return types.void(types.int64, sums, types.int64), codegen


@intrinsic
def load_sums(typingctx: Any, address: Any, pitch: Any, family: Any, shape: Any) -> tuple[Any, Codegen]:
    """Load what `store_sums` stored."""
    way = _WAYS[family]
    result = types.UniTuple(way.SUM, way.HALVES * (len(shape) + 1))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = _sum_places(builder, args[0], args[1], len(result), way)
        parts = [_load(builder, place, way.SUM.vector) for place in places]
        return context.make_tuple(builder, signature.return_type, parts)

    return result(types.int64, types.int64, family, shape), codegen


@intrinsic
def means(typingctx: Any, one: Any, two: Any, centre: Any, own: Any) -> tuple[Any, Codegen]:
    """Return the means of two groups of sums and the centre with its own weight: uint8 of the family int16."""
    way = _WAYS_OF_SUMS[one.dtype]
    result = types.UniTuple(way.MEAN, len(centre))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        groups = [_values(builder, group) for group in args[:3]]
        return context.make_tuple(builder, signature.return_type, way.means(builder, *groups, args[3]))

    return result(one, two, centre, own), codegen


def _finite(builder: Any, value: Any) -> Any:
    return builder.fcmp_ordered("<", absolute(builder, value), _all(F32.vector, float("inf")))


@intrinsic
def store_planes(typingctx: Any, address: Any, values: Any, pitch: Any) -> tuple[Any, Codegen]:
    """Store a vector a channel: float32 with `FAR` for what is not finite, uint8 as int16."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        values = _values(builder, args[1])
        for value, place in zip(values, _places(builder, args[0], args[2], len(values)), strict=True):
            if value.type == F32.vector:
                part = builder.select(_finite(builder, value), value, _all(F32.vector, FAR))
            else:
                part = builder.zext(value, I16.vector)
            _store(builder, place, part)

    return types.void(types.int64, values, types.int64), codegen


@intrinsic
def where_finite(typingctx: Any, values: Any, pixels: Any) -> tuple[Any, Codegen]:
    """Return the values of float32 pixels all of whose channels are finite, and the others as they are."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if values.dtype != F32:  # never reached, but compiled
            return args[0]
        new, old = (_values(builder, group) for group in args)
        finite = _finite(builder, old[0])
        for value in old[1:]:
            finite = builder.and_(finite, _finite(builder, value))
        parts = [builder.select(finite, one, two) for one, two in zip(new, old, strict=True)]
        return context.make_tuple(builder, signature.return_type, parts)

    return values(values, pixels), codegen
