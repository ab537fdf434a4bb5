"""Means of lines: by running sums along rows and columns, by direct sums in other directions.

A mean along an axis counts ``reach`` pixels to either side, and one more on both ends by a part of it. Images,
maps and pitches are those of `_box`.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _stencil, _taps
from ._box import add_border, prefix, slide
from ._checks import Border
from ._packed import Image
from ._scratch import scratch
from ._separable import SLACK, STREAM_BYTES, bordered
from ._simd import address_of, copy_bytes, jit, pixel_size
from ._stencil_run import prepared, stencil
from ._sums import (
    LANES,
    sum_add,
    sum_add_part,
    sum_load,
    sum_pixels,
    sum_size,
    sum_store_mean,
    sum_sub,
)
from ._threads import run_bands

# taps along a row and along a column up to which direct sums are faster than running ones
MOST_DIRECT = {"uint8": (17, 7), "uint16": (13, 7), "float32": (21, 9)}
RESTART = 64


@jit
def along_rows(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, width: int, channels: int, reach: int,
    part: float, xmap: Any, line: Any, sums: Any, zeros: Any, spare: Any, kind: Any, acc: Any,
) -> bool:  # fmt: skip
    """Average along rows ``first`` to ``stop``; return whether all sums were finite.

    ``line`` and ``sums`` hold zeros in front of their first values, ``zeros`` four sums.
    """
    size, cell = pixel_size(kind), sum_size(acc)
    count, margin = width * channels, reach + 1
    scale = 1 / (2 * reach + 1 + 2 * part)
    pixel = channels * cell
    line_at = address_of(line) + LANES * cell
    sums_at = address_of(sums) + LANES * cell
    inner = line_at + margin * pixel
    nothing, edge = address_of(zeros), address_of(spare)
    short = count < LANES
    finite = True
    for y in range(first, stop):
        slide(inner, src + y * src_step, nothing, True, count, edge, kind, acc)
        add_border(line_at, margin, width, pixel, xmap, nothing, acc)
        prefix(line_at, sums_at, count + 2 * margin * channels, channels, acc)
        goal = out + y * out_step
        for i in range((count + LANES - 1) // LANES):
            x = 0 if short else min(i * LANES, count - LANES)
            far = x * cell + (2 * reach + 1) * pixel
            total = sum_sub(sum_load(sums_at + far, acc), sum_load(sums_at + x * cell, acc))
            ends = sum_add(sum_load(line_at + x * cell, acc), sum_load(line_at + far + pixel, acc))
            sum_store_mean(edge if short else goal + x * size, sum_add_part(total, ends, part), scale, kind)
        if short:
            copy_bytes(goal, edge, count * size)
        for c in range(channels):
            finite = finite and np.isfinite(sums[LANES + count + 2 * margin * channels - 1 - c])
    return finite


@jit
def along_columns(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, width: int, channels: int, reach: int,
    part: float, ymap: Any, restart: int, sums: Any, zeros: Any, spare: Any, kind: Any, acc: Any,
) -> bool:  # fmt: skip
    """Average rows ``first`` to ``stop`` along columns; return whether all sums were finite.

    Sums begin anew at each multiple of ``restart`` rows. ``zeros`` holds a row of pixels.
    """
    size, cell = pixel_size(kind), sum_size(acc)
    count = width * channels
    scale = 1 / (2 * reach + 1 + 2 * part)
    sums_at = address_of(sums)
    nothing, edge = address_of(zeros), address_of(spare)
    whole = count // LANES * LANES
    finite = True
    for y in range(first, stop):
        above, below = y, y + 2 * reach + 2  # the map begins reach + 1 rows before the image
        fresh = (y - first) % restart == 0
        for k in range(y + 1 if fresh else below - 1, below):
            new = src + ymap[k] * src_step if ymap[k] >= 0 else nothing
            old = nothing
            if not fresh and ymap[above] >= 0:
                old = src + ymap[above] * src_step
            slide(sums_at, new, old, fresh and k == y + 1, count, edge, kind, acc)
        one = src + ymap[above] * src_step if ymap[above] >= 0 else nothing
        two = src + ymap[below] * src_step if ymap[below] >= 0 else nothing
        goal = out + y * out_step
        for x in range(0, count, LANES):
            high, low, target = one + x * size, two + x * size, goal + x * size
            if x == whole:
                copy_bytes(edge, high, (count - whole) * size)
                copy_bytes(edge + LANES * size, low, (count - whole) * size)
                high, low, target = edge, edge + LANES * size, edge
            ends = sum_add(sum_pixels(high, kind, acc), sum_pixels(low, kind, acc))
            sum_store_mean(target, sum_add_part(sum_load(sums_at + x * cell, acc), ends, part), scale, kind)
        if whole < count:
            copy_bytes(goal + whole * size, edge, (count - whole) * size)
        if fresh or y == stop - 1 or (y + 1 - first) % restart == 0:
            finite = finite and np.isfinite(sums[:count]).all()
    return finite


def run(src: NDArray[Any], out: NDArray[Any], kernel: NDArray[np.float64], border: Border, threads: int) -> None:
    """Weigh neighbourhoods with the kernel of a line."""
    source, target, result = prepared(src, out)
    most = MOST_DIRECT[src.dtype.name][kernel.shape[1] == 1]
    straight = 1 in kernel.shape and kernel.size > most
    if not (straight and running(source, target, kernel, border, threads)):
        direct(source, target, kernel, border, threads)
    if result is not out:
        out[...] = result


def running(source: Image, target: Image, kernel: NDArray[np.float64], border: Border, threads: int) -> bool:
    """Average along rows or columns; return False where pixels that are not finite spoil the sums."""
    weights = kernel.ravel()
    reach, part = len(weights) // 2 - 1, float(weights[0] / weights[len(weights) // 2])
    width, channels, kind = source.width, source.channels, source.kind
    real = kind.dtype.kind == "f"
    acc = np.float64(0) if real else np.uint32(0)
    along = kernel.shape[0] == 1
    size = width if along else source.height
    index = bordered(-reach - 1, size + reach + 1, size, border).index
    values = (width + 2 * (reach + 1)) * channels + SLACK
    restart = max(RESTART, 2 * reach + 1) if real and not along else source.height
    zeros = np.zeros(width * channels * kind.itemsize + SLACK, np.uint8)
    finite: list[bool] = []

    def band(first: int, stop: int) -> None:
        sums = scratch("ring", values, acc.dtype)
        spare = scratch("spare", SLACK, np.uint8)
        common = source.at, source.step, target.at, target.step, first, stop, width, channels, reach, part, index
        if along:
            line = scratch("line", values, acc.dtype)
            line[:LANES] = sums[:LANES] = 0
            finite.append(along_rows(*common, line, sums, zeros, spare, kind, acc))
        else:
            finite.append(along_columns(*common, restart, sums, zeros, spare, kind, acc))

    run_bands(band, source.height, threads, multiple=restart if real and not along else 1)
    return all(finite)


def direct(source: Image, target: Image, kernel: NDArray[np.float64], border: Border, threads: int) -> None:
    """Weigh each pixel that the line meets."""
    data = kernel.tobytes(), *kernel.shape
    if source.kind.dtype == np.uint8:
        pairs = fixed_pairs(*data)
        if pairs is not None:
            stencil(_taps.means_u8, source, target, kernel.shape, border, threads, *pairs)
            return
    down, right, weights = taps(*data)
    stream = target.height * target.step >= STREAM_BYTES
    zeros = np.zeros(target.width * target.channels + SLACK if border == "constant" else 1, np.float32)
    rest = np.float32(0), np.float32(np.inf), zeros, stream, source.kind
    stencil(_stencil.sums_f32, source, target, kernel.shape, border, threads, down, right, weights, *rest)


@lru_cache(16)
def taps(data: bytes, height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return where the weights are that are not zero, and these."""
    kernel = np.frombuffer(data).reshape(height, width)
    down, right = (np.ascontiguousarray(index, np.int64) for index in np.nonzero(kernel))
    return down, right, kernel[down, right].astype(np.float32)


@lru_cache(16)
def fixed_pairs(
    data: bytes, height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
    """Return one of each pair of opposite offsets and their weights in fixed point, or None where these don't fit.

    The centre is a pair with itself. The weights have the sum 1: the largest take what rounding left.
    """
    down, right, weights = taps(data, height, width)
    half = down * width + right <= height * width // 2
    down, right = down[half], right[half]
    exact = weights[half].astype(np.float64) * (1 << _taps.WEIGHT_BITS)
    exact[-1] /= 2  # the line's own pixel
    whole = np.rint(exact).astype(np.int64)
    left = (1 << _taps.WEIGHT_BITS - 1) - int(whole.sum())
    whole[np.argsort(whole)[len(whole) - abs(left) :]] += np.sign(left)
    return (down, right, whole) if len(whole) <= _taps.MOST_PRODUCTS and whole.max() < 1 << 16 else None
