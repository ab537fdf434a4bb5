"""Counters of the frame path: plain additions per frame, read from outside at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Meter:
    """Seconds and calls per stage. Stages overlap in time, so the seconds add up to more than the clock's."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, stage: str, seconds: float) -> int:
        """Count one call of `stage`, and return how many there were."""
        with self._lock:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
            count = self.calls[stage] = self.calls.get(stage, 0) + 1
            return count

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

    def shares(self) -> dict[str, float]:
        """Return each stage's part of all seconds counted, 0 to 1."""
        with self._lock:
            total = sum(self.seconds.values()) or 1.0
            return {name: seconds / total for name, seconds in self.seconds.items()}
