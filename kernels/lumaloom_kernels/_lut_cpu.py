"""Tables: permutations for 64 samples of 8 bits, a load for a sample of 16, two gathers for 16 floats."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _CONTRACT, _ELEMENTS, _FLOAT, _I32, _I64, I32, _all, _at
from ._lines import Addresses, address, run_lines
from ._nibble_table import has_nibbles, nibble_lines
from ._planes import fetch_ahead, load_pixels, store_pixels
from ._simd import F32, LANES_F32, Codegen, intrinsic, jit, pixel_size
from ._table import _BYTES, LANES, has_table
from ._x86 import call, has

GROUPS = (3, 4, 2, 1)  # samples taken as one pixel where one table serves all: gathers in a row are faster


@intrinsic
def table_pixels(typingctx: Any, target: Any, source: Any, tables: Any) -> tuple[Any, Codegen]:
    """Look 64 pixels up; there are four vectors a channel."""
    channels = len(tables) // 4
    vector = tables.dtype.vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        target, source, tables = args
        table = [builder.extract_value(tables, i) for i in range(4 * channels)]
        results = []
        for part in range(channels):
            place = builder.add(source, ir.Constant(_I64, part * LANES))
            values = builder.load(_at(builder, place, vector), align=1)
            upper = builder.icmp_signed("<", values, ir.Constant(vector, [0] * LANES))
            result = None
            for c in range(channels):
                t = table[4 * c : 4 * c + 4]
                low = call(builder, "avx512.vpermi2var.qi.512", vector, t[0], values, t[1])
                high = call(builder, "avx512.vpermi2var.qi.512", vector, t[2], values, t[3])
                entry = builder.select(upper, high, low)
                if result is None:
                    result = entry
                else:
                    lanes = [(part * LANES + i) % channels == c for i in range(LANES)]
                    result = builder.select(ir.Constant(ir.VectorType(ir.IntType(1), LANES), lanes), entry, result)
            results.append(result)
        for part, result in enumerate(results):
            place = builder.add(target, ir.Constant(_I64, part * LANES))
            builder.store(result, _at(builder, place, vector), align=1)

    return types.void(types.int64, types.int64, tables), codegen


@intrinsic
def load_tables(typingctx: Any, address: Any, shape: Any) -> tuple[Any, Codegen]:
    """Load four vectors of 64 bytes for each channel."""
    kind = _BYTES
    result = types.UniTuple(kind, 4 * len(shape))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = []
        for i in range(4 * len(shape)):
            place = builder.add(args[0], ir.Constant(_I64, i * LANES))
            vectors.append(builder.load(_at(builder, place, kind.vector), align=1))
        return context.make_tuple(builder, signature.return_type, vectors)

    return result(types.int64, shape), codegen


@intrinsic
def look_one_up(typingctx: Any, target: Any, source: Any, table: Any, kind: Any) -> tuple[Any, Codegen]:
    """Look one whole number up."""
    element = _ELEMENTS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        index = builder.zext(builder.load(_at(builder, args[1], element), align=1), _I64)
        entry = builder.load(builder.gep(_at(builder, args[2], element), [index]), align=1)
        builder.store(entry, _at(builder, args[0], element), align=1)

    return types.void(types.int64, types.int64, types.int64, kind), codegen


def _gather(builder: Any, address: Any, indices: Any) -> Any:
    """Load a float32 for each of 16 indices."""
    if has("avx512f"):
        pointer = _at(builder, address, ir.IntType(8))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(1), LANES_F32), [1] * LANES_F32)
        scale = ir.Constant(_I32, 4)
        return call(
            builder,
            "avx512.mask.gather.dps.512",
            F32.vector,
            _all(F32.vector, 0.0),
            pointer,
            indices,
            everywhere,
            scale,
        )
    values = _at(builder, address, _FLOAT)
    result = ir.Constant(F32.vector, ir.Undefined)
    for lane in range(LANES_F32):
        place = ir.Constant(_I32, lane)
        index = builder.zext(builder.extract_element(indices, place), _I64)
        result = builder.insert_element(result, builder.load(builder.gep(values, [index]), align=1), place)
    return result


@intrinsic
def interpolate(typingctx: Any, values: Any, table: Any, pitch: Any, last: Any) -> tuple[Any, Codegen]:
    """Interpolate in tables of ``last + 1`` entries, ``pitch`` bytes apart; beyond 0 and 1 lie their ends."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values_, table_, pitch_, last_ = args
        splat = ir.Constant(I32.vector, ir.Undefined)
        splat = builder.insert_element(splat, builder.trunc(last_, _I32), ir.Constant(_I32, 0))
        splat = builder.shuffle_vector(splat, splat, _all(I32.vector, 0))
        zero, one = _all(F32.vector, 0.0), _all(F32.vector, 1.0)
        greatest, scale = builder.sub(splat, _all(I32.vector, 1)), builder.sitofp(splat, F32.vector)
        results = []
        for channel in range(len(values)):
            value = builder.extract_value(values_, channel)
            value = builder.select(builder.fcmp_ordered("<", value, zero), zero, value)
            value = builder.select(builder.fcmp_ordered(">", value, one), one, value)
            place = builder.fmul(value, scale)
            index = builder.fptosi(place, I32.vector)
            index = builder.select(builder.icmp_signed("<", index, greatest), index, greatest)
            index = builder.select(builder.icmp_signed(">", index, _all(I32.vector, 0)), index, _all(I32.vector, 0))
            share = builder.fsub(place, builder.sitofp(index, F32.vector))
            address = builder.add(table_, builder.mul(pitch_, ir.Constant(_I64, channel)))
            low = _gather(builder, address, index)
            high = _gather(builder, builder.add(address, ir.Constant(_I64, 4)), index)
            rise = builder.fmul(builder.fsub(high, low), share, flags=_CONTRACT)
            results.append(builder.fadd(low, rise, flags=_CONTRACT))
        return context.make_tuple(builder, signature.return_type, results)

    return values(values, types.int64, types.int64, types.int64), codegen


