"""Saturation."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="yuv")
def saturation(
    y: Any, u: Any, v: Any, *, amount: float = Param(1.4, min=0, max=10, help="Factor; 1 changes nothing, 0 is gray.")
) -> Any:
    """Make colours stronger or weaker; luma stays.

    `Cb, Cr = amount * (Cb, Cr)`: in RGB, each channel's distance from luma times the amount.
    """
    return y, amount * u, amount * v
