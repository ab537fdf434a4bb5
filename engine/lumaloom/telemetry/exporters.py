"""Where telemetry goes: OTLP over HTTP, the console or a file, and Prometheus."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import IO, Any

from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter

from lumaloom.errors import UsageError, nearest

Exporter = SpanExporter | MetricExporter

TRACES = ("otlp", "console", "file", "none")
METRICS = ("otlp", "console", "file", "prometheus", "none")


def names(setting: str | None, variable: str, known: tuple[str, ...], environment: Mapping[str, str]) -> list[str]:
    """Return the exporters that a setting names, else a standard variable such as OTEL_TRACES_EXPORTER, else OTLP.

    Args:
        setting: names with commas between them; those that are not `known` are for others.
        variable: name of the variable.
        known: what can be had.
        environment: of the variable.

    Raises:
        UsageError: the variable names what there is not.
    """
    if setting is not None:
        return [name for name in setting.split(",") if name in known and name != "none"]
    found = [name.strip() for name in (environment.get(variable) or "otlp").split(",")]
    for name in found:
        if name not in known:
            raise UsageError(f"{variable}: expected {', '.join(known)}, got {name!r}{nearest(name, known)}")
    return [name for name in found if name != "none"]


def span_exporter(name: str, file: IO[str] | None) -> SpanExporter:
    """Return what exports spans to `otlp`, `console` or `file`.

    OTLP goes where OTEL_EXPORTER_OTLP_ENDPOINT says, usually http://localhost:4318.
    """
    if name == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter()
    return ConsoleSpanExporter(out=_out(name, file), formatter=_line)


def metric_exporter(name: str, file: IO[str] | None) -> MetricExporter:
    """Return what exports metrics, as `span_exporter` does spans."""
    if name == "otlp":
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        return OTLPMetricExporter()
    return ConsoleMetricExporter(out=_out(name, file), formatter=_line)


def _out(name: str, file: IO[str] | None) -> IO[str]:
    """Return the file, or stderr: stdout belongs to the command's own output."""
    return file if name == "file" and file is not None else sys.stderr


def _line(thing: Any) -> str:
    return str(thing.to_json(indent=None)).strip() + os.linesep
