"""Whole renders and single frames with another clip over, behind or in them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import lumaloom
from lumaloom.cache import default_disk_cache
from lumaloom.errors import CancelledError, ParameterError
from lumaloom.jobs import RenderStarted
from lumaloom.plugins import default_registry
from lumaloom.pointwise.footage import Shown
from lumaloom.services.events import EventBus
from lumaloom.testing import check_effect
from tests.cli.running import run_cli
from tests.media import clips
from tests.render import reading

MILLISECOND = Fraction(1, 1000)
# Steps of 5 to 300 ms.
UNEVEN = [0, 40, 45, 90, 200, 240, 270, 300, 600, 610, 640, 700, 800, 830, 1000, 1030, 1060, 1100, 1200, 1400]
NONE = -1
# More than what times are off that are rounded to milliseconds.
SLACK = 0.0021


def levels(count: int, base: int = 20, step: int = 8) -> Iterator[av.VideoFrame]:
    """Gray frames, each brighter than the one before."""
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(np.full((32, 48), base + step * number, np.uint8), format="gray")
        yield frame


def numbered(path: Path, count: int = 20, **more: Any) -> Path:
    return clips.make(path, "ffv1", count, fmt="gray", width=48, height=32, frames=levels(count), **more)


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 black frames in two seconds, with a tone."""
    planes = np.repeat(np.array([16, 128], np.uint8), [32, 16])[:, None].repeat(48, axis=1)
    frames = (av.VideoFrame.from_ndarray(planes, format="yuv420p") for _ in range(50))
    path = tmp_path_factory.mktemp("dark") / "dark.mkv"
    return clips.make(path, "ffv1", 50, width=48, height=32, frames=frames, audio="pcm_s16le")


def shown(path: Path) -> list[int]:
    """Return which frame of a numbered clip is seen in each frame, `NONE` where it is black."""
    means = [planes[0].mean() for planes in reading.planes(path)]
    return [NONE if mean < 17.5 else round((mean - 20) / 8) for mean in means]


def by_time(main: Path, over: Path, start: float, after: str, length: float) -> list[int]:
    """Return what should be seen, by the timestamps that PyAV gives."""
    first, *_ = times = reading.video_pts(main)
    begun = reading.video_pts(over)
    result = []
    for time in times:
        at = time - first + start + SLACK
        if after == "loop" and at >= length:
            at %= length
        count = sum(pts - begun[0] <= at for pts in begun)
        result.append(NONE if at < 0 or (after == "none" and at >= length) else count - 1)
    return result


@pytest.mark.parametrize(
    ("rate", "start", "after"),
    [(25, 0, "hold"), (10, 0.25, "loop"), (60, 0, "loop"), (Fraction(30000, 1001), -0.5, "none"), (25, 5, "hold")],
)
def test_each_frame_shows_what_is_due(dark: Path, tmp_path: Path, rate: Any, start: float, after: str) -> None:
    over, target = (
        numbered(tmp_path / "over.mp4" if rate == 60 else tmp_path / "over.mkv", rate=rate),
        tmp_path / "out.mkv",
    )
    call = f"overlay file={over} fit=stretch start={start} after={after}"
    lumaloom.render(dark, target, [call], encoder="ffv1")
    assert shown(target) == by_time(dark, over, start, after, float(20 / Fraction(rate)))
    assert reading.packets(target, "audio") == reading.packets(dark, "audio")


def test_variable_rates_of_both(tmp_path: Path) -> None:
    over = numbered(tmp_path / "over.mkv", pts=UNEVEN, time_base=MILLISECOND)
    times = [17 * n + (7919 * n) % 15 + 200 * (n > 20) for n in range(60)]
    frames = (frame.reformat(format="yuv420p") for frame in levels(60, 16, 0))
    main = clips.make(
        tmp_path / "in.mkv", "ffv1", 60, frames=frames, width=48, height=32, pts=times, time_base=MILLISECOND
    )
    target = tmp_path / "out.mkv"
    lumaloom.render(main, target, [f"overlay file={over} fit=stretch start=0.1"], encoder="ffv1", start=0.2)
    wanted = by_time(target, over, 0.1, "hold", 9)
    assert shown(target) == wanted
    assert len(set(wanted)) > 12


