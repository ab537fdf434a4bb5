"""Runs the compiled filters of `_fir` and `_shrink` on whole images: maps, buffers and row bands."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import border_indices
from ._box import box, box_small
from ._checks import Border
from ._fir import BLOCK_U16, fir_u8
from ._gaussian_plan import AxisPlan, Weights
from ._packed import Image
from ._passes import BLOCK as BLOCK_PASS
from ._passes import passes_f32
from ._picks import windows
from ._scratch import scratch
from ._shrink import enlarge, shrink
from ._shrink_plan import (
    PAIRS,
    Folded,
    Phases,
    fixed_phases,
    folded_spline,
    layout,
    numbers_of,
    phase_weights,
    thinning,
    unfolded,
    widening,
)
from ._shrink_u8 import BLOCK as BLOCK_U8
from ._shrink_u8 import enlarge_u8, shrink_u8
from ._sums import LANES
from ._threads import run_bands

STRIP_BYTES = 40 << 10  # the rows of a strip stay in the first-level cache
PASS_BYTES = 28 << 10  # those of float32 with what they are made of
WIDE_BYTES = 120 << 10  # and those that leave the caches at once
MOST_STREAMED = 9  # rows
STREAM_BYTES = 16 << 20  # an image of this size has left the caches before anyone reads it
SMALL_RADIUS = 5  # up to here direct sums are faster than running ones
SLACK = 512  # bytes that blocks may run past the end of a work row


@dataclass(frozen=True, slots=True)
class Map:
    """Which source index each position has; from ``pad`` on, for the size of the source, they agree."""

    index: NDArray[np.int64]
    pad: int


@lru_cache(64)
def bordered(low: int, high: int, size: int, border: Border) -> Map:
    """Map the positions ``low`` to ``high - 1`` of an axis of ``size`` with its border."""
    return Map(border_indices(low, high, size, border), -low)


@lru_cache(64)
def whole(size: int) -> Map:
    """Map an axis that has its margin already."""
    return Map(np.arange(size, dtype=np.int64), 0)


def fir(source: Image, target: Image, wx: Weights, wy: Weights, xmap: Map, ymap: Map, threads: int, bits: int) -> None:
    """Filter by direct sums with folded weights, in 16-bit fixed point or in float32."""
    if bits == 16:
        _fir_fixed(source, target, wx, wy, xmap, ymap, threads)
    else:
        passes(source, target, unfolded(wx), unfolded(wy), xmap, ymap, threads)


def _fir_fixed(source: Image, target: Image, wx: Weights, wy: Weights, xmap: Map, ymap: Map, threads: int) -> None:
    rx, ry, channels = len(wx) - 1, len(wy) - 1, target.channels
    depth = 2 * ry + 1
    strip = strip_width(target.width, channels, BLOCK_U16, STRIP_BYTES // (2 * depth))
    pitch = -(-strip * channels // BLOCK_U16) * BLOCK_U16 * 2 + 64  # rows of one column share no cache set
    fixed_x, fixed_y = fixed(wx), fixed(wy)

    def band(first: int, stop: int) -> None:
        line = scratch("line", (strip + 2 * rx) * channels + SLACK, np.uint16)
        ring = scratch("ring", depth * pitch + SLACK, np.uint8)
        rows = scratch("rows", depth, np.int64)
        spare = scratch("spare", SLACK, np.uint8)
        fir_u8(
            source.at, source.step, source.width, target.at, target.step, first, stop, target.width, channels,
            xmap.index, xmap.pad, ymap.index, fixed_x, fixed_y, strip, line, ring, pitch, rows, spare,
        )  # fmt: skip

    run_bands(band, target.height, threads)


def passes(
    source: Image, target: Image, wx: NDArray[Any], wy: NDArray[Any], xmap: Map, ymap: Map, threads: int, *,
    offset: float = 0.0, high: float = math.inf, amount: float = 0.0, threshold: float = 0.0, sharpen: bool = False,
) -> None:  # fmt: skip
    """Filter along x and y in float32."""
    across, depth, channels = len(wx), len(wy), target.channels
    in_place = source.kind.dtype.kind == "f"
    # parts of lines are slow to write past the caches, and narrow strips are full of them
    stream = target.height * target.step >= STREAM_BYTES and depth <= MOST_STREAMED
    room = (WIDE_BYTES if stream else PASS_BYTES) // (4 * depth)
    strip = strip_width(target.width, channels, BLOCK_PASS, room)
    strips = strips_of(target.width, strip, xmap.pad if in_place else 0)
    pitch = -(-strip * channels // BLOCK_PASS) * BLOCK_PASS * 4 + 64  # rows of one column share no cache set
    numbers = [np.float32(number) for number in (offset, high, amount, threshold)]
    weights = wx.astype(np.float32), wy.astype(np.float32)
    picks = windows(across, channels)

    def band(first: int, stop: int) -> None:
        line = scratch("line", (strip + across) * channels + SLACK, np.float32)
        ring = scratch("ring", depth * pitch + SLACK, np.uint8)
        rows = scratch("rows", depth, np.int64)
        spare = scratch("spare", SLACK, np.uint8)
        passes_f32(
            source.at, source.step, source.width, target.at, target.step, first, stop, channels, xmap.index, xmap.pad,
            ymap.index, *weights, *picks, strips, line, ring, pitch, rows, spare, *numbers, sharpen, stream,
            source.kind,
        )  # fmt: skip

    run_bands(band, target.height, threads)


@lru_cache(64)
def strips_of(width: int, strip: int, margin: int) -> NDArray[np.int64]:
    """Return where strips begin and how wide they are; with a margin, those at the sides are as narrow as that."""
    inner = width - 2 * margin
    if margin == 0 or inner < 2 * margin:
        margin, inner = 0, width
    strip = min(strip, inner)
    starts = [min(margin + s * strip, margin + inner - strip) for s in range(-(-inner // strip))]
    sides = [(0, margin), (width - margin, margin)] if margin else []
    return np.array([*((start, strip) for start in starts), *sides], np.int64)


@lru_cache(256)
def strip_width(width: int, channels: int, block: int, most: int) -> int:
    """Return how many pixels wide a strip is: about ``most`` values, and few of its last block wasted."""
    best, least = width, math.inf
    for strips in range(1, -(-width * channels // block) + 1):
        strip = -(-width // strips)
        blocks = -(-strip * channels // block)
        if blocks > 2 and blocks * block > most:
            continue
        cost = strips * (blocks + 0.2)
        if cost < least:
            best, least = strip, cost
    return best


def fixed(weights: NDArray[Any]) -> NDArray[np.uint16]:
    """Return folded weights times 65536; the centre takes what rounding the others left."""
    whole_numbers = np.floor(weights * 65536.0 + 0.5).astype(np.int64)
    whole_numbers[-1] = min(65535, 65536 - 2 * int(whole_numbers[:-1].sum()))
    return whole_numbers.astype(np.uint16)


def box_mean(source: Image, target: Image, rx: int, ry: int, border: Border, threads: int) -> None:
    """Average rectangles by running sums."""
    channels, width = target.channels, target.width
    xmap = bordered(-rx, width + rx, width, border)
    ymap = bordered(-ry, target.height + ry, target.height, border)
    number = (2 * rx + 1) * (2 * ry + 1)
    kind = source.kind
    real = kind.dtype.kind == "f"
    whole_numbers = not real and number * int(np.iinfo(kind.dtype).max) < 1 << 32
    if kind.dtype == np.uint8 and number <= 256 and rx <= SMALL_RADIUS:
        _box_small(source, target, rx, ry, xmap, ymap, threads)
        return
    if real and max(rx, ry) <= SMALL_RADIUS:
        fir(source, target, even_weights(rx), even_weights(ry), xmap, ymap, threads, bits=32)
        return
    acc = np.uint32(0) if whole_numbers else np.float64(0)
    # rounded sums depend on where they began, so all bands begin them at the same rows
    restart = max(64, 2 * ry + 1) if real else target.height
    values = (width + 2 * rx) * channels + SLACK
    finite: list[bool] = []

    def band(first: int, stop: int) -> None:
        line = scratch("line", values, acc.dtype)
        sums = scratch("ring", values, acc.dtype)
        line[:LANES] = sums[:LANES] = 0
        spare = scratch("spare", SLACK, np.uint8)
        done = box(
            source.at, source.step, target.at, target.step, first, stop, restart, width, channels, rx, ry,
            xmap.index, ymap.index, line, sums, zeros, spare, kind, acc,
        )  # fmt: skip
        finite.append(done)

    zeros = np.zeros(width * channels * kind.itemsize + SLACK, np.uint8)
    run_bands(band, target.height, threads, multiple=restart if real else 1)
    if real and not all(finite):  # running sums spread what is not finite: sum each rectangle by itself
        fir(source, target, even_weights(rx), even_weights(ry), xmap, ymap, threads, bits=32)


@lru_cache(64)
def even_weights(radius: int) -> NDArray[np.float64]:
    """Return the folded weights of a plain mean."""
    return np.full(radius + 1, 1 / (2 * radius + 1))


def _box_small(source: Image, target: Image, rx: int, ry: int, xmap: Map, ymap: Map, threads: int) -> None:
    channels, width = target.channels, target.width
    number = (2 * rx + 1) * (2 * ry + 1)
    shift = number.bit_length() - 1
    factor = min(65535, -(-(65536 << shift) // number))

    def band(first: int, stop: int) -> None:
        line = scratch("line", (width + 2 * rx) * channels + SLACK, np.uint16)
        spare = scratch("spare", SLACK, np.uint8)
        box_small(
            source.at, source.step, target.at, target.step, first, stop, width, channels, rx, ry,
            xmap.index, ymap.index, line, zeros, spare, factor, shift,
        )  # fmt: skip

    zeros = np.zeros(width * channels + SLACK, np.uint8)
    run_bands(band, target.height, threads)


def separable(source: Image, target: Image, plan_x: AxisPlan, plan_y: AxisPlan, border: Border, threads: int) -> None:
    """Filter an image as the plans of its two directions say."""
    if plan_x.factors or plan_y.factors:
        shrunk(source, target, plan_x, plan_y, border, threads)
        return
    rx, ry = len(plan_x.weights) - 1, len(plan_y.weights) - 1
    xmap = bordered(-rx, target.width + rx, target.width, border)
    ymap = bordered(-ry, target.height + ry, target.height, border)
    bits = 16 if target.kind.dtype == np.uint8 else 32
    fir(source, target, plan_x.weights, plan_y.weights, xmap, ymap, threads, bits)


def _plane(name: str, height: int, width: int, channels: int) -> Image:
    step = -(-width * channels // 16) * 64 + 64
    block = scratch(name, height * step + SLACK, np.uint8)
    return Image(block.__array_interface__["data"][0], step, height, width, channels, np.float32(0), block)


def shrunk(source: Image, target: Image, plan_x: AxisPlan, plan_y: AxisPlan, border: Border, threads: int) -> None:
    """Shrink, filter with the weights of the plans, enlarge."""
    levels = max(len(plan_x.factors), len(plan_y.factors))
    ox, oy = plan_x.order, plan_y.order
    fx = plan_x.factors + (1,) * (levels - len(plan_x.factors))
    fy = plan_y.factors + (1,) * (levels - len(plan_y.factors))
    ax = layout(target.width, fx, ox, len(plan_x.weights) - 1)
    ay = layout(target.height, fy, oy, len(plan_y.weights) - 1)
    image = source
    for level, (x, y) in enumerate(zip(ax.down, ay.down, strict=True)):
        rx, ry = ox * (x.factor - 1) // 2, oy * (y.factor - 1) // 2
        low_x, span_x = x.origin * x.factor - rx, (x.size - 1) * x.factor + 2 * rx + 1
        low_y, span_y = y.origin * y.factor - ry, (y.size - 1) * y.factor + 2 * ry + 1
        if level == 0:
            xmap = bordered(low_x, low_x + span_x, image.width, border)
            ymap = bordered(low_y, low_y + span_y, image.height, border)
        else:
            xmap, ymap = whole(image.width), whole(image.height)
        low = _plane(f"down{level}", y.size, x.size, target.channels)
        _shrink(
            image,
            low,
            folded_spline(x.factor, ox),
            folded_spline(y.factor, oy),
            x.factor,
            y.factor,
            xmap,
            ymap,
            threads,
        )
        image = low
    small = _plane("small", image.height - 2 * ay.radius, image.width - 2 * ax.radius, target.channels)
    fir(image, small, plan_x.weights, plan_y.weights, whole(image.width), whole(image.height), threads, bits=32)
    image = small
    for level in range(levels - 1, -1, -1):
        x, y = ax.up[level], ay.up[level]
        if level == 0:
            goal = target
        else:
            over_x, over_y = ax.up[level - 1], ay.up[level - 1]
            goal = _plane(f"up{level}", over_y.size + y.cut, over_x.size + x.cut, target.channels)
        (wx, first_x), (wy, first_y) = phase_weights(x.factor, ox), phase_weights(y.factor, oy)
        at = image.at + first_y * image.step + first_x * 4 * image.channels
        _enlarge(image._replace(at=at), goal, wx, wy, threads)
        if level:
            at = goal.at + y.cut * goal.step + x.cut * 4 * goal.channels
            image = Image(at, goal.step, over_y.size, over_x.size, goal.channels, goal.kind, goal.owner)


def _shrink(
    source: Image, low: Image, wx: Folded, wy: Folded, sx: int, sy: int, xmap: Map, ymap: Map, threads: int
) -> None:
    channels = low.channels
    fixed_point = source.kind.dtype == np.uint8 and source.width * channels >= BLOCK_U8
    made = thinning(unfolded(wx).tobytes(), low.width, channels, sx)
    picks = numbers_of(made, PAIRS)

    def band(first: int, stop: int) -> None:
        line = scratch("line", len(xmap.index) * channels + SLACK, np.float32)
        sums = scratch("ring", len(xmap.index) * channels + SLACK, np.float32)
        rows = scratch("rows", 2 * len(wy) + sy, np.int64)
        common = (
            source.at, source.step, source.width, low.at, low.step, first, stop, low.width, channels, sx, sy,
            xmap.index, xmap.pad, ymap.index, wx, picks,
        )  # fmt: skip
        if fixed_point:
            shrink_u8(*common, fixed(wy), line, sums, rows, zeros)
        else:
            shrink(*common, wy, line, sums, rows, zeros, source.kind)

    zeros = np.zeros(source.width * channels * source.kind.itemsize if ymap.index.min() < 0 else 1, np.uint8)
    run_bands(band, low.height, threads)


def _enlarge(low: Image, target: Image, wx: Phases, wy: Phases, threads: int) -> None:
    sx, sy = len(wx), len(wy)
    channels = target.channels
    fixed_point = target.kind.dtype == np.uint8 and target.width * channels >= BLOCK_U8
    cells = -(-target.width // sx)
    pitch = (cells * sx * channels + SLACK // 4) // 16 * 64
    # the weights of fixed point are times 128
    weights = wx * np.float32(128) if fixed_point else wx
    made = widening(weights.tobytes(), cells, channels, sx)
    picks = numbers_of(made, 1)

    def band(first: int, stop: int) -> None:
        ring = scratch("ring", wy.shape[1] * pitch + SLACK, np.uint8)
        phase = scratch("line", sx * (cells * channels + SLACK), np.float32)
        rows = scratch("rows", wy.shape[1], np.int64)
        spare = scratch("spare", SLACK, np.uint8)
        common = (low.at, low.step, target.at, target.step, first, stop, target.width, channels)
        if fixed_point:
            enlarge_u8(*common, weights, picks, fixed_phases(wy), ring, pitch, phase, rows)
        else:
            enlarge(*common, weights, picks, wy, ring, pitch, phase, rows, spare, target.kind)

    run_bands(band, target.height, threads, multiple=sy)
