"""The weighted mean of any number of frames, in vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._frames import as_table
from ._lanes import add_product, has_fixed_point, lanes, load, splat, store_clipped
from ._lines import Addresses, run_lines
from ._mix_cpu import mix_images
from ._planes import fetch_ahead
from ._simd import jit, pixel_size

WEIGHT_BITS = 13  # with the 7 fractional bits of pixels and the 15 that a product loses, 5 are left
FIXED = 16  # frames whose roundings, of at most 1/64 of a step each, stay small


@jit
def blend_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, weights: Any, zero: Any
) -> None:
    """Compute rows ``first`` to ``stop`` of ``count`` samples; the last address is that of the result."""
    size, step, frames = pixel_size(kind), lanes(zero), len(weights)
    hop, none = lanes(zero) * pixel_size(kind), splat(zero)
    for y in range(first, stop):
        out = addresses[frames] + y * pitches[frames]
        for block in range((count + 2 * step - 1) // (2 * step)):
            at = min(2 * block * step, count - 2 * step) * size
            low, high = none, none
            for k in range(frames):
                weight = splat(weights[k])
                source = addresses[k] + y * pitches[k] + at
                fetch_ahead(source, 2 * hop)
                low = add_product(low, load(source, kind, zero), weight)
                high = add_product(high, load(source + hop, kind, zero), weight)
            store_clipped(out + at, low, kind)
            store_clipped(out + at + hop, high, kind)


def blend_frames(frames: list[Any], shares: list[float], out: NDArray[Any], threads: int) -> None:
    """Blend at least two frames; the shares, none of them 0, have a sum of 1."""
    if len(frames) == 2:
        mix_images(frames[0], frames[1], out, shares[1], threads)
        return
    if out.dtype == np.uint8 and has_fixed_point() and len(frames) <= FIXED:
        edges = np.rint(np.concatenate([[0], np.cumsum(shares)]) * (1 << WEIGHT_BITS))
        weights = np.diff(edges).astype(np.int16)  # whose sum is exact, so that equal pixels stay as they are
        zero: Any = np.int16(0)
    else:
        weights, zero = np.array(shares, np.float32), np.float32(0)
    kind = out.dtype.type(0)
    channels = out.shape[2] if out.ndim == 3 else 1

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        table, steps = as_table(addresses), as_table(pitches)
        blend_lines(table, steps, first, stop, count * channels, kind, weights, zero)

    run_lines(work, frames, (out,), threads)
