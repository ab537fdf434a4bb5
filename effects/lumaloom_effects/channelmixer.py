"""Channel mixer."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="rgb", also=("colormatrix",))
def channelmixer(
    r: Any,
    g: Any,
    b: Any,
    *,
    rr: float = Param(1.0, min=-4, max=4, help="Red in red."),
    rg: float = Param(0.0, min=-4, max=4, help="Green in red."),
    rb: float = Param(0.0, min=-4, max=4, help="Blue in red."),
    gr: float = Param(0.0, min=-4, max=4, help="Red in green."),
    gg: float = Param(1.0, min=-4, max=4, help="Green in green."),
    gb: float = Param(0.0, min=-4, max=4, help="Blue in green."),
    br: float = Param(0.0, min=-4, max=4, help="Red in blue."),
    bg: float = Param(0.0, min=-4, max=4, help="Green in blue."),
    bb: float = Param(1.0, min=-4, max=4, help="Blue in blue."),
) -> Any:
    """Mix each channel from all three.

    `R = rr * R + rg * G + rb * B`, and so on, as coded; the names are those of FFmpeg's `colorchannelmixer`.
    """
    return rr * r + rg * g + rb * b, gr * r + gg * g + gb * b, br * r + bg * g + bb * b
