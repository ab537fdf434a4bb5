"""The weighted mean of two images, in vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import add_product, has_fixed_point, lanes, load, splat, store_clipped
from ._lines import Addresses, run_lines
from ._planes import fetch_ahead
from ._simd import jit, pixel_size

WEIGHT_BITS = 13  # with the 7 fractional bits of pixels and the 15 that a product loses, 5 are left


@jit
def mix_lines(addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, weights: Any) -> None:
    """Compute rows ``first`` to ``stop`` of ``count`` samples."""
    family = weights[0]
    keep, take = splat(weights[0]), splat(weights[1])
    zero = splat(weights[2])
    size, step = pixel_size(kind), lanes(family)
    for y in range(first, stop):
        a, b, out = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1], addresses[2] + y * pitches[2]
        shift = out % (step * size) // size  # so that all vectors but the first and the last are aligned
        for i in range((count + shift + step - 1) // step):
            at = min(max(i * step - shift, 0), count - step) * size
            fetch_ahead(a + at, step * size)
            fetch_ahead(b + at, step * size)
            total = add_product(zero, load(a + at, kind, family), keep)
            store_clipped(out + at, add_product(total, load(b + at, kind, family), take), kind)


def mix_images(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any], amount: float, threads: int) -> None:
    """Mix images of one shape and dtype."""
    if a.dtype == np.uint8 and has_fixed_point():
        take = round(amount * (1 << WEIGHT_BITS))
        weights = np.array([(1 << WEIGHT_BITS) - take, take, 0], np.int16)
    else:
        weights = np.array([1 - amount, amount, 0], np.float32)
    kind = a.dtype.type(0)
    channels = a.shape[2] if a.ndim == 3 else 1

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        mix_lines(addresses, pitches, first, stop, count * channels, kind, weights)

    run_lines(work, (a, b), (out,), threads)
