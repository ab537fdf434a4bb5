"""Timestamps of decoded frames: kept where they make sense, repaired where they don't."""

from __future__ import annotations

from fractions import Fraction

from lumaloom.frame import Timing

# Used where a stream says nothing about its rate.
DEFAULT_RATE = Fraction(25)


class Timeline:
    """Gives every frame of a stream, in presentation order, a pts greater than the one before.

    A pts that is already greater stays exactly as it is. A missing one follows the previous frame by its duration;
    one that does not increase becomes the smallest that does.

    Attributes:
        repaired: timestamps that were missing or did not increase.

    """

    def __init__(self, time_base: Fraction, rate: Fraction | None) -> None:
        self.time_base = time_base
        self.repaired = 0
        self._nominal = max(1, round(1 / ((rate or DEFAULT_RATE) * time_base)))
        self._last: int | None = None
        self._duration = self._nominal

    def place(self, pts: int | None, duration: int | None) -> Timing:
        """Return the timing of the next frame; `pts` and `duration` are in units of the time base, None if unknown."""
        if pts is None:
            self.repaired += 1
            pts = 0 if self._last is None else self._last + self._duration
        elif self._last is not None and pts <= self._last:
            self.repaired += 1
            pts = self._last + 1
        self._last = pts
        self._duration = duration if duration and duration > 0 else self._nominal
        return Timing(pts, self.time_base, self._duration)
