"""Frames by number: the index counts what a decode gives, and every frame is that of the decode."""

from __future__ import annotations

import hashlib
import random
import threading
from pathlib import Path

import numpy as np
import pytest

from lumaloom.errors import InputError, UsageError
from lumaloom.frame import Frame
from lumaloom.media.index import FrameIndex
from lumaloom.media.reader import Reader
from lumaloom.media.source import Source
from tests.media.clips import CLIPS, damaged_picture
from tests.media.conftest import Clip

# Hash of the samples, and the timing.
Fingerprint = tuple[str, object]


def fingerprint(frame: Frame) -> Fingerprint:
    return hashlib.md5(b"".join(np.ascontiguousarray(p).tobytes() for p in frame.planes)).hexdigest(), frame.timing


def sequence(path: Path) -> list[Fingerprint]:
    with Source(path) as source:
        return [fingerprint(item) for item in source.items() if isinstance(item, Frame)]


@pytest.mark.parametrize("name", sorted(CLIPS))
class TestEveryClip:
    def test_the_index_counts_and_times_the_frames_of_a_decode(self, clip: Clip, name: str) -> None:
        expected = [timing for _, timing in sequence(clip(name))]
        index = FrameIndex.build(clip(name))
        assert [index.timing(n) for n in range(len(index))] == expected

    def test_random_order_gives_the_frames_of_a_decode(self, clip: Clip, name: str) -> None:
        expected = sequence(clip(name))
        with Reader(clip(name)) as reader:
            order = [*range(len(reader)), *range(len(reader))]
            random.Random(name).shuffle(order)
            for number in order:
                assert fingerprint(reader.frame(number)) == expected[number], number

    def test_backwards(self, clip: Clip, name: str) -> None:
        expected = sequence(clip(name))[-12:]
        with Reader(clip(name)) as reader:
            first = max(len(reader) - 12, 0)
            got = [fingerprint(reader.frame(n)) for n in reversed(range(first, len(reader)))]
        assert got[::-1] == expected


SEEKABLE = ["h264.mp4", "h264.mkv", "h264.ts", "open-gop-h264.mp4", "open-gop-h264.ts", "open-gop-hevc.mkv", "vp9.webm"]


@pytest.mark.parametrize("name", SEEKABLE)
def test_these_are_read_by_seeking(clip: Clip, name: str) -> None:
    index = FrameIndex.build(clip(name))
    assert index.seekable
    assert len(index.keys) >= 3
    assert index.keys[0] == 0


@pytest.mark.parametrize("name", ["raw.h264", "joined.ts", "h264.avi", "mpeg2.mpg"])
def test_these_are_counted_from_the_start(clip: Clip, name: str) -> None:
    assert not FrameIndex.build(clip(name)).seekable


def test_frames_in_sequence_decode_each_packet_once(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = []
    real = Reader._jump
    monkeypatch.setattr(Reader, "_jump", lambda self, number: (jumps.append(number), real(self, number))[1])
    with Reader(clip("h264.mp4")) as reader:
        for number in range(10):
            reader.frame(number)
        assert jumps == []
        reader.frame(15)
        assert jumps == [], "frame 10 is next, and the keyframe for 15"
        reader.frame(25)
        reader.frame(26)
        assert jumps == [25]
        reader.frame(3)
        assert jumps == [25, 3]


def test_a_key_frame_serves_itself_and_what_follows(clip: Clip) -> None:
    index = FrameIndex.build(clip("h264.mp4"))
    assert index.keys.tolist() == [0, 10, 20]
    assert [index.key_for(n) for n in (0, 9, 10, 29)] == [0, 0, 10, 20]


def test_an_imprecise_demuxer_is_corrected(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seek that lands after the target is noticed, an earlier one tried, and at last the start of the file."""
    expected = sequence(clip("h264.mkv"))
    tried = []

    def late(container, video, wanted, pts):
        tried.append(pts)
        return

    monkeypatch.setattr("lumaloom.media.reader.packets_from", late)
    with Reader(clip("h264.mkv")) as reader:
        for number in (25, 12, 28):
            reader._kept.clear()  # or 12 would come from what was decoded on the way to 25
            assert fingerprint(reader.frame(number)) == expected[number]
    assert len(tried) == 3


def test_a_landing_with_other_timestamps_is_corrected(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    from lumaloom.media import reader as module

    real = module.packets_from

    def shifted(*arguments):
        for packet in real(*arguments):
            if packet.pts is not None:
                packet.pts += 7
            yield packet

    expected = sequence(clip("h264.mkv"))
    monkeypatch.setattr(module, "packets_from", shifted)
    with Reader(clip("h264.mkv")) as reader:
        assert fingerprint(reader.frame(25)) == expected[25]
        assert fingerprint(reader.frame(13)) == expected[13]


def test_numbers_outside(clip: Clip) -> None:
    with Reader(clip("h264.mp4")) as reader:
        assert len(reader) == 30
        for number in (-1, 30):
            with pytest.raises(IndexError, match=f"frame {number} of 30"):
                reader.frame(number)
    with pytest.raises(UsageError, match="closed"):
        reader.frame(0)


def test_damage_is_an_input_error_and_the_rest_stays_readable(clip: Clip, tmp_path: Path) -> None:
    expected = sequence(clip("ffv1.mkv"))
    path = damaged_picture(clip("ffv1.mkv"), tmp_path / "d.mkv", 0.5)
    with Reader(path) as reader:
        with pytest.raises(InputError, match=r"frame 15 of 30 can't be decoded: .*checksum"):
            reader.frame(15)
        assert fingerprint(reader.frame(3)) == expected[3]
        assert fingerprint(reader.frame(25)) == expected[25]


def test_several_threads_may_share_a_reader(clip: Clip) -> None:
    expected = sequence(clip("h264.mp4"))
    wrong: list[int] = []

    def read(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(15):
            number = chance.randrange(30)
            if fingerprint(reader.frame(number)) != expected[number]:
                wrong.append(number)

    with Reader(clip("h264.mp4")) as reader:
        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.media
@pytest.mark.parametrize("part", range(7))
def test_real_clips_in_random_order(media: Path, part: int) -> None:
    path = sorted(media.iterdir())[part]
    expected = sequence(path)
    with Reader(path) as reader:
        assert len(reader) == len(expected)
        numbers = random.Random(part).sample(range(len(expected)), min(len(expected), 25))
        for number in [*numbers, len(expected) - 1, 0, 1, 2]:
            assert fingerprint(reader.frame(number)) == expected[number], number
