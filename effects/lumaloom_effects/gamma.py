"""Gamma."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise


@pointwise(space="any")
def gamma(v: Any, *, value: float = Param(1.2, min=0.01, max=100, help="Above 1 lifts the middle.")) -> Any:
    """Bend the middle tones up or down; black and white stay.

    `out = in**(1 / value)` for each of R, G and B as coded, or for luma of gray pictures. What is below black becomes
    black, save at 1.
    """
    return np.where(value == 1, v, np.power(np.maximum(v, 0), 1 / value))
