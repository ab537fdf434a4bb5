"""Counters of the frame path: plain additions per frame, read from outside at any time."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

# Upper bounds of the buckets that the calls of a stage are counted in, in seconds; what takes longer has one more.
BOUNDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Depth:
    """What waits in a queue at this moment."""

    items: int = 0
    nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What a meter has counted at a moment, as values that can be pickled; see `Meter` for what each is."""

    seconds: dict[str, float]
    calls: dict[str, int]
    buckets: dict[str, list[int]]
    extremes: dict[str, tuple[float, float]]
    device_seconds: dict[str, float]


class Meter:
    """Seconds and calls per stage. Stages overlap in time, so the seconds add up to more than the clock's.

    Attributes:
        seconds: of each stage, over all its threads.
        calls: of each stage.
        buckets: calls of each stage by the time that they took; `BOUNDS` are the upper bounds.
        extremes: the shortest and the longest call of each stage, in seconds.
        device_seconds: that each device worked on effects; on a GPU by its own clock.
        depths: of each queue.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.buckets: dict[str, list[int]] = {}
        self.extremes: dict[str, tuple[float, float]] = {}
        self.device_seconds: dict[str, float] = {}
        self.depths: dict[str, Depth] = {}
        self._lock = threading.Lock()

    def add(self, stage: str, seconds: float) -> int:
        """Count one call of `stage`, and return how many there were."""
        with self._lock:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
            count = self.calls[stage] = self.calls.get(stage, 0) + 1
            if count == 1:
                self.buckets[stage] = [0] * (len(BOUNDS) + 1)
            self.buckets[stage][bisect_left(BOUNDS, seconds)] += 1
            low, high = self.extremes.get(stage, (seconds, seconds))
            self.extremes[stage] = (min(low, seconds), max(high, seconds))
            return count

    def on_device(self, device: str, seconds: float) -> None:
        """Count time that a device worked."""
        with self._lock:
            self.device_seconds[device] = self.device_seconds.get(device, 0.0) + seconds

    def depth(self, queue: str) -> Depth:
        """Return the depth of a queue, for the queue to keep up to date."""
        return self.depths.setdefault(queue, Depth())

    @contextmanager
    def stage(self, name: str) -> Generator[None, None, None]:
        """Count the body as one call of stage `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start)

    def each(self, name: str, items: Iterable[T]) -> Generator[T, None, None]:
        """Yield `items`, counting the time that each takes to come."""
        iterator = iter(items)
        try:
            while True:
                start = time.perf_counter()
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                self.add(name, time.perf_counter() - start)
                yield item
                del item
        finally:
            if isinstance(items, Generator):
                items.close()

    def spent(self, elsewhere: Mapping[str, float]) -> dict[str, float]:
        """Return the seconds of each stage, with those that were counted elsewhere."""
        with self._lock:
            names = dict.fromkeys((*self.seconds, *elsewhere))
            return {name: self.seconds.get(name, 0.0) + elsewhere.get(name, 0.0) for name in names}

    def tally(self) -> Tally:
        """Return what is counted at this moment."""
        with self._lock:
            return Tally(
                dict(self.seconds),
                dict(self.calls),
                {name: list(counts) for name, counts in self.buckets.items()},
                dict(self.extremes),
                dict(self.device_seconds),
            )


def shares(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return each stage's part of all seconds, 0 to 1."""
    total = sum(seconds.values()) or 1.0
    return {name: part / total for name, part in seconds.items()}
