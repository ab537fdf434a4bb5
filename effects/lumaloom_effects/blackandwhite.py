"""Black and white."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, ParameterError, pointwise, uniform


@uniform
def _shares(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Return the weights as shares of their sum."""
    total = red + green + blue
    if total < 0.01:
        raise ParameterError(
            f"blackandwhite: red, green and blue expect a sum above 0, got {red:g}, {green:g} and {blue:g}"
        )
    return red / total, green / total, blue / total


@pointwise(space="rgb", also=("grayscale", "greyscale", "bw", "monochrome", "desaturate"))
def blackandwhite(
    r: Any,
    g: Any,
    b: Any,
    *,
    red: float = Param(0.2126, min=-4, max=4, help="Weight of red."),
    green: float = Param(0.7152, min=-4, max=4, help="Weight of green."),
    blue: float = Param(0.0722, min=-4, max=4, help="Weight of blue."),
    amount: float = Param(1.0, min=0, max=1, help="0 changes nothing, 1 is all gray."),
) -> Any:
    """Turn colours to gray, each channel with a weight, as film behind a filter does.

    `gray = (red * R + green * G + blue * B) / (red + green + blue)` as coded, so that white stays white;
    `out = in + amount * (gray - in)`. `red=1 green=0 blue=0` is a red filter: dark skies.
    """
    wr, wg, wb = _shares(red, green, blue)
    gray = wr * r + wg * g + wb * b
    return r + amount * (gray - r), g + amount * (gray - g), b + amount * (gray - b)
