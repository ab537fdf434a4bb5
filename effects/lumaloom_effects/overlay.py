"""A picture or a video over the frames."""

from __future__ import annotations

from typing import Any, Literal

from lumaloom.effect import Param, Picture, pointwise
from lumaloom_effects._blending import BlendMode, blended
from lumaloom_effects._pictures import AFTER, START, After


@pointwise(
    space="rgb",
    also=("blend", "blendpicture", "composite", "watermark", "logo", "pip", "picture-in-picture", "pictureinpicture"),
)
def overlay(
    r: Any,
    g: Any,
    b: Any,
    *,
    file: Picture = Param(help="What lies over the frames: a picture (PNG, JPEG, WebP, TIFF, BMP) or a video."),
    mode: BlendMode = Param("normal", help="How it is mixed in."),
    amount: float = Param(1.0, min=0, max=1, help="Opacity, beside its own; 0 changes nothing."),
    fit: Literal["stretch", "cover", "contain", "none"] = Param(
        "contain", help="How it fills the frame: out of shape, cut at its longer side, with room beside it, or not."
    ),
    anchor: Literal[
        "center", "top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"
    ] = Param("center", help="Where it lies, if it leaves room."),
    x: int = Param(0, min=-32768, max=32768, unit="px", help="How far right of that; below 0: left."),
    y: int = Param(0, min=-32768, max=32768, unit="px", help="How far below that; below 0: above."),
    width: int = Param(0, min=0, max=16384, unit="px", help="Its width with fit=none; 0 is its own."),
    start: float = START,
    after: After = AFTER,
) -> Any:
    """Lay a picture or a video over the frames with a blend mode: a logo, a light leak, a picture in the picture.

    `out = in + amount * opacity * (B(in, picture) - in)` as coded, `B` as in W3C Compositing and Blending Level 1,
    where the frame is the backdrop and the picture the source; `opacity` is the picture's own. The picture is scaled
    to the frame, unless `fit=none` leaves it its own width or gives it another; `x` and `y` move it. Its sRGB counts as
    the coding of SDR frames, and is coded anew for PQ and HLG.

    Of a video each frame gets the one that is shown at its time, counted from the first frame of both: a new second of
    the output is a new second of the video, whatever their rates. Pixels of both count as of one shape.
    """
    *over, opacity = file
    share = amount * opacity
    mixed = blended(mode, (r, g, b), (over[0], over[1], over[2]))
    return tuple(v + share * (m - v) for v, m in zip((r, g, b), mixed, strict=True))
