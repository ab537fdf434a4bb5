"""Shrinking, filtering and enlarging keeps its error in bounds for every image, not only for those tried."""

import math

import numpy as np
import pytest

from lumaloom_kernels._gaussian_plan import FACTORS, PRECISION, AxisPlan, Weights, plan_axis, spline_weights
from lumaloom_kernels.gaussian_blur import taps

# Largest error in one direction, in the range of the pixels. Two directions add up, and rounding to the
# nearest moves a result by a step only where the error before it does not exceed one: 8 bits leave
# 1/255 = 3.9e-3, 16 bits 1.5e-5, which is about the tolerance of float32 too.
BOUND = {"uint8": 1.3e-3, "uint16": 7e-6, "float32": 7e-6}
SIGMAS = (
    0.4,
    1.0,
    2.2,
    4.5,
    4.6,
    5.0,
    5.9,
    6.0,
    6.1,
    7.4,
    7.5,
    7.6,
    8.9,
    9.1,
    10.1,
    11.9,
    12.1,
    14.9,
    15.1,
    19.9,
    20.1,
    26.0,
    33.0,
    50.0,
)


def worst_error(plan: AxisPlan, sigma: float) -> float:
    """Return half the largest sum of absolute differences between a row of weights and the definition's."""
    scale = math.prod(plan.factors)
    whole = scale * (2 * math.ceil((6 * sigma + 8) / scale) + 2 * len(plan.weights) + 8)
    steps: list[tuple[Weights, int]] = []
    size = whole
    for factor in plan.factors:
        steps.append((convolution(size, spline_weights(factor, plan.order))[::factor], factor))
        size //= factor
    total = convolution(size, np.concatenate([plan.weights, plan.weights[-2::-1]]))
    for shrink, factor in reversed(steps):
        total = factor * shrink.T @ total @ shrink
    wanted = convolution(whole, taps(sigma))
    return float(np.abs(total - wanted).sum(1).max() / 2)


def convolution(size: int, weights: Weights) -> Weights:
    """Return the matrix that filters a ring of ``size`` values."""
    matrix = np.zeros((size, size))
    rows = np.arange(size)
    for k, weight in enumerate(weights):
        np.add.at(matrix, (rows, (rows + k - len(weights) // 2) % size), weight)
    return matrix


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("sigma", SIGMAS)
def test_worst_error(dtype: str, sigma: float) -> None:
    plan = plan_axis(sigma, PRECISION[dtype])
    assert worst_error(plan, sigma) < BOUND[dtype], plan


def test_all_factors_are_met() -> None:
    for dtype, precision in PRECISION.items():
        factors = {factor for sigma in SIGMAS for factor in plan_axis(sigma, precision).factors}
        assert factors >= set(FACTORS), dtype


@pytest.mark.parametrize("sigma", [0.0, 0.5, 3.0, 7.0, 50.0, 200.0, 1000.0])
def test_weights_sum_to_one_and_are_few(sigma: float) -> None:
    for precision in PRECISION.values():
        weights = plan_axis(sigma, precision).weights
        assert 2 * weights[:-1].sum() + weights[-1] == pytest.approx(1, abs=1e-12)
        assert len(weights) < 40
