"""Scan lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise


@pointwise(space="any")
def scanlines(
    v: Any,
    *,
    amount: float = Param(0.4, min=0, max=1, help="Light lost on the dark lines; 1 is black."),
    spacing: float = Param(4.0, min=2, max=1000, unit="px", help="From one dark line to the next."),
    y: Any,
) -> Any:
    """Darken every other line, as on a tube.

    `out = in * (1 - amount)` as coded in the lower half of every `spacing` rows, counted from the top.
    """
    return v * (1 - amount * np.where(y % spacing * 2 >= spacing, 1.0, 0.0))
