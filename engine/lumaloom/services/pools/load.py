"""Whether cores are idle: the time that all threads of the process ran, against the clock's."""

from __future__ import annotations

import time
from collections.abc import Callable

# Seconds over which it is measured.
_PERIOD = 0.25


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

    def step(self) -> int:
        """Return 1 where a core or more was idle in the last quarter of a second, -1 where none was, else 0.

        Between measurements it is 0.
        """
        now = self._clock()
        passed = now - self._at
        if passed < _PERIOD:
            return 0
        used = self._used()
        busy = (used - self._then) / passed
        self._at, self._then = now, used
        if busy <= self._cores - 1:
            return 1
        return -1 if busy > self._cores - 0.1 else 0
