"""Vibrance."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise
from lumaloom_effects._color import luma


@pointwise(space="rgb")
def vibrance(
    r: Any, g: Any, b: Any, *, amount: float = Param(0.5, min=-1, max=4, help="Above 0 strengthens, below weakens.")
) -> Any:
    """Make weak colours stronger and leave strong ones nearly as they are.

    `out = luma + (1 + amount * (1 - s)) * (in - luma)` for R, G and B as coded, with `s`, the greatest minus the least
    of the three, kept within 0 and 1, and luma of BT.709.
    """
    spread = np.maximum(np.maximum(r, g), b) - np.minimum(np.minimum(r, g), b)
    factor = amount * (1 - np.minimum(spread, 1))
    y = luma(r, g, b)
    return r + factor * (r - y), g + factor * (g - y), b + factor * (b - y)
