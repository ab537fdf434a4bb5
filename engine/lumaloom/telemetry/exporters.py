"""Where telemetry goes: OTLP over HTTP, the console or a file, and Prometheus."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, Any

from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

Pair = tuple[SpanExporter, MetricExporter]


def make(name: str, file: IO[str] | None) -> tuple[BatchSpanProcessor, PeriodicExportingMetricReader]:
    """Return what takes spans, and what collects metrics, for an exporter `otlp`, `console` or `file`.

    OTLP goes where OTEL_EXPORTER_OTLP_ENDPOINT says, usually http://localhost:4318.
    """
    spans, metrics = _MAKERS[name](file)
    return BatchSpanProcessor(spans), PeriodicExportingMetricReader(metrics)


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
