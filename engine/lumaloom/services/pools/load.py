"""Whether cores are idle: the time that all threads of the process ran, against the clock's."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds over which it is measured.
_PERIOD = 0.25
# The part of a core that is worth another thread.
_IDLE = 0.25


class Load:
    """Says now and then whether this process keeps its cores busy, FFmpeg's and the encoders' threads included.

    Args:
        cores: that it may use.
        clock: seconds that never go backwards.
        used: seconds of processor time of the whole process.
    """

    def __init__(
        self,
        cores: int,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
    ) -> None:
        self._cores, self._clock, self._used = cores, clock, used
        self._at, self._then = clock(), used()

    def idle(self) -> int | None:
        """Return how many cores were idle in the last quarter of a second, a quarter of one counting as one.

        Between measurements it is None.
        """
        now = self._clock()
        passed = now - self._at
        if passed < _PERIOD:
            return None
        used = self._used()
        idle = self._cores - (used - self._then) / passed
        self._at, self._then = now, used
        return max(int(idle + 1 - _IDLE), 0)
