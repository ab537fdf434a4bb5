"""Blending with a colour."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise
from lumaloom_effects._blending import BlendMode, blended
from lumaloom_effects._color import COLOR_HELP, color_of


@pointwise(space="rgb")
def blendcolor(
    r: Any,
    g: Any,
    b: Any,
    *,
    color: str = Param("#ff7a18", help=f"What lies over the picture: {COLOR_HELP}."),
    mode: BlendMode = Param("soft_light", help="How it is mixed in."),
    amount: float = Param(0.6, min=0, max=1, help="Opacity of the colour; 0 changes nothing."),
) -> Any:
    """Lay a colour over the picture with a blend mode.

    `out = in + amount * (B(in, color) - in)` as coded, `B` as in W3C Compositing and Blending Level 1, where the
    picture is the backdrop and the colour the source.
    """
    mixed = blended(mode, (r, g, b), color_of(color, "blendcolor: color"))
    return tuple(v + amount * (m - v) for v, m in zip((r, g, b), mixed, strict=True))
