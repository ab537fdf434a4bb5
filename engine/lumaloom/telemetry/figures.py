"""The metrics: asynchronous instruments that read the counters of jobs when somebody collects them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.metrics import Meter as Instruments

from lumaloom.cache import DiskCache
from lumaloom.jobs.events import (
    ClockJumped,
    EffectFailed,
    InputRepaired,
    RenderCancelled,
    RenderEnded,
    RenderFailed,
    RenderFinished,
    StagesTimed,
    this_process,
)
from lumaloom.jobs.progress import Progress
from lumaloom.memory import BufferPool
from lumaloom.run import Meter, Tally
from lumaloom.services.events import Event, EventBus
from lumaloom.telemetry import complaints
from lumaloom.telemetry.durations import Durations

_Rows = Iterable[tuple[float, dict[str, str]]]


class Figures:
    """Sums over all jobs of an engine, those that are over and those under way; also those that ran elsewhere.

    Args:
        instruments: where the metrics are made.
        events: tell of jobs and their frames.
        cache: whose hits and misses are told.

    Attributes:
        pools: snapshots of worker pools, taken by calling each: rows with `name`, `size`, `waiting` and `running`.
    """

    def __init__(self, instruments: Instruments, events: EventBus, cache: DiskCache) -> None:
        self._events, self._cache = events, cache
        self._lock = threading.Lock()
        self._live: list[tuple[Meter, BufferPool]] = []
        self._durations = Durations()
        self._device_seconds: Counter[str] = Counter()
        self._frames: dict[str, int] = {}
        self._frames_done = 0
        self._outcomes: Counter[str] = Counter()
        self._jumps = 0
        self._losses: Counter[str] = Counter()
        self._errors: Counter[tuple[str, str]] = Counter()
        self._failing: dict[str, str] = {}
        self.pools: list[Callable[[], Iterable[Any]]] = []
        self.subscription = events.subscribe(
            (Progress, ClockJumped, EffectFailed, InputRepaired, RenderEnded, StagesTimed),
            self._take,
            priority=100,  # whoever looks at the figures because of an event finds it in them
            queue=None,
        )
        count, now = instruments.create_observable_counter, instruments.create_observable_up_down_counter
        count("lumaloom.frames", [_rows(self._frame_rows)], "{frame}", "Frames written.")
        count("lumaloom.device.time", [_rows(self._device_rows)], "s", "Time that a device worked on effects.")
        count("lumaloom.jobs.ended", [_rows(lambda: _by(self._outcomes, "outcome"))], "{job}", "Renders that are over.")
        now("lumaloom.jobs.active", [_rows(lambda: [(len(self._live), {})])], "{job}", "Renders under way.")
        count("lumaloom.errors", [_rows(self._error_rows)], "{error}", "Renders that failed.")
        count("lumaloom.input.losses", [_rows(lambda: _by(self._losses, "loss"))], "{loss}", "What inputs had lost.")
        count("lumaloom.clock.jumps", [_rows(lambda: [(self._jumps, {})])], "{jump}", "Jumps of the machine's clock.")
        now("lumaloom.queue.depth", [_rows(self._depth_rows)], "{item}", "What waits in a queue.")
        now("lumaloom.queue.memory", [_rows(self._queue_rows)], "By", "Bytes of what waits in a queue.")
        now("lumaloom.pool.memory", [_rows(self._pool_rows)], "By", "Buffers of all renders under way.")
        now("lumaloom.workers.tasks", [_rows(self._task_rows)], "{task}", "Work in the pools of threads.")
        now("lumaloom.workers.limit", [_rows(self._thread_rows)], "{thread}", "Threads that a pool may have.")
        count("lumaloom.cache.requests", [_rows(self._cache_rows)], "{request}", "What the disk cache was asked for.")
        count(
            "lumaloom.cache.evictions", [_rows(lambda: [(cache.stats.evicted, {})])], "{entry}", "Made room for others."
        )
        count(
            "lumaloom.cache.failures",
            [_rows(self._cache_failures)],
            "{failure}",
            "Entries damaged, or lost to the disk.",
        )
        count("lumaloom.events.failures", [_rows(lambda: [(events.failures, {})])], "{failure}", "Failed subscribers.")
        count(
            "lumaloom.events.drops", [_rows(lambda: [(events.dropped, {})])], "{event}", "Missed by slow subscribers."
        )
        count("lumaloom.telemetry.failures", [_rows(lambda: [(complaints.count, {})])], "{failure}", "Failed exports.")

    def begin(self, meter: Meter, pool: BufferPool) -> None:
        """Count a job in."""
        with self._lock:
            self._live.append((meter, pool))

    def end(self, meter: Meter, pool: BufferPool) -> None:
        """Keep the sums of a job that is over."""
        with self._lock:
            self._live.remove((meter, pool))
            self._add(meter.tally())

    def durations(self) -> Durations:
        """Return how long the calls of each stage took."""
        found = Durations()
        with self._lock:
            found.merge(self._durations)
            for meter, _ in self._live:
                found.add(meter.tally())
        return found

    def _add(self, tally: Tally) -> None:
        self._durations.add(tally)
        self._device_seconds.update(tally.device_seconds)

    def _take(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Progress):
                self._frames[event.job] = event.frames
            elif isinstance(event, StagesTimed):
                if event.process != this_process():  # else it is of a meter that was looked at
                    self._add(event.tally)
            elif isinstance(event, ClockJumped):
                self._jumps += 1
            elif isinstance(event, EffectFailed):
                self._failing[event.job] = event.effect
            elif isinstance(event, InputRepaired):
                kinds = (name for name in event.losses if not name.startswith("frames_"))
                self._losses.update({name: int(event.losses[name] or 0) for name in kinds})
            elif isinstance(event, RenderEnded):
                self._frames_done += self._frames.pop(event.job, 0)
                self._outcomes[_OUTCOMES[type(event)]] += 1
                if isinstance(event, RenderFailed):
                    self._errors[event.error, self._failing.pop(event.job, "")] += 1

    def _frame_rows(self) -> _Rows:
        return [(self._frames_done + sum(self._frames.values()), {})]

    def _error_rows(self) -> _Rows:
        rows = dict(self._errors).items()
        return [(count, {"error.type": error, "lumaloom.stage": stage}) for (error, stage), count in rows]

    def _device_rows(self) -> _Rows:
        seconds = self._device_seconds.copy()
        for meter, _ in self._live:
            seconds.update(dict(meter.device_seconds))
        return _by(seconds, "device")

    def _depth_rows(self) -> _Rows:
        waiting = Counter({"events": sum(each.waiting for each in self._events.subscriptions), "decode": 0})
        for meter, _ in self._live:
            waiting.update({name: depth.items for name, depth in dict(meter.depths).items()})
        return _by(waiting, "queue")

    def _queue_rows(self) -> _Rows:
        nbytes = Counter({"decode": 0})
        for meter, _ in self._live:
            nbytes.update({name: depth.nbytes for name, depth in dict(meter.depths).items()})
        return _by(nbytes, "queue")

    def _pool_rows(self) -> _Rows:
        stats = [pool.stats for _, pool in self._live]
        use = {"in_use": sum(each.in_use for each in stats), "idle": sum(each.idle for each in stats)}
        return [(nbytes, {"lumaloom.memory": "host", "lumaloom.state": state}) for state, nbytes in use.items()]

    def _task_rows(self) -> _Rows:
        rows = [row for pools in self.pools for row in pools()]
        states = ("waiting", "running")
        return [
            (getattr(row, state), {"lumaloom.pool": row.name, "lumaloom.state": state})
            for row in rows
            for state in states
        ]

    def _thread_rows(self) -> _Rows:
        return [(row.size, {"lumaloom.pool": row.name}) for pools in self.pools for row in pools()]

    def _cache_rows(self) -> _Rows:
        stats = self._cache.stats
        return _by({"hit": stats.hits, "miss": stats.misses}, "outcome")

    def _cache_failures(self) -> _Rows:
        stats = self._cache.stats
        return [(stats.corrupt, {"error.type": "corrupt"}), (stats.failed, {"error.type": "disk"})]


_OUTCOMES: dict[type[Event], str] = {
    RenderFinished: "finished",
    RenderFailed: "failed",
    RenderCancelled: "cancelled",
}


def _by(values: dict[str, Any], name: str) -> _Rows:
    return [(value, {f"lumaloom.{name}": key}) for key, value in dict(values).items()]


def _rows(read: Callable[[], _Rows]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, attributes) for value, attributes in read()]

    return observe
