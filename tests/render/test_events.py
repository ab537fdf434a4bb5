"""What a render tells, and that no listener can harm it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

import lumaloom
from lumaloom.cache import DiskCache
from lumaloom.composition import Engine
from lumaloom.effect import Effect, Frame, Kind
from lumaloom.errors import CancelledError, DeviceError, EffectError
from lumaloom.jobs import (
    CacheEvicted,
    DeviceLost,
    EffectFailed,
    InputRepaired,
    JobEvent,
    MemoryPressure,
    PluginFailed,
    PluginLoaded,
    Progress,
    RenderEnded,
    RenderFailed,
    RenderFinished,
    RenderRequest,
    RenderStarted,
    SegmentFinished,
)
from lumaloom.memory import BufferPool, PoolStats
from lumaloom.plugins import PluginFailure, Registry
from lumaloom.services.events import Event, EventBus, HandlerFailed, JsonlSink, Queue, Recorder
from tests.media import clips


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make(tmp_path_factory.mktemp("events") / "in.mp4", audio="aac")


class Failing(Effect):
    """Fails on every frame."""

    name, kind = "failing", Kind.POINTWISE
    error: Exception = RuntimeError("as planned")

    def render(self, src: Frame, out: Frame) -> None:
        raise self.error


def test_a_render_from_its_request_to_its_end(source: Path, tmp_path: Path) -> None:
    bus = EventBus()
    seen = Recorder(bus)
    with JsonlSink(tmp_path / "events.jsonl") as sink:
        bus.subscribe(Event, sink, queue=Queue(when_full="block"))
        result = lumaloom.render(source, tmp_path / "out.mkv", ["boxblur radius=2"], events=bus)
        assert bus.close()
    assert seen.names == [
        *("PluginLoaded", "JobQueued", "RenderStarted", "SegmentStarted"),
        *("Progress", "SegmentFinished", "StagesTimed", "RenderFinished"),
    ]
    assert "boxblur" in seen.of(PluginLoaded)[0].effects
    (started,), (finished,) = seen.of(RenderStarted), seen.of(RenderFinished)
    assert started.plan["frames"] == finished.result["frames"] == result.frames == 30
    assert [step["name"] for step in started.plan["steps"]] == ["boxblur"]
    (segment,) = seen.of(SegmentFinished)
    assert seen.of(Progress)[-1].frames == segment.frames == 30
    assert 0 < segment.seconds <= result.seconds
    assert len({event.job for event in seen.of(JobEvent)}) == 1
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == [type(event).__name__ for event in seen.events]
    assert lines[-1]["result"]["sink"]["path"] == str(tmp_path / "out.mkv")


def test_a_failing_effect(source: Path) -> None:
    bus = EventBus()
    seen = Recorder(bus)
    with pytest.raises(EffectError):
        lumaloom.render(source, "null", [Failing()], events=bus)
    assert seen.names[-2:] == ["EffectFailed", "RenderFailed"]
    (told,) = seen.of(EffectFailed)
    assert (told.effect, told.seconds) == ("failing", 0.0)
    assert seen.of(RenderFailed)[0].error == "EffectError"


def test_a_request_that_makes_no_sense(source: Path) -> None:
    bus = EventBus()
    seen = Recorder(bus)
    with pytest.raises(lumaloom.LumaloomError):
        lumaloom.render(source, "null", ["blurr"], events=bus)
    assert seen.names == ["PluginLoaded", "JobQueued", "RenderFailed"]
    assert "did you mean 'blur'" in seen.of(RenderFailed)[0].message


def test_a_device_that_fails(source: Path) -> None:
    bus, effect = EventBus(), Failing()
    effect.error = DeviceError("the GPU failed: as planned")
    seen = Recorder(bus)
    with pytest.raises(DeviceError):
        lumaloom.render(source, "null", [effect], events=bus)
    assert seen.names[-3:] == ["DeviceLost", "StagesTimed", "RenderFailed"]
    assert seen.of(DeviceLost)[0].message == "the GPU failed: as planned"


def test_a_device_that_is_not_there_is_not_lost(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.device.gpus", lambda: "none is here")
    bus = EventBus()
    seen = Recorder(bus)
    with pytest.raises(DeviceError, match="none is here"):
        lumaloom.render(source, "null", device="cuda", events=bus)
    assert seen.names == ["PluginLoaded", "JobQueued", "RenderFailed"]


def test_a_render_that_is_cancelled(source: Path) -> None:
    bus, cancel = EventBus(), threading.Event()
    seen = Recorder(bus, RenderEnded)
    bus.subscribe(RenderStarted, lambda _: cancel.set(), queue=None)
    with pytest.raises(CancelledError):
        lumaloom.render(source, "null", events=bus, cancel=cancel)
    assert seen.names == ["RenderCancelled"]


def test_an_input_that_was_repaired(source: Path, tmp_path: Path) -> None:
    bad = clips.truncated(clips.remux(source, tmp_path / "whole.mkv"), tmp_path / "cut.mkv", 0.6)
    bus = EventBus()
    seen = Recorder(bus)
    lumaloom.render(bad, "null", best_effort=True, events=bus)
    assert seen.names[-2:] == ["InputRepaired", "RenderFinished"]
    assert seen.of(InputRepaired)[0].losses["truncated"]


def test_memory_that_gets_short_is_told_once(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.jobs.rendering._REPORT_EVERY", 0)
    uses = iter([50, 95, 99, 100, 50, 91])

    class Filling(BufferPool):
        @property
        def stats(self) -> PoolStats:
            return PoolStats("host", 1, 1, 0, 0, next(uses, 10), 0, 100, 100)

    bus = EventBus()
    seen = Recorder(bus, MemoryPressure)
    with Engine(events=bus, replace={BufferPool: lambda: Filling(1 << 28)}) as engine:
        engine.render(RenderRequest(input=source, output="null", effects=["boxblur radius=2"]))
    assert [event.in_use for event in seen.of(MemoryPressure)] == [95, 91]


def test_a_cache_that_makes_room(tmp_path: Path) -> None:
    bus = EventBus()
    seen = Recorder(bus, CacheEvicted)
    with Engine(events=bus, settings={"cache_dir": tmp_path, "cache_limit": 1000}) as engine:
        cache = engine.get(DiskCache)
        for key in ("a", "b", "b", "c"):
            cache.put(key, key.encode() * 400)
        cache.put("d", b"d" * 900)
    found = [(event.cache, event.entries, event.nbytes) for event in seen.of(CacheEvicted)]
    assert found == [("disk", 1, 400), ("disk", 2, 800)]
    cache.put("e", b"e" * 900)
    assert len(seen.events) == 2, "an engine that is over hears nothing"


def test_a_plugin_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    registry.failures.append(PluginFailure("odd", "ImportError: no"))
    monkeypatch.setattr("lumaloom.composition.providers.default_registry", lambda: registry)
    bus = EventBus()
    seen = Recorder(bus)
    with Engine(events=bus) as engine:
        engine.get(Registry)
    assert [(event.plugin, event.reason) for event in seen.of(PluginFailed)] == [("odd", "ImportError: no")]


def test_no_listener_harms_a_render(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.jobs.rendering._REPORT_EVERY", 0)
    bus, never = EventBus(), threading.Event()

    def broken(_: Event) -> None:
        raise RuntimeError("no ear")

    async def broken_too(_: Event) -> None:
        raise RuntimeError("no ear either")

    bus.subscribe(Event, broken, queue=None)
    bus.subscribe(Progress, broken_too)
    for policy in ("block", "drop_oldest", "coalesce"):
        bus.subscribe(Progress, lambda _: never.wait(60), queue=Queue(2, policy, 0.1))  # type: ignore[arg-type]
    seen = Recorder(bus)
    assert lumaloom.render(source, "null", events=bus).frames == 30
    assert not bus.close(0.2)
    never.set()
    assert seen.of(RenderFinished)
    assert {event.error for event in seen.of(HandlerFailed)} >= {"RuntimeError: no ear"}
    assert bus.failures > 30


def test_the_callback_is_the_callers_own(source: Path) -> None:
    moments: list[Progress] = []
    lumaloom.render(source, "null", on_progress=moments.append)
    assert moments[-1].frames == 30
