"""Telemetry by OpenTelemetry."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ParamSpec, TypeVar

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from lumaloom import __version__
from lumaloom.cache import DiskCache
from lumaloom.memory import BufferPool
from lumaloom.run import Meter
from lumaloom.services.events import EventBus
from lumaloom.services.telemetry import Telemetry
from lumaloom.telemetry.carrying import Carried
from lumaloom.telemetry.durations import WithDurations
from lumaloom.telemetry.exporters import Exporter
from lumaloom.telemetry.figures import Figures
from lumaloom.telemetry.tracing_meter import TracingMeter

_log = logging.getLogger("lumaloom.telemetry")

P = ParamSpec("P")
R = TypeVar("R")

# Seconds that the last export may take; a collector that does not answer costs no more.
_PATIENCE = 3.0


class OpenTelemetry(Telemetry):
    """Traces of jobs, stages and sampled frames, and metrics. The standard OTEL variables hold.

    Args:
        events: tell of jobs.
        cache: whose requests are counted.
        processors: take the spans; without any, nothing is traced.
        readers: collect the metrics.
        exporters: of those two; told to give up where the last export takes too long.
        every: one frame in so many is traced.
    """

    def __init__(
        self,
        events: EventBus,
        cache: DiskCache,
        processors: Sequence[SpanProcessor],
        readers: Sequence[MetricReader],
        exporters: Sequence[Exporter],
        every: int,
    ) -> None:
        resource = _resource()
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        for processor in processors:
            self._tracers.add_span_processor(processor)
        self._meters = MeterProvider(readers, resource, shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer("lumaloom", __version__)
        self._traces, self._every, self._exporters = bool(processors), every, exporters
        self._figures = Figures(self._meters.get_meter("lumaloom", __version__), events, cache)
        began = time.time_ns()
        for reader in readers:
            if isinstance(reader, WithDurations):
                reader.durations = lambda: self._figures.durations().metric(began)

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[object]:
        """Trace the body as one span, under the span that is current in this thread."""
        named = {f"lumaloom.{key}": value for key, value in attributes.items()}
        return self._tracer.start_as_current_span(name, attributes=named)

    @contextmanager
    def watching(self, pool: BufferPool) -> Generator[Meter, None, None]:
        """Give the meter of a job, and look at it and the pool while the body runs."""
        meter = TracingMeter(self._tracer, self._every) if self._traces else Meter()
        self._figures.begin(meter, pool)
        try:
            yield meter
        finally:
            if isinstance(meter, TracingMeter):
                meter.finish()
            self._figures.end(meter, pool)

    def watch_pools(self, statistics: Callable[[], Iterable[Any]]) -> None:
        """Measure pools of threads: snapshots with `name`, `size`, `waiting` and `running` of each."""
        self._figures.pools.append(statistics)

    def carried(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return a function to be called elsewhere, whose spans belong to the one that is current here."""
        return Carried(function)

    def end(self) -> None:
        """Export what is left, for some seconds at most."""
        self._figures.subscription.cancel()
        calls = (self._tracers.shutdown, self._meters.shutdown)
        threads = [threading.Thread(target=_attempt, args=(call,), daemon=True) for call in calls]
        for thread in threads:
            thread.start()
        if not _joined(threads, _PATIENCE):
            _log.warning("telemetry was not exported within %g s; is the collector there?", _PATIENCE)
            for exporter in self._exporters:
                _attempt(exporter.shutdown)  # ends its waiting for another attempt
            _joined(threads, _PATIENCE / 3)


def _resource() -> Resource:
    """Return what all telemetry says of this process; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win."""
    ours = Resource({"service.name": "lumaloom", "service.version": __version__})
    named = Resource.create()
    theirs = {key: value for key, value in named.attributes.items() if not str(value).startswith("unknown_service")}
    return ours.merge(Resource(theirs))


def _joined(threads: Sequence[threading.Thread], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return not any(thread.is_alive() for thread in threads)


def _attempt(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception as problem:
        _log.warning("telemetry was not exported: %s: %s", type(problem).__name__, problem)
