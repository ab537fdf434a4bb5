"""Telemetry as the settings want it: exporters, and the pages of health and metrics."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace import SpanProcessor

from lumaloom.cache import DiskCache
from lumaloom.errors import OutputError
from lumaloom.jobs import RenderStarted
from lumaloom.services.events import EventBus
from lumaloom.services.settings import Settings
from lumaloom.services.telemetry import Telemetry
from lumaloom.telemetry.exporters import Exporter, make, terse
from lumaloom.telemetry.otel import OpenTelemetry
from lumaloom.telemetry.server import Check, HealthServer

# A disk with less than this is not ready for an output.
_LEAST_SPACE = 64 << 20


@contextmanager
def observing(settings: Settings, events: EventBus, cache: DiskCache) -> Generator[Telemetry, None, None]:
    """Give telemetry that exports what the settings say until the body ends.

    Raises:
        OutputError: a file or a port can't be had.
    """
    processors: list[SpanProcessor] = []
    readers: list[MetricReader] = []
    exporters: list[Exporter] = []
    with ExitStack() as stack:
        stack.enter_context(terse())
        names = settings.telemetry_exporter.split(",") if settings.telemetry else ["none"]
        for name in names:
            if name == "none" or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
                continue
            file = None
            if name == "file":
                try:
                    file = stack.enter_context(open(settings.telemetry_file, "a", buffering=1, encoding="utf-8"))
                except OSError as error:
                    raise OutputError(f"telemetry_file: {settings.telemetry_file}: {error.strerror}") from None
            processor, reader, pair = make(name, file)
            processors.append(processor)
            readers.append(reader)
            exporters += pair
        if settings.serve_metrics is not None:
            from opentelemetry.exporter.prometheus import PrometheusMetricReader
            from prometheus_client import CollectorRegistry, generate_latest

            registry = CollectorRegistry()
            readers.append(PrometheusMetricReader(registry=registry))
            started = threading.Event()
            job = events.subscribe(RenderStarted, lambda _: started.set(), queue=None)
            stack.callback(job.cancel)
            checks: dict[str, Check] = {"job": lambda: "" if started.is_set() else "none has started yet"}
            try:
                server = HealthServer(
                    settings.serve_metrics,
                    _ready(cache),
                    checks,
                    metrics=lambda: generate_latest(registry),
                    host=settings.serve_host,
                )
            except OSError as error:
                raise OutputError(f"serve_metrics: port {settings.serve_metrics}: {error.strerror}") from None
            stack.enter_context(server)
        telemetry = OpenTelemetry(events, cache, processors, readers, exporters, settings.telemetry_frames)
        stack.callback(telemetry.end)
        yield telemetry


def _ready(cache: DiskCache) -> dict[str, Check]:
    return {
        "decoder": _decoder,
        "encoder": _encoder,
        "plugins": _plugins,
        "cache": lambda: _cache(cache),
        "disk": _disk,
    }


def _decoder() -> str:
    import av

    return "" if "h264" in av.codecs_available else "FFmpeg has no decoder for H.264"


def _encoder() -> str:
    from lumaloom.media.encoders import available

    return "" if available() else "FFmpeg has no encoder that is known here"


def _plugins() -> str:
    from lumaloom.plugins import default_registry

    registry = default_registry()
    broken = ", ".join(sorted({failure.plugin for failure in registry.failures}))
    return "no effect is installed" if not registry.effects else broken and f"left out: {broken}"


def _cache(cache: DiskCache) -> str:
    folder = cache.folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return "" if not cache.limit or os.access(folder, os.W_OK) else f"{folder} is not writable"


def _disk() -> str:
    free = shutil.disk_usage(Path.cwd()).free
    return "" if free >= _LEAST_SPACE else f"{free >> 20} MiB are free"
