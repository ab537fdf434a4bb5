"""The pools of an engine."""

from __future__ import annotations

import time

from lumaloom.services.pools.load import Load
from lumaloom.services.pools.pool import Pool
from lumaloom.services.pools.statistics import PoolStatistics

# Threads that wait for disks rather than for cores, and how much those yield that nobody waits for.
_WAITING, _NICE = 8, 10


class Pools:
    """Three pools for three kinds of work.

    Attributes:
        cpu: work that keeps a core busy, such as the effects on a frame: a thread for each core.
        io: work that mostly waits, such as opening and reading files.
        background: work that nobody waits for, such as filling caches: one thread that yields to all others.

    Args:
        cores: that this process may use.
    """

    def __init__(self, cores: int) -> None:
        self.cpu = Pool("cpu", cores, load=Load(cores))
        self.io = Pool("io", _WAITING)
        self.background = Pool("background", 1, niceness=_NICE)

    def statistics(self) -> tuple[PoolStatistics, ...]:
        """Return counts of this moment, of all three."""
        return tuple(pool.statistics for pool in self._all)

    def drain(self, timeout: float | None = None) -> bool:
        """Take no more work, wait for what there is, and end all threads.

        Args:
            timeout: seconds for all three together; what has not begun by then is cancelled. None waits for all.

        Returns:
            Whether everything came to its end.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        left = [pool.drain(None if deadline is None else max(deadline - time.monotonic(), 0.0)) for pool in self._all]
        return all(left)

    @property
    def _all(self) -> tuple[Pool, Pool, Pool]:
        return self.cpu, self.io, self.background
