"""The weighted mean of two images, in vectors."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import add_product, has_fixed_point, lanes, load, splat, store_clipped
from ._lines import LEAST, NO_PITCHES, Addresses, run_lines
from ._plain import DTYPES, PIXEL_BYTES, Look
from ._planes import fetch_ahead
from ._simd import entry, jit, pixel_size
from ._streams import LARGE, settle, store_past

WEIGHT_BITS = 13  # with the 7 fractional bits of pixels and the 15 that a product loses, 5 are left


@jit
def mixed(a: int, b: int, kind: Any, family: Any, keep: Any, take: Any, zero: Any) -> Any:
    """Return the mean of the vectors at two addresses."""
    total = add_product(zero, load(a, kind, family), keep)
    return add_product(total, load(b, kind, family), take)


@jit
def mix_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, weights: Any, past: bool
) -> None:
    """Compute rows ``first`` to ``stop`` of ``count`` samples, ``past`` the caches or through them."""
    family = weights[0]
    keep, take, zero = splat(weights[0]), splat(weights[1]), splat(weights[2])
    size, step = pixel_size(kind), lanes(family)
    hop = step * size
    for y in range(first, stop):
        a, b, out = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1], addresses[2] + y * pitches[2]
        store_clipped(out, mixed(a, b, kind, family, keep, take, zero), kind)
        at, last = -out % hop, count * size - hop  # the vectors after the first are aligned
        if past:
            while at + hop <= last:
                low = mixed(a + at, b + at, kind, family, keep, take, zero)
                high = mixed(a + at + hop, b + at + hop, kind, family, keep, take, zero)
                store_past(out + at, low, kind)
                store_past(out + at + hop, high, kind)
                at += 2 * hop
        else:
            while at + hop <= last:
                fetch_ahead(a + at, 2 * hop)
                fetch_ahead(b + at, 2 * hop)
                low = mixed(a + at, b + at, kind, family, keep, take, zero)
                high = mixed(a + at + hop, b + at + hop, kind, family, keep, take, zero)
                store_clipped(out + at, low, kind)
                store_clipped(out + at + hop, high, kind)
                at += 2 * hop
        while at < count * size:
            p = min(at, last)
            store_clipped(out + p, mixed(a + p, b + p, kind, family, keep, take, zero), kind)
            at += hop
    if past:
        settle()


def mix_images(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any], amount: float, threads: int) -> None:
    """Mix images of one shape and dtype."""
    _, kind, weights = _plan(a.dtype, amount)
    channels = a.shape[2] if a.ndim == 3 else 1
    past = a.dtype == np.float32 and a.nbytes >= LARGE  # stores of less than a line would not go past well

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        mix_lines(addresses, pitches, first, stop, count * channels, kind, weights, past)

    run_lines(work, (a, b), (out,), threads)


def mix_plain(look: Look, amount: float) -> bool:
    """Mix two plain arrays of one size into a third as one row; return False where that can't be."""
    code, height, width = look[:3]
    if code < 0 or height * width < LEAST or amount in (0, 1):
        return False
    dtype = DTYPES[code >> 3]
    run, kind, weights = _plan(dtype, amount)
    size = height * width * PIXEL_BYTES[code]
    run(look[3:], NO_PITCHES, 0, 1, size // dtype.itemsize, kind, weights, code >= 16 and size >= LARGE)
    return True


@lru_cache(64)
def _plan(dtype: np.dtype[Any], amount: float) -> tuple[Any, Any, NDArray[Any]]:
    """Return what runs `mix_lines`, and of its arguments kind and weights."""
    if dtype == np.uint8 and has_fixed_point():
        take = round(amount * (1 << WEIGHT_BITS))
        weights = np.array([(1 << WEIGHT_BITS) - take, take, 0], np.int16)
    else:
        weights = np.array([1 - amount, amount, 0], np.float32)
    kind = dtype.type(0)
    return entry(mix_lines, NO_PITCHES, NO_PITCHES, 0, 1, 1, kind, weights, False), kind, weights
