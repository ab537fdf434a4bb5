"""Arithmetic of the bilateral filter in fixed point: a register of int16 pixels, weights of 15 fractional bits.

A sum is two vectors of int32, because an instruction multiplies two taps' pixels by their weights and adds: that leaves
sums in the order in which interleaving the two taps in parts of 128 bits puts them, and `ordered` puts them right.
The numbers of a weight are those of a `_bilateral_curve.Curve`.
"""

from typing import Any

from llvmlite import ir

from ._bilateral_curve import SQUARINGS, TABLE
from ._lanes import _FLOAT, _I8, _I16, _I32, _all, _rounded_product, _spread
from ._planes import _shuffle
from ._simd import Vector
from ._x86 import PAIR_PRODUCTS, call, call_in_parts, has

COUNT = 32 if has("avx512bw") else 16  # more would not leave registers for sums
VECTOR, SUM = Vector(f"bilateral_i16x{COUNT}", _I16, COUNT), Vector(f"bilateral_i32x{COUNT // 2}", _I32, COUNT // 2)
MEAN = Vector(f"bilateral_u8x{COUNT}", _I8, COUNT)
HALVES = 2  # vectors of a sum
ELEMENT, ITEM = _I16, 2

_LOWER = [8 * group + i for group in range(COUNT // 8) for i in range(4)]  # pixels of the first vector of a sum
_UPPER = [lane + 4 for lane in _LOWER]


def has_tables() -> bool:
    """Tell whether the processor looks 64 bytes up at once in a table of 128."""
    return has("avx512vbmi") and has("avx512bw")


def _distance(builder: Any, one: list[Any], two: list[Any]) -> Any:
    zero, total = _all(VECTOR.vector, 0), None
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
    found = [
        call(builder, "avx512.vpermi2var.qi.512", byte, tables[i], index, tables[i + 1]) for i in range(0, TABLE, 2)
    ]
    low, high = (builder.select(upper, found[i + 1], found[i]) for i in (0, 2))
    results = []
    for start in (0, 8):  # as packing put them
        lanes = [16 * group + start + i for group in range(COUNT // 8) for i in range(8)]
        mixed = _shuffle(builder, low, high, [place for lane in lanes for place in (lane, lane + 2 * COUNT)])
        results.append(builder.bitcast(mixed, VECTOR.vector))
    return results


def weights(
    builder: Any, middle: list[Any], pixels: list[list[Any]], spatial: list[Any], numbers: list[Any], kind: Any
) -> list[Any]:
    """Write the code of the weights of two taps for the pixels in the middle."""
    far = [_distance(builder, middle, channels) for channels in pixels]
    if len(numbers) == TABLE:
        near = _looked_up(builder, far, numbers)
    else:
        near = [_curved(builder, one, numbers) for one in far]
    shares = [_spread(builder, share, VECTOR.vector) for share in spatial]
    return [_rounded_product(builder, weight, share) for weight, share in zip(near, shares, strict=True)]


def _product_sum(builder: Any, first: Any, second: Any) -> Any:
    """Return the sums of the products of neighbours."""
    found = call_in_parts(builder, PAIR_PRODUCTS, first, second, _I32)
    if found is not None:
        return found
    half = _all(SUM.vector, 16)
    wide = [builder.bitcast(part, SUM.vector) for part in (first, second)]
    upper = builder.mul(*(builder.ashr(part, half) for part in wide))
    return builder.add(upper, builder.mul(*(builder.ashr(builder.shl(part, half), half) for part in wide)))


def added(builder: Any, sums: list[Any], weights: list[Any], pixels: list[list[Any]]) -> list[Any]:
    """Write the code that adds two taps with their weights to sums: of weights, then of each channel."""
    totals = list(sums)
    for half, lanes in enumerate((_LOWER, _UPPER)):
        picks = [place for lane in lanes for place in (lane, lane + COUNT)]
        both = _shuffle(builder, weights[0], weights[1], picks)
        totals[half] = builder.add(sums[half], _product_sum(builder, both, _all(VECTOR.vector, 1)))
        for c, channel in enumerate(zip(*pixels, strict=True), 1):
            product = _product_sum(builder, _shuffle(builder, channel[0], channel[1], picks), both)
            totals[2 * c + half] = builder.add(sums[2 * c + half], product)
    return totals


def ordered(builder: Any, sums: list[Any]) -> list[Any]:
    """Write the code that puts sums into the order of the pixels."""
    lanes = [*_LOWER, *_UPPER]
    picks = [lanes.index(pixel) for pixel in range(COUNT)]
    halves = picks[: COUNT // 2], picks[COUNT // 2 :]
    return [_shuffle(builder, sums[i], sums[i + 1], half) for i in range(0, len(sums), 2) for half in halves]


def means(builder: Any, one: list[Any], two: list[Any], middle: list[Any], own: Any) -> list[Any]:
    """Write the code of the means of two groups of sums and the middle with its own weight, as uint8."""
    real = ir.VectorType(_FLOAT, COUNT // 2)
    own = _spread(builder, own, SUM.vector)
    totals = [builder.add(first, second) for first, second in zip(one, two, strict=True)]
    whole = [builder.sitofp(builder.add(total, own), real) for total in totals[:2]]
    parts = []
    for c, channel in enumerate(middle, 1):
        halves = []
        for half in (0, 1):
            lanes = list(range(half * COUNT // 2, (half + 1) * COUNT // 2))
            pixels = builder.zext(_shuffle(builder, channel, channel, lanes), SUM.vector)
            total = builder.add(totals[2 * c + half], builder.mul(pixels, own))
            mean = builder.fdiv(builder.sitofp(total, real), whole[half])
            halves.append(builder.fptosi(builder.fadd(mean, _all(real, 0.5)), SUM.vector))
        parts.append(builder.trunc(_shuffle(builder, halves[0], halves[1], list(range(COUNT))), MEAN.vector))
    return parts
