"""Values that change over time: keys, and how to get from one to the next.

As text, `0s:0 2s:1.5 ease-in-out 4s:0`: keys `TIME:VALUE`, and between two of them an easing where the way is not
linear. Times are seconds (`2`, `2s`, `1500ms`, `1:02.5`) or frames (`37f`), not both. Before the first key there is the
first value, after the last the last. Times count from the first frame that goes through the effect: of the render, or
of the clip that it was applied to.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lumaloom.effect.easing import Easing, easing_of
from lumaloom.errors import ParameterError
from lumaloom.frame import Timing

_MAX_KEYS = 4096
# Moments looked at between two keys to find out what an effect needs on the way: uneven, so that a walk in whole
# steps shows even and odd ones.
_BETWEEN, _MAX_MOMENTS = tuple(k * 0.6180339887 % 1 for k in range(1, 17)), 256
_WORD = re.compile(r"[^\s,(]+(?:\([^()]*\))?")
_TIME = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)(s|ms|f)?")


@dataclass(frozen=True, slots=True)
class Keyframes:
    """Keys of one parameter; made by `keyframes` or from text.

    Attributes:
        times: rising, seconds or frames.
        values: at each time.
        easings: from each key to the next, one fewer.
        in_frames: whether times count frames.

    """

    times: tuple[float, ...]
    values: tuple[Any, ...]
    easings: tuple[Easing, ...]
    in_frames: bool = False

    def __call__(self, time: float) -> float:
        """Return the value at a time in seconds or frames."""
        after = bisect_right(self.times, time)
        if after == 0:
            return float(self.values[0])
        if after == len(self.times):
            return float(self.values[-1])
        start, end = self.times[after - 1 : after + 1]
        first, second = (float(value) for value in self.values[after - 1 : after + 1])
        share = self.easings[after - 1]((time - start) / (end - start))
        return first + (second - first) * share

    def moments(self) -> list[float]:
        """Return the times of the keys and some between them."""
        between = [a + (b - a) * share for a, b in pairwise(self.times) for share in _BETWEEN]
        kept = between[:: max(1, math.ceil(len(between) / _MAX_MOMENTS))]
        return sorted({*self.times[:_MAX_MOMENTS], *self.times[-1:], *kept})

    def __str__(self) -> str:
        """Return the text that reads back as the same."""
        unit = "f" if self.in_frames else "s"
        words = []
        for number, (time, value) in enumerate(zip(self.times, self.values, strict=True)):
            words.append(f"{_plain(time)}{unit}:{_plain(value) if isinstance(value, (int, float)) else value}")
            if number < len(self.easings) and self.easings[number].text != "linear":
                words.append(self.easings[number].text)
        return " ".join(words)

    def with_values(self, values: tuple[Any, ...]) -> Keyframes:
        """Return the same keys with other values."""
        return replace(self, values=values)


def keyframes(keys: Mapping[float | str, Any], easing: str = "linear") -> Keyframes:
    """Return keyframes from times and values: `keyframes({0: 0.0, 2: 1.5}, easing="ease-in-out")`.

    Args:
        keys: values by time: seconds, or text such as `1500ms` or `37f`; a pair `(value, easing)` says how to get
            from that key to the next.
        easing: for the others.

    Raises:
        ParameterError: no keys, a time that is none, frames beside seconds, two keys at one time, an unknown easing.

    """
    rows = []
    for time, value in keys.items():
        pair = value if isinstance(value, tuple) and len(value) == 2 else (value, easing)
        rows.append((*_time(str(time)), pair[0], easing_of(pair[1])))
    return _made(sorted(rows, key=lambda row: row[0]), f"{dict(keys)!r}")


def read_keyframes(text: str) -> Keyframes:
    """Read `0s:0 2s:1.5 ease-in-out 4s:0`; commas between keys are fine.

    Raises:
        ParameterError: it is not of that form.

    """
    rows: list[tuple[float, bool, Any, Easing]] = []
    fresh = False  # whether the last word was a key, which an easing may follow
    for word in _WORD.findall(text):
        time, colon, value = word.rpartition(":")
        if colon and "(" not in word:
            rows.append((*_time(time), value, easing_of("linear")))
        elif fresh:
            rows[-1] = (*rows[-1][:3], easing_of(word))
        else:
            raise ParameterError(f"expected a key such as 2s:1.5 where {word!r} stands in {_shown(text)}")
        fresh = bool(colon and "(" not in word)
    if rows and not fresh:
        raise ParameterError(f"expected a key after the last easing of {_shown(text)}")
    if any(earlier[0] > later[0] for earlier, later in pairwise(rows)):
        raise ParameterError(f"expected keys in the order of their times, got {_shown(text)}")
    return _made(rows, _shown(text))


def _made(rows: list[tuple[float, bool, Any, Easing]], shown: str) -> Keyframes:
    if not 1 <= len(rows) <= _MAX_KEYS:
        raise ParameterError(f"expected 1 to {_MAX_KEYS} keys such as 2s:1.5, got {len(rows)}")
    times, in_frames, values, easings = zip(*rows, strict=True)
    if len(set(in_frames)) > 1:
        raise ParameterError(f"expected all times in seconds or all in frames, got {shown}")
    if len(set(times)) < len(times):
        raise ParameterError(f"expected one key at each time, got {shown}")
    return Keyframes(times, values, easings[:-1], in_frames[0])


def _time(text: str) -> tuple[float, bool]:
    """Return a time, and whether it counts frames."""
    found = _TIME.fullmatch(text.strip())
    if not found or (found[4] and found[2]) or (found[4] == "f" and not found[3].isdecimal()):
        raise ParameterError(f"expected a time such as 2s, 1500ms, 1:02.5 or 37f, got {text!r}")
    number = float(found[3])
    if found[4] == "f":
        return number, True
    if found[4] == "ms":
        return number / 1000, False
    return number + 60 * int(found[2] or 0) + 3600 * int(found[1] or 0), False


def place_of(timing: Timing, in_frames: bool) -> float:
    """Return where keys see a frame, in seconds or in frames."""
    return float(timing.count if in_frames else timing.elapsed)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(float(number))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