ALPHA = {
    "prores.mov": ("prores_ks", "yuva444p10le"),
    "vp9.webm": ("libvpx-vp9", "yuva420p"),
    "qtrle.mov": ("qtrle", "argb"),
    "png.mov": ("png", "rgba"),
    "gif.gif": ("gif", "rgb8"),
}


def see_through(count: int, fmt: str) -> Iterator[av.VideoFrame]:
    """Pictures on the left half, fading downwards, and nothing on the right."""
    for number in range(count):
        samples = np.zeros((32, 48, 4), np.uint8)
        samples[..., :3] = clips.picture(number, 48, 32)
        samples[:, :24, 3] = np.linspace(255, 90, 32)[:, None]
        yield av.VideoFrame.from_ndarray(samples, format="rgba").reformat(format=fmt)


@pytest.mark.parametrize("name", ALPHA)
def test_opacity_is_that_of_the_file(dark: Path, tmp_path: Path, name: str) -> None:
    codec, fmt = ALPHA[name]
    over = clips.make(tmp_path / name, codec, 6, fmt=fmt, width=48, height=32, frames=see_through(6, fmt), options={})
    target = tmp_path / "out.mkv"
    lumaloom.render(dark, target, [f"overlay file={over}"], encoder="ffv1", pixel_format="rgb24", end="6f")
    decoder = {"vp9.webm": "libvpx-vp9"}.get(name)
    for found, wanted in zip(av.open(target).decode(video=0), decoded(over, decoder), strict=True):
        above = wanted[..., :3] * (wanted[..., 3:] / 255.0)
        assert np.abs(found.to_ndarray(format="rgb24") - above).mean() < 1.5
        if fmt != "rgb8":
            assert wanted[-1, 0, 3] < 100
            assert found.to_ndarray(format="rgb24")[:, 30:].max() <= 3


def decoded(path: Path, decoder: str | None) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the frames of a file as RGBA."""
    with av.open(path) as container:
        context: Any = av.CodecContext.create(decoder, "r") if decoder else None
        for packet in container.demux(video=0):
            for frame in context.decode(packet if packet.size else None) if context else packet.decode():
                yield frame.to_ndarray(format="rgba")


CHAIN = (
    "exposure stops=0.3",
    "overlay file={} fit=none anchor=top-right width=30 mode=screen after=loop amount='0s:0.2 1s:1'",
    "sepia",
)


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with B-frames, whose rate is another one."""
    return clips.make(tmp_path_factory.mktemp("over") / "over.mp4", count=24, rate=15, options=clips.X264_OPEN)


@pytest.mark.parametrize("before", [(), ("denoise radius=1", "blur sigma=1")])
def test_workers_segments_and_numbers_give_the_same(
    clip: Path, over: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...]
) -> None:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path / "kept"))
    chain = [*before, *(call.format(over) for call in CHAIN)]
    whole, again, cut = (tmp_path / f"{name}.mkv" for name in ("whole", "again", "cut"))
    result = lumaloom.render(clip, whole, chain, encoder="ffv1", threads=1)
    assert any("overlay" in step and "exposure" in step for step in result.steps)  # in one pass
    expected = reading.planes(whole)
    lumaloom.render(clip, again, chain, encoder="ffv1", threads=3)
    assert reading.video_hash(again) == reading.video_hash(whole)
    made = lumaloom.render(clip, cut, chain, encoder="ffv1", segments=0.4)
    assert (made.segments, made.reused) == (3, 0)
    assert reading.video_hash(cut) == reading.video_hash(whole)
    with lumaloom.open(clip) as opened:
        laid = opened.apply(*chain)
        for number in (0, 1, 2, 29, 14, 13, 3, 22):
            frame = laid[number]
            assert all(map(np.array_equal, frame.planes, expected[number])), number
        parts = [frame.planes for frame in laid[5:15]]
        assert all(all(map(np.array_equal, a, b)) for a, b in zip(parts, expected[5:15], strict=True))


