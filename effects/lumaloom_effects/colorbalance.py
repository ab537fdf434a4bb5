"""Colour balance."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise

_RED, _GREEN, _BLUE = "From cyan (-1) to red (1)", "From magenta (-1) to green (1)", "From yellow (-1) to blue (1)"


@pointwise(space="rgb")
def colorbalance(
    r: Any,
    g: Any,
    b: Any,
    *,
    shadows_red: float = Param(0.0, min=-1, max=1, help=f"{_RED} in the shadows."),
    shadows_green: float = Param(0.0, min=-1, max=1, help=f"{_GREEN} in the shadows."),
    shadows_blue: float = Param(0.0, min=-1, max=1, help=f"{_BLUE} in the shadows."),
    midtones_red: float = Param(0.0, min=-1, max=1, help=f"{_RED} in the middle."),
    midtones_green: float = Param(0.0, min=-1, max=1, help=f"{_GREEN} in the middle."),
    midtones_blue: float = Param(0.0, min=-1, max=1, help=f"{_BLUE} in the middle."),
    highlights_red: float = Param(0.0, min=-1, max=1, help=f"{_RED} in the highlights."),
    highlights_green: float = Param(0.0, min=-1, max=1, help=f"{_GREEN} in the highlights."),
    highlights_blue: float = Param(0.0, min=-1, max=1, help=f"{_BLUE} in the highlights."),
) -> Any:
    """Tint shadows, middle and highlights apart from each other.

    With lightness `l`, the mean of the greatest and the least of R, G and B as coded, every channel gets
    `0.7 * (shadows * ramp(1/3 - l) + midtones * ramp(l - 1/3) * ramp(2/3 - l) + highlights * ramp(l - 2/3))`,
    `ramp(d) = 4 * d + 1/2` kept within 0 and 1. Source: the weights of GIMP's Color Balance.
    """
    lightness = (np.maximum(np.maximum(r, g), b) + np.minimum(np.minimum(r, g), b)) / 2
    low = np.clip((1 / 3 - lightness) * 4 + 0.5, 0, 1)
    high = np.clip((lightness - 2 / 3) * 4 + 0.5, 0, 1)
    middle = (1 - low) * (1 - high)

    def moved(v: Any, shadows: Any, midtones: Any, highlights: Any) -> Any:
        return v + 0.7 * (shadows * low + midtones * middle + highlights * high)

    return (
        moved(r, shadows_red, midtones_red, highlights_red),
        moved(g, shadows_green, midtones_green, highlights_green),
        moved(b, shadows_blue, midtones_blue, highlights_blue),
    )
