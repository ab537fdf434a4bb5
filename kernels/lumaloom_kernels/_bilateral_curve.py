"""How the weight of a difference is worked out in 16 bits, and how far the filter's result can be from the exact one.

A weight falls with the difference ``d`` as ``r(d) = exp(-d * d / (2 * sigma * sigma))``. With ``t = min(d, most) *
step`` it is ``y ** 32``, where ``y`` is a polynomial of second degree in ``t * t``, and all of that is in fixed point of
15 fractional bits: a product keeps its upper half, rounded. That times the weight of the place is the weight ``w'``.

Let ``e(k, d)`` be what a weight of tap ``k`` is away from the exact one, where both are scaled so that the centre's is
1, and ``m`` the exact mean. The result is ``sum e (v - m) / sum w'`` away from it, and ``|v - m| <= 255``. This is
at most ``b`` if for every choice of differences ``sum (255 |e| - b w') <= b``; the sum is largest where each tap
has its worst difference. So the bound holds for all images, and less than a step is less than a step after rounding.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ONE = 1 << 15
TOP = 255
SQUARINGS = 5
_CUT = 11.2  # a weight of exp(-_CUT) is less than half a unit


class Curve(NamedTuple):
    """Weights in fixed point."""

    numbers: NDArray[np.int16]  # most, step, and what the powers of t * t count, the highest first
    own: int  # the weight of the centre
    spatial: NDArray[np.int16]  # a tap
    error: float  # bound of the result's, in steps


def product(a: NDArray[np.int64], b: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return products of fixed point."""
    return (a * b + ONE // 2) >> 15


def range_weights(numbers: NDArray[np.int16], differences: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the weights of differences, the way that vectors compute them."""
    most, step, *terms = map(int, numbers)
    scaled = np.minimum(differences, most) * step
    square = product(scaled, scaled)
    value = np.full_like(square, terms[0])
    for term in terms[1:]:
        value = product(square, value) + term
    for _ in range(SQUARINGS):
        value = product(value, value)
    return value


@lru_cache(64)
def curve(sigma: float, channels: int, places: bytes) -> Curve:
    """Return the weights for differences of uint8 pixels; ``places`` has the float64 weights of half a window."""
    exact = np.frombuffer(places)
    largest = TOP * channels
    most = max(1, math.ceil(min(sigma * math.sqrt(2 * _CUT), largest)))
    step = (ONE - 1) // most
    inside = np.arange(most + 1)
    square = product(inside * step, inside * step) / ONE
    with np.errstate(under="ignore"):
        exponents = -((np.arange(largest + 1) / sigma) ** 2) / 2
        weights = np.exp(exponents)
        wanted = np.exp(exponents[: most + 1].clip(-2 * _CUT) / (1 << SQUARINGS))
    # what an error does to the mean where all taps have this difference
    fitted = wanted ** (1 << SQUARINGS)
    effect = np.maximum(inside, 1) * fitted / (fitted + 1 / (2 * len(exact))) / wanted
    powers = np.stack([square**2, square], axis=1)
    terms = np.linalg.lstsq(powers * effect[:, None], (wanted - 1) * effect, rcond=None)[0]
    numbers = np.array([most, step, *np.rint(terms * ONE).clip(1 - ONE, ONE - 1), ONE - 1]).astype(np.int16)
    spatial = np.rint(np.minimum(exact * ONE, ONE - 1)).astype(np.int16)
    found = range_weights(numbers, np.arange(largest + 1))
    fits = bool((found >= 0).all() and (found < ONE).all() and (np.diff(found) <= 0).all())
    own = int(found[0])
    own_weights = product(found[None], spatial[:, None].astype(np.int64)) / own
    errors = abs(own_weights - exact[:, None] * weights)
    return Curve(numbers, own, spatial, _bound(errors, own_weights) if fits else math.inf)


def _bound(errors: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the least bound of the mean's error; each tap of half a window stands for two."""
    low, high = 0.0, 4.0
    for _ in range(12):
        middle = (low + high) / 2
        worst = 2 * (TOP * errors - middle * weights).max(axis=1).clip(0).sum()
        low, high = (low, middle) if worst <= middle else (middle, high)
    return high
