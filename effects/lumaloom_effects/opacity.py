"""Opacity."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="luma", alpha=True, also=("alpha", "transparency"))
def opacity(
    y: Any, alpha: Any, *, amount: float = Param(0.5, min=0, max=1, help="Factor; 0 is invisible, 1 changes nothing.")
) -> Any:
    """Make the picture see-through; colours stay.

    `alpha = amount * alpha`. The output has to be of a kind that keeps opacity, such as WebM, PNG or ProRes, or
    `background` fills it.
    """
    return y, amount * alpha
