"""Levels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lumaloom.effect import Param, ParameterError, pointwise, uniform


@uniform
def _scale(black: float, white: float) -> float:
    """Return the factor that takes the distance of the two to 1."""
    if white - black < 1e-4:
        raise ParameterError(f"levels: white expects to lie above black, got black={black:g} white={white:g}")
    return 1 / (white - black)


@pointwise(space="rgb")
def levels(
    r: Any,
    g: Any,
    b: Any,
    *,
    black: float = Param(0.0, min=-1, max=2, help="The value that becomes black."),
    white: float = Param(1.0, min=-1, max=2, help="The value that becomes white."),
    gamma: float = Param(1.0, min=0.01, max=100, help="Above 1 lifts the middle."),
    out_black: float = Param(0.0, min=0, max=1, help="What black becomes."),
    out_white: float = Param(1.0, min=0, max=1, help="What white becomes."),
    channel: Literal["all", "red", "green", "blue"] = Param("all", help="Which channels are changed."),
) -> Any:
    """Set black point, white point and middle.

    `out = out_black + (out_white - out_black) * ((in - black) / (white - black))**(1 / gamma)` as coded, with all
    values from 0 to 1. What lies below black counts as black where gamma bends.
    """
    factor = _scale(black, white)

    def mapped(v: Any) -> Any:
        spread = (v - black) * factor
        bent = np.where(gamma == 1, spread, np.power(np.maximum(spread, 0), 1 / gamma))
        return out_black + (out_white - out_black) * bent

    return (
        mapped(r) if channel in ("all", "red") else r,
        mapped(g) if channel in ("all", "green") else g,
        mapped(b) if channel in ("all", "blue") else b,
    )
