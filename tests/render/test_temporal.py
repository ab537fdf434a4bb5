"""Whole renders and single frames with effects that look at neighbouring frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

import lumaloom
from tests.media import clips
from tests.render import reading

CUT = 7
LEVELS = (60, 180)


def noisy(count: int) -> Iterator[av.VideoFrame]:
    """Noise on gray, dark before the cut and bright after it."""
    for number in range(count):
        random = np.random.default_rng(number)
        frame = av.VideoFrame(96, 64, "gray")
        plane = np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(64, -1)
        plane[...] = np.rint(random.normal(LEVELS[number >= CUT], 4, plane.shape))
        yield frame


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return clips.make(tmp_path / "in.mkv", "ffv1", 12, fmt="gray", frames=noisy(12), audio="pcm_s16le")


def test_noise_goes_and_the_cut_stays(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    result = lumaloom.render(clip, target, ["denoise radius=2 threshold=0.12"], encoder="ffv1")
    assert result.frames == 12
    assert reading.video_pts(target) == reading.video_pts(clip)
    assert reading.packets(target, "audio") == reading.packets(clip, "audio")
    for number, ((before,), (after,)) in enumerate(zip(reading.planes(clip), reading.planes(target), strict=True)):
        assert after.std() < 0.85 * before.std(), number
        assert abs(after.mean() - LEVELS[number >= CUT]) < 0.5, number


def test_threads_change_no_bit(clip: Path, tmp_path: Path) -> None:
    hashes = set()
    for threads in (1, 3):
        target = tmp_path / f"{threads}.mkv"
        chain = ["denoise radius=1", "grain strength=0.1", "denoise radius=3 threshold=0.2"]
        lumaloom.render(clip, target, chain, encoder="ffv1", threads=threads)
        hashes.add(reading.video_hash(target))
    assert len(hashes) == 1


def test_a_frame_by_number_is_that_of_the_render(clip: Path, tmp_path: Path) -> None:
    chain = ["denoise radius=2 threshold=0.12", "grain strength=0.05", "denoise radius=1 threshold=0.3"]
    target = tmp_path / "out.mkv"
    lumaloom.render(clip, target, chain, encoder="ffv1")
    expected = [frame[0] for frame in reading.planes(target)]
    with lumaloom.open(clip) as opened:
        made = opened.apply(*chain)
        for number in (0, 11, 5, 1, 7, 6, -1):
            assert np.array_equal(made[number].planes[0], expected[number]), number
        for part in (slice(None), slice(3, 9), slice(9, None), slice(0, 1), slice(2, 11, 3), slice(8, 2, -2)):
            found = [frame.planes[0] for frame in made[part]]
            assert len(found) == len(expected[part])
            assert all(np.array_equal(a, b) for a, b in zip(found, expected[part], strict=True)), part
        assert list(made[5:5]) == []
        assert np.array_equal(opened.apply(*chain)[4:6][1].planes[0], expected[5])


def test_a_clip_of_one_frame(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mkv", "ffv1", 1, fmt="gray", frames=noisy(1))
    target = tmp_path / "out.mkv"
    assert lumaloom.render(source, target, ["denoise radius=4"], encoder="ffv1").frames == 1
    assert reading.video_hash(target) == reading.video_hash(source)
