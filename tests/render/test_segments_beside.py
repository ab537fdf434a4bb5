"""Segments made side by side: the same file as one by one, whatever becomes of who makes them."""

from __future__ import annotations

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

import lumaloom
from lumaloom.cache import DiskCache, default_disk_cache
from lumaloom.composition import Engine
from lumaloom.effect import Effect, Frame, Kind, Param
from lumaloom.errors import CancelledError, EffectError, InputError, LumaloomError, OutputError, UsageError, WorkerError
from lumaloom.jobs import (
    JobEvent,
    Preparation,
    Progress,
    RenderRequest,
    RenderResult,
    SegmentFinished,
    SegmentMade,
    SegmentStarted,
    StagesTimed,
)
from lumaloom.jobs.execution import Executor, Job, LocalExecutor, Outcome, Renders
from lumaloom.jobs.segments.keys import KIND
from lumaloom.jobs.segments.stretch import Stretch, stretches
from lumaloom.jobs.segments.terms import Segment
from lumaloom.media.joining import PieceEncoder
from lumaloom.services.events import EventBus, Recorder
from lumaloom.services.telemetry import Telemetry
from tests.cli.running import environment, run_cli, start
from tests.media import clips
from tests.telemetry.collector import collecting

FRAMES, SEGMENTS = 53, 5
CHAIN = ("denoise radius=2", "exposure stops='0s:0 1s:1.5 ease-in-out 2s:-1'", "grain strength=0.05")


class Mortal(Effect):
    """Copies; kills the process of a worker that renders a frame, as often as there are files to be removed."""

    name, kind = "mortal", Kind.POINTWISE
    lives: str = Param("", help="A folder.")
    frame: int = Param(0, min=0)

    def render(self, src: Frame, out: Frame) -> None:
        if src.timing.count == self.frame and os.getpid() != int(Path(self.lives, "parent").read_text()):
            for life in Path(self.lives).glob("life*"):
                life.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source


class Unkind(Effect):
    """Copies, and fails on a frame."""

    name, kind = "unkind", Kind.POINTWISE

    def render(self, src: Frame, out: Frame) -> None:
        if src.timing.count == 25:
            raise ValueError("as planned")
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source


@pytest.fixture(autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> DiskCache:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path_factory.mktemp("store") / "kept"))
    return default_disk_cache()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make(tmp_path_factory.mktemp("clip") / "in.mp4", count=FRAMES, audio="aac")


def request(clip: Path, output: Path, *effects: str | Effect, **given: Any) -> RenderRequest:
    usual = {"segments": 0.4, "threads": 2, "overwrite": True, "encoder": "ffv1", "device": "cpu"}
    return RenderRequest(input=clip, output=output, effects=effects, **{**usual, **given})


def render(
    clip: Path, output: Path, *effects: str | Effect, executor: str = "local", jobs: int = 2, **given: Any
) -> RenderResult:
    """Render in threads of this process, which costs no start of others, unless the test is about those."""
    own = {name: given.pop(name) for name in ("events", "replace") if name in given}
    cancel = given.pop("cancel", None)
    with Engine(settings={"executor": executor, "jobs": jobs}, **own) as engine:
        return engine.render(request(clip, output, *effects, **given), cancel=cancel)


