"""What pools say of themselves: plain values of one moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaneStatistics:
    """One job's place in a pool.

    Attributes:
        name: of the job, or of whatever else it is for.
        priority: higher goes first.
        weight: its share among lanes of the same priority.
        width: tasks that may run at once, now.
        waiting, running: tasks, now.
        done: tasks that returned.
        failed: tasks that raised.
        seconds: that its tasks ran, all together.
    """

    name: str
    priority: int
    weight: float
    width: int
    waiting: int
    running: int
    done: int
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """One pool since it was made.

    Attributes:
        name: `cpu`, `io` or `background`.
        size: threads that it may have.
        threads: that it has now.
        waiting, running: tasks, now.
        done: tasks that returned.
        failed: tasks that raised.
        dropped: tasks that were cancelled before they began, and offers that found no room.
        seconds: that tasks ran, all together.
        waited: seconds that tasks waited before they ran, all together.
        lanes: those that are open, in the order in which they were made.
    """

    name: str
    size: int
    threads: int
    waiting: int
    running: int
    done: int
    failed: int
    dropped: int
    seconds: float
    waited: float
    lanes: tuple[LaneStatistics, ...]
