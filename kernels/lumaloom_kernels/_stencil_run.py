"""Runs the stencils on whole images: which of them serves a kernel, their buffers and row bands."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _pairs, _separable, _stencil, _taps
from ._checks import Border
from ._fir import BLOCK_F32, BLOCK_U16
from ._packed import Image, is_packed
from ._scratch import scratch
from ._separable import SLACK, STREAM_BYTES, STRIP_BYTES, bordered, passes, strip_width, strips_of
from ._threads import run_bands

# The largest sums of whole weights: their sums of uint8 pixels fit 16 bits, and those of uint16 pixels 32.
MOST_WHOLE = {np.dtype(np.uint8): 128, np.dtype(np.uint16): 4096}
RANGE_BYTES = 400 << 10  # the rows that are read where they are stay in the second-level cache
FIXED_RADIUS = 20  # radius up to which 16-bit fixed point is exact enough


def prepared(src: NDArray[Any], out: NDArray[Any]) -> tuple[Image, Image, NDArray[Any]]:
    """Describe both arrays; the last is the array that the result lies in, ``out`` or to be copied there."""
    source = src if is_packed(src) else np.ascontiguousarray(src)
    target = out if is_packed(out) else np.empty(out.shape, out.dtype)
    return Image.of(source), Image.of(target), target


@dataclass(frozen=True, slots=True)
class Form:
    """How a kernel is computed; ``down`` and ``right`` say where its weights are that are not zero."""

    down: NDArray[np.int64]
    right: NDArray[np.int64]
    weights: NDArray[np.float32]
    whole: tuple[NDArray[np.int64], ...] | None  # the same as whole numbers: down, right and weights, two and two
    total: int  # their sum
    most: int  # and that of their sizes
    scale: float  # of these
    columns: NDArray[np.float64] | None  # of a kernel that is a product
    rows: NDArray[np.float64] | None
    mean: bool  # this product is symmetric, has no weight below zero and sum 1


@lru_cache(64)
def form_of(data: bytes, height: int, width: int, kind: np.dtype[Any]) -> Form:
    """Examine a kernel for pixels of a kind: float64 weights in the order of the pixels that they multiply."""
    kernel = np.frombuffer(data).reshape(height, width)
    down, right = (np.ascontiguousarray(index, np.int64) for index in np.nonzero(kernel))
    values = kernel[down, right]
    whole, scale = _whole(values, MOST_WHOLE[kind]) if kind in MOST_WHOLE else (None, 1.0)
    columns, rows = _product(kernel)
    mean = columns is not None and rows is not None and _is_mean(columns) and _is_mean(rows)
    total, most = (0, 0) if whole is None else (int(whole.sum()), int(np.abs(whole).sum()))
    pairs = None if whole is None else _paired(down, right, whole, 8 * kind.itemsize)
    return Form(down, right, values.astype(np.float32), pairs, total, most, scale, columns, rows, mean)


def _paired(
    down: NDArray[np.int64], right: NDArray[np.int64], weights: NDArray[np.int64], bits: int
) -> tuple[NDArray[np.int64], ...]:
    """Return what `_pairs.sums` takes: an odd weight is paired with nothing."""
    odd = len(weights) % 2
    down, right = (np.append(index, index[len(index) - odd :]) for index in (down, right))
    weights = np.append(weights, np.zeros(odd, np.int64)) & ((1 << bits) - 1)
    return down, right, weights[::2] | weights[1::2] << bits


def _whole(values: NDArray[np.float64], most: int) -> tuple[NDArray[np.int64] | None, float]:
    """Return the values as whole numbers whose sizes sum to ``most``, and their unit, where there is one."""
    if not values.size:
        return np.zeros(0, np.int64), 1.0
    for divisor in range(1, 17):
        unit = float(np.abs(values).min()) / divisor
        with np.errstate(over="ignore"):
            multiples = values / unit if unit > 0 else np.full(1, np.inf)
        if np.abs(multiples).sum() > most + 0.5:
            break
        nearest = np.rint(multiples)
        if np.abs(nearest - multiples).sum() < 1e-6 and np.abs(nearest).sum() <= most:
            return nearest.astype(np.int64), unit
    return None, 1.0


def _product(kernel: NDArray[np.float64]) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return the column and the row whose product the kernel is, as near as makes no difference to pixels."""
    left, sizes, right = np.linalg.svd(kernel)
    column, row = left[:, 0] * math.sqrt(sizes[0]), right[0] * math.sqrt(sizes[0])
    if np.abs(kernel - np.outer(column, row)).sum() > 1e-9 * np.abs(kernel).sum():
        return None, None
    if column.sum() < 0:
        column, row = -column, -row
    if abs(column.sum()) > 1e-3 * np.abs(column).sum():  # of products with sum 1, both factors have sum 1
        column, row = column / column.sum(), row * column.sum()
    return column, row


def _is_mean(weights: NDArray[np.float64]) -> bool:
    return bool(weights.min() >= 0 and abs(weights.sum() - 1) < 1e-9 and np.allclose(weights, weights[::-1], 0, 1e-12))


