"""The mean of a sample over frames where it is about the same, in vectors of float32."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._frames import as_table
from ._lane_math import Lane, where
from ._lanes import lanes, load, splat, store_clipped
from ._lines import Addresses, run_lines
from ._planes import fetch_ahead
from ._simd import F32, Codegen, intrinsic, jit, pixel_size


@intrinsic
def weigh(typingctx: Any, sums: Any, centre: Any, other: Any, inverse: Any) -> tuple[Any, Codegen]:
    """Add a frame's weighted difference, and its weight, to a pair of sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pair, *vectors = args
        total, weights = (Lane(builder, builder.extract_value(pair, i)) for i in (0, 1))
        centre, other, inverse = (Lane(builder, value) for value in vectors)
        difference = other - centre
        scaled = difference * inverse
        weight = 1 - scaled * scaled
        near = weight > 0
        weight, difference = where(near, weight, 0), where(near, difference, 0)
        return context.make_tuple(
            builder, signature.return_type, [(total + weight * difference).value, (weights + weight).value]
        )

    return sums(sums, F32, F32, F32), codegen


@intrinsic
def settled(typingctx: Any, sums: Any, centre: Any) -> tuple[Any, Codegen]:
    """Return the centre moved by the mean difference."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, weights = (Lane(builder, builder.extract_value(args[0], i)) for i in (0, 1))
        return (Lane(builder, args[1]) + total / weights).value

    return F32(sums, F32), codegen


@jit
def denoise_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, inverse: Any, zero: Any, one: Any
) -> None:
    """Compute rows ``first`` to ``stop`` of ``count`` samples of the first of some frames."""
    size, step, frames = pixel_size(kind), lanes(zero), len(addresses) - 1
    none, all_, scale = splat(zero), splat(one), splat(inverse)
    for y in range(first, stop):
        centre, out = addresses[0] + y * pitches[0], addresses[frames] + y * pitches[frames]
        for i in range((count + step - 1) // step):
            at = min(i * step, count - step) * size
            fetch_ahead(centre + at, step * size)
            middle = load(centre + at, kind, zero)
            sums = (none, all_)
            for k in range(1, frames):
                source = addresses[k] + y * pitches[k] + at
                fetch_ahead(source, step * size)
                sums = weigh(sums, middle, load(source, kind, zero), scale)
            store_clipped(out + at, settled(sums, middle), kind)


def denoise(frames: list[Any], threshold: float, out: NDArray[Any], threads: int) -> None:
    """Denoise the first of at least two frames."""
    kind = out.dtype.type(0)
    channels = out.shape[2] if out.ndim == 3 else 1
    numbers = np.float32(1 / threshold), np.float32(0), np.float32(1)

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        table, steps = as_table(addresses), as_table(pitches)
        denoise_lines(table, steps, first, stop, count * channels, kind, *numbers)

    run_lines(work, frames, (out,), threads)
