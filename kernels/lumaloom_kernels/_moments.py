"""Sums and sums of squares of rows, exact for whole numbers.

Pixels of 8 bits go through vectors of int16 into sums of 32 bits, others through float32 into float64. A sum is
moved on before it can overflow. Each row has its own result, so the sum of all does not depend on threads.
"""

import math
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import (
    _CONTRACT,
    _ELEMENTS,
    _FAMILIES,
    _FLOAT,
    _I32,
    I16,
    I32,
    SOURCE_BITS,
    VECTOR_BYTES,
    _all,
    _at,
    lanes,
)
from ._lines import LEAST, NO_PITCHES, Addresses, contiguous, run_lines
from ._plain import DTYPES, PIXEL_BYTES, Look
from ._planes import _shuffle, fetch_ahead, load_pixels
from ._simd import Codegen, entry, intrinsic, jit, pixel_load, pixel_size
from ._sums import F64
from ._x86 import call, has

STEPS = 8192  # vectors until 32 bits could overflow: 2 * 255**2 * 8192 < 2**31
SHARE = 4 << 20  # bytes of each image for which a thread pays: nothing is written, and reading them takes 100 us
FAR = 4 << 20  # bytes of an image that no cache near the processor holds
NEARER = 4096  # bytes: without stores, what is one page ahead comes in time, and earlier than `fetch_ahead` has it
_I64 = ir.IntType(64)
_LONG = ir.VectorType(_I64, I32.vector.count)


def _sum_of(family: Any) -> Any:
    return F64 if _FAMILIES[family].vector.element == _FLOAT else I32


