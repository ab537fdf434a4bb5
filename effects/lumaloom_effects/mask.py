"""Opacity from a picture or a video."""

from __future__ import annotations

from typing import Any, Literal

from lumaloom.effect import Param, Picture, pointwise
from lumaloom_effects._pictures import AFTER, START, After


@pointwise(space="luma", alpha=True, also=("matte", "alphamask", "alphamerge"))
def mask(
    y: Any,
    alpha: Any,
    *,
    file: Picture = Param(help="White where frames stay, black where they vanish: a picture or a video."),
    amount: float = Param(1.0, min=0, max=1, help="0 changes nothing."),
    invert: bool = Param(False, help="Frames vanish where the mask is white."),
    fit: Literal["stretch", "cover", "contain"] = Param(
        "stretch", help="How it fills the frame: out of shape, cut at its longer side, or with room beside it."
    ),
    start: float = START,
    after: After = AFTER,
) -> Any:
    """Make frames see-through where a picture or a video is dark; colours stay.

    `alpha = alpha * (1 - amount * (1 - m))`, `m` luma times opacity of the picture, or one less that where `invert` is
    set. The output has to be of a kind that keeps opacity, or `background` fills it.
    """
    light, opacity = file
    kept = light * opacity
    if invert:
        kept = 1 - kept
    return y, alpha * (1 - amount * (1 - kept))
