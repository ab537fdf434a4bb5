"""A picture or a video behind what is see-through."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lumaloom.effect import Param, Picture, pointwise
from lumaloom_effects._pictures import AFTER, START, After


@pointwise(space="rgb", alpha=True, also=("under", "flatten"))
def background(
    r: Any,
    g: Any,
    b: Any,
    alpha: Any,
    *,
    file: Picture = Param(help="What is seen behind: a picture (PNG, JPEG, WebP, TIFF, BMP) or a video."),
    fit: Literal["stretch", "cover", "contain"] = Param(
        "cover", help="How it fills the frame: out of shape, cut at its longer side, or with room beside it."
    ),
    start: float = START,
    after: After = AFTER,
) -> Any:
    """Put a picture or a video behind frames that are see-through, as after `chromakey`, `lumakey` or `mask`.

    Porter and Duff's `over` with straight alpha, as coded: `alpha' = alpha + p * (1 - alpha)`, `out = (in * alpha +
    picture * p * (1 - alpha)) / alpha'`, `p` being the picture's opacity. The picture is scaled to the frame.
    """
    *under, opacity = file
    rest = opacity * (1 - alpha)
    whole = alpha + rest
    share = _share(rest, whole)
    return *(v + share * (p - v) for v, p in zip((r, g, b), under, strict=True)), whole


def _share(rest: Any, whole: Any) -> Any:
    """Return how much of what is seen is the picture; nothing where there is nothing to see."""
    return np.where(whole > 1e-6, rest / np.maximum(whole, 1e-6), 0.0)
