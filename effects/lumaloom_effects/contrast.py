"""Contrast."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="any", also=("eq", "brightnesscontrast"))
def contrast(
    v: Any,
    *,
    amount: float = Param(1.3, min=0, max=20, help="Factor; 1 changes nothing, 0 is flat."),
    pivot: float = Param(0.5, min=0, max=1, help="The value that stays, from black to white."),
) -> Any:
    """Spread values away from a middle, or pull them to it.

    `out = pivot + amount * (in - pivot)` for each of R, G and B as coded, or for luma of gray pictures. Source: W3C
    Filter Effects, `contrast()`.
    """
    return v + (amount - 1) * (v - pivot)
