"""Split toning."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise, uniform
from lumaloom_effects._color import COLOR_HELP, color_of, luma, smooth


@uniform
def _tint(color: str, owner: str) -> tuple[float, float, float]:
    """Return a colour less its luma."""
    r, g, b = color_of(color, owner)
    y = luma(r, g, b)
    return r - y, g - y, b - y


@pointwise(space="rgb")
def splittone(
    r: Any,
    g: Any,
    b: Any,
    *,
    shadows: str = Param("#0b5c8c", help=f"Colour of the shadows: {COLOR_HELP}."),
    highlights: str = Param("#ffb060", help="Colour of the highlights."),
    amount: float = Param(0.5, min=0, max=2, help="Strength; 0 changes nothing."),
    balance: float = Param(0.0, min=-1, max=1, help="Above 0 more of the picture is highlights."),
) -> Any:
    """Tint shadows and highlights in two colours; luma, black and white stay.

    With luma `l` of BT.709 kept within 0 and 1, `w` the smooth step over `l + balance / 2`, and a colour's tint its
    R, G and B less its luma: `out = in + amount * 4 * l * (1 - l) * (shadows * (1 - w) + highlights * w)`, as coded.
    """
    l = np.clip(luma(r, g, b), 0, 1)  # noqa: E741 - as in the formula
    w = smooth(np.clip(l + balance / 2, 0, 1))
    strength = amount * 4 * l * (1 - l)
    dark, light = _tint(shadows, "splittone: shadows"), _tint(highlights, "splittone: highlights")
    return tuple(v + strength * (d + (h - d) * w) for v, d, h in zip((r, g, b), dark, light, strict=True))
