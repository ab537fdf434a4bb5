"""The clocks of the engine, so that tests and simulations can bring their own."""

from __future__ import annotations

import time


class Clock:
    """What time it is."""

    def now(self) -> float:
        """Seconds since 1970; may jump when the machine's clock is set."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds since some moment, for measuring."""
        return time.perf_counter()