@intrinsic
def no_sums(typingctx: Any, family: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return empty sums, one for each member of the shape."""
    kind = _sum_of(family)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, signature.return_type, [ir.Constant(kind.vector, None)] * len(shape))

    return types.UniTuple(kind, len(shape))(family, shape), codegen


_PAIR_PRODUCTS = (("avx512bw", "avx512.pmaddw.d.512", 32), ("avx2", "avx2.pmadd.wd", 16), ("sse2", "sse2.pmadd.wd", 8))


def _pair_products(builder: Any, first: Any, second: Any) -> Any:
    """Return the sums of two products side by side, as int32."""
    name, width = next(((name, width) for feature, name, width in _PAIR_PRODUCTS if has(feature)), ("", 0))
    parts = []
    if name:
        vector = ir.VectorType(_I32, width // 2)
        for start in range(0, first.type.count, width):
            some = [_shuffle(builder, v, v, list(range(start, start + width))) for v in (first, second)]
            parts.append(call(builder, name, vector, *some))
        while len(parts) > 1:
            places = list(range(2 * parts[0].type.count))
            parts = [_shuffle(builder, low, high, places) for low, high in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]
    for start in (0, 1):
        lanes_of = list(range(start, first.type.count, 2))
        parts.append([builder.sext(_shuffle(builder, v, v, lanes_of), I32.vector) for v in (first, second)])
    return builder.add(*(builder.mul(*part) for part in parts))


@intrinsic
def add_up(typingctx: Any, sums: Any, values: Any, squared: Any) -> tuple[Any, Codegen]:
    """Add values, or their squares where the tuple ``squared`` has a member, to the sums of their channels."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        results = []
        for channel in range(len(values)):
            total, value = (builder.extract_value(arg, channel) for arg in args[:2])
            if total.type.element == ir.DoubleType():
                wide = builder.fpext(value, F64.vector)
                term = builder.fmul(wide, wide, flags=_CONTRACT) if len(squared) else wide
                results.append(builder.fadd(total, term, flags=_CONTRACT))
            else:
                factor = value if len(squared) else _all(value.type, 1)
                results.append(builder.add(total, _pair_products(builder, value, factor)))
        return context.make_tuple(builder, signature.return_type, results)

    return sums(sums, values, squared), codegen


@intrinsic
def add_products(typingctx: Any, sums: Any, first: Any, second: Any) -> tuple[Any, Codegen]:
    """Add the products of two values to the sums of their channels."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        results = []
        for channel in range(len(sums)):
            total, one, two = (builder.extract_value(arg, channel) for arg in args)
            if total.type.element == ir.DoubleType():
                term = builder.fmul(*(builder.fpext(value, F64.vector) for value in (one, two)), flags=_CONTRACT)
                results.append(builder.fadd(total, term, flags=_CONTRACT))
            else:
                results.append(builder.add(total, _pair_products(builder, one, two)))
        return context.make_tuple(builder, signature.return_type, results)

    return sums(sums, first, second), codegen


def _plain(builder: Any, value: Any) -> Any:
    """Return pixels without the fractional bits of fixed point; the compiler drops both shifts."""
    return value if value.type.element == _FLOAT else builder.ashr(value, _all(value.type, SOURCE_BITS))


@intrinsic
def plain(typingctx: Any, values: Any) -> tuple[Any, Codegen]:
    """Return whole pixels in every channel."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        whole = [_plain(builder, builder.extract_value(args[0], i)) for i in range(len(values))]
        return context.make_tuple(builder, signature.return_type, whole)

    return values(values), codegen


@intrinsic
def add_distances(typingctx: Any, sums: Any, first: Any, second: Any, kind: Any) -> tuple[Any, Codegen]:
    """Add the squares of differences of the vectors at two addresses to sums, a vector for each.

    Bytes go two vectors at a time, the even ones and the odd ones. The distance of 16-bit samples is ``256 h + l``:
    they need three sums, of ``h * h``, ``h * l`` and ``l * l``, in whole numbers.
    """
    element, count = _ELEMENTS[kind], len(sums)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        totals = [builder.extract_value(args[0], i) for i in range(count)]
        lanes_of = sums.dtype.vector.count if element == _FLOAT else VECTOR_BYTES * 8 // element.width
        raw_type = ir.VectorType(element, lanes_of)
        terms = []
        for i in range({types.uint8: count // 2, types.uint16: count // 3}.get(kind, count)):
            place = ir.Constant(_I32, i)
            a, b = (
                builder.load(builder.gep(_at(builder, address, raw_type), [place]), align=1) for address in args[1:3]
            )
            if element == _FLOAT:
                wide = builder.fpext(builder.fsub(a, b), F64.vector)
                terms.append(builder.fmul(wide, wide, flags=_CONTRACT))
                continue
            above = builder.icmp_unsigned(">", a, b)
            distance = builder.sub(builder.select(above, a, b), builder.select(above, b, a))
            pairs = builder.bitcast(distance, I16.vector)
            low, high = builder.and_(pairs, _all(I16.vector, 255)), builder.lshr(pairs, _all(I16.vector, 8))
            factors = ((low, low), (high, high)) if kind == types.uint8 else ((high, high), (high, low), (low, low))
            terms += [_pair_products(builder, *both) for both in factors]
        plus = (lambda a, b: builder.fadd(a, b, flags=_CONTRACT)) if element == _FLOAT else builder.add
        totals = [plus(total, term) for total, term in zip(totals, terms, strict=True)]
        return context.make_tuple(builder, signature.return_type, totals)

    return sums(sums, types.int64, types.int64, kind), codegen


@intrinsic
def move_on(typingctx: Any, results: Any, sums: Any, row: Any, first: Any) -> tuple[Any, Codegen]:
    """Add the lanes of sums to float64 results of a row, from the place ``first`` on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        stride = builder.extract_value(array.strides, 0)
        start = builder.add(builder.ptrtoint(array.data, _I64), builder.mul(args[2], stride))
        start = builder.inttoptr(start, ir.DoubleType().as_pointer())
        for channel in range(len(sums)):
            vector = builder.extract_value(args[1], channel)
            place = builder.gep(start, [builder.add(args[3], ir.Constant(_I64, channel))])
            vector = vector if vector.type.element == ir.DoubleType() else builder.sext(vector, _LONG)
            plus = builder.fadd if vector.type.element == ir.DoubleType() else builder.add
            while vector.type.count > 1:
                half = vector.type.count // 2
                low, high = (_shuffle(builder, vector, vector, list(range(s, s + half))) for s in (0, half))
                vector = plus(low, high)
            value = builder.extract_element(vector, ir.Constant(_I32, 0))
            if value.type != ir.DoubleType():
                value = builder.sitofp(value, ir.DoubleType())
            total = builder.fadd(builder.load(place), value)
            builder.store(total, place)

    return types.void(results, sums, types.int64, types.int64), codegen


@jit
def squared_differences(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, family: Any, few: Any, many: Any,
    results: Any, far: bool,
) -> None:  # fmt: skip
    """Add squared differences of ``count`` samples of two images, ``far`` from the processor, to the results of rows.

    ``few`` and ``many`` are shapes of the sums that one vector and a run of vectors add to. Samples that fill no
    vector go to the first result, or to the last of four where a sample has three.
    """
    size, last = pixel_size(kind), len(few) // 3 * 3
    hop, run = VECTOR_BYTES, len(many) // len(few) * VECTOR_BYTES
    for y in range(first, stop):
        a, b = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        whole = count * size // run
        for start in range(0, whole, STEPS):
            sums = no_sums(family, many)
            for i in range(start, min(start + STEPS, whole)):
                if far:
                    fetch_ahead(a + i * run - NEARER, run)
                    fetch_ahead(b + i * run - NEARER, run)
                sums = add_distances(sums, a + i * run, b + i * run, kind)
            move_on(results, sums, y, 0)
        rest = no_sums(family, few)
        vectors = count * size // hop
        for i in range(whole * run // hop, vectors):
            rest = add_distances(rest, a + i * hop, b + i * hop, kind)
        move_on(results, rest, y, 0)
        for i in range(vectors * hop // size, count):
            distance = np.float64(pixel_load(a + i * size, kind)) - np.float64(pixel_load(b + i * size, kind))
            results[y, last] += distance * distance


@jit
def moments(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, family: Any, shape: Any, one: Any,
    none: Any, results: Any, far: bool,
) -> None:  # fmt: skip
    """Add ``count`` pixels, ``far`` from the processor, and then their squares, to the results of rows by channels."""
    size, step, channels = pixel_size(kind), lanes(family), len(shape)
    for y in range(first, stop):
        source = addresses[0] + y * pitches[0]
        whole = count // step
        for start in range(0, whole, STEPS):
            sums, squares = no_sums(family, shape), no_sums(family, shape)
            for i in range(start, min(start + STEPS, whole)):
                at = i * step * channels * size
                if far:
                    fetch_ahead(source + at - NEARER, step * channels * size)
                pixels = plain(load_pixels(source + at, kind, family, shape))
                sums, squares = add_up(sums, pixels, none), add_up(squares, pixels, one)
            move_on(results, sums, y, 0)
            move_on(results, squares, y, channels)
        for i in range(whole * step, count):
            for c in range(channels):
                value = np.float64(pixel_load(source + (i * channels + c) * size, kind))
                results[y, c] += value
                results[y, channels + c] += value * value


_ONE = (np.int8(0),)
_KINDS = {dtype: dtype.type(0) for dtype in map(np.dtype, (np.uint8, np.uint16, np.float32))}
_WHOLE, _REAL = np.int16(0), np.float32(0)
_SHAPES = [_ONE * channels for channels in range(5)]
_DISTANCES = {  # dtype -> family, and the sums that a vector and a run of vectors add to
    np.dtype(np.uint8): (_WHOLE, _ONE * 2, _ONE * 4),
    np.dtype(np.uint16): (_WHOLE, _ONE * 3, _ONE * 3),
    np.dtype(np.float32): (_REAL, _ONE, _ONE * 4),
}


def _longer(threads: int, *images: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return packed images as fewer and longer rows: putting the sums of a row together takes a while.

    Sums of whole numbers are exact, however many rows there are; those of floats depend on it.
    """
    height, width, *pixel = images[0].shape
    whole = images[0].dtype.kind == "u"
    several = height if whole and threads == 1 else math.gcd(height, 60 if whole else 8)
    if several == 1 or not contiguous(images):
        return images
    return tuple([image.reshape(height // several, several * width, *pixel) for image in images])


def _total(results: NDArray[np.float64]) -> NDArray[np.float64]:
    return results[0] if len(results) == 1 else results.sum(0)  # type: ignore[no-any-return]


def sum_of_squares(a: NDArray[Any], b: NDArray[Any], threads: int) -> float:
    """Return the sum of the squared differences of all samples."""
    threads = min(threads, max(1, a.nbytes // SHARE))
    a, b = _longer(threads, a, b)
    results = np.zeros((len(a), 4))
    kind, channels = _KINDS[a.dtype], a.shape[2] if a.ndim == 3 else 1
    family, few, many = _DISTANCES[a.dtype]
    far = a.nbytes >= FAR

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        squared_differences(addresses, pitches, first, stop, count * channels, kind, family, few, many, results, far)

    run_lines(work, (a, b), (), threads)
    return float(results.sum()) if a.dtype == np.float32 else _whole(_total(results), a.itemsize)


def _whole(sums: NDArray[np.float64], size: int) -> float:
    """Return the sum of squares of whole numbers of ``size`` bytes."""
    one, two, three, rest = sums.tolist()
    if size == 1:
        return one + two + three + rest  # type: ignore[no-any-return]
    return float(65536 * int(one) + 512 * int(two) + int(three + rest))


def plain_sum_of_squares(look: Look) -> float | None:
    """Return the sum for two plain arrays of whole numbers as one row; None where that can't be."""
    code, height, width, *_ = look
    if not 0 <= code < 16 or height * width < LEAST:
        return None
    run, rest = _plain_plan(code >> 3)
    results, far = np.zeros((1, 4)), height * width * PIXEL_BYTES[code] >= FAR
    run(look[3:5], NO_PITCHES[:2], 0, 1, height * width * max(code & 7, 1), *rest, results, far)
    return _whole(results[0], 1 + (code >> 3))


@cache
def _plain_plan(number: int) -> tuple[Any, tuple[Any, ...]]:
    """Return what runs `squared_differences` for a dtype, and its arguments between the count and the results."""
    rest = _KINDS[DTYPES[number]], *_DISTANCES[DTYPES[number]]
    return entry(squared_differences, (0, 0), (0, 0), 0, 1, 1, *rest, np.zeros((1, 4)), False), rest


def sums_of(src: NDArray[Any], threads: int) -> NDArray[np.float64]:
    """Return the sums of the channels, and then those of their squares."""
    channels = src.shape[2] if src.ndim == 3 else 1
    (src,) = _longer(threads, src)
    halves = channels == 1 and src.dtype != np.float32 and src.flags.c_contiguous and src.shape[1] % 2 == 0
    if halves:  # even and odd samples, which are taken apart for less than single ones are widened
        src, channels = src.reshape(len(src), -1, 2), 2
    results = np.zeros((len(src), 2 * channels))
    kind, shape = _KINDS[src.dtype], _SHAPES[channels]
    family = _WHOLE if src.dtype == np.uint8 else _REAL
    far = src.nbytes >= FAR

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        moments(addresses, pitches, first, stop, count, kind, family, shape, _ONE, (), results, far)

    run_lines(work, (src,), (), threads)
    sums = _total(results)
    return sums[::2] + sums[1::2] if halves else sums


def plain_sums_of(look: Look) -> NDArray[np.float64] | None:
    """Return the sums for a plain array of whole numbers as one row; None where that can't be."""
    code, height, width, at, *_ = look
    count = height * width
    if not 0 <= code < 16 or count < LEAST:
        return None
    halves = code & 7 < 2 and count % 2 == 0
    run, channels, rest = _plain_moments(code, halves)
    results = np.zeros((1, 2 * channels))
    run((at,), (0,), 0, 1, count // 2 if halves else count, *rest, results, count * PIXEL_BYTES[code] >= FAR)
    sums: NDArray[np.float64] = results[0]
    return sums[::2] + sums[1::2] if halves else sums


@cache
def _plain_moments(code: int, halves: bool) -> tuple[Any, int, tuple[Any, ...]]:
    """Return what runs `moments` for a code, how many channels it sees, and its arguments up to the results."""
    channels = 2 if halves else max(code & 7, 1)
    rest = _KINDS[DTYPES[code >> 3]], _WHOLE if code < 8 else _REAL, _SHAPES[channels], _ONE, ()
    return entry(moments, (0,), (0,), 0, 1, 1, *rest, np.zeros((1, 2)), False), channels, rest
