"""Fade."""

from __future__ import annotations

from typing import Any, Literal

from lumaloom.effect import Param, pointwise, uniform
from lumaloom_effects._color import COLOR_HELP, color_of


@uniform
def _cover(t: float, start: float, duration: float, direction: str) -> float:
    """Return how much of the picture is hidden."""
    done = float(t >= start) if duration == 0 else min(max((t - start) / duration, 0.0), 1.0)
    return done if direction == "out" else 1 - done


@pointwise(space="rgb")
def fade(
    r: Any,
    g: Any,
    b: Any,
    *,
    direction: Literal["in", "out"] = Param("in", help="From the colour to the picture, or to the colour."),
    start: float = Param(0.0, min=-1e6, max=1e6, unit="s", help="When it begins."),
    duration: float = Param(1.0, min=0, max=1e6, unit="s", help="How long it takes."),
    color: str = Param("black", help=f"{COLOR_HELP}."),
    t: Any,
) -> Any:
    """Fade in from a colour, or out to one.

    `out = in + cover * (color - in)` as coded; `cover` goes from 0 to 1 evenly over time where it fades out, from 1 to
    0 where it fades in, and stays before and after.
    """
    cover = _cover(t, start, duration, direction)
    return tuple(v + cover * (c - v) for v, c in zip((r, g, b), color_of(color, "fade: color"), strict=True))
