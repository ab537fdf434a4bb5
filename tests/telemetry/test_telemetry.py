"""Traces and metrics: complete, in agreement with the job's own counts, and no harm where nobody takes them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from opentelemetry import trace
from prometheus_client.parser import text_string_to_metric_families

from lumaloom.composition import Engine
from lumaloom.effect import Effect, Frame, Kind
from lumaloom.errors import EffectError, OutputError
from lumaloom.jobs import InputRepaired, RenderFinished, RenderRequest, RenderResult, RenderStarted
from lumaloom.services.events import Event, EventBus
from lumaloom.services.telemetry import Telemetry
from lumaloom.telemetry.server import HealthServer
from tests.cli.running import run_cli
from tests.telemetry.collector import Collector

DASHBOARD = Path(__file__).parents[2] / "samples/observability/grafana/dashboards/lumaloom.json"


class Looking(Effect):
    """Notes the trace that is current where it runs."""

    name, kind = "looking", Kind.POINTWISE

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[int, str]] = set()
        self.fail = False

    def render(self, src: Frame, out: Frame) -> None:
        context = trace.get_current_span().get_span_context()
        self.seen.add((context.trace_id, threading.current_thread().name.rpartition("_")[0]))
        if self.fail:
            raise RuntimeError("as planned")
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source


def render(clip: Path, *effects: str | Effect, events: EventBus | None = None, **settings: Any) -> RenderResult:
    with Engine(settings=settings, events=events) as engine:
        return engine.render(RenderRequest(input=clip, output="null", effects=effects, threads=2))


def test_off_is_nothing_at_all(clip: Path, folder: Path) -> None:
    with Engine() as engine:
        assert type(engine.get(Telemetry)) is Telemetry
    code = f"import sys, lumaloom; lumaloom.render({str(clip)!r}, 'null'); print(*sys.modules)"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LUMALOOM_")}
    environment |= {"XDG_CACHE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert not roots & {"opentelemetry", "prometheus_client", "http", "structlog", "fastapi", "msgspec"}


def test_every_stage_has_its_span_and_its_figures(clip: Path, collector: Collector) -> None:
    looking = Looking()
    result = render(clip, "boxblur radius=2", looking, "flip", telemetry="on", telemetry_frames=10)
    (job,), (plan,), (segment,) = collector.named("render"), collector.named("plan"), collector.named("segment")
    assert job.parent_span_id == b""
    assert plan.parent_span_id == segment.parent_span_id == job.span_id
    stages = {span.name.removeprefix("stage "): span for span in collector.spans if span.name.startswith("stage ")}
    assert stages.keys() == {"decode", "boxblur", "looking", "flip", "encode"} == result.stage_seconds.keys()
    assert {span.trace_id for span in collector.spans} == {job.trace_id}
    for name, span in stages.items():
        assert span.parent_span_id == segment.span_id, name
        assert job.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= job.end_time_unix_nano
        attributes = {each.key: each.value for each in span.attributes}
        assert attributes["lumaloom.busy_seconds"].double_value == pytest.approx(result.stage_seconds[name], abs=1e-6)
        items = attributes["lumaloom.items"].int_value
        durations = collector.histogram("lumaloom.stage.duration", stage=name)
        assert durations.count == sum(durations.bucket_counts) == items
        assert durations.sum == pytest.approx(result.stage_seconds[name], abs=1e-6)
        assert 0 < durations.min <= durations.sum / durations.count <= durations.max <= durations.sum
        assert len(durations.bucket_counts) == len(durations.explicit_bounds) + 1
        frames = collector.named(f"frame {name}")
        assert len(frames) == -(-items // 10), "the first of every ten"
        assert {frame.parent_span_id for frame in frames} == {span.span_id}
    assert collector.histogram("lumaloom.stage.duration", stage="looking").count == result.frames == 30
    assert collector.value("lumaloom.frames") == 30
    worked = sum(result.stage_seconds[name] for name in ("boxblur", "looking", "flip"))
    assert worked <= collector.value("lumaloom.device.time", device="cpu") < 2 * worked + 0.1
    assert collector.value("lumaloom.queue.depth", queue="events") == 0
    assert collector.value("lumaloom.jobs.ended", outcome="finished") == 1
    assert collector.value("lumaloom.jobs.active") == 0
    assert looking.seen == {(int.from_bytes(job.trace_id), "lumaloom-cpu")}, "carried into the workers"


def test_a_render_that_fails(clip: Path, collector: Collector) -> None:
    looking = Looking()
    looking.fail = True
    with pytest.raises(EffectError):
        render(clip, looking, telemetry="on")
    (job,) = collector.named("render")
    assert job.status.code == 2
    assert job.events[0].name == "exception"
    assert collector.value("lumaloom.jobs.ended", outcome="failed") == 1
    assert collector.value("lumaloom.errors", **{"error.type": "EffectError", "lumaloom.stage": "looking"}) == 1


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_a_collector_that_does_not_answer(
    clip: Path, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("lumaloom.telemetry.otel._PATIENCE", 0.3)
    listening = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{listening.getsockname()[1]}")
    if kind == "closed":
        listening.close()
    begin = time.monotonic()
    assert render(clip, telemetry="on").frames == 30
    assert time.monotonic() - begin < 5
    assert "telemetry was not exported" in caplog.text or "opentelemetry" in {
        r.name.split(".")[0] for r in caplog.records
    }
    listening.close()


def test_a_file_of_telemetry(clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMALOOM_TELEMETRY_EXPORTER", "file")
    monkeypatch.setenv("LUMALOOM_TELEMETRY_FILE", str(folder / "telemetry.jsonl"))
    outcome = run_cli("render", clip, "null", "-e", "flip", "--telemetry", "on")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [json.loads(line) for line in (folder / "telemetry.jsonl").read_text().splitlines()]
    names = {line["name"] for line in lines if "name" in line}
    assert {"render", "plan", "stage decode", "stage flip", "stage encode"} <= names
    assert any("resource_metrics" in line for line in lines)
    assert run_cli("render", clip, "null", "--telemetry", "off").code == 0
    assert len((folder / "telemetry.jsonl").read_text().splitlines()) == len(lines)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert run_cli("render", clip, "null", "--telemetry", "on").code == 0
    assert len((folder / "telemetry.jsonl").read_text().splitlines()) == len(lines)


def test_a_file_that_cannot_be_written_is_one_line(clip: Path, folder: Path) -> None:
    words = ["--set", "telemetry_exporter=file", "--set", f"telemetry_file={folder}/no/file", "--telemetry", "on"]
    outcome = run_cli("render", clip, "null", *words)
    assert outcome.code == 1
    assert outcome.error == f"telemetry_file: {folder}/no/file: No such file or directory"
    outcome = run_cli("render", clip, "null", "--set", "telemetry_exporter=otpl")
    assert outcome.code == 2
    assert "telemetry_exporter: " in outcome.error


def page(port: int, name: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as answer:
        return answer.code, answer.read().decode()


def test_pages_of_health_and_metrics(clip: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bus = EventBus()
    pages: dict[str, tuple[int, str]] = {}

    def look(event: Event) -> None:
        kind = type(event).__name__
        for name in ("livez", "live", "readyz", "ready", "health", "startupz", "metrics", "nothing"):
            pages[f"{kind} {name}"] = page(port, name)

    with Engine(settings={"serve_metrics": port}, events=bus) as engine:
        engine.get(Telemetry)
        assert page(port, "startupz") == (503, "job: none has started yet\n")
        bus.subscribe((RenderStarted, RenderFinished), look, queue=None)
        result = engine.render(RenderRequest(input=clip, output="null", effects=["flip"]))
    for kind in ("RenderStarted", "RenderFinished"):
        assert pages[f"{kind} livez"] == pages[f"{kind} live"] == (200, "ok\n")
        assert pages[f"{kind} startupz"] == (200, "job: ok\n")
        code, text = pages[f"{kind} readyz"]
        assert code == 200, text
        assert text == pages[f"{kind} ready"][1] == pages[f"{kind} health"][1]
        assert text.splitlines() == [
            f"{part}: ok" for part in ("decoder", "encoder", "device", "plugins", "cache", "disk")
        ]
        assert pages[f"{kind} nothing"][0] == 404
    families = {f.name: f for f in text_string_to_metric_families(pages["RenderFinished metrics"][1])}
    (frames,) = families["lumaloom_frames"].samples
    assert frames.value == result.frames == 30
    durations = [each for each in families["lumaloom_stage_duration_seconds"].samples if each.name.endswith("_count")]
    assert {each.labels["lumaloom_stage"]: each.value for each in durations}["flip"] == 30
    states = {each.labels["lumaloom_state"]: each.value for each in families["lumaloom_pool_memory_bytes"].samples}
    assert states.keys() == {"in_use", "idle"}
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1)


def test_the_dashboard_asks_for_metrics_that_there_are(clip: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    looking = Looking()
    looking.fail = True
    with Engine(settings={"serve_metrics": port}) as engine:
        engine.render(RenderRequest(input=clip, output="null", effects=["flip"]))
        with pytest.raises(EffectError):
            engine.render(RenderRequest(input=clip, output="null", effects=[looking]))
        engine.get(EventBus).emit(InputRepaired(losses={"frames_readable": 9, "decode_errors": 3, "truncated": True}))
        text = page(port, "metrics")[1]
    there: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            there.setdefault(sample.name, set()).update(sample.labels)
    for name in ("cpu", "io", "background"):
        for line in (f'tasks{{lumaloom_pool="{name}",lumaloom_state="waiting"', f'limit{{lumaloom_pool="{name}"'):
            assert f"lumaloom_workers_{line}" in text
    assert re.findall(r'losses_total\{lumaloom_loss="(\w+)".* (\S+)', text) == [
        ("decode_errors", "3.0"),
        ("truncated", "1.0"),
    ]
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {query: re.findall(r"lumaloom_\w+", re.sub(r"by \([^)]*\)", "", query)) for query in queries}
    wanted = {name for names in asked.values() for name in names}
    assert wanted
    assert wanted <= there.keys()
    assert {name for name in there if name.startswith("lumaloom_")} <= wanted, "and none is left out"
    for query in queries:
        labels = {label.strip() for found in re.findall(r"by \(([^)]*)\)", query) for label in found.split(",")}
        for name in asked[query]:
            assert labels <= there[name], query
    readme = (DASHBOARD.parents[2] / "README.md").read_text()
    assert all(f"`{re.sub('_(bucket|count|sum)$', '', name)}`" in readme for name in wanted)


def test_a_port_that_is_taken_is_one_line(clip: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = run_cli("render", clip, "null", "--serve-metrics", port)
        assert outcome.code == 1
        assert outcome.error == f"serve_metrics: port {port}: Address already in use"
        with pytest.raises(OutputError):
            render(clip, serve_metrics=port)


def test_a_check_that_fails_is_503_and_harms_no_other_page() -> None:
    def broken() -> str:
        raise RuntimeError("no check")

    def no_metrics() -> bytes:
        raise ValueError("none")

    with HealthServer(0, {"a": lambda: "", "b": lambda: "is ill", "c": broken}, {}, no_metrics) as server:
        assert page(server.port, "readyz") == (503, "a: ok\nb: is ill\nc: RuntimeError: no check\n")
        assert page(server.port, "metrics") == (500, "ValueError: none\n")
        assert page(server.port, "livez")[0] == 200
