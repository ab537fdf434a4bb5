"""Where telemetry goes: OTLP over HTTP, the console or a file, and Prometheus."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import IO, Any

from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

_log = logging.getLogger("lumaloom.telemetry")

Exporter = SpanExporter | MetricExporter
Pair = tuple[SpanExporter, MetricExporter]


def make(name: str, file: IO[str] | None) -> tuple[BatchSpanProcessor, PeriodicExportingMetricReader, Pair]:
    """Return what takes spans, what collects metrics, and their exporters, for `otlp`, `console` or `file`.

    OTLP goes where OTEL_EXPORTER_OTLP_ENDPOINT says, usually http://localhost:4318.
    """
    spans, metrics = _MAKERS[name](file)
    return BatchSpanProcessor(spans), PeriodicExportingMetricReader(metrics), (spans, metrics)


@contextmanager
def terse() -> Generator[None, None, None]:
    """Make one line of each exporter's complaints while the body runs, where nobody has set up logging.

    The exporters repeat them at every attempt, with tracebacks.
    """
    logger, root = logging.getLogger("opentelemetry"), logging.getLogger()
    if logger.handlers or root.handlers:
        yield
        return
    handler, propagate = _FirstLines(), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagate
        logger.removeHandler(handler)


class _FirstLines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name not in self._heard:
            self._heard.add(record.name)
            message = record.getMessage().partition("\n")[0]
            _log.warning("%s: %s", record.name.rpartition(".")[2].strip("_"), message[:160])


def _otlp(_: IO[str] | None) -> Pair:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(), OTLPMetricExporter()


def _lines(file: IO[str] | None) -> Pair:
    """Write lines of JSON, to stderr where no file is given: stdout belongs to the command's own output."""
    import sys

    def line(thing: Any) -> str:
        return str(thing.to_json(indent=None)).strip() + os.linesep

    out = file or sys.stderr
    return ConsoleSpanExporter(out=out, formatter=line), ConsoleMetricExporter(out=out, formatter=line)


_MAKERS: dict[str, Callable[[IO[str] | None], Pair]] = {"otlp": _otlp, "console": _lines, "file": _lines}
