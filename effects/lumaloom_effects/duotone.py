"""Duotone."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise
from lumaloom_effects._color import COLOR_HELP, color_of, luma


@pointwise(space="rgb")
def duotone(
    r: Any,
    g: Any,
    b: Any,
    *,
    dark: str = Param("#1b1464", help=f"What black becomes: {COLOR_HELP}."),
    light: str = Param("#ffd9a0", help="What white becomes."),
    amount: float = Param(1.0, min=0, max=1, help="0 changes nothing."),
) -> Any:
    """Print the picture in two inks.

    `out = in + amount * (dark + luma * (light - dark) - in)` as coded, luma of BT.709 kept within 0 and 1.
    """
    y = np.clip(luma(r, g, b), 0, 1)
    low, high = color_of(dark, "duotone: dark"), color_of(light, "duotone: light")
    return tuple(v + amount * (d + y * (h - d) - v) for v, d, h in zip((r, g, b), low, high, strict=True))