def weighted(
    source: Image, target: Image, kernel: NDArray[np.float64], offset: float, high: float, border: Border, threads: int
) -> None:
    """Sum neighbourhoods times a kernel whose weights lie in the order of the pixels that they multiply."""
    data = np.ascontiguousarray(kernel).tobytes(), *kernel.shape
    form = form_of(*data, source.kind.dtype)
    height, width = kernel.shape
    if form.whole is not None and (form.columns is None or len(form.weights) <= 2 * (height + width)):
        start, shift = _start(form, offset, source.kind.dtype == np.uint8)
        tail = start, np.float32(form.scale), np.float32(offset), np.float32(high), shift, source.kind
        stencil(_pairs.sums, source, target, (height, width), border, threads, *form.whole, *tail)
    elif _fits_fixed(source, form, offset, high) and max(height, width) <= 2 * FIXED_RADIUS + 1:
        _fixed_mean(source, target, form.columns, form.rows, border, threads)
    elif form.columns is not None and form.rows is not None and len(form.weights) > 1.5 * (height + width):
        xmap = bordered(-(width // 2), target.width + width // 2, target.width, border)
        ymap = bordered(-(height // 2), target.height + height // 2, target.height, border)
        passes(source, target, form.rows, form.columns, xmap, ymap, threads, offset=offset, high=high)
    else:
        rest = np.float32(offset), np.float32(high), *_past(target, border), source.kind
        shape = height, width
        stencil(_stencil.sums_f32, source, target, shape, border, threads, form.down, form.right, form.weights, *rest)


def _past(target: Image, border: Border) -> tuple[NDArray[np.float32], bool]:
    """Return zeros that stand for a row outside, and whether results are written past the caches."""
    zeros = np.zeros(target.width * target.channels + SLACK if border == "constant" else 1, np.float32)
    return zeros, target.height * target.step >= STREAM_BYTES


def _fits_fixed(source: Image, form: Form, offset: float, high: float) -> bool:
    return source.kind.dtype == np.uint8 and form.mean and not offset and high == 255


def _start(form: Form, offset: float, eight: bool) -> tuple[int, int]:
    """Return where sums of whole weights begin, and how far they are shifted right, or -1 where that is not all."""
    zero = 0 if eight else form.total << 15  # words are summed less 32768
    shift = round(-math.log2(form.scale))
    if not 0 <= shift <= 7 or 2.0**-shift != form.scale:
        return zero, -1
    start = offset * 2**shift
    largest, room = (255, 1 << 15) if eight else (65535, 1 << 31)
    if start != int(start) or largest * form.most + abs(start) + 64 >= room:
        return zero, -1
    return zero + int(start) + (1 << shift >> 1), shift


def _fixed_mean(source: Image, target: Image, columns: Any, rows: Any, border: Border, threads: int) -> None:
    rx, ry = len(rows) // 2, len(columns) // 2
    xmap = bordered(-rx, target.width + rx, target.width, border)
    ymap = bordered(-ry, target.height + ry, target.height, border)
    _separable.fir(source, target, rows[: rx + 1], columns[: ry + 1], xmap, ymap, threads, bits=16)


def gradient(
    source: Image, target: Image, side: int, centre: int, scale: float, offset: float, high: float, border: Border,
    threads: int,
) -> None:  # fmt: skip
    """Take the length of the gradient of 3 x 3 pixels, times ``scale``, and add ``offset``."""
    if source.kind.dtype.kind == "u":
        bits = 8 * source.kind.dtype.itemsize
        opposite = [weight | (-weight & ((1 << bits) - 1)) << bits for weight in (side, centre)]
        tail: tuple[Any, ...] = *opposite, np.float32(scale), np.float32(offset), np.float32(high), source.kind
        stencil(_pairs.gradient, source, target, (3, 3), border, threads, *tail)
    else:
        numbers = np.float32(side * scale), np.float32(centre * scale), np.float32(offset), np.float32(high)
        tail = *numbers, *_past(target, border)
        stencil(_stencil.gradient_f32, source, target, (3, 3), border, threads, *tail)


def stencil(
    compiled: Any, source: Image, target: Image, shape: tuple[int, int], border: Border, threads: int, *tail: Any
) -> None:
    """Run one of `_stencil` on row bands."""
    dtype: np.dtype[Any] = np.dtype(np.float32)
    block = BLOCK_F32
    if compiled is _taps.means_u8:
        dtype, block = np.dtype(np.uint16), BLOCK_U16
    elif compiled in (_pairs.sums, _pairs.gradient):
        dtype, block = source.kind.dtype, _pairs.BLOCK_BYTES // source.kind.itemsize
    in_place = compiled in (_stencil.sums_f32, _stencil.gradient_f32) and source.kind.dtype.kind == "f"
    depth, across = shape
    channels = target.channels
    strips, pitch, *maps = _layout(
        target.height, target.width, channels, *shape, dtype.itemsize, block, in_place, border
    )

    def band(first: int, stop: int) -> None:
        ring = scratch("ring", depth * pitch + SLACK, dtype)[: depth * pitch].reshape(depth, pitch)
        bases = scratch("rows", max(3, 2 * depth * across), np.int64)
        spare = scratch("spare", SLACK, np.uint8)
        compiled(
            source.at, source.step, source.width, target.at, target.step, first, stop, channels, *maps, depth, across,
            strips, ring, bases, spare, *tail,
        )  # fmt: skip

    run_bands(band, target.height, threads)


@lru_cache(64)
def _layout(
    height: int, width: int, channels: int, depth: int, across: int, size: int, block: int, in_place: bool,
    border: Border,
) -> tuple[NDArray[np.int64], int, NDArray[np.int64], int, NDArray[np.int64]]:  # fmt: skip
    """Return the strips, the values of a row of the ring, and the maps of both directions."""
    rx, ry = across // 2, depth // 2
    room = RANGE_BYTES if in_place else STRIP_BYTES
    strip = strip_width(width, channels, block, room // (size * depth))
    pitch = (-(-strip * channels // block) * block + 2 * rx * channels) // 32 * 32 + 32 + 64 // size
    xmap, ymap = bordered(-rx, width + rx, width, border), bordered(-ry, height + ry, height, border)
    return strips_of(width, strip, rx if in_place else 0), pitch, xmap.index, xmap.pad, ymap.index
