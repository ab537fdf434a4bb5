"""Positions in a clip as people write them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from lumaloom.errors import UsageError

_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(s|ms|us)?")
# Rates as people round them, by their digits: 23.976 is 24000/1001.
_ROUNDED = {
    f"{whole * 1000 / 1001:.{n}f}": Fraction(whole * 1000, 1001) for whole in (24, 30, 48, 60, 120) for n in (2, 3)
}
_MOST_RATE = 100_000
_UNITS = {None: Fraction(1), "s": Fraction(1), "ms": Fraction(1, 1000), "us": Fraction(1, 1_000_000)}


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a clip: seconds from its start, exact, or a frame number from 0; one of the two is None."""

    seconds: Fraction | None = None
    frame: int | None = None


def parse_position(value: str | float | Fraction | Position, name: str = "position") -> Position:
    """Read `[HH:]MM:SS[.m]`, `S[.m][s|ms|us]` or `123f` (a frame); numbers are seconds.

    Args:
        value: text, a number of seconds, or a position, which is returned as it is.
        name: what the position is for, for the message.

    Raises:
        UsageError: none of these forms, or negative.
    """
    if isinstance(value, Position):
        return value
    if isinstance(value, (int, float, Fraction)) and 0 <= value < math.inf:
        return Position(seconds=Fraction(str(value)))  # 0.1 is a tenth, as it was written
    text = str(value).strip()
    if text.endswith("f") and text[:-1].isdecimal():
        return Position(frame=int(text[:-1]))
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups()
        return Position(seconds=Fraction(seconds) + 60 * int(minutes) + 3600 * int(hours or 0))
    if plain := _SECONDS.fullmatch(text):
        return Position(seconds=Fraction(plain[1]) * _UNITS[plain[2]])
    raise UsageError(
        f"{name}: expected [HH:]MM:SS[.m], seconds such as 1.5, 1500ms, or a frame such as 37f, got {value!r}"
    )


def parse_rate(value: str | float | Fraction, name: str = "rate") -> Fraction:
    """Read frames per second: `25`, `24000/1001`, or `23.976`, which is the same.

    Args:
        value: text or a number.
        name: what it is for, for the message.

    Raises:
        UsageError: none of these forms, 0, negative, or above 100000.
    """
    text = str(value).strip()
    try:
        rate = _ROUNDED.get(text) or Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if isinstance(value, bool) or not 0 < rate <= _MOST_RATE:
        raise UsageError(f"{name}: expected frames per second such as 25, 23.976 or 24000/1001, got {value!r}")
    return rate
