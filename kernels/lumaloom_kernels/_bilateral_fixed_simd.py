"""Vector operations of the bilateral filter in fixed point, on 32 pixels at once.

Pixels lie in planes of int16, one a channel, ``pitch`` bytes apart. Weights are int16 of 15 fractional bits.
A group of sums has one for the weights and one a channel; each is two vectors of int32, because an instruction
multiplies two taps' pixels by their weights and adds: that leaves sums in the order in which interleaving the two
taps in parts of 128 bits puts them, and `in_order` puts them right.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._bilateral_curve import SQUARINGS
from ._lanes import _I8, _I16, _I32, _I64, I16, I32, U8, _all, _at, _rounded_product, _spread
from ._planes import _shuffle
from ._simd import F32, Codegen, _load, _store, intrinsic
from ._x86 import PAIR_PRODUCTS, call, call_in_parts, has

COUNT = I16.vector.count
_LOWER = [8 * group + i for group in range(COUNT // 8) for i in range(4)]  # lanes that the first vector of sums has
_UPPER = [lane + 4 for lane in _LOWER]


def has_tables() -> bool:
    """Tell whether the processor looks 64 bytes up at once in a table of 128."""
    return has("avx512vbmi") and has("avx512bw")


def _channels(builder: Any, address: Any, pitch: Any, count: int) -> list[Any]:
    parts = []
    for _ in range(count):
        parts.append(_load(builder, address, I16.vector))
        address = builder.add(address, pitch)
    return parts


def _values(builder: Any, group: Any, count: int) -> list[Any]:
    return [builder.extract_value(group, i) for i in range(count)]


@intrinsic
def load_words(typingctx: Any, address: Any, pitch: Any, shape: Any) -> tuple[Any, Codegen]:
    """Load 32 pixels: a vector a channel."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _channels(builder, args[0], args[1], len(shape))
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(I16, len(shape))(types.int64, types.int64, shape), codegen


@intrinsic
def load_numbers(typingctx: Any, address: Any, cells: Any) -> tuple[Any, Codegen]:
    """Load as many vectors as ``cells`` has members."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = [builder.add(args[0], ir.Constant(_I64, 2 * COUNT * i)) for i in range(len(cells))]
        parts = [_load(builder, place, I16.vector) for place in places]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(I16, len(cells))(types.int64, cells), codegen


@intrinsic
def no_sums(typingctx: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return a group of sums of nothing."""
    result = types.UniTuple(I32, 2 * len(shape) + 2)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, signature.return_type, [ir.Constant(I32.vector, None)] * len(result))

    return result(shape), codegen


def _product_sum(builder: Any, first: Any, second: Any) -> Any:
    """Return the sums of the products of neighbours."""
    found = call_in_parts(builder, PAIR_PRODUCTS, first, second, _I32)
    if found is not None:
        return found
    half = _all(I32.vector, 16)
    wide = [builder.bitcast(part, I32.vector) for part in (first, second)]
    upper = builder.mul(*(builder.ashr(part, half) for part in wide))
    return builder.add(upper, builder.mul(*(builder.ashr(builder.shl(part, half), half) for part in wide)))


def _added(builder: Any, sums: list[Any], weights: list[Any], pixels: list[list[Any]]) -> list[Any]:
    """Write the code that adds the pixels of two taps, with their weights, to a group of sums."""
    ones = _all(I16.vector, 1)
    totals = []
    for half, lanes in enumerate((_LOWER, _UPPER)):
        picks = [place for lane in lanes for place in (lane, lane + COUNT)]
        both = _shuffle(builder, weights[0], weights[1], picks)
        totals.append(builder.add(sums[half], _product_sum(builder, both, ones)))
        for c, (one, two) in enumerate(zip(*pixels, strict=True), 1):
            mixed = _shuffle(builder, one, two, picks)
            totals.append(builder.add(sums[2 * c + half], _product_sum(builder, mixed, both)))
    count = len(totals) // 2
    return [totals[half * count + c] for c in range(count) for half in (0, 1)]


