"""Indexes kept on disk are those of the file as it is; frames kept in memory are everybody's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lumaloom.cache import default_disk_cache
from lumaloom.media.index import FrameIndex
from lumaloom.media.index_store import packed, stored_index, unpacked
from lumaloom.media.reader import Reader
from tests.media.clips import CLIPS
from tests.media.conftest import Clip


def same(a: FrameIndex, b: FrameIndex) -> bool:
    arrays = ("pts", "durations", "keys", "stamps")
    plain = (a.time_base, a.rate, a.seekable) == (b.time_base, b.rate, b.seekable)
    return plain and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Paths whose index was built, with a cache of their own."""
    found: list[str] = []
    real = FrameIndex.build

    def counted(path: Path, **options: int) -> FrameIndex:
        found.append(str(path))
        return real(path, **options)

    monkeypatch.setattr(FrameIndex, "build", counted)
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path / "cache"))
    return found


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_packed_and_back(clip: Clip, name: str) -> None:
    index = FrameIndex.build(clip(name))
    assert same(unpacked(packed(index)), index)


def test_built_once_until_the_file_changes(clip: Clip, builds: list[str], tmp_path: Path) -> None:
    path = Path(shutil.copy(clip("h264.mp4"), tmp_path / "clip.mp4"))
    first = stored_index(path)
    assert same(stored_index(path), first)
    assert len(builds) == 1
    shutil.copy(clip("vp9.webm"), path)
    assert not same(stored_index(path), first)
    assert len(builds) == 2
    default_disk_cache().clear()
    stored_index(path)
    assert len(builds) == 3


def test_a_cache_that_fails_is_none(clip: Clip, builds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(clip("h264.mp4") / "no folder"))
    assert len(stored_index(clip("h264.mp4"))) == 30
    assert len(stored_index(clip("h264.mp4"))) == 30
    assert len(builds) == 2


def decoded(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the frames that the reader decodes from now on."""
    found: list[int] = []
    real = reader._numbered

    def counted(packets):
        for position, frame in real(packets):
            found.append(position)
            yield position, frame

    monkeypatch.setattr(reader, "_numbered", counted)
    return found


def test_going_back_frame_by_frame_decodes_each_once(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    with Reader(clip("h264.mp4")) as reader:
        expected = [[plane.copy() for plane in reader.frame(number).planes] for number in range(30)]
        found = decoded(reader, monkeypatch)
        for number in reversed(range(20)):
            for plane, wanted in zip(reader.frame(number).planes, expected[number], strict=True):
                np.testing.assert_array_equal(plane, wanted)
    assert sorted(found) == list(range(20))


def test_frames_are_their_takers_own(clip: Clip) -> None:
    with Reader(clip("h264.mp4")) as reader:
        reader.frame(25)
        first = reader.frame(5)
        wanted = first.planes[0].copy()
        first.planes[0][...] = 0
        again = reader.frame(5)
        np.testing.assert_array_equal(again.planes[0], wanted)
        again.planes[0][...] = 1
        np.testing.assert_array_equal(reader.frame(5).planes[0], wanted)