def test_segments_depend_on_the_other_clip(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path / "kept"))
    over, target = numbered(tmp_path / "over.mkv"), tmp_path / "out.mkv"
    calls = [f"overlay file={over} fit=stretch"]

    def reused() -> int:
        return lumaloom.render(clip, target, calls, encoder="ffv1", segments=0.4, overwrite=True).reused

    assert (reused(), reused()) == (0, 3)
    numbered(over, 19)
    assert reused() == 0
    calls[0] += " start=0.2"
    assert reused() == 0
    assert default_disk_cache().limit


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    [
        "bikes.mp4",
        "bt2020_10bit.mp4",
        pytest.param("bigbuckbunny.mp4", marks=pytest.mark.slow),
        pytest.param("big_buck_bunny_30s.webm", marks=pytest.mark.slow),
    ],
)
def test_real_clips_are_frame_exact(media: Path, tmp_path: Path, name: str) -> None:
    """A clip over itself, later: each frame is the one that PyAV decodes for that time, not the one beside it."""
    path, target = media / name, tmp_path / "out.mkv"
    lumaloom.render(path, target, [f"overlay file={path} fit=stretch start=1.3"], encoder="ffv1", end="10f")
    begun, times = reading.video_pts(path), reading.video_pts(target)
    with av.open(path) as container:
        source = [luma(frame) for _, frame in zip(range(90), container.decode(video=0), strict=False)]
    for time, frame in zip(times, av.open(target).decode(video=0), strict=True):
        number = sum(pts - begun[0] <= time - times[0] + 1.3 + SLACK for pts in begun) - 1
        off = [np.abs(source[k] - luma(frame)).mean() for k in (number - 1, number, number + 1)]
        assert off[1] < 0.7
        assert min(off) == off[1]


