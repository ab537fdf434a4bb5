"""Runs unsharp masking on whole images: which way serves a sigma, buffers and row bands."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _separable
from ._checks import Border
from ._fir import BLOCK_U16
from ._gaussian_plan import PRECISION, plan_axis
from ._packed import Image
from ._passes import combine, sharpen_u8
from ._scratch import scratch
from ._separable import SLACK, STRIP_BYTES, bordered, passes, strip_width
from ._shrink_plan import unfolded
from ._threads import run_bands

MOST_FIXED = 4  # amounts of sharpening up to which 16-bit fixed point is exact enough
COARSE = 1.5  # amounts up to which the blur of 8-bit pixels may be as coarse as one that is shown


def unsharp(
    source: Image, target: Image, sigma: tuple[float, float], amount: float, threshold: float, high: float,
    border: Border, threads: int,
) -> None:  # fmt: skip
    """Blur and use the blur in one pass, or by bands of a shrunk image where the Gaussian is wide."""
    eight = source.kind.dtype == np.uint8
    precision = PRECISION["uint8" if eight and amount <= COARSE else "float32"]
    x, y = (plan_axis(number, precision) for number in sigma)
    if x.factors or y.factors:
        _unsharp_wide(source, target, (x, y), amount, threshold, high, border, threads)
    elif eight and amount <= MOST_FIXED:
        _unsharp_fixed(source, target, x.weights, y.weights, amount, threshold, high, border, threads)
    else:
        rx, ry = len(x.weights) - 1, len(y.weights) - 1
        xmap = bordered(-rx, target.width + rx, target.width, border)
        ymap = bordered(-ry, target.height + ry, target.height, border)
        some = {"high": high, "amount": amount, "threshold": threshold}
        wx, wy = unfolded(x.weights), unfolded(y.weights)
        passes(source, target, wx, wy, xmap, ymap, threads, sharpen=True, **some)


def _unsharp_fixed(
    source: Image, target: Image, wx: NDArray[Any], wy: NDArray[Any], amount: float, threshold: float, high: float,
    border: Border, threads: int,
) -> None:  # fmt: skip
    rx, ry, channels = len(wx) - 1, len(wy) - 1, target.channels
    depth = 2 * ry + 1
    strip = strip_width(target.width, channels, BLOCK_U16, STRIP_BYTES // (2 * depth))
    pitch = -(-strip * channels // BLOCK_U16) * BLOCK_U16 * 2 + 64
    xmap = bordered(-rx, target.width + rx, target.width, border)
    ymap = bordered(-ry, target.height + ry, target.height, border)
    fixed_x, fixed_y = _separable.fixed(wx), _separable.fixed(wy)
    least = min(round(threshold * 128), 32767)

    def band(first: int, stop: int) -> None:
        line = scratch("line", (strip + 2 * rx) * channels + SLACK, np.uint16)
        ring = scratch("ring", depth * pitch + SLACK, np.uint8)
        rows = scratch("rows", depth, np.int64)
        spare = scratch("spare", SLACK, np.uint8)
        sharpen_u8(
            source.at, source.step, source.width, target.at, target.step, first, stop, target.width, channels,
            xmap.index, xmap.pad, ymap.index, fixed_x, fixed_y, strip, line, ring, pitch, rows, spare,
            np.float32(amount), least, np.float32(high),
        )  # fmt: skip

    run_bands(band, target.height, threads)


def _unsharp_wide(
    source: Image, target: Image, plans: tuple[Any, Any], amount: float, threshold: float, high: float,
    border: Border, threads: int,
) -> None:  # fmt: skip
    count = target.width * target.channels
    step = -(-count // 16) * 64 + 64
    block = scratch("blurred", target.height * step + SLACK, np.uint8)
    at = block.__array_interface__["data"][0]
    kind = np.float32(0)
    soft = Image(at, step, target.height, target.width, target.channels, kind, block)
    _separable.shrunk(source, soft, *plans, border, threads)
    numbers = [np.float32(number) for number in (amount, threshold, high)]

    def band(first: int, stop: int) -> None:
        spare = scratch("spare", SLACK, np.uint8)
        combine(
            source.at, source.step, at, step, target.at, target.step, first, stop, count, spare, *numbers, target.kind
        )

    run_bands(band, target.height, threads)