@pytest.fixture(scope="module")
def whole(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Return the file that one go makes."""
    made: dict[str, bytes] = {}

    def make(*effects: str | Effect, **given: Any) -> bytes:
        if (key := repr((effects, given))) not in made:
            target = tmp_path_factory.mktemp("whole") / "out.mkv"
            render(clip, target, *effects, jobs=1, **{"segments": None, **given})
            made[key] = target.read_bytes()
        return made[key]

    return make


@pytest.mark.parametrize("part", [{}, {"start": "0.33", "end": "1.7"}])
def test_the_file_is_that_of_one_go(
    clip: Path,
    tmp_path: Path,
    whole: Callable[..., bytes],
    store: DiskCache,
    part: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lumaloom.jobs.rendering._REPORT_EVERY", 0)
    monkeypatch.setattr("lumaloom.jobs.segments.stretch._REPORT_EVERY", 0)
    given = {name: lumaloom.jobs.parse_position(at) for name, at in part.items()}
    bus = EventBus()
    seen = Recorder(bus, JobEvent)
    cold = render(clip, tmp_path / "out.mkv", *CHAIN, events=bus, **given)
    assert (tmp_path / "out.mkv").read_bytes() == whole(*CHAIN, **given)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]
    assert (cold.reused, cold.warnings) == (0, render(clip, tmp_path / "one.mkv", *CHAIN, jobs=1, **given).warnings)
    # What is made, told and counted is the whole, in order.
    count = cold.segments
    assert store.totals(KIND)[0] == count >= 3
    assert sorted(event.segment for event in seen.of(SegmentStarted)) == list(range(count))
    assert [event.segment for event in seen.of(SegmentFinished)] == list(range(count))
    assert sum(event.frames for event in seen.of(SegmentFinished)) == cold.frames == cold.losses.frames_readable
    moments = [event.frames for event in seen.of(Progress)]
    assert moments == sorted(moments)
    assert moments[-1] == cold.frames
    assert any(0 < frames < 8 for frames in moments), "it goes on while segments are in the making"
    assert {event.job for event in seen.events} == {seen.events[0].job}
    assert sum(event.tally.calls.get("encode", 0) for event in seen.of(StagesTimed)) >= cold.frames
    assert cold.stage_seconds.keys() >= {"decode", "encode", "denoise"}
    # Kept as if it had been made one by one.
    warm = render(clip, tmp_path / "out.mkv", *CHAIN, jobs=1, **given)
    assert warm.reused == warm.segments == count


def test_only_what_is_missing_is_made_beside(clip: Path, tmp_path: Path) -> None:
    render(clip, tmp_path / "out.mkv", "exposure stops='0s:0 1s:1 2s:1'", jobs=1)
    bus = EventBus()
    seen = Recorder(bus, JobEvent)
    render(clip, tmp_path / "out.mkv", "exposure stops='0s:0 1s:1 2s:-1'", events=bus)
    assert [(event.segment, event.cached) for event in seen.of(SegmentFinished)] == [
        (n, n < 2) for n in range(SEGMENTS)
    ]
    assert sorted(event.segment for event in seen.of(SegmentMade)) == [2, 3, 4]


def test_processes_make_them_and_one_that_dies_is_replaced_once(
    clip: Path, tmp_path: Path, whole: Callable[..., bytes]
) -> None:
    lives = tmp_path / "lives"
    lives.mkdir()
    (lives / "parent").write_text(str(os.getpid()))
    out = tmp_path / "out"
    out.mkdir()
    effect = Mortal(lives=str(lives), frame=24)
    with collecting() as collector:
        settings = {"executor": "processes", "jobs": 2, "telemetry": True}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            with Engine(settings=settings) as engine:
                (lives / "life1").touch()
                result = engine.render(request(clip, out / "out.mkv", effect))
                expected = whole(effect)
                assert (out / "out.mkv").read_bytes() == expected
                (lives / "life1").touch()
                (lives / "life2").touch()
                (lives / "life3").touch()
                again = Mortal(lives=str(lives), frame=25)
                with pytest.raises(WorkerError, match=r"out\.mkv: the process that rendered it was killed by SIGKILL"):
                    engine.render(request(clip, out / "out.mkv", again))
    assert [path.name for path in out.iterdir()] == ["out.mkv"], "nothing hidden is left"
    assert (out / "out.mkv").read_bytes() == expected, "and what was there still is"
    assert len(list(lives.glob("life*"))) == 1, "begun twice, not three times"
    assert result.stage_seconds["mortal"] > 0
    # Histograms count what processes did, and their spans belong to the render.
    assert collector.histogram("lumaloom.stage.duration", stage="mortal").count >= FRAMES
    assert collector.value("lumaloom.frames") >= FRAMES
    first = collector.named("render")[0]
    made = [span for span in collector.named("segment") if span.trace_id == first.trace_id]
    assert len(made) >= SEGMENTS - 1, "what died before it told is lost"


def test_an_effect_that_fails_ends_all(clip: Path, tmp_path: Path, store: DiskCache) -> None:
    with pytest.raises(EffectError, match="unkind failed"):
        render(clip, tmp_path / "out.mkv", Unkind())
    assert not list(tmp_path.iterdir())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lumaloom-segments")]
    assert store.verify().damaged == 0


def test_a_stop_keeps_what_is_whole(clip: Path, tmp_path: Path, store: DiskCache) -> None:
    cancel, bus = threading.Event(), EventBus()

    def stop(_: SegmentMade) -> None:
        cancel.set()
        time.sleep(0.4)  # who joins has given up by the time that it hears of this segment

    bus.subscribe(SegmentMade, stop, queue=None)
    with pytest.raises(CancelledError):
        render(clip, tmp_path / "out.mkv", *CHAIN, cancel=cancel, events=bus)
    assert not list(tmp_path.iterdir())
    assert 1 <= store.totals(KIND)[0] < SEGMENTS


def test_a_full_disk_under_the_pieces(
    clip: Path, tmp_path: Path, store: DiskCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = PieceEncoder.finish
    left = iter(range(2))

    def full(encoder: PieceEncoder) -> None:
        if next(left, None) is None:
            raise OutputError("segments: can't be written: No space left on device")
        finish(encoder)

    monkeypatch.setattr(PieceEncoder, "finish", full)
    with pytest.raises(OutputError, match="No space left"):
        render(clip, tmp_path / "out.mkv", *CHAIN)
    assert not list(tmp_path.iterdir())
    assert (store.totals(KIND)[0], store.verify().damaged) == (2, 0)


def test_a_full_disk_under_the_store(
    clip: Path, tmp_path: Path, store: DiskCache, monkeypatch: pytest.MonkeyPatch, whole: Callable[..., bytes]
) -> None:
    expected = whole(*CHAIN)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("lumaloom.cache.files.write", full)
        result = render(clip, tmp_path / "out.mkv", *CHAIN)
    assert any("5 of 5 segments could not be kept" in line for line in result.warnings)
    assert (tmp_path / "out.mkv").read_bytes() == expected
    assert store.totals(KIND) == (0, 0)
    again = render(clip, tmp_path / "out.mkv", *CHAIN)
    assert not any("kept" in line for line in again.warnings)
    assert store.totals(KIND)[0] == SEGMENTS


@pytest.mark.parametrize("keep", [0, 100])
def test_entries_that_are_cut_off(
    clip: Path, tmp_path: Path, store: DiskCache, whole: Callable[..., bytes], keep: int
) -> None:
    render(clip, tmp_path / "out.mkv", *CHAIN)
    pieces = [file for file in (store.folder / "data").glob("??/*") if file.read_bytes().startswith(b"lumaloom coded")]
    for file in pieces[:3]:
        file.write_bytes(file.read_bytes()[:keep])
    assert render(clip, tmp_path / "out.mkv", *CHAIN).reused == 2
    assert (tmp_path / "out.mkv").read_bytes() == whole(*CHAIN)
    assert store.verify().damaged == 0


def test_a_piece_that_falls_short_has_the_rest_made_in_one_pass(
    clip: Path, tmp_path: Path, store: DiskCache, monkeypatch: pytest.MonkeyPatch, whole: Callable[..., bytes]
) -> None:
    # As where the index promised frames that do not come.
    write, later, bus = PieceEncoder.write, threading.Event(), EventBus()
    bus.subscribe(SegmentMade, lambda event: later.set() if event.segment == 3 else None, queue=None)

    def short(encoder: PieceEncoder, frame: Frame) -> None:
        if frame.timing.count == 15 and threading.current_thread() is not threading.main_thread():
            assert later.wait(20)  # those after it are kept by then
        else:
            write(encoder, frame)

    monkeypatch.setattr(PieceEncoder, "write", short)
    result = render(clip, tmp_path / "out.mkv", *CHAIN, events=bus)
    assert (tmp_path / "out.mkv").read_bytes() == whole(*CHAIN)
    assert (result.frames, store.totals(KIND)[0]) == (FRAMES, 1)


def test_another_input_than_the_render_began_with(clip: Path, tmp_path: Path) -> None:
    source, bus = tmp_path / "in.mp4", EventBus()
    source.write_bytes(clip.read_bytes())
    bus.subscribe(SegmentMade, lambda event: os.utime(source), queue=None)
    with pytest.raises(InputError, match="changed meanwhile; start again"):
        render(source, tmp_path / "out.mkv", *CHAIN, events=bus)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_an_executor_that_leaves_out_or_repeats(clip: Path, tmp_path: Path, whole: Callable[..., bytes]) -> None:
    class Odd(LocalExecutor):
        def __init__(self, telemetry: Telemetry) -> None:
            super().__init__(2, telemetry)

        def run(
            self, jobs: Sequence[Job], engine: Renders, *, cancel: threading.Event, keep_going: bool
        ) -> Generator[Outcome, None, None]:
            yield from super().run([*jobs, *jobs][drop:], engine, cancel=cancel, keep_going=keep_going)
            jobs = jobs if not drop else ()

    drop = 0
    assert render(clip, tmp_path / "out.mkv", *CHAIN, replace={Executor: Odd}).frames == FRAMES
    assert (tmp_path / "out.mkv").read_bytes() == whole(*CHAIN)
    run_cli("cache", "clear")
    drop = 1 << 20
    with pytest.raises(WorkerError, match="left segments out"):
        render(clip, tmp_path / "out.mkv", *CHAIN, replace={Executor: Odd})


def test_a_render_of_a_project_makes_its_segments_alone(clip: Path, tmp_path: Path) -> None:
    bus = EventBus()
    seen = Recorder(bus, SegmentMade)
    with Engine(settings={"jobs": 2}, events=bus) as engine:
        outcomes = engine.render_all([request(clip, tmp_path / "1.mkv"), request(clip, tmp_path / "2.mkv")])
    assert [outcome.result.segments for outcome in outcomes if outcome.result] == [SEGMENTS] * 2
    assert not seen.events


def test_two_renders_of_one_output(clip: Path, tmp_path: Path, store: DiskCache, whole: Callable[..., bytes]) -> None:
    found: list[RenderResult | LumaloomError] = []

    def one(overwrite: bool) -> None:
        try:
            found.append(render(clip, tmp_path / "out.mkv", *CHAIN, overwrite=overwrite))
        except LumaloomError as error:
            found.append(error)

    for overwrite in (True, False):
        threads = [threading.Thread(target=one, args=(overwrite,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (tmp_path / "out.mkv").read_bytes() == whole(*CHAIN)
        assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]
        (tmp_path / "out.mkv").unlink()
        run_cli("cache", "clear")
    assert [type(each) for each in found[:2]] == [RenderResult] * 2
    assert sorted(type(each).__name__ for each in found[2:]) == ["RenderResult", "UsageError"]
    assert store.verify().damaged == 0


def test_nothing_waits_for_the_collector_of_circles(clip: Path, tmp_path: Path) -> None:
    gc.collect()
    gc.disable()
    try:
        render(clip, tmp_path / "out.mkv", *CHAIN)
        assert not [each for each in gc.get_objects() if isinstance(each, Preparation)]
    finally:
        gc.enable()


def test_words(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--segments 10"):
        lumaloom.render(clip, tmp_path / "out.mkv", jobs=2)
    with pytest.raises(UsageError, match="jobs: expected an integer of at least 1, got 0"):
        lumaloom.render(clip, tmp_path / "out.mkv", segments=1, jobs=0)
    words = ("render", clip, tmp_path / "out.mkv", "--encoder", "ffv1", "--segments", 0.4, "--jobs", 2, "--json")
    outcome = run_cli(*words, "--executor", "local")
    assert outcome.code == 0, outcome.err
    assert [event["segment"] for event in outcome.events if event["event"] == "segment"] == list(range(SEGMENTS))


def test_stretches_are_neighbours_and_get_shorter() -> None:
    def numbers(missing: Sequence[int], width: int) -> list[list[int]]:
        parts = stretches([Segment(n, 10 * n, 10 * n + 10, None) for n in missing], width)
        return [[segment.number for segment in part] for part in parts]

    assert [len(part) for part in numbers(range(20), 2)] == [5, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1]
    assert numbers([0, 1, 5, 6, 7, 8], 1) == [[0, 1], [5, 6], [7], [8]]
    assert numbers([3], 4) == [[3]]
    assert Stretch.tries == 2


def _workers(parent: int) -> list[int]:
    words = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)]
    found = subprocess.run(words, capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in found.splitlines() if "spawn_main" in line]


@pytest.mark.slow
def test_kills_of_anybody_at_random_moments(tmp_path: Path, store: DiskCache) -> None:
    source = clips.make(tmp_path / "in.mp4", count=400, width=320, height=240, audio="aac")
    words = ("-e", "denoise radius=4", "-e", "bilateral", "--encoder", "ffv1", "--threads", 1, "-y")
    assert run_cli("render", source, tmp_path / "whole.mkv", *words).code == 0
    expected = (tmp_path / "whole.mkv").read_bytes()
    out, random, ends, deaths = tmp_path / "out", Random(3), set[int](), 0
    out.mkdir()
    for turn in range(12):
        process = start("render", source, out / "out.mkv", *words, "--segments", 0.6, "--jobs", 2)
        while not (workers := _workers(process.pid)) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(random.uniform(0, 2))
        if turn % 2:
            process.kill()
        elif workers := _workers(process.pid):
            os.kill(random.choice(workers), signal.SIGKILL)
            deaths += 1
        _, err = process.communicate(timeout=120)
        ends.add(process.returncode)
        until = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{worker}") for worker in workers):
            assert time.monotonic() < until, "a worker outlived its parent"
            time.sleep(0.05)
        assert process.returncode != 0 or (out / "out.mkv").exists(), err
        if (out / "out.mkv").exists():  # also where the kill came at the very end
            assert (out / "out.mkv").read_bytes() == expected
            (out / "out.mkv").unlink()
            run_cli("cache", "clear")
    assert ends >= {0, -signal.SIGKILL}
    assert deaths >= 3
    assert run_cli("render", source, out / "out.mkv", *words, "--segments", 0.6).code == 0
    assert [path.name for path in out.iterdir()] == ["out.mkv"], "what was left hidden is gone"
    assert store.verify().damaged == 0


@pytest.mark.slow
def test_an_interrupt_stops_processes(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mp4", count=400, width=320, height=240)
    out = tmp_path / "out"
    out.mkdir()
    words = ("-e", "denoise radius=4", "-e", "bilateral", "--encoder", "ffv1", "--segments", 0.6, "--jobs", 2, "--json")
    process = start("render", source, out / "out.mkv", *words, env=environment(), start_new_session=True)
    assert process.stdout is not None
    while '"segment"' not in process.stdout.readline():
        assert process.poll() is None
    workers = _workers(process.pid)
    assert len(workers) == 2
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all of them get it
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.count("\n")) == (130, 1)
    assert not list(out.iterdir())
    assert not any(os.path.exists(f"/proc/{worker}") for worker in workers)


@pytest.mark.slow
def test_a_script_of_its_own(clip: Path, tmp_path: Path, whole: Callable[..., bytes]) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, lumaloom, numpy as np\n"
        "from lumaloom.effect import Effect, Kind\n"
        "class Mine(Effect):\n"
        "    '''Inverts.'''\n"
        "    name, kind = 'mine', Kind.POINTWISE\n"
        "    def render(self, src, out):\n"
        "        for source, target in zip(src.planes, out.planes):\n"
        "            np.subtract(255, source, out=target)\n"
        "if __name__ == '__main__':\n"
        "    for jobs in (2, 1):\n"
        "        done = lumaloom.render(sys.argv[1], sys.argv[2], [Mine()], encoder='ffv1', segments=0.4, threads=1,\n"
        "                               jobs=jobs, overwrite=True)\n"
        "        print(done.segments, done.reused)\n"
    )
    then = time.time() - 100
    os.utime(script, (then, then))
    done = subprocess.run([sys.executable, script, clip, tmp_path / "out.mkv"], capture_output=True, text=True)
    assert done.stdout.split() == ["5", "0", "5", "5"], done.stderr


@pytest.mark.slow
def test_a_cluster(clip: Path, tmp_path: Path, whole: Callable[..., bytes]) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Engine(settings={"executor": "dask", "cluster": cluster.scheduler_address, "jobs": 2}) as engine,
    ):
        result = engine.render(request(clip, tmp_path / "out.mkv", *CHAIN))
    assert (result.segments, result.reused) == (SEGMENTS, 0)
    assert (tmp_path / "out.mkv").read_bytes() == whole(*CHAIN)
