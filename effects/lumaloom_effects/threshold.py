"""Threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise

_EDGE = 5e-6


@pointwise(space="yuv")
def threshold(
    y: Any, u: Any, v: Any, *, level: float = Param(0.5, min=0, max=1, help="Luma from which on it is white.")
) -> Any:
    """Make everything black or white, by its luma.

    `out = 1 where luma >= level, else 0`, without colour.
    """
    return np.where(y + _EDGE >= level, 1.0, 0.0), np.zeros_like(u), np.zeros_like(v)
