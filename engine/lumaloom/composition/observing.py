"""Telemetry as the settings and the standard OTEL variables want it: exporters, and the pages of health and metrics."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO

from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from lumaloom.cache import DiskCache
from lumaloom.composition.readiness import checks
from lumaloom.device import Machine
from lumaloom.errors import OutputError, UsageError
from lumaloom.jobs import RenderStarted
from lumaloom.services.events import EventBus
from lumaloom.services.settings import Settings
from lumaloom.services.telemetry import Exporters, Telemetry
from lumaloom.telemetry.complaints import terse
from lumaloom.telemetry.durations import PeriodicReader
from lumaloom.telemetry.exporters import METRICS, TRACES, Exporter, metric_exporter, names, span_exporter
from lumaloom.telemetry.otel import OpenTelemetry
from lumaloom.telemetry.server import Check, HealthServer


@contextmanager
def observing(
    settings: Settings, events: EventBus, cache: DiskCache, machine: Machine, own: Exporters
) -> Generator[Telemetry, None, None]:
    """Give telemetry that exports what the settings say until the body ends.

    Raises:
        OutputError: a file or a port can't be had.
        UsageError: a standard variable says what makes no sense.
    """
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    with ExitStack() as stack:
        stack.enter_context(terse())
        ways = _Ways()
        if settings.telemetry and not disabled:
            ways = _ways(settings, stack)
            ways.processors += own.span_processors()
            ways.readers += own.metric_readers() if settings.telemetry_metrics else ()
        if (address := _address(settings, ways.prometheus)) is not None:
            stack.enter_context(_served(address, settings, events, cache, machine, ways.readers))
        telemetry = OpenTelemetry(
            events, cache, ways.processors, ways.readers, ways.exporters, settings.telemetry_frames
        )
        stack.callback(telemetry.end)
        yield telemetry


@dataclass
class _Ways:
    """What takes spans, what collects metrics, their exporters, and whether Prometheus is to come and fetch."""

    processors: list[SpanProcessor] = field(default_factory=list)
    readers: list[MetricReader] = field(default_factory=list)
    exporters: list[Exporter] = field(default_factory=list)
    prometheus: bool = False


def _ways(settings: Settings, stack: ExitStack) -> _Ways:
    traces = names(settings.telemetry_exporter, "OTEL_TRACES_EXPORTER", TRACES, os.environ)
    metrics: list[str] = []
    if settings.telemetry_metrics:
        metrics = names(settings.telemetry_exporter, "OTEL_METRICS_EXPORTER", METRICS, os.environ)
    ways = _Ways(prometheus="prometheus" in metrics)
    file: IO[str] | None = None
    if "file" in (*traces, *metrics):
        try:
            file = stack.enter_context(settings.telemetry_file.open("a", buffering=1, encoding="utf-8"))
        except OSError as error:
            raise OutputError(f"telemetry_file: {settings.telemetry_file}: {error.strerror}") from None
    for name in traces:
        spans = span_exporter(name, file)
        ways.processors.append(BatchSpanProcessor(spans))
        ways.exporters.append(spans)
    for name in metrics:
        if name != "prometheus":
            figures = metric_exporter(name, file)
            ways.readers.append(PeriodicReader(figures))
            ways.exporters.append(figures)
    return ways


def _address(settings: Settings, prometheus: bool) -> tuple[str, int] | None:
    """Return host and port of the pages: as the settings say, or the standard variables of Prometheus's exporter."""
    if settings.serve_metrics is not None:
        return settings.serve_host, settings.serve_metrics
    if not prometheus:
        return None
    port = os.environ.get("OTEL_EXPORTER_PROMETHEUS_PORT") or "9464"
    if not (port.isdecimal() and int(port) <= 65535):
        raise UsageError(f"OTEL_EXPORTER_PROMETHEUS_PORT: expected a port from 0 to 65535, got {port!r}")
    return os.environ.get("OTEL_EXPORTER_PROMETHEUS_HOST") or settings.serve_host, int(port)


@contextmanager
def _served(
    address: tuple[str, int],
    settings: Settings,
    events: EventBus,
    cache: DiskCache,
    machine: Machine,
    readers: list[MetricReader],
) -> Generator[None, None, None]:
    from lumaloom.telemetry.prometheus import PrometheusReader

    reader = PrometheusReader()
    readers.append(reader)
    begun = threading.Event()
    job = events.subscribe(RenderStarted, lambda _: begun.set(), queue=None)
    started: dict[str, Check] = {"job": lambda: "" if begun.is_set() else "none has started yet"}
    host, port = address
    ready = checks(settings, cache, machine)
    try:
        server = HealthServer(port, ready, started, reader.page, host)
    except OSError as error:
        raise OutputError(f"serve_metrics: port {port}: {error.strerror}") from None
    with server:
        try:
            yield
        finally:
            job.cancel()