@jit
def byte_lines(addresses: Any, pitches: Any, first: int, stop: int, count: int, shape: Any, table: int) -> None:
    """Look rows of ``count`` pixels of 8 bits up, in tables of 256 entries one after the other."""
    tables = load_tables(table, shape)
    channels = len(shape)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        for i in range((count + 63) // 64):
            at = min(i * 64, count - 64) * channels
            fetch_ahead(source + at, 64 * channels)
            table_pixels(target + at, source + at, tables)


@jit
def direct_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, channels: int, kind: Any, table: int, pitch: int
) -> None:
    """Look rows of ``count`` pixels up, in tables that lie ``pitch`` bytes apart."""
    size = pixel_size(kind)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        for c in range(channels):
            at = c * size
            entries = table + c * pitch
            for _ in range(count):
                look_one_up(target + at, source + at, entries, kind)
                at += channels * size


@jit
def float_lines(
    addresses: Any,
    pitches: Any,
    first: int,
    stop: int,
    count: int,
    shape: Any,
    kind: Any,
    table: int,
    pitch: int,
    last: int,
) -> None:
    """Interpolate rows of ``count`` pixels, in tables of ``last + 1`` entries that lie ``pitch`` bytes apart."""
    pixel = len(shape) * pixel_size(kind)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        for i in range((count + LANES_F32 - 1) // LANES_F32):
            at = min(i * LANES_F32, count - LANES_F32) * pixel
            values = load_pixels(source + at, kind, kind, shape)
            store_pixels(target + at, interpolate(values, table, pitch, last), kind)


def look_images_up(src: NDArray[Any], out: NDArray[Any], table: NDArray[Any], threads: int) -> None:
    """Look an image up in tables of shape (channels, entries); one table serves all channels."""
    each = len(table)
    spread = (src.shape[2] if src.ndim == 3 else 1) // each  # samples of a pixel that one table is for
    kind, entries, last = src.dtype.type(0), address(table), table.shape[1] - 1

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        if src.dtype == np.float32:
            samples = count * spread * each
            groups = each if each > 1 else next(n for n in GROUPS if samples % n == 0)
            pitch = table.strides[0] if each > 1 else 0
            shape = (np.int8(0),) * groups
            float_lines(addresses, pitches, first, stop, samples // groups, shape, kind, entries, pitch, last)
        elif src.dtype == np.uint8 and has_table():
            byte_lines(addresses, pitches, first, stop, count * spread, (np.int8(0),) * each, entries)
        elif src.dtype == np.uint8 and has_nibbles():
            nibble_lines(addresses, pitches, first, stop, count * spread, (np.int8(0),) * each, entries, kind)
        else:
            direct_lines(addresses, pitches, first, stop, count * spread, each, kind, entries, table.strides[0])

    run_lines(work, (src,), (out,), threads)
