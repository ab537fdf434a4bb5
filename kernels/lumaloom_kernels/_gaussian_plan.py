"""How a Gaussian is computed on the CPU: by direct sums where it is narrow, else on a shrunk image.

A wide Gaussian leaves no fine detail, so the image is first shrunk by a whole factor s, filtered there
by few weights, and enlarged. Shrinking and enlarging use the B-spline of order p, the box of width s
convolved with itself p times: it is zero at every frequency that shrinking by s folds onto the mean,
with multiplicity p, and so the error falls with (2 pi sigma / s) to the power p. The weights in between
make up for it: with A the response of the B-spline, G the wanted one and frequencies folded by s,

    H(f) = sum_k G(f_k) A(f_k)^2 / (sum_k A(f_k)^2)^2,    f_k = (f + 2 pi k) / s

is the least-squares choice. Very wide Gaussians shrink twice, the second time with H in the place of G.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
Response = Callable[[Weights], Weights]


@dataclass(frozen=True)
class Shrinking:
    """How to shrink from some sigma on."""

    sigma: float
    order: int  # of the B-splines; even, so that they have a centre
    ratio: float  # least sigma at the shrunk size that keeps the error in its bounds


@dataclass(frozen=True)
class Precision:
    """What a pixel type asks of the plan."""

    shrinking: tuple[Shrinking, ...]  # by rising sigma; direct sums are faster below the first
    again: float  # a sigma above this, at the shrunk size, shrinks once more
    cut: float  # sum of the weights that direct sums may leave out
    rest: float  # sum of the weights that may be left out at the shrunk size


# Over all images the worst error in one direction is the range of the pixels times half the sum of the
# absolute differences of the weights. It was computed for every factor: 8e-4 at order 4 and sigma / s = 1.5
# (0.2 steps of 8-bit pixels); 4e-6 at order 8 and 2, 5e-6 at order 6 and 2.5 (0.3 steps of 16-bit pixels).
_FINE = Precision((Shrinking(4.0, 8, 2.0), Shrinking(5.5, 6, 2.5)), again=6.0, cut=5e-6, rest=2e-6)
PRECISION = {
    "uint8": Precision((Shrinking(3.5, 4, 1.5),), again=4.5, cut=8e-4, rest=2e-4),
    "uint16": _FINE,
    "float32": _FINE,
}
FACTORS = (8, 6, 4, 3)  # 2 where none of them keeps the ratio


@dataclass(frozen=True)
class AxisPlan:
    """One direction: the factors it shrinks by, the B-spline order, and the folded weights at the end."""

    factors: tuple[int, ...]
    order: int
    weights: Weights


@lru_cache(256)
def plan_axis(sigma: float, precision: Precision) -> AxisPlan:
    """Choose factors and weights for one direction."""
    ways = [way for way in precision.shrinking if way.sigma <= sigma]
    if not ways:
        return AxisPlan((), 2, direct_weights(sigma, precision.cut))
    order, ratio = ways[-1].order, ways[-1].ratio
    factors: list[int] = []
    left = sigma
    while not factors or left > precision.again:
        factors.append(next((f for f in FACTORS if left / f >= ratio), 2))
        left /= factors[-1]
    return AxisPlan(tuple(factors), order, shrunk_weights(sigma, tuple(factors), order, precision.rest))


def direct_weights(sigma: float, cut: float) -> Weights:
    """Return folded weights of the Gaussian, without the outermost ones, whose sum is less than ``cut``."""
    if sigma < 0.1:  # the neighbours weigh less than 2e-22
        return np.ones(1)
    weights = np.exp(-0.5 * (np.arange(-math.ceil(6 * sigma), 1) / sigma) ** 2)
    weights /= 2 * weights[:-1].sum() + weights[-1]
    kept = weights[int(np.argmax(2 * np.cumsum(weights) >= cut)) :]
    return np.asarray(kept / (2 * kept[:-1].sum() + kept[-1]))


def spline_weights(factor: int, order: int) -> Weights:
    """Return all ``order * (factor - 1) + 1`` weights of the discrete B-spline, sum 1."""
    weights = np.ones(1)
    for _ in range(order):
        weights = np.convolve(weights, np.full(factor, 1 / factor))
    return weights


def shrunk_weights(sigma: float, factors: tuple[int, ...], order: int, rest: float) -> Weights:
    """Return the folded weights that go between shrinking by all factors and enlarging again."""

    def gaussian(frequency: Weights) -> Weights:
        return np.exp(-0.5 * (sigma * frequency) ** 2)

    response: Response = gaussian
    for factor in factors:
        response = _shrunk(response, factor, order)
    size = 256  # many times the weights that are left
    frequency = 2 * np.pi * np.arange(size) / size
    weights = np.fft.ifft(response(np.where(frequency > np.pi, frequency - 2 * np.pi, frequency))).real
    half = weights[: size // 2]
    left_out = 2 * np.cumsum(np.abs(half[::-1]))[::-1]  # by the weights from each index on
    radius = int(np.argmax(left_out < rest)) - 1
    folded = half[radius::-1]
    return np.asarray(folded / (2 * folded[:-1].sum() + folded[-1]))


def _shrunk(wanted: Response, factor: int, order: int) -> Response:
    def response(frequency: Weights) -> Weights:
        total = np.zeros_like(frequency)
        power = np.zeros_like(frequency)
        for k in range(-(factor // 2), factor - factor // 2):
            folded = (frequency + 2 * np.pi * k) / factor
            folded = (folded + np.pi) % (2 * np.pi) - np.pi
            sine = np.sin(folded / 2)
            safe = np.where(np.abs(sine) < 1e-12, 1.0, sine)
            spline = np.where(np.abs(sine) < 1e-12, 1.0, np.sin(factor * folded / 2) / (factor * safe))
            squared = spline ** (2 * order)
            total += wanted(folded) * squared
            power += squared
        return total / power**2

    return response
