"""Gradient map."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.effect import Param, ParameterError, lookup, pointwise, table
from lumaloom_effects._color import color_of, luma
from lumaloom_effects._spline import TABLE_SIZE


@table
def _ramp(text: str, channel: int) -> Any:
    """Return one channel of the gradient over luma from 0 to 1."""
    stops = stops_of(text)
    places = [place for place, _ in stops]
    return np.interp(np.linspace(0, 1, TABLE_SIZE), places, [color[channel] for _, color in stops])


def stops_of(text: str) -> list[tuple[float, tuple[float, float, float]]]:
    """Return `(place, color)` of text such as `#000 #f80 #fff` or `0:#000 0.4:#f80 1:#fff`.

    Raises:
        ParameterError: fewer than two, places on some only, outside 0 to 1 or falling, or what is no colour.

    """
    words = [word.rpartition(":") for word in text.split()]
    placed = [bool(colon) for _, colon, _ in words]
    expects = "gradientmap: colors expects two colours or more, such as '#000 #f80 #fff' or '0:#000 0.4:#f80 1:#fff'"
    if not 2 <= len(words) <= 64 or any(placed) != all(placed):
        raise ParameterError(f"{expects}; got {text!r}")
    try:
        places = [float(place) for place, _, _ in words] if all(placed) else np.linspace(0, 1, len(words)).tolist()
    except ValueError:
        raise ParameterError(f"{expects}; got {text!r}") from None
    if not all(0 <= place <= 1 for place in places) or sorted(places) != places:
        raise ParameterError(f"{expects}, places rising from 0 to 1; got {text!r}")
    return [(place, color_of(word, "gradientmap: colors")) for place, (_, _, word) in zip(places, words, strict=True)]


@pointwise(space="rgb")
def gradientmap(
    r: Any,
    g: Any,
    b: Any,
    *,
    colors: str = Param("#0d0221 #7b2d8b #ff6b35 #ffe8b0", help="From dark to light; place:colour puts one anywhere."),
    amount: float = Param(1.0, min=0, max=1, help="0 changes nothing, 1 is all gradient."),
) -> Any:
    """Give every brightness a colour of its own.

    Luma of BT.709, kept within 0 and 1, is looked up in the gradient, which is linear in coded values between its
    colours: `out = in + amount * (gradient(luma) - in)`.
    """
    y = luma(r, g, b)
    return tuple(v + amount * (lookup(_ramp(colors, k), y) - v) for k, v in enumerate((r, g, b)))