def luma(frame: av.VideoFrame) -> np.ndarray[Any, Any]:
    """Return the samples of a frame's first plane."""
    plane, dtype = frame.planes[0], np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    return np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width].astype(np.int32)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.mov", "can't be read: No such file or directory"),
        ("over.%04d.png", "is a sequence of pictures, effects read pictures and videos; make a video of it first"),
        ("list.m3u8", "is a playlist or a description of other files; name the media files themselves"),
        ("text.mov", "is a text file; expected a media file"),
        ("sound.mp4", "has no video stream; it holds audio"),
        ("cut.mp4", "is cut off: 20 frames are there"),
        ("folder.mov", "is no regular file"),
    ],
)
def test_what_is_refused_before_the_first_frame(clip: Path, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nover.ts\n")
    (tmp_path / "text.mov").write_text("Not a video.\n" * 9)
    (tmp_path / "folder.mov").mkdir()
    clips.only_audio(tmp_path / "sound.mp4")
    whole = clips.make(tmp_path / "whole.mp4", container_options={"movflags": "faststart"})
    clips.truncated(whole, tmp_path / "cut.mp4", 0.75)
    for effect in ("overlay", "mask"):
        with pytest.raises(ParameterError) as caught:
            lumaloom.render(clip, tmp_path / "out.webm", [f"{effect} file={tmp_path / name}"])
        text = str(caught.value)
        assert text.startswith(f"{effect}: file '{tmp_path / name}': ")
        assert message.split(":")[0] in text
        assert "\n" not in text
        assert "best_effort" not in text
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


@pytest.mark.parametrize("segments", [None, 0.4])
def test_damage_on_the_way_names_the_effect_and_leaves_nothing(
    clip: Path, tmp_path: Path, segments: float | None
) -> None:
    over = clips.damaged_picture(clips.make(tmp_path / "whole.mp4"), tmp_path / "over.mp4", 0.6)
    before = set(threading.enumerate())
    with pytest.raises(ParameterError) as caught:
        lumaloom.render(clip, tmp_path / "out.mp4", [f"overlay file={over}"], segments=segments)
    assert str(caught.value).startswith(f"overlay: file '{over}': frame ")
    assert "best_effort" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["over.mp4", "whole.mp4"]
    assert set(threading.enumerate()) <= before


def test_a_render_that_is_cancelled_lets_go_of_everything(clip: Path, over: Path, tmp_path: Path) -> None:
    before, cancel = set(threading.enumerate()), threading.Event()
    calls, bus = [f"overlay file={over} after=loop"], EventBus()
    bus.subscribe(RenderStarted, lambda _: cancel.set(), queue=None)
    with pytest.raises(CancelledError):
        lumaloom.render(clip, tmp_path / "out.mp4", calls, events=bus, cancel=cancel)
    assert set(threading.enumerate()) <= before


def test_few_frames_of_the_other_clip_are_held(dark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is, and however far ahead it could be decoded."""
    living, most = [0], [0]
    init = Shown.__init__

    class Token:
        def __init__(self) -> None:
            living[0] += 1
            most[0] = max(most[0], living[0])

        def __del__(self) -> None:
            living[0] -= 1

    def counted(self: Any, *words: Any) -> None:
        init(self, *words)
        self.token = Token()

    monkeypatch.setattr(Shown, "__init__", counted)
    monkeypatch.setenv("LUMALOOM_AHEAD", str(4 * 48 * 32 * 4))
    over = numbered(tmp_path / "over.mkv", 25, rate=50)
    lumaloom.render(dark, "null", [f"overlay file={over} after=loop"], threads=1)
    assert 0 < most[0] <= 12
    assert living[0] == 0


def test_in_projects_plans_and_previews(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clips").mkdir()
    over = numbered(tmp_path / "clips" / "over.mkv")
    text = f"[[render]]\ninput = '{clip}'\noutput = 'out.mkv'\nencoder = 'ffv1'\n"
    text += "effects = ['overlay file=clips/over.mkv start=0.2 after=loop', 'sepia']\n"
    (tmp_path / "project.toml").write_text(text)
    (outcome,) = lumaloom.render_project(tmp_path / "project.toml")
    assert outcome.error is None
    call = f"overlay file={over} start=0.2 after=loop"
    lumaloom.render(clip, tmp_path / "same.mkv", [call, "sepia"], encoder="ffv1")
    assert reading.video_hash(tmp_path / "out.mkv") == reading.video_hash(tmp_path / "same.mkv")
    planned = run_cli("render", str(clip), "null", "-e", call, "--dry-run", "--explain")
    assert planned.code == 0
    assert "read beside the frames:" in planned.out
    described = json.loads(run_cli("render", str(clip), "null", "-e", call, "--dry-run", "--json").out)
    assert "after=loop" in described["steps"][0]["fused"][0]
    shown = run_cli("effects", f"overlay file={over} fit=stretch start=0.1", "--preview", str(tmp_path / "shown.png"))
    assert (shown.code, shown.err) == (0, "")
    picture = av.open(tmp_path / "shown.png")
    right = next(picture.decode(video=0)).to_ndarray(format="rgb24")[100:400, 900:1600]
    # Half a second after the start, of which the clip is a tenth ahead.
    assert np.abs(right - np.rint((20 + 8 * 15 - 16) * 255 / 219)).max() <= 2


def test_a_matte_and_a_background_that_move(dark: Path, tmp_path: Path) -> None:
    """What a moving matte lets go is filled by another clip."""
    matte, behind = numbered(tmp_path / "matte.mkv", rate=5), numbered(tmp_path / "behind.mkv")
    target = tmp_path / "out.mkv"
    chain = [f"mask file={matte} invert=true", f"background file={behind} fit=stretch"]
    lumaloom.render(dark, target, chain, encoder="ffv1", end="15f")
    for number, frame in enumerate(av.open(target).decode(video=0)):
        level = (20 + 8 * (number // 5) - 16) / 219 * (20 + 8 * number - 16) + 16
        assert abs(luma(frame).mean() - level) <= 1.2, number


def test_over_arrays_and_in_the_check_of_effects(tmp_path: Path) -> None:
    over = numbered(tmp_path / "over.mkv", rate=5)
    arrays = (np.zeros((32, 48, 3), np.uint8) for _ in range(12))
    call = f"overlay file={over} fit=stretch"
    lumaloom.write(arrays, tmp_path / "out.mkv", [call], rate=25, encoder="ffv1", pixel_format="yuv444p")
    assert shown(tmp_path / "out.mkv") == [0] * 5 + [1] * 5 + [2] * 2
    check_effect(default_registry().create(f"{call} amount=0.5"), formats=["yuv420p"], sizes=[(33, 17)])


def test_without_fusing_it_is_the_same_to_a_step(clip: Path, over: Path, tmp_path: Path) -> None:
    chain = [call.format(over) for call in CHAIN]
    for fuse in (True, False):
        lumaloom.render(clip, tmp_path / f"{fuse}.mkv", chain, encoder="ffv1", fuse=fuse, end="9f")
    for one, other in zip(reading.planes(tmp_path / "True.mkv"), reading.planes(tmp_path / "False.mkv"), strict=True):
        assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(one, other, strict=True))
