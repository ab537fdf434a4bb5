"""How the weight of a difference is worked out in 16 bits, and how far the filter's result can be from the exact one.

A weight falls with the difference ``d`` as ``r(d) = exp(-d * d / (2 * sigma * sigma))``. It comes from a table, of 256
entries, where the processor has an instruction for that. Elsewhere it is ``y ** 32``, where ``y`` is a polynomial of
second degree in ``t * t`` and ``t = min(d, most) * step``; all of that is in fixed point of 15 fractional bits, whose
products keep their upper half, rounded. That times the weight of the place is the weight ``w'``.

Let ``e(k, d)`` be what a weight of tap ``k`` is away from the exact one, where both are scaled so that the centre's is
1, and ``m`` the exact mean. The result is ``sum e (v - m) / sum w'`` away from it, and ``|v - m| <= 255``. This is
at most ``b`` if for every choice of differences ``sum (255 |e| - b w') <= b``; the sum is largest where each tap
has its worst difference. So the bound holds for all images, and less than a step is less than a step after rounding.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ONE = 1 << 15
TOP = 255
SQUARINGS = 5
LANES = 32
TABLE = 8  # vectors
_CUT = 11.2  # a weight of exp(-_CUT) is less than half a unit

Weights = NDArray[np.int64]


class Curve(NamedTuple):
    """Weights in fixed point."""

    numbers: NDArray[np.int16]  # vectors: of a table, or of most, step and the terms of the polynomial
    own: int  # the weight of the centre
    spatial: NDArray[np.int16]  # a tap
    error: float  # bound of the result's, in steps


def _product(a: Weights, b: Weights | int) -> Weights:
    """Return products of fixed point."""
    return (a * b + ONE // 2) >> 15


def curved(numbers: list[int], differences: Weights) -> Weights:
    """Return the weights of differences by the polynomial."""
    most, step, *terms = numbers
    scaled = np.minimum(differences, most) * step
    square = _product(scaled, scaled)
    value = np.full_like(square, terms[0])
    for term in terms[1:]:
        value = _product(square, value) + term
    for _ in range(SQUARINGS):
        value = _product(value, value)
    return value


@lru_cache(64)
def curve(sigma: float, channels: int, places: bytes, tables: bool) -> Curve:
    """Return the weights for differences of uint8 pixels; ``places`` has the float64 weights of half a window."""
    exact = np.frombuffer(places)
    spatial = np.rint(np.minimum(exact * ONE, ONE - 1)).astype(np.int16)
    differences = np.arange(TOP * channels + 1)
    with np.errstate(under="ignore"):
        weights = np.exp(-((differences / sigma) ** 2) / 2)
    for found, numbers in _ways(weights, len(exact), tables):
        own = int(found[0])
        scaled = _product(found[None], spatial[:, None].astype(np.int64)) / own
        errors = abs(scaled - exact[:, None] * weights)
        fits = found.min() >= 0 and found.max() < ONE
        result = Curve(numbers, own, spatial, _bound(errors, scaled) if fits else math.inf)
        if result.error < 1:
            break
    return result


def _ways(weights: NDArray[np.float64], taps: int, tables: bool) -> Iterator[tuple[Weights, NDArray[np.int16]]]:
    """Yield weights in fixed point for all differences, and the numbers that vectors make them of."""
    if tables:
        table = np.rint(weights[: TOP + 1] * (ONE - 1)).astype(np.int64)
        halves = np.stack([table & 255, table >> 8]).astype(np.uint8)
        yield table[np.minimum(np.arange(len(weights)), TOP)], halves.ravel().view(np.int16)
    numbers = _polynomial(weights, taps)
    yield curved(numbers, np.arange(len(weights))), np.repeat(np.array(numbers, np.int16), LANES)


def _polynomial(weights: NDArray[np.float64], taps: int) -> list[int]:
    """Return ``most``, ``step``, and the terms from the highest on."""
    most = max(1, int((weights > math.exp(-_CUT)).sum()))
    most = min(most, len(weights) - 1)
    step = (ONE - 1) // most
    inside = np.arange(most + 1)
    square = _product(inside * step, inside * step) / ONE
    fitted = weights[: most + 1].clip(math.exp(-2 * _CUT))
    wanted = fitted ** (1 / (1 << SQUARINGS))
    # what an error does to the mean where all taps have this difference
    effect = np.maximum(inside, 1) * fitted / (fitted + 1 / (2 * taps)) / wanted
    powers = np.stack([square**2, square], axis=1)
    terms = np.linalg.lstsq(powers * effect[:, None], (wanted - 1) * effect, rcond=None)[0]
    return [most, step, *np.rint(terms * ONE).clip(1 - ONE, ONE - 1).astype(int).tolist(), ONE - 1]


def _bound(errors: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the least bound of the mean's error; each tap of half a window stands for two."""
    low, high = 0.0, 4.0
    for _ in range(12):
        middle = (low + high) / 2
        worst = 2 * (TOP * errors - middle * weights).max(axis=1).clip(0).sum()
        low, high = (low, middle) if worst <= middle else (middle, high)
    return high
