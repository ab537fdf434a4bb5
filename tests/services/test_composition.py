"""The composition root: scopes, replacements, a graph that is checked, and an end in reverse."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lumaloom.composition import Engine, GraphError
from lumaloom.device import Machine
from lumaloom.errors import LumaloomError
from lumaloom.jobs import PluginFailed, PluginLoaded, Progress, Renderer, RenderRequest
from lumaloom.memory import BufferPool
from lumaloom.plugins import Registry
from lumaloom.run import Meter
from lumaloom.services.clock import Clock
from lumaloom.services.events import EventBus, Recorder
from lumaloom.services.pools import Shares
from lumaloom.services.settings import Settings
from tests.cli.running import run_cli


class Absent:
    pass


class NeedsAbsent(Machine):
    def __init__(self, absent: Absent) -> None: ...


class NeedsMeter(Clock):
    def __init__(self, meter: Meter) -> None: ...


def settings_from_bus(bus: EventBus) -> Settings:
    raise AssertionError("never called")


def test_a_graph_that_cannot_work_is_refused_with_its_path() -> None:
    with pytest.raises(GraphError, match=r"^no service Absent, which is needed: Machine -> Absent$"):
        Engine(replace={Machine: NeedsAbsent})
    alive = "^Meter lives as long as a job, Clock as long as the engine: Clock -> Meter$"
    with pytest.raises(GraphError, match=alive):
        Engine(replace={Clock: NeedsMeter})
    with pytest.raises(GraphError, match=r"^a service needs itself: Settings -> EventBus -> Settings$"):
        Engine(replace={Settings: settings_from_bus})
    with pytest.raises(GraphError, match="<lambda>: argument 'pool' has no annotation"):
        Engine(replace={Clock: lambda pool: Clock()})
    with pytest.raises(TypeError, match=r"no service Absent; there are .*BufferPool, Clock, "):
        Engine(replace={Absent: Absent})


class Entry:
    """An installed entry point of a plugin that brings services."""

    def __init__(self, name: str, bring: Callable[[], Any]) -> None:
        self.name, self._bring, self.loads = name, bring, 0

    def load(self) -> Callable[[], Any]:
        self.loads += 1
        return self._bring


def test_plugins_replace_services_where_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    class Theirs(Clock):
        pass

    class Mine(Clock):
        pass

    def fails() -> dict[type, Any]:
        raise RuntimeError("no services")

    entries = [
        Entry("clock", lambda: {Clock: Theirs}),
        Entry("odd", lambda: {Machine: NeedsAbsent}),
        Entry("broken", fails),
    ]
    monkeypatch.setattr(
        "lumaloom.composition.overrides.entry_points", lambda group: entries if group == "lumaloom.services" else []
    )
    with Engine() as engine:
        assert type(engine.get(Clock)) is Clock
    assert not entries[0].loads, "without permission nothing of a plugin is loaded"
    told = Recorder(bus := EventBus(), PluginFailed)
    with Engine(settings={"plugin_services": "clock, odd,broken,absent"}, events=bus) as engine:
        assert type(engine.get(Clock)) is Theirs
        assert type(engine.get(Machine)) is Machine
        engine.get(Registry)
    assert {event.plugin: event.reason for event in told.of(PluginFailed)} == {
        "odd": "services left out: GraphError: no service Absent, which is needed: Machine -> Absent",
        "broken": "services left out: RuntimeError: no services",
        "absent": "no plugin of that name offers services; there are: broken, clock, odd",
    }
    with Engine(settings={"plugin_services": "clock"}, replace={Clock: Mine}) as engine:
        assert type(engine.get(Clock)) is Mine
    assert "offers services; --set plugin_services=clock permits them" in run_cli("doctor").out


def test_services_live_as_long_as_their_scope() -> None:
    with Engine() as engine:
        assert engine.get(Clock) is engine.get(Clock)
        with engine.container.job() as first, engine.container.job() as second:
            assert first.get(Clock) is second.get(Clock) is engine.get(Clock)
            assert first.get(Meter) is first.get(Meter)
            assert first.get(Meter) is not second.get(Meter)
            assert isinstance(first.get(Renderer), Renderer)
        with pytest.raises(LookupError, match="the engine has no service Meter"):
            engine.get(Meter)


def test_the_end_comes_in_reverse_and_whatever_fails(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    def pool(settings: Settings) -> Iterator[BufferPool]:
        yield BufferPool(1 << 20)
        ended.append("pool")

    def meter(pool: BufferPool) -> Iterator[Meter]:
        yield Meter()
        ended.append("meter")
        raise RuntimeError("no end")

    def clock() -> Iterator[Clock]:
        yield Clock()
        ended.append("clock")

    with (
        caplog.at_level(logging.WARNING, "lumaloom"),
        Engine(replace={BufferPool: pool, Meter: meter, Clock: clock}) as engine,
    ):
        with pytest.raises(LumaloomError, match="no such file"):
            engine.render(RenderRequest(input="absent.mp4", output="null"))
        assert ended == ["meter", "pool"]
    assert ended == ["meter", "pool", "clock"]
    assert "a service failed to end: RuntimeError: no end" in caplog.text


def test_a_bus_of_the_callers_outlives_the_engine() -> None:
    bus = EventBus()
    seen = Recorder(bus)
    for _ in range(2):
        with Engine(events=bus) as engine:
            engine.get(Registry)
    assert seen.names == ["PluginLoaded"]
    assert len(seen.events) == 2
    with Engine() as engine:
        Recorder(engine.get(EventBus))
        own = engine.get(EventBus)
    assert own.subscriptions == ()


def test_who_is_told_while_a_service_is_made_may_ask_for_others() -> None:
    bus, got = EventBus(), list[Clock]()
    engine = Engine(events=bus)
    bus.subscribe(PluginLoaded, lambda _: got.append(engine.get(Clock)), queue=None)
    maker = threading.Thread(target=engine.get, args=(Registry,), daemon=True)
    maker.start()
    maker.join(20)
    assert not maker.is_alive()
    assert got == [engine.get(Clock)]
    engine.close()


def test_parts_can_be_replaced(clip: Path) -> None:
    class Small(Machine):
        def cores(self) -> int:
            return 1

        def choose(self, wanted: str) -> str:
            assert wanted == "auto"
            return "cpu"

    bus = EventBus()
    seen = Recorder(bus)
    with Engine(events=bus, replace={Machine: Small}) as engine:
        with engine.prepare(RenderRequest(input=clip, output="null")) as prepared:
            assert (prepared.shares, prepared.device) == (Shares(1, 0, 0), "cpu")
        assert engine.render(RenderRequest(input=clip, output="null")).frames == 30
    assert seen.events


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_clock_that_jumps_harms_no_render(clip: Path, jump: float) -> None:
    class Jumping(Clock):
        calls = 0

        def elapsed(self) -> float:
            self.calls += 1
            return super().elapsed() + (jump if self.calls > 10 else 0.0)

    moments: list[Progress] = []
    with Engine(replace={Clock: Jumping}) as engine:
        result = engine.render(RenderRequest(input=clip, output="null"), on_progress=moments.append)
    assert result.frames == moments[-1].frames == 30
    assert len(moments) > 1, "the jump is no silence"
    assert all(moment.seconds >= 0 and moment.fps >= 0 for moment in moments)


def test_jobs_of_one_engine_run_side_by_side(clip: Path) -> None:
    frames: list[int] = []
    with Engine() as engine:
        request = RenderRequest(input=clip, output="null", effects=["boxblur radius=2"], threads=1)
        threads = [threading.Thread(target=lambda: frames.append(engine.render(request).frames)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert frames == [30, 30, 30]


def test_the_graph_can_be_looked_at() -> None:
    outcome = run_cli("doctor", "--graph")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Preparer, EventBus, BufferPool" in outcome.out
    found = {row["name"]: row for row in json.loads(run_cli("doctor", "--graph", "--json").out)}
    assert found["Renderer"]["scope"] == "JOB"
    assert found["Renderer"]["needs"][:3] == ["Preparer", "EventBus", "BufferPool"]
    assert found["EventBus"]["scope"] == found["Executor"]["scope"] == "ENGINE"
    with Engine() as engine:
        assert found.keys() == {each.name for each in engine.container.services()}
    assert all(name.isidentifier() for name in found), "dishka's own keys are no services"
