"""Solarize."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise

_EDGE = 5e-6


@pointwise(space="any")
def solarize(v: Any, *, threshold: float = Param(0.5, min=0, max=1, help="Values from it on are inverted.")) -> Any:
    """Turn bright values to their negative, as overexposed film does.

    `out = 1 - in where in >= threshold, else in`, for each of R, G and B as coded, or for luma of gray pictures.
    """
    return np.where(v + _EDGE >= threshold, 1 - v, v)
