"""The formulas of blend modes, from 0 to 1, for NumPy arrays and for vectors in code that is being generated.

W3C, "Compositing and Blending Level 1" (2015), section 10, which follows PDF (ISO 32000-1, 11.3.5); ``b`` is the
backdrop and ``s`` the source. Not of it: `add` (plus, linear dodge), `subtract` and `linear-light`, as image editors
have them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ._lane_math import greatest, least, root, where


@dataclass(frozen=True)
class Mode:
    """One mode.

    Attributes:
        mix: of ``(b, s)``, each a channel, or where it is not ``separable`` a tuple of three.
        fixed: whether it is made of sums, comparisons and products of numbers from 0 to 1, so that whole numbers do.
        separable: whether each channel is by itself.
        saturating: whether whole numbers do that stop at both ends after every step.

    """

    mix: Callable[[Any, Any], Any]
    fixed: bool = True
    separable: bool = True
    saturating: bool = False


def hard_light(b: Any, s: Any) -> Any:
    high = 2 * s - 1
    return where(s <= 0.5, b * (2 * s), b + high - b * high)


def color_dodge(b: Any, s: Any) -> Any:
    room = 1 - s
    return where(b <= 0, 0.0 * b, where(b >= room, 0.0 * b + 1, b / room))


def color_burn(b: Any, s: Any) -> Any:
    rest = 1 - b
    return where(rest <= 0, 0.0 * b + 1, where(rest >= s, 0.0 * b, 1 - rest / s))


def soft_light(b: Any, s: Any) -> Any:
    dark = b - (1 - 2 * s) * b * (1 - b)
    lighter = where(b <= 0.25, ((16 * b - 12) * b + 4) * b, root(b))
    return where(s <= 0.5, dark, b + (2 * s - 1) * (lighter - b))


def luminosity(c: Any) -> Any:
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def saturation(c: Any) -> Any:
    return greatest(greatest(c[0], c[1]), c[2]) - least(least(c[0], c[1]), c[2])


def with_luminosity(c: Any, wanted: Any) -> Any:
    """Move a colour to a luminosity, and towards gray as far as it would leave the range."""
    shift = wanted - luminosity(c)
    c = [channel + shift for channel in c]
    low, high = least(least(c[0], c[1]), c[2]), greatest(greatest(c[0], c[1]), c[2])
    up = where(low < 0, wanted / (wanted - low), 0.0 * wanted + 1)
    c = [wanted + (channel - wanted) * up for channel in c]
    down = where(high > 1, (1 - wanted) / (high - wanted), 0.0 * wanted + 1)
    return tuple(wanted + (channel - wanted) * down for channel in c)


def with_saturation(c: Any, wanted: Any) -> Any:
    """Stretch a colour's channels so that the least is 0 and the greatest the saturation; gray becomes black."""
    low, span = least(least(c[0], c[1]), c[2]), saturation(c)
    scale = where(span > 0, wanted / span, 0.0 * span)
    return tuple((channel - low) * scale for channel in c)


MODES = {
    "normal": Mode(lambda b, s: s),
    "multiply": Mode(lambda b, s: b * s),
    "screen": Mode(lambda b, s: b + s - b * s),
    "overlay": Mode(lambda b, s: hard_light(s, b)),
    "darken": Mode(least, saturating=True),
    "lighten": Mode(greatest, saturating=True),
    "color-dodge": Mode(color_dodge, fixed=False),
    "color-burn": Mode(color_burn, fixed=False),
    "hard-light": Mode(hard_light),
    "soft-light": Mode(soft_light, fixed=False),
    "difference": Mode(lambda b, s: greatest(b, s) - least(b, s), saturating=True),
    "exclusion": Mode(lambda b, s: b + s - 2 * (b * s)),
    "hue": Mode(lambda b, s: with_luminosity(with_saturation(s, saturation(b)), luminosity(b)), False, False),
    "saturation": Mode(lambda b, s: with_luminosity(with_saturation(b, saturation(s)), luminosity(b)), False, False),
    "color": Mode(lambda b, s: with_luminosity(s, luminosity(b)), False, False),
    "luminosity": Mode(lambda b, s: with_luminosity(b, luminosity(s)), False, False),
    "add": Mode(lambda b, s: least(b + s, 1.0), saturating=True),
    "subtract": Mode(lambda b, s: greatest(b - s, 0.0), saturating=True),
    "linear-light": Mode(lambda b, s: least(greatest(b + 2 * s - 1, 0.0), 1.0)),
}
NUMBERS = {name: number for number, name in enumerate(MODES)}
