"""How a value gets from one key to the next: functions of the part of the time that has passed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lumaloom.errors import ParameterError, nearest

_BEZIER = re.compile(r"cubic-bezier\(\s*([^,\s]+)\s*,\s*([^,\s]+)\s*,\s*([^,\s]+)\s*,\s*([^,\s]+)\s*\)")
# The curves of CSS Easing Functions Level 1.
_CURVES = {
    "ease": (0.25, 0.1, 0.25, 1.0),
    "ease-in": (0.42, 0.0, 1.0, 1.0),
    "ease-out": (0.0, 0.0, 0.58, 1.0),
    "ease-in-out": (0.42, 0.0, 0.58, 1.0),
}
NAMES = ("linear", "hold", *_CURVES)


@dataclass(frozen=True, slots=True)
class Easing:
    """A way from 0 to 1 over time from 0 to 1; its text reads back as the same."""

    text: str
    function: Callable[[float], float]

    def __reduce__(self) -> tuple[Callable[[str], Easing], tuple[str]]:
        return easing_of, (self.text,)

    def __call__(self, share: float) -> float:
        """Return how much of the way is done when `share` of the time, 0 to 1, has passed."""
        return self.function(share)


@lru_cache(64)
def easing_of(text: str) -> Easing:
    """Return the easing `linear`, `hold`, `ease`, `ease-in`, `ease-out`, `ease-in-out` or `cubic-bezier(x1,y1,x2,y2)`.

    Source: W3C CSS Easing Functions Level 1. `hold` stays until the next key.

    Raises:
        ParameterError: none of these, or a bezier whose times leave 0 to 1.

    """
    if text == "linear":
        return Easing(text, lambda share: share)
    if text == "hold":
        return Easing(text, lambda share: 0.0 if share < 1 else 1.0)
    if text in _CURVES:
        return Easing(text, _bezier(*_CURVES[text]))
    if found := _BEZIER.fullmatch(text):
        try:
            x1, y1, x2, y2 = (float(number) for number in found.groups())
        except ValueError:
            x1 = x2 = y1 = y2 = -1.0
        if 0 <= x1 <= 1 and 0 <= x2 <= 1 and abs(y1) <= 100 and abs(y2) <= 100:
            return Easing(
                "cubic-bezier({})".format(",".join(f"{n:g}" for n in (x1, y1, x2, y2))), _bezier(x1, y1, x2, y2)
            )
    raise ParameterError(
        f"easing expects {', '.join(NAMES)} or cubic-bezier(x1,y1,x2,y2) with x from 0 to 1, got {text!r}"
        f"{nearest(text, NAMES)}"
    )


def _bezier(x1: float, y1: float, x2: float, y2: float) -> Callable[[float], float]:
    """Return y over x of the curve from (0, 0) to (1, 1) by two control points; x rises, so halving finds it."""

    def at(first: float, second: float, s: float) -> float:
        return 3 * (1 - s) * (1 - s) * s * first + 3 * (1 - s) * s * s * second + s * s * s

    def eased(share: float) -> float:
        if share <= 0 or share >= 1:
            return min(max(share, 0.0), 1.0)
        low, high = 0.0, 1.0
        for _ in range(52):
            middle = (low + high) / 2
            if at(x1, x2, middle) < share:
                low = middle
            else:
                high = middle
        return at(y1, y2, (low + high) / 2)

    return eased
