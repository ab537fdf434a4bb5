"""Tables of weights for the passes of ``_cuda_resample.cuh``, and the Gaussian in terms of them.

A table says how each output of one axis is made: ``out[o] = sum(weights[o, k] * in[starts[o] + k])``. It
never points outside the axis, because borders are folded into the weights here.

A wide Gaussian is the product of three narrow ones: shrink by a factor D with a Gaussian that leaves
almost nothing for the coarse grid to alias, blur on the coarse grid, and enlarge with a Gaussian again.
Variances add up, so the one in the middle takes what the other two leave. With a standard deviation of
0.9 D for the outer two the whole differs from the true Gaussian by 5e-6 (sum of absolute differences of
weights), with 0.7 D by 4e-4. D grows with sigma, so the work per pixel stays.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._borders import OUTSIDE, border_indices
from ._checks import Border

MAX_FIR_RADIUS = 16  # MAX_RADIUS of gaussian_blur.cu
MIN_FIR_RADIUS = 4
NARROWEST = 0.02  # the neighbours' weights of a smaller sigma are no float64 any more


class Accuracy(NamedTuple):
    """What an element type asks of the Gaussian's approximation."""

    tail: float  # sum of the weights that may be left out
    ratio: float  # sigma over D
    width: float  # standard deviation of the shrinking and the enlarging Gaussian, over D
    cut: float  # where those two end, in standard deviations


ACCURACY = {
    "uint8": Accuracy(tail=2e-4, ratio=2.0, width=0.7, cut=4.0),
    "uint16": Accuracy(tail=5e-7, ratio=2.5, width=0.9, cut=5.0),
    "float32": Accuracy(tail=1e-6, ratio=2.5, width=0.9, cut=5.0),
}


@dataclass(frozen=True, eq=False)
class Table:
    """One pass over an axis of ``size`` elements: ``starts`` is int32[out], ``weights`` float32[out, taps]."""

    size: int
    starts: NDArray[np.int32]
    weights: NDArray[np.float32]

    @property
    def out_size(self) -> int:
        """Number of outputs."""
        return len(self.starts)

    @property
    def taps(self) -> int:
        """Number of inputs that make one output."""
        return int(self.weights.shape[1])

    @property
    def is_identity(self) -> bool:
        """Whether every output is the input of the same index."""
        return (
            self.size == self.out_size
            and self.taps == 1
            and bool((self.weights == 1).all())
            and bool((self.starts == np.arange(self.size)).all())
        )


def fitted(size: int, starts: NDArray[Any], weights: NDArray[Any]) -> Table:
    """Return the table with every window moved inside the axis; weights beyond its ends are dropped."""
    rows = np.asarray(weights, np.float64)
    lows = np.asarray(starts, np.int64)
    position = lows[:, None] + np.arange(rows.shape[1])
    return _gathered(size, np.where((position >= 0) & (position < size), position, OUTSIDE), rows)


def folded(size: int, lows: NDArray[np.int64], weights: NDArray[np.float64], border: Border) -> Table:
    """Return the table in which output ``o`` weighs positions from ``lows[o]`` on, beyond the edges too."""
    low, high = int(lows.min()), int(lows.max()) + len(weights)
    index = border_indices(low, high, size, border)
    position = index[lows[:, None] - low + np.arange(len(weights))]
    return _gathered(size, position, np.broadcast_to(weights, position.shape))


def _gathered(size: int, position: NDArray[np.int64], weights: NDArray[np.float64]) -> Table:
    inside = (position != OUTSIDE) & (weights != 0)
    first = np.where(inside, position, size - 1).min(axis=1)
    last = np.where(inside, position, 0).max(axis=1)
    taps = max(1, int((last - first).max()) + 1)
    starts = np.minimum(first, size - taps)
    rows = np.zeros((len(position), taps))
    o, k = np.nonzero(inside)
    np.add.at(rows, (o, position[o, k] - starts[o]), weights[o, k])
    return Table(size, starts.astype(np.int32), rows.astype(np.float32))


def gaussian(sigma: float, radius: int) -> NDArray[np.float64]:
    """Return ``2 * radius + 1`` samples of a Gaussian, of sum 1."""
    if sigma < NARROWEST:
        return np.concatenate([np.zeros(radius), np.ones(1), np.zeros(radius)])
    weights: NDArray[np.float64] = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    return weights


def needed_radius(sigma: float, dtype: str) -> int:
    """Return the smallest radius that leaves out no more than the element type allows."""
    radius = math.ceil(5 * sigma) if sigma >= NARROWEST else 0
    weights = gaussian(sigma, radius)
    tails = 2 * np.cumsum(weights[:radius])  # tails[k]: what a radius of `radius - 1 - k` leaves out
    return radius - int(np.searchsorted(tails, ACCURACY[dtype].tail, side="right"))


def fir_weights(sigma: float, dtype: str, multiple: int) -> NDArray[np.float32] | None:
    """Return weights for the kernel with a window, zeros around them up to a radius that is a multiple.

    None means that the window would be too wide for it.
    """
    radius = needed_radius(sigma, dtype)
    wide = max(MIN_FIR_RADIUS, -(-radius // multiple) * multiple)
    if wide > MAX_FIR_RADIUS:
        return None
    return np.pad(gaussian(sigma, radius), wide - radius).astype(np.float32)


def gaussian_axis(size: int, sigma: float, dtype: str, border: Border) -> tuple[Table, Table, Table]:
    """Return the tables that shrink, blur and enlarge one axis; narrow Gaussians need the first only."""
    accuracy = ACCURACY[dtype]
    step = max(2, int(sigma / accuracy.ratio))
    if fir_weights(sigma, dtype, 1) is not None:
        radius = needed_radius(sigma, dtype)
        blur = folded(size, np.arange(size) - radius, gaussian(sigma, radius), border)
        return blur, identity(size), identity(size)

    outer = accuracy.width * step
    reach = accuracy.cut * outer
    middle = math.sqrt(sigma**2 - 2 * outer**2) / step
    centre = math.ceil((accuracy.cut + 0.3) * middle)
    coarse = gaussian(middle, centre)
    shrink = gaussian(outer, int(reach))

    position = np.arange(size)
    low = np.ceil((position - reach) / step).astype(np.int64)
    grid = low[:, None] + np.arange(int(2 * reach / step) + 1)
    distance = position[:, None] - grid * step
    enlarge = np.where(np.abs(distance) <= reach, np.exp(-0.5 * (distance / outer) ** 2), 0.0)
    enlarge /= enlarge.sum(axis=1, keepdims=True)

    first, count = int(low.min()), int(grid.max() - low.min()) + 1
    up = fitted(count, low - first, enlarge)
    apart = np.arange(first - centre, first + count + centre) * step - int(reach)
    at_once = np.zeros(2 * centre * step + len(shrink))
    for k, weight in enumerate(coarse):
        at_once[k * step : k * step + len(shrink)] += weight * shrink
    work_apart = len(apart) * min(len(shrink), size) + count * len(coarse)
    if count * min(len(at_once), size) < work_apart:  # the coarse grid lies mostly beyond the edges
        lows = (np.arange(first, first + count) - centre) * step - int(reach)
        return folded(size, lows, at_once, border), identity(count), up
    down = folded(size, apart, shrink, border)
    blur = Table(len(apart), np.arange(count, dtype=np.int32), np.tile(coarse.astype(np.float32), (count, 1)))
    return down, blur, up


def identity(size: int) -> Table:
    """Return the table that changes nothing."""
    return Table(size, np.arange(size, dtype=np.int32), np.ones((size, 1), np.float32))
