"""Exposure."""

from __future__ import annotations

from typing import Any

from lumaloom.effect import Param, pointwise


@pointwise(space="linear")
def exposure(
    r: Any, g: Any, b: Any, *, stops: float = Param(1.0, min=-20, max=20, unit="stops", help="Each doubles the light.")
) -> Any:
    """Open or close the aperture: light times a power of two.

    `out = in * 2**stops` in linear light, by the frame's transfer tag; the same as a longer exposure would have
    given, up to what the format can hold.
    """
    gain = 2.0**stops
    return r * gain, g * gain, b * gain
