"""OpenTelemetry's own variables, where the settings say nothing."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lumaloom.composition import Engine
from lumaloom.errors import UsageError
from lumaloom.jobs import RenderRequest
from lumaloom.services.telemetry import Exporters, Telemetry
from lumaloom.telemetry.exporters import METRICS, TRACES, names
from tests.cli.running import run_cli
from tests.telemetry.collector import Collector


@pytest.mark.parametrize(
    ("setting", "variable", "found"),
    [
        (None, "", ["otlp"]),
        (None, "none", []),
        (None, "console, otlp", ["console", "otlp"]),
        ("file", "otlp", ["file"]),
        ("none", "otlp", []),
        ("otlp,prometheus", "", ["otlp"]),
    ],
)
def test_which_exporters(setting: str | None, variable: str, found: list[str]) -> None:
    assert names(setting, "OTEL_TRACES_EXPORTER", TRACES, {"OTEL_TRACES_EXPORTER": variable}) == found


def test_what_there_is_not_is_one_line() -> None:
    for word, hint in (("otpl", "; did you mean 'otlp'?"), ("prometheus", "")):
        with pytest.raises(UsageError) as caught:
            names(None, "OTEL_TRACES_EXPORTER", TRACES, {"OTEL_TRACES_EXPORTER": word})
        assert str(caught.value).endswith(f"expected otlp, console, file, none, got {word!r}{hint}")
    assert names(None, "OTEL_METRICS_EXPORTER", METRICS, {"OTEL_METRICS_EXPORTER": "prometheus"}) == ["prometheus"]


def test_a_render_obeys_them(clip: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "console")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "cutting room")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=nine")
    outcome = run_cli("render", clip, "null", "-e", "flip", "--telemetry", "on")
    assert outcome.code == 0
    assert '"lumaloom.stage.duration"' in outcome.err
    assert "resource_metrics" not in outcome.out
    assert collector.named("stage flip")
    assert not collector.metrics
    (resource, *_) = collector.resources
    assert (resource["service.name"], resource["host.name"]) == ("cutting room", "nine")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    spans = len(collector.spans)
    assert run_cli("render", clip, "null", "--telemetry", "on").code == 0
    assert len(collector.spans) == spans
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    outcome = run_cli("render", clip, "null", "--telemetry", "on")
    assert (outcome.code, outcome.error[:21]) == (2, "OTEL_TRACES_EXPORTER:")


def test_the_name_of_the_service_is_ours_unless_told(clip: Path, collector: Collector) -> None:
    assert run_cli("render", clip, "null", "--telemetry", "on").code == 0
    assert collector.resources[0]["service.name"] == "lumaloom"


def test_prometheus_comes_to_the_port_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", str(port))
    with Engine(settings={"telemetry": True}) as engine:
        engine.get(Telemetry)
        assert b"lumaloom_jobs_active" in urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read()
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", "http")
    with Engine(settings={"telemetry": True}) as engine, pytest.raises(UsageError, match="expected a port from 0"):
        engine.get(Telemetry)


def test_exporters_of_ones_own(clip: Path) -> None:
    spans, figures = InMemorySpanExporter(), InMemoryMetricReader()

    class Own(Exporters):
        def span_processors(self) -> list[SimpleSpanProcessor]:
            return [SimpleSpanProcessor(spans)]

        def metric_readers(self) -> list[InMemoryMetricReader]:
            return [figures]

    with Engine(settings={"telemetry": True, "telemetry_exporter": "none"}, replace={Exporters: Own}) as engine:
        engine.render(RenderRequest(input=clip, output="null"))
        data = figures.get_metrics_data()
    assert {span.name for span in spans.get_finished_spans()} >= {"render", "segment", "stage decode"}
    assert data is not None
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    assert {metric.name for metric in metrics} >= {"lumaloom.frames", "lumaloom.jobs.ended"}
