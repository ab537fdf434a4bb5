"""Bleach bypass, as a package of its own: install it, and `lumaloom effects` lists it beside the built-in ones."""

from typing import Any

import numpy as np

from lumaloom.effect import Param, hookimpl, pointwise


@pointwise(space="rgb")
def bleach(
    r: Any, g: Any, b: Any, *, amount: float = Param(0.7, min=0, max=1, help="Silver left in the film; 0 is none.")
) -> Any:
    """Bleach bypass: the look of film that kept its silver, hard and pale.

    Luma is overlaid on the picture: `out = in + amount * (overlay(in, luma) - in)`, as coded.
    """
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b

    def overlaid(v: Any) -> Any:
        hard = np.where(y < 0.5, 2 * v * y, 1 - 2 * (1 - v) * (1 - y))
        return v + amount * (hard - v)

    return overlaid(r), overlaid(g), overlaid(b)


@hookimpl
def lumaloom_effects() -> list[Any]:
    """Return the effects of this package."""
    return [bleach]
