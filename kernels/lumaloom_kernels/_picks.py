"""Vectors whose lanes are picked from two others: taps that lie anywhere in a window of a row.

A load that is no whole cache line takes the time of two, a pick that of none. Processors with AVX-512 have it.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from ._lanes import I16, I32, VECTOR_BYTES, _at, _spread
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
def picked(typingctx: Any, low: Any, high: Any, indices: Any) -> tuple[Any, Codegen]:
    """Return the values of two vectors at these indices; only where `HAS_PICKS`."""
    name = "hi" if indices == I16 else "ps"

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low, high, indices = args
        return call(builder, f"avx512.vpermi2var.{name}.512", low.type, low, indices, high)

    return low(low, high, indices), codegen


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
