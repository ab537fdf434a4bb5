"""The median of 3 or 5 frames by networks of packed comparisons, on 64 bytes of pixels at once."""

from typing import Any

from numba import types
from numpy.typing import NDArray

from ._lines import Addresses, run_lines
from ._order import KEYS, VECTOR_BYTES, greatest, least, load_vector, store_vector, to_keys, to_pixels
from ._simd import Codegen, intrinsic, jit, pixel_size


@intrinsic
def median_at(typingctx: Any, addresses: Any, offsets: Any, kind: Any) -> tuple[Any, Codegen]:
    """Write the median of the pixels at all addresses but the last to the last, each moved on by its offset."""
    count, vector = len(addresses) - 1, KEYS[kind].vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        places = [builder.add(*(builder.extract_value(arg, i) for arg in args[:2])) for i in range(count + 1)]
        keys = [to_keys(builder, load_vector(builder, place, vector), kind) for place in places[:-1]]

        def order(i: int, j: int) -> None:
            keys[i], keys[j] = least(builder, keys[i], keys[j]), greatest(builder, keys[i], keys[j])

        if count == 5:  # neither the least of two smaller ones nor the greatest of two greater ones is the middle
            order(0, 1)
            order(2, 3)
            order(0, 2)
            order(1, 3)
            keys[:3] = keys[1], keys[2], keys[4]
        order(0, 1)
        middle = greatest(builder, keys[0], least(builder, keys[1], keys[2]))
        store_vector(builder, places[-1], to_pixels(builder, middle, kind))

    return types.void(addresses, offsets, kind), codegen


@jit
def median_lines(addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, zeros: Any) -> None:
    """Compute rows ``first`` to ``stop`` of ``count`` samples, at least 64; ``zeros`` has one for each address."""
    size = pixel_size(kind)
    step = VECTOR_BYTES // size
    for y in range(first, stop):
        for i in range((count + step - 1) // step):
            at = min(i * step, count - step) * size
            median_at(addresses, moved(pitches, zeros, y, at), kind)


@intrinsic
def moved(typingctx: Any, pitches: Any, zeros: Any, row: Any, column: Any) -> tuple[Any, Codegen]:
    """Return ``pitch * row + column`` for each pitch."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pitches, _, row, column = args
        values = [builder.add(builder.mul(builder.extract_value(pitches, i), row), column) for i in range(len(zeros))]
        return context.make_tuple(builder, signature.return_type, values)

    return zeros(pitches, zeros, types.int64, types.int64), codegen


def median_of(frames: list[Any], out: NDArray[Any], threads: int) -> None:
    """Take the median of 3 or 5 frames."""
    kind, zeros = out.dtype.type(0), (0,) * (len(frames) + 1)
    channels = out.shape[2] if out.ndim == 3 else 1

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        median_lines(addresses, pitches, first, stop, count * channels, kind, zeros)

    run_lines(work, frames, (out,), threads)
