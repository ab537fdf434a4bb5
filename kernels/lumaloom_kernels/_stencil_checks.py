"""The parameters that kernels of small neighbourhoods share."""

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import KindError, ParameterError, ShapeError

MAX_SIDE = 255
LARGEST = float(np.finfo(np.float32).max)


def check_number(name: str, value: Any, low: float = -LARGEST, high: float = LARGEST) -> float:
    """Return a number from ``low`` to ``high`` as float."""
    if type(value) not in (float, int) and (not isinstance(value, numbers.Real) or isinstance(value, (bool, np.bool_))):
        raise KindError(f"{name}: expected a number, got {value!r}")
    number = float(value)
    if not low <= number <= high:
        raise ParameterError(f"{name}: expected a number from {low:g} to {high:g}, got {value!r}")
    return number


def check_high(high: Any, dtype: np.dtype[Any]) -> float:
    """Return the greatest value that results may have; None is the greatest of the dtype."""
    top = math.inf if dtype.kind == "f" else float((1 << 8 * dtype.itemsize) - 1)
    if high is None:
        return top
    number = check_number("high", high, *((-LARGEST, LARGEST) if dtype.kind == "f" else (0.0, top)))
    if dtype.kind != "f" and number != int(number):
        raise ParameterError(f"high: expected a whole number for {dtype} pixels, got {high!r}")
    return number


def check_middle(offset: Any, dtype: np.dtype[Any]) -> float:
    """Return what is added to signed results; None is the middle of the dtype, for float32 zero."""
    if offset is not None:
        return check_number("offset", offset)
    return 0.0 if dtype.kind == "f" else float(1 << (8 * dtype.itemsize - 1))


def check_kernel(kernel: Any) -> NDArray[np.float64]:
    """Return a matrix of finite weights, both sides odd, as float64."""
    try:
        weights = np.asarray(kernel)
    except ValueError:
        raise ShapeError("kernel: expected a matrix, got rows of different lengths") from None
    if weights.dtype.kind not in "iuf":
        raise KindError(f"kernel: expected a matrix of numbers, got {type(kernel).__name__} of {weights.dtype}")
    if weights.ndim != 2 or 0 in weights.shape or not all(side % 2 and side <= MAX_SIDE for side in weights.shape):
        raise ShapeError(f"kernel: expected two odd sides from 1 to {MAX_SIDE}, got {weights.shape}")
    weights = weights.astype(np.float64)
    if not (np.abs(weights).sum() <= LARGEST):
        raise ParameterError("kernel: expected finite weights, got NaN, infinity or weights beyond float32")
    return weights