def _distance(builder: Any, one: list[Any], two: list[Any]) -> Any:
    """Write the code of the sum over the channels of absolute differences."""
    zero, total = _all(I16.vector, 0), None
    for first, second in zip(one, two, strict=True):
        difference = builder.sub(first, second)
        negative = builder.icmp_signed("<", difference, zero)
        part = builder.select(negative, builder.sub(zero, difference), difference)
        total = part if total is None else builder.add(total, part)
    return total


def _curved(builder: Any, far: Any, numbers: list[Any]) -> Any:
    """Write the code of `_bilateral_curve.curved`."""
    most, step, *terms = numbers
    scaled = builder.mul(builder.select(builder.icmp_signed("<", far, most), far, most), step)
    square = _rounded_product(builder, scaled, scaled)
    value = terms[0]
    for term in terms[1:]:
        value = builder.add(_rounded_product(builder, square, value), term)
    for _ in range(SQUARINGS):
        value = _rounded_product(builder, value, value)
    return value


def _looked_up(builder: Any, far: list[Any], numbers: list[Any]) -> list[Any]:
    """Write the code that looks two vectors of differences up in a table of 256 entries.

    Both are packed into one of bytes. The first four vectors of the table have the lower bytes of its entries, the
    others the upper ones; a permutation takes from 128, by all bits of a difference but the uppermost.
    """
    byte = ir.VectorType(_I8, 2 * COUNT)
    index = call(builder, "avx512.packuswb.512", byte, *far)
    upper = builder.icmp_signed("<", index, _all(byte, 0))
    tables = [builder.bitcast(number, byte) for number in numbers]
    halves = [call(builder, "avx512.vpermi2var.qi.512", byte, tables[i], index, tables[i + 1]) for i in range(0, 8, 2)]
    low, high = (builder.select(upper, halves[i + 1], halves[i]) for i in (0, 2))
    results = []
    for start in (0, 8):  # as packing put them
        lanes = [16 * group + start + i for group in range(COUNT // 8) for i in range(8)]
        mixed = _shuffle(builder, low, high, [place for lane in lanes for place in (lane, lane + 2 * COUNT)])
        results.append(builder.bitcast(mixed, I16.vector))
    return results


def _places(builder: Any, record: Any, x: Any) -> list[Any]:
    """Load four addresses, to which ``x`` is added."""
    places = []
    for i in range(4):
        place = _at(builder, builder.add(record, ir.Constant(_I64, 8 * i)), _I64)
        places.append(builder.add(builder.load(place, align=8), x))
    return places


@intrinsic
def add_weighing(
    typingctx: Any, sums: Any, centre: Any, record: Any, x: Any, spatial: Any, numbers: Any, pitch: Any
) -> tuple[Any, Codegen]:
    """Work out the weights of two taps, keep them, and add the taps to a group of sums.

    At ``record`` are the addresses of the pixels of both taps and of where their weights are kept, less ``x``; at
    ``spatial`` the weights of their places.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, centre, record, x, spatial, numbers, pitch = args
        count = len(signature.args[1])
        middle = _values(builder, centre, count)
        curve = _values(builder, numbers, len(signature.args[5]))
        places = _places(builder, record, x)
        pixels = [_channels(builder, place, pitch, count) for place in places[:2]]
        far = [_distance(builder, middle, channels) for channels in pixels]
        weights = _looked_up(builder, far, curve) if len(curve) == 8 else [_curved(builder, one, curve) for one in far]
        for i in (0, 1):
            share = builder.load(_at(builder, builder.add(spatial, ir.Constant(_I64, 2 * i)), _I16), align=2)
            weights[i] = _rounded_product(builder, weights[i], _spread(builder, share, I16.vector))
            _store(builder, places[2 + i], weights[i])
        parts = _added(builder, _values(builder, sums, len(signature.return_type)), weights, pixels)
        return context.make_tuple(builder, signature.return_type, parts)

    return sums(sums, centre, types.int64, types.int64, types.int64, numbers, types.int64), codegen


@intrinsic
def add_kept(typingctx: Any, sums: Any, record: Any, x: Any, pitch: Any) -> tuple[Any, Codegen]:
    """Add two taps whose weights are kept to a group of sums; ``record`` is as in `add_weighing`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, record, x, pitch = args
        places = _places(builder, record, x)
        count = len(signature.return_type) // 2 - 1
        pixels = [_channels(builder, place, pitch, count) for place in places[:2]]
        weights = [_load(builder, place, I16.vector) for place in places[2:]]
        parts = _added(builder, _values(builder, sums, len(signature.return_type)), weights, pixels)
        return context.make_tuple(builder, signature.return_type, parts)

    return sums(sums, types.int64, types.int64, types.int64), codegen


@intrinsic
def in_order(typingctx: Any, sums: Any) -> tuple[Any, Codegen]:
    """Put a group of sums into the order of the pixels."""
    size = I32.vector.count
    lanes = [*_LOWER, *_UPPER]
    picks = [lanes.index(pixel) for pixel in range(COUNT)]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = []
        for c in range(0, len(sums), 2):
            low, high = (builder.extract_value(args[0], c + half) for half in (0, 1))
            parts += [_shuffle(builder, low, high, picks[:size]), _shuffle(builder, low, high, picks[size:])]
        return context.make_tuple(builder, signature.return_type, parts)

    return sums(sums), codegen


def _rows(builder: Any, address: Any, pitch: Any, count: int) -> list[Any]:
    """Return the addresses of the vectors of a group of sums in memory."""
    places = []
    for _ in range(count // 2):
        places += [address, builder.add(address, ir.Constant(_I64, 2 * COUNT))]
        address = builder.add(address, pitch)
    return places


@intrinsic
def store_sums(typingctx: Any, address: Any, sums: Any, pitch: Any) -> tuple[Any, Codegen]:
    """Store a group of sums in planes ``pitch`` bytes apart."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        for i, place in enumerate(_rows(builder, args[0], args[2], len(sums))):
            _store(builder, place, builder.extract_value(args[1], i))

    return types.void(types.int64, sums, types.int64), codegen


@intrinsic
def load_sums(typingctx: Any, address: Any, pitch: Any, shape: Any) -> tuple[Any, Codegen]:
    """Load what `store_sums` stored."""
    result = types.UniTuple(I32, 2 * len(shape) + 2)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = [_load(builder, place, I32.vector) for place in _rows(builder, args[0], args[1], len(result))]
        return context.make_tuple(builder, signature.return_type, parts)

    return result(types.int64, types.int64, shape), codegen


@intrinsic
def rounded_means(typingctx: Any, one: Any, two: Any, centre: Any, own: Any) -> tuple[Any, Codegen]:
    """Return the means of two groups of sums and the centre with its own weight, as uint8."""
    result = types.UniTuple(U8, len(centre))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        size = I32.vector.count
        own = _spread(builder, args[3], I32.vector)
        totals = [builder.add(*(builder.extract_value(args[group], i) for group in (0, 1))) for i in range(len(one))]
        weights = [builder.sitofp(builder.add(total, own), F32.vector) for total in totals[:2]]
        parts = []
        for c in range(len(result)):
            halves = []
            for half in (0, 1):
                lanes = list(range(half * size, (half + 1) * size))
                pixels = builder.extract_value(args[2], c)
                pixels = builder.zext(_shuffle(builder, pixels, pixels, lanes), I32.vector)
                total = builder.add(totals[2 * c + 2 + half], builder.mul(pixels, own))
                mean = builder.fdiv(builder.sitofp(total, F32.vector), weights[half])
                halves.append(builder.fptosi(builder.fadd(mean, _all(F32.vector, 0.5)), I32.vector))
            whole = _shuffle(builder, *halves, list(range(COUNT)))
            parts.append(builder.trunc(whole, U8.vector))
        return context.make_tuple(builder, signature.return_type, parts)

    return result(one, two, centre, types.int32), codegen
