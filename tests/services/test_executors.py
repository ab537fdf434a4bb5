"""Where renders run: side by side here, in processes of their own, on a cluster; whatever happens to a worker."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import socket
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumaloom.composition import Engine
from lumaloom.effect import Effect, Frame, Kind, Param, keyframes
from lumaloom.errors import CancelledError, EffectError, UsageError, WorkerError
from lumaloom.jobs import JobEvent, JobQueued, Progress, RenderCancelled, RenderFailed, RenderRequest, RenderStarted
from lumaloom.jobs.execution import Executor, Job, Outcome, Renders
from lumaloom.memory import default_limit
from lumaloom.services.clock import Clock
from lumaloom.services.events import EventBus, Recorder
from lumaloom.services.pools import Pools
from lumaloom.services.settings import Settings
from tests.services.test_jobs_and_pools import Watching
from tests.telemetry.collector import collecting


class Growing(Effect):
    """Copies; what grows is looked at in events."""

    name, kind = "growing", Kind.NEIGHBOURHOOD
    radius: float = Param(1, min=0, max=9)

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source + np.uint8(self.radius)


class Deadly(Effect):
    """Kills the process that renders it."""

    name, kind = "deadly", Kind.POINTWISE

    def render(self, src: Frame, out: Frame) -> None:
        if multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)


class Unkind(Effect):
    """Fails."""

    name, kind = "unkind", Kind.POINTWISE

    def render(self, src: Frame, out: Frame) -> None:
        raise ValueError("as planned")


class Endless(Effect):
    """Takes its time."""

    name, kind = "endless", Kind.POINTWISE

    def render(self, src: Frame, out: Frame) -> None:
        threading.Event().wait(0.2)


def request(clip: Path, *effects: Any, output: Any = "null") -> RenderRequest:
    encoder = None if output == "null" else "ffv1"  # x264 does not always repeat itself
    return RenderRequest(input=clip, output=output, effects=effects, device="cpu", encoder=encoder)


def test_renders_run_side_by_side_in_one_engine(clip: Path) -> None:
    both = Watching(seconds=0.01)
    meeting = threading.Barrier(2)
    bus = EventBus()
    bus.subscribe(RenderStarted, lambda _: meeting.wait(20), queue=None)
    with Engine(settings={"jobs": 2}, events=bus) as engine:
        outcomes = engine.render_all([request(clip, both), request(clip, both)])
    assert [outcome.result.frames for outcome in outcomes if outcome.result] == [30, 30]
    assert not meeting.broken


def test_an_executor_is_a_service_like_others(clip: Path) -> None:
    class Backwards:
        def __init__(self, clock: Clock) -> None:
            self.clock = clock

        def run(
            self, jobs: Sequence[Job], engine: Renders, *, cancel: threading.Event, keep_going: bool
        ) -> Generator[Outcome, None, None]:
            for job in reversed(jobs[1:]):
                yield Outcome(job, engine.render(job.request, cancel=cancel, job=job.id))

    told: list[Outcome] = []
    with Engine(replace={Executor: Backwards}) as engine:
        outcomes = engine.render_all([request(clip)] * 3, on_outcome=told.append)
    assert told == [outcomes[2], outcomes[1]]
    assert isinstance(outcomes[0].error, WorkerError)
    with (
        pytest.raises(UsageError, match=r"dask needs the setting `cluster`|pip install 'lumaloom"),
        Engine(settings={"executor": "dask"}) as engine,
    ):
        engine.render_all([])


def test_processes_render_and_one_that_is_killed_takes_its_job_alone(clip: Path, folder: Path) -> None:
    bus = EventBus()
    seen = Recorder(bus, JobEvent)
    growing = Growing(radius="0s:1 ease-out 1s:3")
    with Engine(settings={"executor": "processes", "jobs": 2}, events=bus) as engine:
        outcomes = engine.render_all(
            [
                request(clip, growing, output=folder / "whole.mkv"),
                request(clip, Deadly(), output=folder / "killed.mkv"),
                request(clip, Unkind()),
                request(clip, lambda: None),
                request(clip, "flip"),
            ],
            keep_going=True,
        )
        same = engine.render(request(clip, growing, output=folder / "same.mkv"))
    assert [type(outcome.error) for outcome in outcomes] == [
        type(None),
        WorkerError,
        EffectError,
        UsageError,
        type(None),
    ]
    whole, last = outcomes[0].result, outcomes[4].result
    assert whole is not None
    assert last is not None
    assert (whole.frames, last.frames, whole.sink.bytes) == (30, 30, same.sink.bytes)
    assert (folder / "whole.mkv").read_bytes() == (folder / "same.mkv").read_bytes()
    assert not (folder / "killed.mkv").exists()
    assert "was killed by SIGKILL" in str(outcomes[1].error)
    assert isinstance(outcomes[2].error, EffectError)
    assert outcomes[2].error.effect == "unkind"
    assert "give effects as text" in str(outcomes[3].error)
    assert [event.error for event in seen.of(RenderFailed)].count("WorkerError") == 1
    jobs = [outcome.job.id for outcome in outcomes]
    assert [event.job for event in seen.of(JobQueued)][:5] == jobs
    (started,) = [event for event in seen.of(RenderStarted) if event.job == jobs[0]]
    assert str(started.plan["steps"][0]["parameters"]["radius"]) == "0s:1 ease-out 1s:3"
    assert [event.frames for event in seen.of(Progress) if event.job == jobs[4]][-1] == 30


def test_processes_side_by_side_share_the_machine() -> None:
    with (
        Engine(settings={"executor": "processes", "jobs": 2}) as engine,
        EventBus() as bus,
        engine.elsewhere()(bus) as worker,
        Engine() as alone,
    ):
        assert worker.get(Pools).cpu.size == max(alone.get(Pools).cpu.size // 2, 1)
        assert (worker.get(Settings).memory_limit or 0) < 0.6 * default_limit()
        assert engine.get(Settings).memory_limit is None


def test_processes_stop(clip: Path) -> None:
    bus, cancel = EventBus(), threading.Event()
    seen = Recorder(bus, RenderCancelled)
    bus.subscribe(RenderStarted, lambda _: cancel.set(), queue=None)
    with Engine(settings={"executor": "processes"}, events=bus) as engine:
        outcomes = engine.render_all([request(clip, Endless()), request(clip)], cancel=cancel)
    assert all(isinstance(outcome.error, CancelledError) for outcome in outcomes)
    assert {event.job for event in seen.of(RenderCancelled)} == {outcome.job.id for outcome in outcomes}


def test_a_trace_goes_through_processes(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]  # this engine's: a worker that wanted it as well would fail
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with Engine(settings={"telemetry": True, "executor": "processes", "serve_metrics": port}) as engine:
            (outcome,) = engine.render_all([request(clip)])
    assert outcome.error is None
    (batch,), (job,) = collector.named("renders"), collector.named("render")
    assert (job.trace_id, job.parent_span_id) == (batch.trace_id, batch.span_id)
    assert collector.value("lumaloom.frames") == 30, "by the events that came back"
    assert collector.histogram("lumaloom.stage.duration", stage="encode").count >= 30, "by those as well"


def test_keyframes_travel() -> None:
    keys = keyframes({0: 0.0, 2: (1.5, "cubic-bezier(0.1,0,0.9,1)"), 3: 0.0}, easing="ease-in")
    again = pickle.loads(pickle.dumps(keys))
    assert (str(again), again(0.7)) == (str(keys), keys(0.7))


@pytest.mark.slow
def test_a_cluster(clip: Path) -> None:
    distributed = pytest.importorskip("distributed")
    bus, cancel = EventBus(), threading.Event()
    seen = Recorder(bus, JobEvent)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Engine(settings={"executor": "dask", "cluster": cluster.scheduler_address}, events=bus) as engine,
    ):
        good, bad = engine.render_all([request(clip, "flip"), request(clip, Unkind())])
        assert good.result is not None
        assert good.result.frames == 30
        assert isinstance(bad.error, EffectError)
        assert seen.names[-1] == "RenderFailed"
        (lost,) = engine.render_all([request(clip, Deadly())])
        assert isinstance(lost.error, WorkerError)
        assert "KilledWorker" in str(lost.error)
        bus.subscribe(RenderStarted, lambda _: cancel.set(), queue=None)
        (stopped,) = engine.render_all([request(clip, Endless())], cancel=cancel)
        assert isinstance(stopped.error, CancelledError)
        assert seen.names[-1] == "RenderCancelled"
