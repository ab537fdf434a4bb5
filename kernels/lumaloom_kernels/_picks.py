"""Vectors whose lanes are picked from two others: taps that lie anywhere in a window of a row.

A load that is no whole cache line takes the time of two, a pick that of none. Processors with AVX-512 have it.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _FAMILIES, _I64, I16, I32, VECTOR_BYTES, _all, _at, _spread
from ._lines import address
from ._simd import LANES_F32, Codegen, intrinsic
from ._x86 import call, has

HAS_PICKS = has("avx512bw")
_INDICES = {types.float32: I32, types.int16: I16}


@intrinsic
def load_indices(typingctx: Any, address: Any, family: Any) -> tuple[Any, Codegen]:
    """Load the indices of a vector of a family: whole numbers as wide as its lanes, in one line of the caches."""
    indices = _INDICES[family]
    return indices(types.int64, family), lambda c, b, s, a: b.load(_at(b, a[0], indices.vector), align=64)


@intrinsic
def moved(typingctx: Any, indices: Any, step: Any) -> tuple[Any, Codegen]:
    """Add a number to all indices."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = args[0].type
        return builder.add(args[0], _spread(builder, builder.trunc(args[1], vector.element), vector))

    return indices(indices, types.int64), codegen


@intrinsic
def load_window(typingctx: Any, address: Any, family: Any, pairs: Any) -> tuple[Any, Codegen]:
    """Load as many pairs of vectors as ``pairs`` is long, one after the other."""
    kind, count = _FAMILIES[family], 2 * len(pairs)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = [builder.add(args[0], ir.Constant(_I64, VECTOR_BYTES * i)) for i in range(count)]
        vectors = [builder.load(_at(builder, place, kind.vector), align=1) for place in places]
        return context.make_tuple(builder, signature.return_type, vectors)

    return types.UniTuple(kind, count)(types.int64, family, pairs), codegen


@intrinsic
def picked(typingctx: Any, window: Any, indices: Any) -> tuple[Any, Codegen]:
    """Return the values of one or two pairs of vectors at these indices; only where `HAS_PICKS`."""
    name = "hi" if indices == I16 else "ps"

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors, indices = [builder.extract_value(args[0], i) for i in range(window.count)], args[1]
        low, *high = (
            call(builder, f"avx512.vpermi2var.{name}.512", one.type, one, indices, two)
            for one, two in zip(vectors[::2], vectors[1::2], strict=True)
        )
        if not high:
            return low
        first = builder.icmp_unsigned("<", indices, _all(indices.type, 2 * indices.type.count))
        return builder.select(first, low, high[0])

    return window.dtype(window, indices), codegen


def aligned(table: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that begins with a line of the caches; it is read-only."""
    memory = np.zeros(table.nbytes + VECTOR_BYTES, np.uint8)
    copy = memory[-address(memory) % VECTOR_BYTES :][: table.nbytes].view(table.dtype).reshape(table.shape)
    copy[...] = table
    copy.flags.writeable = False
    return copy


@lru_cache(64)
def windows(taps: int, hop: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where taps that lie ``hop`` float32 apart are picked from: nothing where loads serve as well.

    The first has rows of (start, count): the bytes of a window of two vectors behind the first tap, none of which lies
    behind the last, and how many taps it serves. The second has the indices of each tap, a row of a vector.
    """
    reach = (taps - 1) * hop
    if not HAS_PICKS or reach < LANES_F32:
        return np.zeros((0, 2), np.int64), np.zeros((0, LANES_F32), np.int32)
    starts = np.unique(np.minimum(np.arange(0, reach, LANES_F32), reach - LANES_F32))
    offsets = np.arange(taps) * hop
    which = np.searchsorted(starts + LANES_F32, offsets)
    table = (offsets - starts[which])[:, None] + np.arange(LANES_F32)
    return np.stack([4 * starts, np.bincount(which)], 1), aligned(table.astype(np.int32))
