"""The log: events and warnings as structured lines, with the ids of the trace that they belong to."""

from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from lumaloom.composition import Engine
from lumaloom.errors import EffectError, OutputError
from lumaloom.jobs import Progress, RenderRequest
from lumaloom.services.events import Event, EventBus
from tests.telemetry.collector import Collector
from tests.telemetry.test_telemetry import Looking


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_of_json_carry_the_ids_of_the_trace(clip: Path, folder: Path, collector: Collector) -> None:
    path, looking, bus = folder / "log.jsonl", Looking(), EventBus()
    looking.fail = True

    def broken(_: Progress) -> None:
        raise RuntimeError("no ear")

    bus.subscribe(Progress, broken, queue=None)
    settings = {"log": "json", "log_file": path, "telemetry": True}
    with Engine(settings=settings, events=bus) as engine:
        engine.render(RenderRequest(input=clip, output="null", effects=["flip"]))
        with pytest.raises(EffectError):
            engine.render(RenderRequest(input=clip, output="null", effects=[looking]))
    found = lines(path)
    assert logging.getLogger("lumaloom").handlers == []
    assert logging.getLogger("lumaloom").level == logging.NOTSET
    by_name = {line["event"]: line for line in found}
    assert {"PluginLoaded", "JobQueued", "RenderStarted", "SegmentFinished", "RenderFinished"} <= by_name.keys()
    assert not {"Progress", "HandlerFailed"} & by_name.keys(), "which are for debugging"
    levels = {"RenderFinished": "info", "EffectFailed": "error", "RenderFailed": "error"}
    assert {name: by_name[name]["level"] for name in levels} == levels
    (warning,) = (line for line in found if "no ear" in line["event"] and "1 time so far" in line["event"])
    assert (warning["logger"], warning["level"]) == ("lumaloom.events", "warning")
    jobs = {int.from_bytes(span.trace_id): span for span in collector.named("render")}
    assert len(jobs) == 2
    for name in ("JobQueued", "RenderStarted", "RenderFailed", "RenderFinished"):
        assert int(by_name[name]["span_id"], 16) == int.from_bytes(jobs[int(by_name[name]["trace_id"], 16)].span_id), (
            name
        )
    assert by_name["RenderFinished"]["trace_id"] != by_name["RenderFailed"]["trace_id"]
    assert "trace_id" not in by_name["PluginLoaded"]
    assert warning["trace_id"] == by_name["RenderFinished"]["trace_id"]


def test_lines_for_people_go_to_stderr(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("LUMALOOM_LOG", "console")
    with Engine(settings={"log_level": "debug"}) as engine:
        engine.render(RenderRequest(input=clip, output="null"))
    rows = shown.getvalue().splitlines()
    assert any("RenderFinished" in row and "[info" in row for row in rows)
    assert any("Progress" in row and "frames=30" in row for row in rows)
    assert "\x1b" not in shown.getvalue(), "no colours but on a terminal"
    shown.truncate(0)
    with Engine(settings={"log_level": "error"}) as engine:
        engine.render(RenderRequest(input=clip, output="null"))
    assert "RenderFinished" not in shown.getvalue()


def test_a_log_that_takes_nothing_harms_no_render(clip: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Engine(settings={"log": "json", "log_file": "/dev/full"}) as engine:
        bus = engine.get(EventBus)
        (handler,) = logging.getLogger("lumaloom").handlers
        assert engine.render(RenderRequest(input=clip, output="null")).frames == 30
        assert handler.lost > 3  # type: ignore[attr-defined]
        assert bus.failures == 0
    assert capfd.readouterr().err == ""
    with (
        pytest.raises(OutputError, match=r"^log_file: .*/no/log: No such file or directory$"),
        Engine(settings={"log": "json", "log_file": folder / "no/log"}) as engine,
    ):
        engine.get(EventBus)


def test_an_event_may_have_a_field_of_any_name(folder: Path) -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Odd(Event):
        name: str
        level: int

    path = folder / "log.jsonl"
    with Engine(settings={"log": "json", "log_file": path}) as engine:
        engine.get(EventBus).emit(Odd(name="x", level=3))
    (line,) = lines(path)
    assert (line["event"], line["name_"], line["level"]) == ("Odd", "x", "info")
