"""Renders in segments: the same frames as in one go, made once, joined without coding them again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
import pytest

import lumaloom
from lumaloom.cache import DiskCache, default_disk_cache
from lumaloom.effect import Effect, Frame, Kind
from lumaloom.effect.keyframes import read_keyframes
from lumaloom.errors import CancelledError, OutputError, UsageError
from lumaloom.jobs import RenderResult, SegmentFinished, SegmentStarted
from lumaloom.jobs.segments.borders import LEAST, cut
from lumaloom.jobs.segments.keys import KIND, _effect, within
from lumaloom.media.joining import DecodingTimes, PieceEncoder
from lumaloom.plugins import default_registry
from lumaloom.services.events import EventBus, Recorder
from tests.cli.running import environment, run_cli, start
from tests.media import clips, outputs
from tests.media.test_passthrough import clip
from tests.render import reading

FRAMES = 53
# Looks at neighbours, changes with the absolute time, and is new in every frame.
CHAIN = ("denoise radius=2", "exposure stops='0s:0 1s:1.5 ease-in-out 2s:-1'", "grain strength=0.05")
MILLISECOND = Fraction(1, 1000)
# Steps of 33 to 55 ms with a pause in the middle.
UNEVEN = [40 * n + (7919 * n) % 15 + 700 * (n > 30) for n in range(FRAMES)]


class Shade(Effect):
    """Adds a level that is no parameter."""

    name, kind = "shade", Kind.POINTWISE
    level: Any = 1

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(src.planes, out.planes, strict=True):
            np.minimum(source, 255 - self.level, out=target)
            target += self.level


@pytest.fixture(autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> DiskCache:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path_factory.mktemp("store") / "kept"))
    return default_disk_cache()


@pytest.fixture(scope="module")
def even(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make(tmp_path_factory.mktemp("even") / "in.mp4", count=FRAMES, audio="aac")


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uneven")
    return clips.make(folder / "in.mkv", count=FRAMES, pts=UNEVEN, time_base=MILLISECOND, audio="aac")


def render(source: Path, target: Path, *effects: str | Effect, segments: float | None = 0.4, **given: Any) -> Any:
    return lumaloom.render(
        source, target, effects, segments=segments, threads=2, overwrite=True, **{"encoder": "ffv1", **given}
    )


def counts(result: RenderResult) -> tuple[int, int]:
    return result.segments, result.reused


@pytest.mark.parametrize("part", [{}, {"start": "0.33", "end": "1.7"}, {"start": "9f"}])
@pytest.mark.parametrize("kind", ["even", "uneven"])
def test_frames_and_streams_are_those_of_one_go(
    kind: str, part: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = request.getfixturevalue(kind)
    whole = render(source, tmp_path / "whole.mkv", *CHAIN, segments=None, **part)
    cold = render(source, tmp_path / "cold.mkv", *CHAIN, **part)
    warm = render(source, tmp_path / "warm.mkv", *CHAIN, **part)
    assert cold.segments >= 2
    assert (cold.reused, warm.reused) == (0, cold.segments)
    assert whole.frames == cold.frames == warm.frames
    # Every packet of FFV1 stands alone, so that the files are the same to the byte.
    expected = (tmp_path / "whole.mkv").read_bytes()
    assert (tmp_path / "cold.mkv").read_bytes() == expected
    assert (tmp_path / "warm.mkv").read_bytes() == expected


@pytest.mark.parametrize(
    ("name", "encoder", "given"),
    [
        ("out.mp4", "h264", {"crf": 0}),
        ("out.avi", "h264", {"crf": 0}),
        ("out.ts", "hevc", {"crf": 0}),
        ("out.mp4", "hevc", {"crf": 30, "preset": "fast"}),
        ("out.mkv", "h264", {"crf": 30, "preset": "fast"}),
        ("out.webm", "vp9", {"crf": 0, "preset": "8"}),
        ("out.mkv", "mjpeg", {}),
        ("out.mp4", "av1", {"preset": "12"}),
    ],
)
def test_joins_of_every_kind_decode_and_keep_their_times(
    name: str, encoder: str, given: dict[str, Any], uneven: Path, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    render(uneven, tmp_path / "whole" / name, encoder=encoder, segments=None, **given)
    result = render(uneven, tmp_path / name, encoder=encoder, **given)
    assert result.segments >= 3
    expected, found = outputs.read(tmp_path / "whole" / name), outputs.read(tmp_path / name)
    assert outputs.times(found) == outputs.times(expected)
    if given.get("crf") == 0 or encoder == "mjpeg":
        assert all(map(outputs.same_samples, found, expected))
    with av.open(tmp_path / name) as container:
        stamps = [packet.dts for packet in container.demux(video=0) if packet.dts is not None]
    assert all(a < b for a, b in pairwise(stamps))
    if name != "out.avi":
        assert outputs.packets(tmp_path / name) == outputs.packets(tmp_path / "whole" / name)


def test_what_a_cancelled_render_left_is_not_made_again(
    even: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, cancel, bus = tmp_path / "out.mkv", threading.Event(), EventBus()
    bus.subscribe(SegmentFinished, lambda event: cancel.set() if event.segment == 1 else None, queue=None)
    with pytest.raises(CancelledError):
        render(even, target, *CHAIN, cancel=cancel, events=bus)
    assert not list(tmp_path.iterdir())
    encoded: list[int] = []
    write = PieceEncoder.write

    def noted(encoder: PieceEncoder, frame: Frame) -> None:
        encoded.append(round(frame.timing.seconds * 25))
        write(encoder, frame)

    monkeypatch.setattr(PieceEncoder, "write", noted)
    result = render(even, target, *CHAIN)
    assert counts(result) == (5, 2)
    assert encoded == list(range(20, FRAMES))
    assert (result.frames, result.losses.frames_readable) == (FRAMES, FRAMES)
    render(even, tmp_path / "whole.mkv", *CHAIN, segments=None)
    assert target.read_bytes() == (tmp_path / "whole.mkv").read_bytes()


def test_all_other_streams_come_through_as_in_one_go(tmp_path: Path) -> None:
    source = clip(tmp_path / "in.mkv", "flac", subtitles=True, attachment=True, chapters=True, metadata={"title": "T"})
    for part in ({}, {"start": "0.7", "end": "3.2"}):
        for name, encoder in (("out.mkv", "ffv1"), ("out.mp4", "mjpeg")):
            whole, out = tmp_path / f"whole-{name}", tmp_path / name
            first = render(source, whole, encoder=encoder, segments=None, **part)
            assert counts(render(source, out, encoder=encoder, segments=0.5, **part))[0] >= 5
            last = render(source, out, encoder=encoder, segments=0.5, **part)
            assert last.reused == last.segments
            assert (last.sink.streams, last.warnings) == (first.sink.streams, first.warnings)
            assert outputs.packets(out) == outputs.packets(whole)
            assert outputs.packets(out, "subtitle") == outputs.packets(whole, "subtitle")
            with av.open(out) as made, av.open(whole) as one:
                assert (made.chapters(), made.metadata) == (one.chapters(), one.metadata)
                assert [stream.metadata for stream in made.streams] == [stream.metadata for stream in one.streams]


def test_a_change_makes_again_what_it_changes(even: Path, tmp_path: Path) -> None:
    first = render(even, tmp_path / "a.mkv", "exposure stops='0s:0 1s:1 2s:1'")
    assert counts(first) == (5, 0)
    # The last key moves what is after 1 s.
    later = render(even, tmp_path / "a.mkv", "exposure stops='0s:0 1s:1 2s:-1'")
    assert counts(later) == (5, 2)
    # A window looks over the border.
    assert counts(render(even, tmp_path / "a.mkv", "denoise radius=1")) == (5, 0)
    assert counts(render(even, tmp_path / "a.mkv", "denoise radius=1", end="49f")) == (5, 4)
    assert counts(render(even, tmp_path / "a.mkv", "denoise radius=1", end="40f")) == (4, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"encoder_options": {"slices": "4"}},
        {"threads": 1},
        {"start": "1f"},
        {"dither": True},
        {"segments": 0.5},
        {"effects": ("blur sigma=1.5",)},
        {"effects": ("blur sigma=1", "flip")},
        {"effects": (Shade(),)},
    ],
)
def test_every_ingredient_is_in_the_key(even: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"encoder": "ffv1", "threads": 2, "segments": 0.4, "effects": ("blur sigma=1",)}
    target = tmp_path / "out.mkv"
    lumaloom.render(even, target, **given)
    assert lumaloom.render(even, target, overwrite=True, **given).reused == 5
    assert lumaloom.render(even, target, overwrite=True, **{**given, **change}).reused == 0


def test_what_lies_outside_the_parameters_is_in_the_key(
    even: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, source, look = tmp_path / "out.mkv", tmp_path / "in.mp4", tmp_path / "look.cube"
    source.write_bytes(even.read_bytes())

    def cube(high: float) -> None:
        rows = [f"{r} {g} {b}" for b in (0, high) for g in (0, high) for r in (0, high)]
        look.write_text("LUT_3D_SIZE 2\n" + "\n".join(rows) + "\n")

    cube(1)
    chain = (f"lut file={look}",)
    assert render(source, target, *chain).reused == 0
    assert render(source, target, *chain).reused == 5
    cube(0.5)
    assert render(source, target, *chain).reused == 0
    os.utime(source)
    assert render(source, target, *chain).reused == 0
    shade = Shade()
    assert render(even, target, shade).reused == 0
    shade.level = 2
    assert render(even, target, shade).reused == 0
    assert render(even, target, shade).reused == 5
    monkeypatch.setattr("lumaloom.jobs.segments.keys.engine", lambda: "another")
    assert render(even, target, shade).reused == 0


def test_an_effect_that_nobody_can_know_is_not_kept(even: Path, tmp_path: Path, store: DiskCache) -> None:
    shade = Shade()
    shade.secret = object()  # type: ignore[attr-defined]
    result = render(even, tmp_path / "out.mkv", shade)
    assert counts(result) == (5, 0)
    assert any("segments are not kept: effect shade depends on a builtins.object" in line for line in result.warnings)
    assert store.totals(KIND) == (0, 0)


def test_any_damaged_entry_is_made_again(even: Path, tmp_path: Path, store: DiskCache) -> None:
    target = tmp_path / "out.mkv"
    render(even, target, *CHAIN)
    expected = target.read_bytes()
    pieces = [file for file in (store.folder / "data").glob("??/*") if file.read_bytes().startswith(b"lumaloom coded")]
    for file in pieces:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        assert counts(render(even, target, *CHAIN)) == (5, 4)
        assert target.read_bytes() == expected
    assert counts(render(even, target, *CHAIN)) == (5, 5)


def test_what_begins_before_0_is_moved_up(tmp_path: Path) -> None:
    kept = {"avoid_negative_ts": "disabled"}
    pts = [40 * n - 200 for n in range(24)]
    early = clips.make(tmp_path / "in.ts", count=24, pts=pts, time_base=MILLISECOND, container_options=kept)
    assert outputs.read(early)[0].pts < 0
    for name, segments in (("whole.mkv", None), ("out.mkv", 0.4)):
        assert any("moved up by 200 ms" in line for line in render(early, tmp_path / name, segments=segments).warnings)
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()


def test_a_store_that_is_too_small_keeps_the_first(even: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = render(even, tmp_path / "out.mkv").sink.bytes
    run_cli("cache", "clear")
    for limit, kept in ((0, 0), (size * 2 // 5, 2)):
        monkeypatch.setenv("LUMALOOM_CACHE_LIMIT", str(limit))
        for reused in (0, kept):
            result = render(even, tmp_path / "out.mkv")
            assert (counts(result), result.frames) == ((5, reused), FRAMES)
            assert any(f"{5 - kept} of 5 segments could not be kept" in line for line in result.warnings)


def test_what_an_input_became_meanwhile_is_not_kept(even: Path, tmp_path: Path, store: DiskCache) -> None:
    source, bus = tmp_path / "in.mp4", EventBus()
    source.write_bytes(even.read_bytes())
    bus.subscribe(SegmentStarted, lambda event: os.utime(source) if event.segment == 3 else None, queue=None)
    assert any("2 of 5 segments" in line for line in render(source, tmp_path / "out.mkv", events=bus).warnings)
    assert store.totals(KIND)[0] == 3


def test_events_and_lines_tell_of_segments(even: Path, tmp_path: Path) -> None:
    bus = EventBus()
    seen = Recorder(bus)
    render(even, tmp_path / "out.mkv", events=bus)
    outcome = run_cli("render", even, tmp_path / "2.mkv", "--encoder", "ffv1", "--segments", 0.4, "--threads", 2)
    assert "5 segments, 5 of them reused" in outcome.out
    words = ("render", even, tmp_path / "3.mkv", "--encoder", "ffv1", "--segments", 0.4, "--threads", 2, "--json")
    lines = [event for event in run_cli(*words).events if event["event"] == "segment"]
    assert [(line["segment"], line["segments"], line["cached"]) for line in lines] == [(n, 5, True) for n in range(5)]
    assert sum(line["frames"] for line in lines) == FRAMES
    assert bus.close()
    begun, done = seen.of(SegmentStarted), seen.of(SegmentFinished)
    assert [(event.segment, event.segments, event.cached) for event in begun] == [(n, 5, False) for n in range(5)]
    assert [event.frames for event in done] == [10, 10, 10, 10, 13]
    described = json.loads(run_cli("cache", "--json").out)
    assert described["segments"]["entries"] == 5
    assert json.loads(run_cli("cache", "verify", "--json").out)["good"] == described["entries"]
    run_cli("cache", "clear")
    assert json.loads(run_cli("cache", "--json").out)["segments"] == {"entries": 0, "bytes": 0}


@pytest.mark.parametrize(
    ("output", "given", "message"),
    [
        ("null", {"encoder": None}, "null keeps nothing"),
        ("out.gif", {"encoder": None}, "gif can't be joined"),
        ("%04d.png", {"encoder": None}, "is a file already"),
        ("out.mkv", {"segments": 0}, "above 0, got 0"),
        ("out.mkv", {"segments": float("nan")}, "above 0, got nan"),
        ("out.mkv", {"best_effort": True}, "best_effort"),
        ("out.mkv", {"encoder": "h264", "encoder_options": {"x264-params": "pass=1"}}, "pass is about the whole"),
    ],
)
def test_what_can_not_be_cut_is_refused(
    even: Path, tmp_path: Path, output: str, given: dict[str, Any], message: str
) -> None:
    target = Path(output) if output == "null" else tmp_path / output
    with pytest.raises(UsageError, match=message):
        render(even, target, **given)
    assert not list(tmp_path.iterdir())


def killed(process: Any, folder: Path, count: int) -> None:
    """Kill a process once there are some files of content."""
    until = time.monotonic() + 60
    while sum(file.suffix == "" for file in folder.glob("data/??/*")) < count and time.monotonic() < until:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_every_built_in_effect_can_be_told_from_others() -> None:
    texts = {_effect(kind.__new__(kind)) for kind in default_registry().effects.values()}
    assert len(texts) == len(default_registry().effects)


@pytest.mark.slow
def test_kills_at_random_moments(tmp_path: Path, store: DiskCache) -> None:
    source = clips.make(tmp_path / "in.mp4", count=1000, audio="aac")
    chain = ("-e", "denoise radius=4", "-e", "denoise radius=3", "--encoder", "h264", "--crf", 0, "--threads", 1)
    words = ("render", source, tmp_path / "out.mp4", *chain, "--segments", 0.5, "--json", "--overwrite")
    random, kills = Random(1), 0
    while True:
        process = start(*words, env=environment(LUMALOOM_CACHE_DIR=str(store.folder)))
        try:
            out, err = process.communicate(timeout=random.uniform(0.5, 2))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
    assert process.returncode == 0, err
    assert kills >= 2
    assert json.loads(out.splitlines()[-1])["reused"] >= 20
    assert run_cli("render", source, tmp_path / "whole.mp4", *chain).code == 0
    assert reading.video_hash(tmp_path / "whole.mp4") == reading.video_hash(tmp_path / "out.mp4")
    assert json.loads(run_cli("cache", "verify", "--json").out)["damaged"] == 0


def test_a_kill_leaves_what_is_finished(even: Path, tmp_path: Path, store: DiskCache) -> None:
    source = clips.make(tmp_path / "in.mp4", count=400, audio="aac")
    words = ("render", source, tmp_path / "out.mkv", "--encoder", "ffv1", "--segments", 0.4, "--threads", 1)
    chain = ("-e", "denoise radius=4", "-e", "denoise radius=4")
    process = start(*words, *chain, env=environment(LUMALOOM_CACHE_DIR=str(store.folder)))
    killed(process, store.folder, 4)
    assert not (tmp_path / "out.mkv").exists()
    outcome = run_cli(*words, *chain, "--json")
    lines = [event for event in outcome.events if event["event"] == "segment"]
    assert lines[0]["cached"]
    assert not lines[-1]["cached"]
    assert outcome.events[-1]["reused"] == sum(line["cached"] for line in lines) >= 2
    run_cli("cache", "clear")
    run_cli(*words[:2], tmp_path / "whole.mkv", *words[3:5], *words[7:], *chain)
    assert reading.video_hash(tmp_path / "whole.mkv") == reading.video_hash(tmp_path / "out.mkv")


def test_borders() -> None:
    pts = np.arange(100) * 10
    assert cut(pts, 0, 100, Fraction(300)) == [(0, 30), (30, 60), (60, 90), (90, 100)]
    assert cut(pts, 0, 97, Fraction(300)) == [(0, 30), (30, 60), (60, 97)]
    assert cut(pts, 5, 40, Fraction(1)) == [(5, 13), (13, 21), (21, 29), (29, 40)]
    assert cut(pts, 0, LEAST - 1, Fraction(1)) == [(0, LEAST - 1)]
    assert cut(pts, 0, 40, Fraction(201, 2), lambda number: number % 4 == 0) == [(0, 12), (12, 24), (24, 40)]


def test_keyframes_count_where_they_matter() -> None:
    early, late = read_keyframes("1s:0 2s:1 ease-in 3s:5"), read_keyframes("1s:0 2s:1 ease-out 3s:5")
    assert within(early, 0, 2) == within(late, 0, 2)
    assert within(early, 0, 2.1) != within(late, 0, 2.1)
    assert within(early, 3, 9) == within(late, 3, 9) != within(early, 0, 1)


def test_decoding_times_rise_over_borders() -> None:
    # The second piece comes slower, so that its encoder begins long before the first one's last picture.
    pieces = [[(0, -10), (20, 0), (10, 10), (30, 20)], [(40, -60), (240, 40), (140, 140), (340, 240)]]
    times = DecodingTimes(1)
    found = []
    for pts, dts in chain(*pieces):
        packet = av.Packet(b"x")
        packet.pts, packet.dts = pts, dts
        found.append(times.set(packet))
    assert found == [-10, 0, 10, 20, 30, 40, 140, 240]
    late = av.Packet(b"x")
    late.pts, late.dts = 330, 330  # those after it in this piece were to follow all of the piece before
    times.set(late)
    late.pts = 240
    with pytest.raises(OutputError, match="shown at 240 would be decoded at 240"):
        times.set(late)
