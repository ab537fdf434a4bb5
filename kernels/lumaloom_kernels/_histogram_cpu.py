"""Counting values: several tables in turn, so that equal neighbours do not wait for each other's count."""

import threading
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _ELEMENTS, _I32, _I64, _at
from ._lines import address, packed
from ._simd import Codegen, address_of, intrinsic, jit, pixel_load, pixel_size
from ._threads import run_bands

WAYS = 4


@intrinsic
def count_one(typingctx: Any, table: Any, source: Any, kind: Any) -> tuple[Any, Codegen]:
    """Add 1 to the uint32 of a table that the whole number at an address chooses."""
    element = _ELEMENTS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        index = builder.zext(builder.load(_at(builder, args[1], element), align=1), _I64)
        place = builder.gep(_at(builder, args[0], _I32), [index])
        builder.store(builder.add(builder.load(place), ir.Constant(_I32, 1)), place)

    return types.void(types.int64, types.int64, kind), codegen


@jit
def count_whole(
    source: int, pitch: int, first: int, stop: int, count: int, channels: int, kind: Any, tables: Any
) -> None:
    """Count rows of ``count`` pixels into tables of shape (WAYS, channels, values)."""
    size, base, table = pixel_size(kind), address_of(tables), 4 * tables.shape[2]
    for y in range(first, stop):
        for c in range(channels):
            at, step = source + y * pitch + c * size, channels * size
            t0 = base + c * table
            t1, t2, t3 = t0 + channels * table, t0 + 2 * channels * table, t0 + 3 * channels * table
            for _ in range(count // WAYS):
                count_one(t0, at, kind)
                count_one(t1, at + step, kind)
                count_one(t2, at + 2 * step, kind)
                count_one(t3, at + 3 * step, kind)
                at += WAYS * step
            for _ in range(count % WAYS):
                count_one(t0, at, kind)
                at += step


@jit
def count_floats(
    source: int, pitch: int, first: int, stop: int, count: int, channels: int, kind: Any, tables: Any
) -> None:
    """Count rows of ``count`` pixels from 0 to 1; NaN is left out."""
    bins = tables.shape[2]
    for y in range(first, stop):
        for x in range(count):
            for c in range(channels):
                value = pixel_load(source + y * pitch + (x * channels + c) * 4, kind)
                if value == value:
                    place = min(max(value, np.float32(0)), np.float32(1)) * np.float32(bins)
                    tables[x & 3, c, min(np.int64(place), bins - 1)] += np.uint32(1)


def count_values(src: NDArray[Any], bins: int, threads: int) -> NDArray[np.int64]:
    """Return how often each value, or each of the bins of float32, occurs in each channel."""
    image = src if packed(src) else np.ascontiguousarray(src)
    channels = image.shape[2] if image.ndim == 3 else 1
    values = bins if image.dtype == np.float32 else 256**image.itemsize
    total, lock = np.zeros((channels, values), np.int64), threading.Lock()
    run = count_floats if image.dtype == np.float32 else count_whole
    start, pitch, kind = address(image), image.strides[0], image.dtype.type(0)

    def work(first: int, stop: int) -> None:
        tables = np.zeros((WAYS, channels, values), np.uint32)
        run(start, pitch, first, stop, image.shape[1], channels, kind, tables)
        with lock:
            total[...] += tables.sum(0, dtype=np.int64)

    run_bands(work, len(image), threads)
    return total
