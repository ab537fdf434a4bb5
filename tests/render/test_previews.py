"""Frames of an open clip after effects: made once, everybody's own, and made ahead of who goes frame by frame."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lumaloom
from lumaloom.effect import Effect, Frame, Kind
from lumaloom.errors import InputError
from lumaloom.jobs import CacheEvicted
from lumaloom.media import index_store
from lumaloom.media.index import FrameIndex
from lumaloom.services.events import EventBus, Recorder
from tests.media import clips


class Counted(Effect):
    """Turns samples over, and counts the frames by their time stamps."""

    name, kind = "counted", Kind.POINTWISE

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self.threads: set[str] = set()

    def render(self, src: Frame, out: Frame) -> None:
        self.seen.append(src.pts)
        self.threads.add(threading.current_thread().name.rpartition("_")[0])
        for source, target in zip(src.planes, out.planes, strict=True):
            np.subtract(255, source, out=target)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make(tmp_path_factory.mktemp("clip") / "in.mp4")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    # The kernels' own pool stays for the life of the process.
    names = [each.name for each in threading.enumerate()]
    assert not [name for name in names if name.startswith("lumaloom-") and not name.startswith("lumaloom-kernels")]


def until(true: Any) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_frame_is_made_once_for_each_chain(clip: Path) -> None:
    effect, other = Counted(), Counted()
    with lumaloom.open(clip) as opened:
        first, second = opened.apply(effect), opened.apply(effect, other)
        pictures = [first[7].planes[0].copy() for _ in range(3)]
        assert len(effect.seen) == 1
        assert np.array_equal(first[7:9][0].planes[0], pictures[0]), "a slice has the same frames"
        assert opened.apply(effect)[7].pts == effect.seen[0]
        assert (len(effect.seen), len(other.seen)) == (1, 0)
        assert np.array_equal(second[7].planes[0], opened[7].planes[0])
        assert (len(effect.seen), len(other.seen)) == (2, 1)
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)


def test_frames_are_their_takers_own(clip: Path) -> None:
    with lumaloom.open(clip) as opened:
        clip_ = opened.apply(Counted())
        first = clip_[3]
        wanted = first.planes[0].copy()
        first.planes[0][...] = 1
        for _ in range(2):
            frame = clip_[3]
            assert np.array_equal(frame.planes[0], wanted)
            frame.planes[0][...] = 0
        assert np.array_equal(clip_[3].planes[0], wanted)


@pytest.mark.parametrize("step", [1, -1])
def test_who_goes_frame_by_frame_finds_the_next_one_made(clip: Path, step: int) -> None:
    effect = Counted()
    with lumaloom.open(clip) as opened:
        counted = opened.apply(effect)
        counted[10], counted[20]
        time.sleep(0.02)
        assert len(effect.seen) == 2, "a jump is no direction"
        counted[20 + step]
        until(lambda: len(effect.seen) == 4)
        assert effect.seen[-1] == opened[20 + 2 * step].pts
        assert effect.threads >= {"lumaloom-background"}
        plain = Counted()
        again = opened.apply(plain)
        assert np.array_equal(counted[20 + 2 * step].planes[0], again[20 + 2 * step].planes[0])
        assert effect.seen.count(opened[20 + 2 * step].pts) == 1


def test_there_is_nothing_ahead_of_the_ends(clip: Path) -> None:
    effect = Counted()
    with lumaloom.open(clip) as opened:
        counted = opened[5:8].apply(effect)
        counted[1], counted[2]
        time.sleep(0.02)
        counted[1], counted[0]
        time.sleep(0.02)
        assert len(effect.seen) == 3


def test_iterating_uses_the_pool(clip: Path) -> None:
    effect = Counted()
    with lumaloom.open(clip) as opened:
        assert len(list(opened.apply(effect))) == 30
    assert effect.threads == {"lumaloom-cpu"}


def test_evictions_are_told(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 96 * 64 * 3 // 2
    monkeypatch.setenv("LUMALOOM_FRAME_CACHE", str(3 * size))
    with EventBus() as bus:
        seen = Recorder(bus, CacheEvicted)
        with lumaloom.open(clip, events=bus) as opened:
            counted = opened.apply(Counted())
            for number in (0, 5, 10, 15, 20):
                counted[number]
            previews = [each for each in seen.of(CacheEvicted) if each.cache == "previews"]
            assert [(each.entries, each.nbytes) for each in previews] == [(1, size)] * 2
            opened[25], opened[3]
            assert {each.cache for each in seen.of(CacheEvicted)} == {"previews", "frames"}


def test_evictions_from_the_disk_are_told(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LUMALOOM_CACHE_LIMIT", "1500")  # an index of 30 frames takes 900
    with EventBus() as bus:
        seen = Recorder(bus, CacheEvicted)
        for number in range(3):
            copy = shutil.copy(clip, tmp_path / f"{number}.mp4")
            with lumaloom.open(copy, events=bus) as opened:
                assert len(opened) == 30
    evicted = seen.of(CacheEvicted)
    assert [(each.cache, each.entries) for each in evicted] == [("disk", 1)] * 2
    assert all(600 <= each.nbytes <= 1500 for each in evicted)


def test_a_range_by_frames_reads_the_index_that_is_kept(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Any] = []
    build = FrameIndex.build
    monkeypatch.setattr(
        index_store.FrameIndex, "build", lambda path, **more: (built.append(path), build(path, **more))[1]
    )
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path / "cache"))
    for _ in range(2):
        assert lumaloom.render(clip, "null", start="5f", end="9f").frames == 4
    with lumaloom.open(clip) as opened:
        assert len(opened) == 30
    assert len(built) == 1


@pytest.mark.parametrize("effects", [[], ["invert"], ["denoise"]])
def test_a_damaged_file(tmp_path: Path, effects: list[str]) -> None:
    path = clips.damaged_picture(clips.make(tmp_path / "c.mp4"), tmp_path / "bad.mp4", 0.5)
    with lumaloom.open(path) as opened:
        clip, seen = opened.apply(*effects), list[Frame]()
        with pytest.raises(InputError, match=r"frame \d+ of 30 is damaged since frame \d+; best_effort=True"):
            seen.extend(clip)
        assert 8 <= len(seen) < 20
        clip[0], clip[29]  # other groups of pictures
        assert opened.losses.any
    with lumaloom.open(path, best_effort=True) as opened:
        assert sum(1 for _ in opened.apply(*effects)) == 30
        assert opened.losses.corrupt_frames == 1


def test_a_frame_that_is_lost(tmp_path: Path) -> None:
    path = clips.damaged_picture(clips.make(tmp_path / "c.mkv", "ffv1"), tmp_path / "bad.mkv", 0.5)
    with lumaloom.open(path, best_effort=True) as opened:
        for clip in (opened, opened.apply("invert"), opened.apply("denoise"), opened.apply("denoise")[::-1]):
            assert sum(1 for _ in clip) >= 28
        assert sum(1 for _ in opened) == 29
        assert len(opened) == 30
        assert opened.losses.decode_errors == 1
        with pytest.raises(InputError, match="frame 15 of 30 can't be decoded: a slice does not match its checksum"):
            opened.apply("invert")[15]


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = clips.truncated(clips.make(tmp_path / "c.mkv"), tmp_path / "bad.mkv", 0.7)
    with pytest.raises(InputError, match=r"is cut off: \d+ frames are there; best_effort=True"):
        lumaloom.open(path)
    with lumaloom.open(path, best_effort=True) as opened:
        assert opened.losses.truncated
        assert 10 < sum(1 for _ in opened) <= len(opened)
