"""Hue."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise


@pointwise(space="yuv", also=("huerotate", "hue_rotate", "huerotation"))
def hue(
    y: Any,
    u: Any,
    v: Any,
    *,
    degrees: float = Param(30.0, min=-36000, max=36000, unit="degrees", help="From red towards yellow and green."),
) -> Any:
    """Turn all colours around the circle; luma stays.

    `Cb' = cos * Cb - sin * Cr`, `Cr' = sin * Cb + cos * Cr`.
    """
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return y, cos * u - sin * v, sin * u + cos * v
