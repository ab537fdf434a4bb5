"""Sepia."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="rgb")
def sepia(
    r: Any, g: Any, b: Any, *, amount: float = Param(1.0, min=0, max=1, help="0 changes nothing, 1 is all sepia.")
) -> Any:
    """Warm brown toning, as of old prints.

    `out = in + amount * (M * in - in)` as coded, M = 0.393 0.769 0.189; 0.349 0.686 0.168; 0.272 0.534 0.131.
    Source: W3C Filter Effects, `sepia()`.
    """
    return (
        r + amount * (0.393 * r + 0.769 * g + 0.189 * b - r),
        g + amount * (0.349 * r + 0.686 * g + 0.168 * b - g),
        b + amount * (0.272 * r + 0.534 * g + 0.131 * b - b),
    )
