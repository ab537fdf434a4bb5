"""Brightness."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="luma")
def brightness(
    y: Any, *, amount: float = Param(0.1, min=-1, max=1, help="Part of the way from black to white.")
) -> Any:
    """Add the same amount of light everywhere: luma of YUV and gray pictures, all channels of RGB.

    `out = in + amount` of coded values, where 0 is black and 1 white at the frame's depth and range. Chroma and
    alpha stay.
    """
    return y + amount
