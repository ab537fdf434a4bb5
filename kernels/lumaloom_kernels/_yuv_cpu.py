"""Y'CbCr planes to interleaved RGB and back, in vectors.

Pictures of odd or of small width are copied to a wider one first, edges repeated, so that pairs of pixels are
whole and a row has two vectors.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._lanes import add_product, lanes, load, splat, store
from ._lines import address, packed
from ._matrix import RESULT_BITS, coefficients, matrix_product, splat_all
from ._planes import fetch_ahead, load_pixels, store_pixels
from ._scratch import scratch
from ._simd import LANES_F32, address_of, jit, pixel_size
from ._threads import run_bands
from ._yuv import SITINGS, chroma_at
from ._yuv_vectors import at_most, load_pairs, load_twice, mean_of, mean_of_pairs, on_grid

LEAST = 64  # pixels in a row
SMOOTH_ROWS = 16
_SIDES = {"center": (0.25, 0.25), "left": (0.0, 0.5), "topleft": (0.0, 0.5)}  # of the samples before and behind
_TRIPLE = (np.int8(0),) * 3
_CELLS = (np.int8(0),) * 12


@jit
def to_rgb(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, steps: Any, kind: Any, chroma: Any, pairs: Any,
    numbers: Any,
) -> None:  # fmt: skip
    """Compute rows ``first`` to ``stop`` of RGB from planes y, u and v; ``numbers`` end with the greatest value.

    ``chroma`` is the kind of the chroma planes; u has both of them where the tuple ``pairs`` has a member.
    """
    family, one = numbers[0], np.int8(0)
    size, chroma_size, step = pixel_size(kind), pixel_size(chroma), lanes(family)
    luma, green_u, green_v = splat(numbers[0]), splat(numbers[5]), splat(numbers[6])
    red_v, blue_u = splat(numbers[2]), splat(numbers[9])
    red, green, blue, top = splat(numbers[3]), splat(numbers[7]), splat(numbers[11]), splat(numbers[12])
    for row in range(first, stop):
        line = row // steps[1]
        y, u, v = addresses[0] + row * pitches[0], addresses[1] + line * pitches[1], addresses[2] + line * pitches[2]
        out = addresses[3] + row * pitches[3]
        for i in range((count + step - 1) // step):
            at = min(i * step, count - step)
            if len(pairs) == 1:
                if steps[0] == 2:
                    us, vs = load_pairs(u + at * chroma_size, chroma, family, (one,))
                else:
                    us, vs = load_pairs(u + 2 * at * chroma_size, chroma, family, ())
            elif steps[0] == 2:
                us = load_twice(u + at // 2 * chroma_size, chroma, family)
                vs = load_twice(v + at // 2 * chroma_size, chroma, family)
            else:
                us, vs = load(u + at * chroma_size, chroma, family), load(v + at * chroma_size, chroma, family)
            ys = load(y + at * size, kind, family)
            r = add_product(add_product(red, ys, luma), vs, red_v)
            g = add_product(add_product(add_product(green, ys, luma), us, green_u), vs, green_v)
            b = add_product(add_product(blue, ys, luma), us, blue_u)
            store_pixels(out + 3 * at * size, (at_most(r, top), at_most(g, top), at_most(b, top)), kind)


@jit
def enlarge(
    source: int, pitch: int, last: int, out: int, lower: Any, share: Any, first: int, stop: int, width: int, line: Any,
    parts: Any,
) -> None:  # fmt: skip
    """Compute luma's rows ``first`` to ``stop`` of a chroma plane of float32, packed at twice its width, linearly.

    ``line`` is working memory. ``parts`` has three times the lanes of a vector: the weights of the sample before, of
    that of the block, and of the one behind.
    """
    one = parts[0]
    step = lanes(one)
    memory, weights = address_of(line), address_of(parts)
    before, here, behind = (
        load(weights, one, one), load(weights + 4 * step, one, one), load(weights + 8 * step, one, one)
    )  # fmt: skip
    zero = splat(np.float32(0))
    for y in range(first, stop):
        a, b = source + lower[y] * pitch, source + min(lower[y] + 1, last) * pitch
        upper, under = splat(np.float32(1) - share[y]), splat(share[y])
        for i in range((width + step - 1) // step):
            at = 4 * min(i * step, width - step)
            value = add_product(add_product(zero, load(a + at, one, one), upper), load(b + at, one, one), under)
            store(memory + 4 * step + at, value, one)
        line[step - 1], line[step + width] = line[step], line[step + width - 1]
        target = out + (y - first) * 8 * width
        for i in range((2 * width + step - 1) // step):
            at = min(i * step, 2 * width - step)
            place = memory + 4 * step + 2 * at
            value = add_product(zero, load_twice(place - 4, one, one), before)
            value = add_product(value, load_twice(place, one, one), here)
            store(target + 4 * at, add_product(value, load_twice(place + 4, one, one), behind), one)


@jit
def colours_of(
    source: int, below: int, above: int, at: int, size: int, step: int, kind: Any, family: Any, shape: Any, tall: bool,
    siting: Any,
) -> Any:  # fmt: skip
    """Return two vectors of pixels, averaged with those below, and above where the siting says so."""
    here, beside = 3 * at * size, 3 * (at + step) * size
    a, b = load_pixels(source + here, kind, family, shape), load_pixels(source + beside, kind, family, shape)
    if tall:
        c, d = load_pixels(below + here, kind, family, shape), load_pixels(below + beside, kind, family, shape)
        if len(siting) == 2:
            e, f = load_pixels(above + here, kind, family, shape), load_pixels(above + beside, kind, family, shape)
            return mean_of(mean_of(a, c), mean_of(a, e)), mean_of(mean_of(b, d), mean_of(b, f))
        return mean_of(a, c), mean_of(b, d)
    return a, b


@jit
def to_yuv(
    addresses: Any, pitches: Any, first: int, stop: int, height: int, count: int, steps: Any, kind: Any, numbers: Any,
    shape: Any, cells: Any, siting: Any, pairs: Any, high: Any,
) -> None:  # fmt: skip
    """Compute chroma rows ``first`` to ``stop``, and the luma rows beside them, from RGB.

    The tuple ``siting`` is empty for chroma in the centre of its block, has a member where it is on the left, and two
    where it is in the corner; then the source has a pixel more on the left. ``pairs`` is that of `to_rgb`; ``high``
    has a member where results are multiples of the last one of the numbers.
    """
    family = numbers[0]
    size, step = pixel_size(kind), lanes(family)
    weights, top = splat_all(numbers, cells), splat(numbers[12])
    unit = splat(numbers[13])
    for line in range(first, stop):
        row = line * steps[1]
        below, above = min(row + steps[1] - 1, height - 1), max(row - 1, 0)
        source, next_source = addresses[0] + row * pitches[0], addresses[0] + below * pitches[0]
        past_source = addresses[0] + above * pitches[0]
        y, next_y = addresses[1] + row * pitches[1], addresses[1] + below * pitches[1]
        u, v = addresses[2] + line * pitches[2], addresses[3] + line * pitches[3]
        for i in range((count + 2 * step - 1) // (2 * step)):
            at = min(i * 2 * step, count - 2 * step)
            here, beside = at * size, (at + step) * size
            fetch_ahead(source + 3 * here, 6 * step * size)
            fetch_ahead(next_source + 3 * here, 6 * step * size)
            a = load_pixels(source + 3 * here, kind, family, shape)
            b = load_pixels(source + 3 * beside, kind, family, shape)
            whole_a, whole_b = matrix_product(a, weights), matrix_product(b, weights)
            leave(y + here, at_most(whole_a[0], top), unit, kind, high)
            leave(y + beside, at_most(whole_b[0], top), unit, kind, high)
            if steps[0] == 1:
                leave_both(u, v, at, at_most(whole_a[1], top), at_most(whole_a[2], top), unit, kind, pairs, high)
                leave_both(u, v, at + step, at_most(whole_b[1], top), at_most(whole_b[2], top), unit, kind, pairs, high)
            else:
                if below > row:
                    c = load_pixels(next_source + 3 * here, kind, family, shape)
                    d = load_pixels(next_source + 3 * beside, kind, family, shape)
                    leave(next_y + here, at_most(matrix_product(c, weights)[0], top), unit, kind, high)
                    leave(next_y + beside, at_most(matrix_product(d, weights)[0], top), unit, kind, high)
                    if len(siting) < 2:
                        a, b = mean_of(a, c), mean_of(b, d)
                if len(siting) == 2:
                    tall = steps[1] == 2
                    a, b = colours_of(
                        source, next_source, past_source, at, size, step, kind, family, shape, tall, siting
                    )
                block = mean_of_pairs(a, b)
                if len(siting) > 0:
                    tall = steps[1] == 2 and (len(siting) == 2 or below > row)
                    a, b = colours_of(
                        source, next_source, past_source, at - 1, size, step, kind, family, shape, tall, siting
                    )
                    block = mean_of(block, mean_of_pairs(a, b))
                mean = matrix_product(block, weights)
                leave_both(u, v, at // 2, at_most(mean[1], top), at_most(mean[2], top), unit, kind, pairs, high)


@jit
def leave(place: int, value: Any, unit: Any, kind: Any, high: Any) -> None:
    """Write samples."""
    if len(high) == 1:
        store(place, on_grid(value, unit), kind)
    else:
        store(place, value, kind)


@jit
def leave_both(u: int, v: int, at: int, cb: Any, cr: Any, unit: Any, kind: Any, pairs: Any, high: Any) -> None:
    """Write chroma samples, side by side or in two planes."""
    size = pixel_size(kind)
    if len(pairs) == 0:
        leave(u + at * size, cb, unit, kind, high)
        leave(v + at * size, cr, unit, kind, high)
    elif len(high) == 1:
        store_pixels(u + 2 * at * size, (on_grid(cb, unit), on_grid(cr, unit)), kind)
    else:
        store_pixels(u + 2 * at * size, (cb, cr), kind)


def planes_to_rgb(
    planes: tuple[NDArray[Any], ...],
    out: NDArray[Any],
    steps: tuple[int, int],
    matrix: NDArray[np.float64],
    depth: int,
    siting: str | None,
    threads: int,
) -> None:
    """Convert planes y, u and v, or y and pairs of both; the matrix is for samples as they lie there."""
    width, kind = _even(out.shape[1]), out.dtype.type(0)
    y, *chroma = [_widened(plane, width // (steps[0] if i else 1)) for i, plane in enumerate(planes)]
    target, pairs = _target(out, width), _CELLS[: len(chroma) == 1]
    if siting is not None and steps != (1, 1):
        apart = [chroma[0][..., 0], chroma[0][..., 1]] if pairs else chroma
        _smooth_to_rgb(y, apart, target, steps[1], _numbers(matrix, np.dtype(np.float32), depth), siting, threads)
    else:
        numbers = _numbers(matrix, out.dtype, depth)
        lines = (y, chroma[0], chroma[-1], target)
        addresses, pitches = tuple(address(p) for p in lines), tuple(p.strides[0] for p in lines)

        def work(first: int, stop: int) -> None:
            to_rgb(addresses, pitches, first, stop, width, steps, kind, kind, pairs, numbers)

        run_bands(work, len(out), threads)
    if target is not out:
        out[...] = target[:, : out.shape[1]]


def _smooth_to_rgb(
    y: NDArray[Any],
    chroma: list[NDArray[Any]],
    out: NDArray[Any],
    down: int,
    numbers: NDArray[np.float32],
    siting: str,
    threads: int,
) -> None:
    """Convert some rows at a time, with their chroma enlarged in memory that stays in the cache."""
    height, width = y.shape
    sources = [np.ascontiguousarray(plane, np.float32) for plane in chroma]
    last, half = len(sources[0]) - 1, width // 2
    lower, exact = chroma_at(height, down, last + 1, centred=siting != "topleft")
    share = exact.astype(np.float32)
    even, odd = _SIDES[siting]
    parts = np.array([(even, 0), (1 - even, 1 - odd), (0, odd)], np.float32).repeat(LANES_F32 // 2, axis=0)
    weights = np.ascontiguousarray(parts.reshape(-1))
    kind = out.dtype.type(0)

    def work(first: int, stop: int) -> None:
        line = scratch("chroma_line", half + 2 * LANES_F32, np.float32)
        enlarged = [scratch(name, SMOOTH_ROWS * width, np.float32) for name in ("cb", "cr")]
        places = [address(plane) for plane in enlarged]
        pitches = (y.strides[0], 4 * width, 4 * width, out.strides[0])
        for start in range(first, stop, SMOOTH_ROWS):
            end = min(start + SMOOTH_ROWS, stop)
            for plane, place in zip(sources, places, strict=True):
                enlarge(address(plane), plane.strides[0], last, place, lower, share, start, end, half, line, weights)
            addresses = (address(y), *(place - start * 4 * width for place in places), address(out))
            to_rgb(addresses, pitches, start, end, width, (1, 1), kind, np.float32(0), (), numbers)

    run_bands(work, height, threads)


def rgb_to_planes(
    src: NDArray[Any],
    outs: tuple[NDArray[Any], ...],
    steps: tuple[int, int],
    matrix: NDArray[np.float64],
    depth: int,
    siting: str,
    unit: float,
    threads: int,
) -> None:
    """Convert to planes y, u and v, or y and pairs of both; samples are written times the unit."""
    width, height = _even(src.shape[1]), len(src)
    targets = [_target(out, width // (steps[0] if i else 1)) for i, out in enumerate(outs)]
    numbers = np.append(_numbers(matrix, src.dtype, depth), 0)
    if unit != 1:
        numbers[-1] = unit
    numbers = numbers.astype(np.int16 if numbers.dtype.kind == "i" else np.float32)
    place = _CELLS[: SITINGS.index(siting) if steps[0] == 2 else 0]
    pairs, high = _CELLS[: len(outs) == 2], _CELLS[: unit != 1]
    source = _widened(src, width)
    if place:  # the chroma of the first column takes the pixel on its left
        source = np.concatenate([source[:, :1], source], axis=1)[:, 1:]
    lines = (source, targets[0], targets[1], targets[-1])
    addresses, pitches = tuple(address(p) for p in lines), tuple(p.strides[0] for p in lines)
    kind = src.dtype.type(0)

    def work(first: int, stop: int) -> None:
        to_yuv(
            addresses, pitches, first, stop, height, width, steps, kind, numbers, _TRIPLE, _CELLS, place, pairs, high
        )

    run_bands(work, len(outs[1]), threads)
    for out, target in zip(outs, targets, strict=True):
        if target is not out:
            out[...] = target[:, : out.shape[1]]


def _numbers(matrix: NDArray[np.float64], dtype: np.dtype[Any], depth: int) -> NDArray[Any]:
    numbers = coefficients(matrix, dtype)
    top = (2**depth - 1) * (1 << RESULT_BITS if numbers.dtype == np.int16 else 1) if depth else np.inf
    return np.append(numbers, numbers.dtype.type(top))


def _even(width: int) -> int:
    return max(LEAST, width + width % 2)


def _widened(plane: NDArray[Any], width: int) -> NDArray[Any]:
    if plane.shape[1] == width:
        return plane if packed(plane) else np.ascontiguousarray(plane)
    margins = ((0, 0), (0, width - plane.shape[1]), (0, 0))[: plane.ndim]
    return np.pad(plane, margins, mode="edge")


def _target(out: NDArray[Any], width: int) -> NDArray[Any]:
    if out.shape[1] == width and packed(out):
        return out
    return np.empty((out.shape[0], width, *out.shape[2:]), out.dtype)
