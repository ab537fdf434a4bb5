"""Invert."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="any", also=("negate", "negative"))
def invert(v: Any, *, amount: float = Param(1.0, min=0, max=1, help="0 changes nothing, 1 is the negative.")) -> Any:
    """Turn light to dark and colours to their opposites.

    `out = in + amount * (1 - 2 * in)` for each of R, G and B as coded, or for luma of gray pictures. Source: W3C Filter
    Effects, `invert()`.
    """
    return v + amount * (1 - 2 * v)
