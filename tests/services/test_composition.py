"""The composition root: scopes, replacements, a graph that is checked, and an end in reverse."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dishka.exceptions import CycleDependenciesError, GraphMissingFactoryError

from lumaloom.composition import Engine
from lumaloom.composition.graph import services
from lumaloom.composition.providers import JobServices
from lumaloom.device import Machine
from lumaloom.errors import LumaloomError
from lumaloom.jobs import Preparer, Progress, Renderer, RenderRequest
from lumaloom.memory import BufferPool
from lumaloom.plugins import Registry
from lumaloom.run import Meter
from lumaloom.services.clock import Clock
from lumaloom.services.events import EventBus, Recorder
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
    with pytest.raises(GraphMissingFactoryError, match=r"(?s)Machine.*Absent") as caught:
        Engine(replace={Machine: NeedsAbsent})
    assert "???" in str(caught.value)
    with pytest.raises(GraphMissingFactoryError, match=r"(?s)Clock.*Meter.*scope.*to Scope.JOB"):
        Engine(replace={Clock: NeedsMeter})
    with pytest.raises(CycleDependenciesError, match=r"(?s)Settings.*EventBus"):
        Engine(replace={Settings: settings_from_bus})
    with pytest.raises(TypeError, match=r"no service Absent; there are .*BufferPool, Clock, "):
        Engine(replace={Absent: Absent})


def test_services_live_as_long_as_their_scope() -> None:
    with Engine() as engine:
        assert engine.get(Clock) is engine.get(Clock)
        with engine.container() as first, engine.container() as second:
            assert first.get(Clock) is second.get(Clock) is engine.get(Clock)
            assert first.get(Meter) is first.get(Meter)
            assert first.get(Meter) is not second.get(Meter)
            assert isinstance(first.get(Renderer), Renderer)


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
            assert (prepared.threads, prepared.device) == (1, "cpu")
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
    with Engine() as engine:
        found = {service.name: service for service in services(engine.container)}
    assert found["Renderer"].scope == "JOB"
    assert found["Renderer"].needs[:3] == ("Preparer", "EventBus", "BufferPool")
    assert found["EventBus"].scope == "ENGINE"
    assert {made.provides.type_hint.__name__ for made in JobServices().factories} <= found.keys()
    assert Preparer.__name__ in found
    outcome = run_cli("doctor", "--graph")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Preparer, EventBus, BufferPool" in outcome.out
    assert {row["name"] for row in json.loads(run_cli("doctor", "--graph", "--json").out)} == found.keys()
