"""Posterize."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise

# So that a value on the edge of two levels belongs to the upper one, however it was rounded: a third of a 16-bit step.
_EDGE = 5e-6


@pointwise(space="any")
def posterize(v: Any, *, levels: int = Param(4, min=2, max=256, help="Values left in each channel.")) -> Any:
    """Leave only a few values in each channel.

    `out = min(floor(levels * in), levels - 1) / (levels - 1)`, within 0 and 1, for each of R, G and B as coded, or for
    luma of gray pictures.
    """
    step = np.clip(np.floor(levels * (v + _EDGE)), 0, levels - 1)
    return step / (levels - 1)
