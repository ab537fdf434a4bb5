"""Colours as people write them, and luma."""

from __future__ import annotations

import re
from typing import Any

from lumaloom.effect import ParameterError

# The colours of CSS level 1 and 2.1.
_NAMED = {
    "black": "000000",
    "silver": "c0c0c0",
    "gray": "808080",
    "grey": "808080",
    "white": "ffffff",
    "maroon": "800000",
    "red": "ff0000",
    "purple": "800080",
    "magenta": "ff00ff",
    "fuchsia": "ff00ff",
    "green": "008000",
    "lime": "00ff00",
    "olive": "808000",
    "yellow": "ffff00",
    "orange": "ffa500",
    "navy": "000080",
    "blue": "0000ff",
    "teal": "008080",
    "cyan": "00ffff",
    "aqua": "00ffff",
}
COLOR_HELP = "#rgb, #rrggbb, or a name such as orange (CSS 2.1; green is #008000, lime #00ff00)"
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


def color_of(text: str, owner: str) -> tuple[float, float, float]:
    """Return red, green and blue, 0 to 1, of `#f80`, `#ff8800` or a name.

    Raises:
        ParameterError: it is none of these; `owner` says whose, such as `blendcolor: color`.

    """
    word = text.strip()
    found = _HEX.fullmatch(_NAMED.get(word.lower(), word))
    if not found:
        raise ParameterError(f"{owner} expects {COLOR_HELP}; got {text!r}")
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    red, green, blue = (int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4))
    return red, green, blue


def luma(r: Any, g: Any, b: Any) -> Any:
    """Return luma of coded RGB by ITU-R BT.709."""
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def smooth(v: Any) -> Any:
    """Return the cubic that rises from 0 to 1 over `v` from 0 to 1, flat at both ends; `v` has to lie between."""
    return v * v * (3 - 2 * v)
