"""Vectors whose lanes are picked from two others: taps that lie anywhere in a window of a row.

A load that is no whole cache line takes the time of two, a pick that of none. Processors with AVX-512 have it.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import (
    _FAMILIES,
    _I64,
    I16,
    I32,
    VECTOR_BYTES,
    _all,
    _at,
    _spread,
    add_product,
    load,
    splat,
    store,
    whole_at,
)
from ._lines import address
from ._simd import LANES_F32, Codegen, intrinsic, jit, pixel_size
from ._x86 import call, has

HAS_PICKS = has("avx512bw")
VECTORS = 4  # made together
ENTRY_BYTES = 32
MOST_SAMPLES = 1 << 16  # of a row: the tables of more would be large
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


@jit
def filter_row(
    line: int, entries: int, count: int, taps: Any, pairs: Any, family: Any, out: int, kind: Any
) -> None:  # fmt: skip
    """Make ``count`` vectors, a multiple of `VECTORS`, along x by the entries of a `Picks`.

    ``line`` and ``out`` are where sample 0 of the source's row and of the result's would be, ``taps`` their number,
    how many of them one window serves, and how many samples lie between them.
    """
    number, most, hop = taps
    size, out_size = pixel_size(family), pixel_size(kind)
    for i in range(count // VECTORS):
        at = entries + VECTORS * ENTRY_BYTES * i
        a_at, b_at = line + whole_at(at), line + whole_at(at + 32)
        c_at, d_at = line + whole_at(at + 64), line + whole_at(at + 96)
        a_first, b_first = load_indices(whole_at(at + 16), family), load_indices(whole_at(at + 48), family)
        c_first, d_first = load_indices(whole_at(at + 80), family), load_indices(whole_at(at + 112), family)
        a_share, b_share = whole_at(at + 24), whole_at(at + 56)
        c_share, d_share = whole_at(at + 88), whole_at(at + 120)
        a = b = c = d = splat(family)
        far = near = 0
        for done in range(0, number, most):
            a_here, b_here = load_window(a_at + far, family, pairs), load_window(b_at + far, family, pairs)
            c_here, d_here = load_window(c_at + far, family, pairs), load_window(d_at + far, family, pairs)
            a_from, b_from, c_from, d_from = a_first, b_first, c_first, d_first
            for _ in range(min(most, number - done)):
                a = add_product(a, picked(a_here, a_from), load(a_share + near, family, family))
                b = add_product(b, picked(b_here, b_from), load(b_share + near, family, family))
                c = add_product(c, picked(c_here, c_from), load(c_share + near, family, family))
                d = add_product(d, picked(d_here, d_from), load(d_share + near, family, family))
                a_from, b_from = moved(a_from, hop), moved(b_from, hop)
                c_from, d_from = moved(c_from, hop), moved(d_from, hop)
                near += 64
            far += most * hop * size
        store(out + whole_at(at + 8) * out_size, a, kind)
        store(out + whole_at(at + 40) * out_size, b, kind)
        store(out + whole_at(at + 72) * out_size, c, kind)
        store(out + whole_at(at + 104) * out_size, d, kind)


class Picks(NamedTuple):
    """How rows are filtered by `filter_row`: the windows, indices and weights of every vector."""

    entries: NDArray[np.int64]  # of a vector: its window, in bytes, its place, and where its indices and weights are
    last: NDArray[np.int64]  # the last sample that a vector begins a tap with
    taps: tuple[int, int, int]  # how many; how many of them one window serves; samples between them
    pairs: tuple[int, ...]  # as long as a window has pairs of vectors
    tables: tuple[NDArray[Any], ...]


def picks_of(
    origins: NDArray[np.int64], weights: NDArray[Any], channels: int, most: int = 2, least: int = 1
) -> Picks | None:
    """Return how samples are made that begin with those at ``origins``; None where windows are too narrow.

    ``weights`` has a row for each pixel; ``most`` and ``least`` are numbers of pairs of vectors in a window.
    """
    count, taps, size = len(origins), weights.shape[1], weights.itemsize
    lanes = VECTOR_BYTES // size
    if not HAS_PICKS or not lanes <= count <= MOST_SAMPLES:
        return None
    number = -(-count // lanes)
    number += -number % VECTORS  # made together; the last overlap the one before
    places = np.minimum(np.arange(number) * lanes, count - lanes)
    samples = places[:, None] + np.arange(lanes)
    starts = origins[samples]
    bases = starts.min(1)
    indices = starts - bases[:, None]
    pairs = max(least, int(indices.max()) // (2 * lanes) + 1)
    if pairs > most:
        return None
    # Many vectors have the same indices and weights.
    shares = weights[samples // channels].transpose(0, 2, 1)  # (vector, tap, lane)
    (index_table, which), (weight_table, whose) = (_distinct(part) for part in (indices.astype(f"i{size}"), shares))
    indices_at = address(index_table) + which * VECTOR_BYTES
    weights_at = address(weight_table) + whose * taps * VECTOR_BYTES
    entries = np.stack([bases * size, places, indices_at, weights_at], 1)
    served = 1 + (2 * pairs * lanes - 1 - int(indices.max())) // channels
    served = -(-taps // -(-taps // served))  # about as many by each window
    return Picks(entries, starts.max(1), (taps, served, channels), (0,) * pairs, (index_table, weight_table))


def _distinct(table: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the entries that are different, aligned, and which of them each is."""
    flat = np.ascontiguousarray(table).reshape(len(table), -1)
    found, which = np.unique(flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))), return_inverse=True)
    return aligned(found.view(np.uint8)), which.ravel().astype(np.int64)
