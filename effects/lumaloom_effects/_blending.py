"""The blend modes of W3C Compositing and Blending Level 1, section 9, on channels from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np

Color = tuple[Any, Any, Any]
_TINY = 1e-6

BlendMode: TypeAlias = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten",
    "color_dodge", "color_burn", "hard_light", "soft_light", "difference", "exclusion",
    "hue", "saturation", "color", "luminosity",
]  # fmt: skip


def _hard_light(below: Any, over: Any) -> Any:
    return np.where(over <= 0.5, below * 2 * over, _screen(below, 2 * over - 1))


def _screen(below: Any, over: Any) -> Any:
    return below + over - below * over


def _dodge(below: Any, over: Any) -> Any:
    lit = np.where(over >= 1, 1.0, np.minimum(below / np.maximum(1 - over, _TINY), 1))
    return np.where(below <= 0, 0.0, lit)


def _burn(below: Any, over: Any) -> Any:
    dark = np.where(over <= 0, 0.0, 1 - np.minimum((1 - below) / np.maximum(over, _TINY), 1))
    return np.where(below >= 1, 1.0, dark)


def _soft_light(below: Any, over: Any) -> Any:
    bent = np.where(below <= 0.25, ((16 * below - 12) * below + 4) * below, np.sqrt(np.maximum(below, 0)))
    dark = below - (1 - 2 * over) * below * (1 - below)
    return np.where(over <= 0.5, dark, below + (2 * over - 1) * (bent - below))


SEPARABLE: dict[str, Callable[[Any, Any], Any]] = {
    "normal": lambda below, over: over + 0 * below,
    "multiply": lambda below, over: below * over,
    "screen": _screen,
    "overlay": lambda below, over: _hard_light(over, below),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color_dodge": _dodge,
    "color_burn": _burn,
    "hard_light": _hard_light,
    "soft_light": _soft_light,
    "difference": lambda below, over: np.abs(below - over),
    "exclusion": lambda below, over: below + over - 2 * below * over,
}


def _lum(color: Color) -> Any:
    return 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]


def _least(color: Color) -> Any:
    return np.minimum(np.minimum(color[0], color[1]), color[2])


def _greatest(color: Color) -> Any:
    return np.maximum(np.maximum(color[0], color[1]), color[2])


def _set_lum(color: Color, wanted: Any) -> Color:
    """Return the colour with another luminosity, pulled to gray as far as it takes to stay within 0 and 1."""
    shift = wanted - _lum(color)
    r, g, b = (channel + shift for channel in color)
    low, high = _least((r, g, b)), _greatest((r, g, b))
    up = np.where(low < 0, wanted / np.maximum(wanted - low, _TINY), 1.0)
    r, g, b = (wanted + (channel - wanted) * up for channel in (r, g, b))
    down = np.where(high > 1, (1 - wanted) / np.maximum(high - wanted, _TINY), 1.0)
    r, g, b = (wanted + (channel - wanted) * down for channel in (r, g, b))
    return r, g, b


def _set_sat(color: Color, saturation: Any) -> Color:
    low, high = _least(color), _greatest(color)
    factor = np.where(high > low, saturation / np.maximum(high - low, _TINY), 0.0)
    r, g, b = ((channel - low) * factor for channel in color)
    return r, g, b


def _sat(color: Color) -> Any:
    return _greatest(color) - _least(color)


WHOLE: dict[str, Callable[[Color, Color], Color]] = {
    "hue": lambda below, over: _set_lum(_set_sat(over, _sat(below)), _lum(below)),
    "saturation": lambda below, over: _set_lum(_set_sat(below, _sat(over)), _lum(below)),
    "color": lambda below, over: _set_lum(over, _lum(below)),
    "luminosity": lambda below, over: _set_lum(below, _lum(over)),
}


def blended(mode: str, below: Color, over: Color) -> Color:
    """Return the backdrop `below` blended with the source `over`, both opaque.

    The backdrop is kept within 0 and 1, as the standard has it.
    """
    r, g, b = (np.clip(channel, 0, 1) for channel in below)
    if mode in WHOLE:
        return WHOLE[mode]((r, g, b), over)
    function = SEPARABLE[mode]
    return function(r, over[0]), function(g, over[1]), function(b, over[2])
