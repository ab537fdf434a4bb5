"""Vignette."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lumaloom.effect import Param, pointwise, uniform
from lumaloom_effects._color import smooth


@uniform
def _reach(width: float, height: float, roundness: float) -> tuple[float, float]:
    """Return one over the half axes of the ellipse through the corners, or of the circle."""
    circle = math.hypot(width, height) / 2
    across, down = (side / math.sqrt(2) for side in (width, height))
    return 1 / (across + roundness * (circle - across)), 1 / (down + roundness * (circle - down))


@pointwise(space="any")
def vignette(
    v: Any,
    *,
    amount: float = Param(0.5, min=-1, max=1, help="Light lost in the corners; 1 is black, below 0 brightens them."),
    start: float = Param(0.2, min=0, max=0.99, help="Where it begins, from the centre (0) to the corners (1)."),
    roundness: float = Param(0.0, min=0, max=1, help="0 follows the shape of the picture, 1 is a circle."),
    x: Any,
    y: Any,
    width: Any,
    height: Any,
) -> Any:
    """Darken the corners.

    `out = in * (1 - amount * s)` as coded, `s` the smooth step from `start` to 1 over the distance from the centre,
    which is 1 in the corners.
    """
    across, down = _reach(width, height, roundness)
    dx, dy = (x - width * 0.5) * across, (y - height * 0.5) * down
    distance = np.sqrt(dx * dx + dy * dy)
    return v * (1 - amount * smooth(np.clip((distance - start) / (1 - start), 0, 1)))
