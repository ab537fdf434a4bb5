"""The metrics: asynchronous instruments that read the counters of jobs when somebody collects them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.metrics import Meter as Instruments

from lumaloom.cache import DiskCache
from lumaloom.jobs.events import EffectFailed, RenderCancelled, RenderEnded, RenderFailed, RenderFinished
from lumaloom.jobs.progress import Progress
from lumaloom.memory import BufferPool
from lumaloom.run import Meter
from lumaloom.services.events import Event, EventBus

_Rows = Iterable[tuple[float, dict[str, str]]]


class Figures:
    """Sums over all jobs of an engine, those that are over and those under way.

    Args:
        instruments: where the metrics are made.
        events: tell of jobs and their frames.
        cache: whose hits and misses are told.
    """

    def __init__(self, instruments: Instruments, events: EventBus, cache: DiskCache) -> None:
        self._events, self._cache = events, cache
        self._lock = threading.Lock()
        self._live: list[tuple[Meter, BufferPool]] = []
        self._items: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()
        self._frames: dict[str, int] = {}
        self._frames_done = 0
        self._outcomes: Counter[str] = Counter()
        self._errors: Counter[tuple[str, str]] = Counter()
        self._failing: dict[str, str] = {}
        self.subscription = events.subscribe(
            (Progress, EffectFailed, RenderEnded),
            self._take,
            priority=100,  # whoever looks at the figures because of an event finds it in them
            queue=None,
        )
        count, gauge = instruments.create_observable_counter, instruments.create_observable_gauge
        count("lumaloom.frames", [_rows(self._frame_rows)], "{frame}", "Frames written.")
        count("lumaloom.stage.items", [_rows(self._item_rows)], "{item}", "Frames and packets that a stage took.")
        count("lumaloom.stage.time", [_rows(self._time_rows)], "s", "Time of a stage, over all its threads.")
        count("lumaloom.jobs", [_rows(lambda: _by(self._outcomes, "outcome"))], "{job}", "Renders that are over.")
        count("lumaloom.errors", [_rows(self._error_rows)], "{error}", "Renders that failed.")
        count("lumaloom.events.failures", [_rows(lambda: [(events.failures, {})])], "{failure}", "Failed subscribers.")
        count("lumaloom.cache.requests", [_rows(self._cache_rows)], "{request}", "What the disk cache was asked for.")
        gauge("lumaloom.jobs.active", [_rows(lambda: [(len(self._live), {})])], "{job}", "Renders under way.")
        gauge("lumaloom.pool.memory", [_rows(self._pool_rows)], "By", "Buffers of all renders under way.")

    def begin(self, meter: Meter, pool: BufferPool) -> None:
        """Count a job in."""
        with self._lock:
            self._live.append((meter, pool))

    def end(self, meter: Meter, pool: BufferPool) -> None:
        """Keep the sums of a job that is over."""
        with self._lock:
            self._live.remove((meter, pool))
            self._items.update(meter.calls)
            self._seconds.update(meter.seconds)

    def _take(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Progress):
                self._frames[event.job] = event.frames
            elif isinstance(event, EffectFailed):
                self._failing[event.job] = event.effect
            elif isinstance(event, RenderEnded):
                self._frames_done += self._frames.pop(event.job, 0)
                self._outcomes[_OUTCOMES[type(event)]] += 1
                if isinstance(event, RenderFailed):
                    self._errors[event.error, self._failing.pop(event.job, "")] += 1

    def _frame_rows(self) -> _Rows:
        return [(self._frames_done + sum(self._frames.values()), {})]

    def _error_rows(self) -> _Rows:
        rows = dict(self._errors).items()
        return [(count, {"error.type": error, "stage": stage}) for (error, stage), count in rows]

    def _item_rows(self) -> _Rows:
        return _by(self._items + sum((Counter(meter.calls) for meter, _ in self._live), Counter()), "stage")

    def _time_rows(self) -> _Rows:
        seconds = self._seconds.copy()
        for meter, _ in self._live:
            seconds.update(dict(meter.seconds))
        return _by(seconds, "stage")

    def _pool_rows(self) -> _Rows:
        stats = [pool.stats for _, pool in self._live]
        in_use, idle = sum(each.in_use for each in stats), sum(each.idle for each in stats)
        return [(in_use, {"memory": "host", "state": "in_use"}), (idle, {"memory": "host", "state": "idle"})]

    def _cache_rows(self) -> _Rows:
        stats = self._cache.stats
        return [(stats.hits, {"outcome": "hit"}), (stats.misses, {"outcome": "miss"})]


_OUTCOMES: dict[type[Event], str] = {
    RenderFinished: "finished",
    RenderFailed: "failed",
    RenderCancelled: "cancelled",
}


def _by(values: dict[str, Any], name: str) -> _Rows:
    return [(value, {name: key}) for key, value in dict(values).items()]


def _rows(read: Callable[[], _Rows]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, attributes) for value, attributes in read()]

    return observe
