"""Checks of parameters that are one number."""

import math
import numbers
from typing import Any

import numpy as np

from ._checks import KindError, ParameterError


def check_number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a finite number from ``low`` to ``high``."""
    if not isinstance(value, numbers.Real) or isinstance(value, (bool, np.bool_)):
        raise KindError(f"{name}: expected a number, got {value!r}")
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        bounds = f"a number from {low:g} to {high:g}" if low > -math.inf else "a finite number"
        raise ParameterError(f"{name}: expected {bounds}, got {value!r}")
    return number
