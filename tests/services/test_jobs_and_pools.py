"""Renders really run on their engine's pools, and ask for no more threads than there are cores."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lumaloom
from lumaloom.composition import Engine
from lumaloom.device import Machine
from lumaloom.effect import Effect, Frame, Kind
from lumaloom.errors import EffectError
from lumaloom.jobs import RenderRequest, rendering
from lumaloom.media.video_encoder import VideoEncoder
from lumaloom.services.pools import Budget, Pools, Shares
from tests.cli.running import run_cli
from tests.media import clips


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert not [name for name in left if name.startswith("lumaloom-")]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 frames of 640x360, which is enough for several threads."""
    return clips.make(tmp_path_factory.mktemp("clip") / "large.mp4", count=8, width=640, height=360)


class Eight(Machine):
    def cores(self) -> int:
        return 8


class Watching(Effect):
    """Counts the frames that are worked on at once, and by which threads."""

    name, kind = "watching", Kind.POINTWISE

    def __init__(self, fails_at: int = -1, seconds: float = 0.002) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.running = self.most = self.calls = 0
        self.threads: set[str] = set()
        self.fails_at, self.seconds = fails_at, seconds

    def render(self, src: Frame, out: Frame) -> None:
        with self.lock:
            self.running += 1
            self.calls += 1
            self.most = max(self.most, self.running)
            self.threads.add(threading.current_thread().name.rpartition("_")[0])
            call = self.calls
        time.sleep(self.seconds)
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source
        with self.lock:
            self.running -= 1
        if call == self.fails_at:
            raise ValueError("as planned")


def at_once(*calls: Any) -> list[Any]:
    """Make calls side by side, and return their results or errors."""
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        try:
            found[number] = calls[number]()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [found[number] for number in range(len(calls))]


@pytest.mark.parametrize(
    ("output", "effects", "jobs", "expected"),
    [
        ("null", (), 1, Shares(7, 0, 0)),
        ("null", ("sepia",), 1, Shares(7, 6, 0)),
        ("out.mp4", ("sepia",), 1, Shares(2, 2, 7)),
        ("out.mp4", ("sepia",) * 9, 1, Shares(2, 6, 7)),
        ("out.gif", ("sepia",), 1, Shares(7, 4, 1)),
        ("out.mp4", ("sepia",), 2, Shares(1, 1, 2)),
    ],
)
def test_libraries_are_given_their_shares(
    large: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, output: str, effects: Any, jobs: int, expected: Shares
) -> None:
    asked: dict[str, int] = {}
    run_plan, configure = rendering.run_plan, VideoEncoder.configure

    def run(plan: Any, items: Any, *, workers: Any, **more: Any) -> Any:
        asked["effects"] = workers.least
        return run_plan(plan, items, workers=workers, **more)

    def encode(self: VideoEncoder, stream: Any, threads: int | None) -> Any:
        context = configure(self, stream, threads)
        asked["encoder"] = context.thread_count
        return context

    monkeypatch.setattr(rendering, "run_plan", run)
    monkeypatch.setattr(VideoEncoder, "configure", encode)
    target = output if output == "null" else folder / output
    request = RenderRequest(input=large, output=target, effects=effects, device="cpu")
    with Engine(settings={"jobs": jobs}, replace={Machine: Eight}) as engine:
        with engine.prepare(request) as prepared:
            assert prepared.shares == expected
            assert prepared.source._decoder._context.thread_count == expected.decoder
        assert engine.render(request).frames == 8
    assert asked["effects"] == max(expected.effects, 1)
    assert asked.get("encoder", 0) == expected.encoder
    if jobs > 1:
        assert jobs * (expected.decoder + asked["effects"] + asked.get("encoder", 0)) <= 8


def test_who_asks_for_threads_gets_them(large: Path) -> None:
    watching = Watching(seconds=0.02)
    with Engine(replace={Machine: Eight}) as engine:
        request = RenderRequest(input=large, output="null", effects=[watching], device="cpu", threads=3)
        with engine.prepare(request) as prepared:
            assert prepared.shares == Shares(3, 3, 3, fixed=True)
        engine.render(request)
    assert watching.most == 3


def test_renders_side_by_side_share_the_threads(clip: Path) -> None:
    watching = [Watching() for _ in range(3)]
    both = Watching(seconds=0)

    class Two(Machine):
        def cores(self) -> int:
            return 2

    with Engine(replace={Machine: Two}) as engine:
        requests = [RenderRequest(input=clip, output="null", effects=[each, both], device="cpu") for each in watching]
        results = at_once(*(lambda request=request: engine.render(request) for request in requests))
        pools = engine.get(Pools)
        cpu = pools.statistics()[0]
        assert (cpu.done, cpu.failed, cpu.waiting, cpu.lanes) == (90, 0, 0, ())
        assert engine.get(Budget).active == 0
    assert [result.frames for result in results] == [30, 30, 30]
    assert both.most <= 2, "all renders together keep to the threads of the pool"
    assert both.threads == {"lumaloom-cpu"}
    assert all(each.threads == 0 for each in pools.statistics())


def test_a_render_that_fails_disturbs_no_other(clip: Path) -> None:
    effects = [Watching(), Watching(fails_at=7), Watching()]
    with Engine() as engine:
        requests = [RenderRequest(input=clip, output="null", effects=[each], device="cpu") for each in effects]
        results = at_once(*(lambda request=request: engine.render(request) for request in requests))
        assert engine.get(Pools).statistics()[0].lanes == ()
        assert engine.get(Budget).active == 0
    assert isinstance(results[1], EffectError)
    assert [results[0].frames, results[2].frames] == [30, 30]


def test_a_short_render_is_not_kept_waiting_by_a_long_one(clip: Path) -> None:
    """Frames of both take turns: the one that came late is not behind all frames of the other."""
    order: list[str] = []

    class Named(Watching):
        def __init__(self, label: str) -> None:
            super().__init__(seconds=0.004)
            self.label = label

        def render(self, src: Frame, out: Frame) -> None:
            super().render(src, out)
            order.append(self.label)

    class One(Machine):
        def cores(self) -> int:
            return 1

    with Engine(replace={Machine: One}) as engine:

        def one(label: str) -> Any:
            request = RenderRequest(input=clip, output="null", effects=[Named(label)], device="cpu")
            return engine.render(request)

        at_once(lambda: one("a"), lambda: one("b"))
    begin = max(order.index("a"), order.index("b"))
    shared = Counter(order[begin : begin + 20])
    assert 6 <= shared["a"] <= 14


def test_the_plan_tells_of_the_threads(large: Path, folder: Path) -> None:
    outcome = run_cli("render", large, folder / "out.mp4", "-e", "sepia", "--dry-run", "--threads", 2)
    assert "threads: 2 decoding, 2 effects, 2 encoding" in outcome.out
    found = run_cli("doctor", "--json")
    assert found.code == 0
    assert lumaloom.__version__ in found.out
