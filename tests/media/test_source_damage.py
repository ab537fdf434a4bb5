"""Damaged input: one typed error by default, everything readable with best effort, and never anything else."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from pathlib import Path

import av
import pytest

from lumaloom.errors import InputError, LumaloomError
from lumaloom.frame import Frame
from lumaloom.media.losses import Losses
from lumaloom.media.probe import probe
from lumaloom.media.reader import Reader
from lumaloom.media.source import Source, SourceOptions
from lumaloom.media.structure import is_cut_off
from tests.media.clips import CLIPS, X264, damaged, damaged_picture, joined, make, truncated
from tests.media.conftest import Clip


def read(path: Path, *, best_effort: bool = False, threads: int | None = None) -> tuple[int, Losses]:
    with Source(path, SourceOptions(best_effort=best_effort, threads=threads)) as source:
        count = sum(isinstance(item, Frame) for item in source.items())
        assert source.losses.frames_readable == count
        return count, source.losses


def refusal(path: Path, threads: int | None = None) -> str:
    """The message with which a file is refused, or nothing."""
    try:
        with Source(path, SourceOptions(threads=threads)) as source:
            list(source.items())
    except InputError as error:
        return str(error)
    return ""


class TestTruncation:
    @pytest.mark.parametrize("share", [0.4, 0.7, 0.98])
    @pytest.mark.parametrize(
        "name",
        ["faststart.mp4", "fragmented.mp4", "h264.mkv", "vp8.webm", "vp9.webm", "ffv1.mkv", "mjpeg.avi", "gif.gif"],
    )
    def test_a_container_that_keeps_its_length(self, clip: Clip, tmp_path: Path, name: str, share: float) -> None:
        path = truncated(clip(name), tmp_path / name, share)
        with pytest.raises(InputError, match=r"is cut off: \d+( of \d+)? frames are there; --best-effort") as caught:
            Source(path)
        assert "\n" not in str(caught.value)
        count, losses = read(path, best_effort=True)
        assert losses.truncated
        assert losses.any
        whole = len(Reader(clip(name)))
        assert share - 0.35 < count / whole <= 1

    def test_the_message_counts(self, clip: Clip, tmp_path: Path) -> None:
        path = truncated(clip("faststart.mp4"), tmp_path / "t.mp4", 0.7)
        with pytest.raises(InputError, match="20 of 30 frames are there"):
            read(path)
        count, losses = read(path, best_effort=True)
        assert (count, losses.decode_errors, losses.corrupt_packets, losses.frames_declared) == (20, 1, 1, 30)

    @pytest.mark.parametrize("name", ["faststart.mp4", "h264.mkv"])
    def test_a_clip_that_ends_before_the_cut_is_whole(self, clip: Clip, tmp_path: Path, name: str) -> None:
        path = truncated(clip(name), tmp_path / name, 0.7)
        for end in ({"end": Fraction(1, 5)}, {"end_frame": 5}):
            with Source(path, SourceOptions(**end)) as source:
                assert sum(isinstance(item, Frame) for item in source.items()) == 5
                assert not source.losses.any
        with Source(path, SourceOptions(end=Fraction(11, 10))) as source, pytest.raises(InputError, match="--best-eff"):
            list(source.items())

    def test_mp4_without_its_index(self, clip: Clip, tmp_path: Path) -> None:
        path = truncated(clip("h264.mp4"), tmp_path / "t.mp4", 0.7)
        for best_effort in (False, True):
            with pytest.raises(InputError, match=r"is not a readable media file .*; it may be damaged, cut off"):
                read(path, best_effort=best_effort)

    @pytest.mark.parametrize("name", ["raw.h264"])
    def test_a_last_picture_that_is_half_there(self, clip: Clip, tmp_path: Path, name: str) -> None:
        path = truncated(clip(name), tmp_path / name, 0.7)
        with pytest.raises(InputError, match=r"is damaged: \d+ frames are readable"):
            read(path)
        assert read(path, best_effort=True)[0] > 15

    def test_a_matroska_file_much_shorter_than_it_says(self, tmp_path: Path) -> None:
        """A segment of unknown size, as live recordings have, with a duration written all the same."""
        path = make(tmp_path / "long.mkv", "ffv1", 130, width=16, height=16)
        data = bytearray(truncated(path, tmp_path / "cut.mkv", 0.3).read_bytes())
        segment = data.index(b"\x18\x53\x80\x67") + 4
        data[segment : segment + 8] = b"\x01" + b"\xff" * 7
        (tmp_path / "cut.mkv").write_bytes(data)
        assert not is_cut_off(tmp_path / "cut.mkv", "matroska,webm")
        with pytest.raises(InputError, match="cut off"):
            read(tmp_path / "cut.mkv")
        assert read(tmp_path / "cut.mkv", best_effort=True)[1].truncated

    @pytest.mark.parametrize("name", sorted(CLIPS))
    def test_whole_files_are_not_cut_off(self, clip: Clip, name: str) -> None:
        with av.open(str(clip(name))) as container:
            assert not is_cut_off(clip(name), container.format.name)

    @pytest.mark.parametrize("name", ["hevc.mp4", "vp8.webm", "mpeg4-b-frames.mp4"])
    @pytest.mark.parametrize("threads", [1, 2, 4])
    def test_damage_in_the_last_frame_is_not_lost_while_the_decoder_drains(
        self, clip: Clip, tmp_path: Path, name: str, threads: int
    ) -> None:
        """With frame threads the last packets are decoded after the last one was sent."""
        data = bytearray(clip(name).read_bytes())
        with av.open(str(clip(name))) as container:
            last = [p for p in container.demux(video=0) if p.size][-1]
        place = data.rfind(bytes(last))
        data[place : place + last.size] = b"\xff" * last.size
        if name == "hevc.mp4":
            data[place : place + 4] = (last.size - 4).to_bytes(4, "big")
        (tmp_path / name).write_bytes(data)
        with (
            pytest.raises(InputError, match=r"2[89]( of 30)? frames are readable"),
            Source(tmp_path / name, SourceOptions(threads=threads)) as source,
        ):
            list(source.items())
        count, losses = read(tmp_path / name, best_effort=True)
        assert (count, losses.decode_errors) == (29, 1)


class TestCorruption:
    @pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "raw.h264", "ffv1.mkv", "png.mov"])
    @pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
    def test_noise_in_a_picture_is_noticed(self, clip: Clip, tmp_path: Path, name: str, share: float) -> None:
        path = damaged_picture(clip(name), tmp_path / name, share)
        with pytest.raises(InputError, match=r"frames are readable \(.*\); --best-effort \(best_effort=True\)"):
            read(path)
        count, losses = read(path, best_effort=True)
        assert losses.any
        assert losses.decode_errors + losses.corrupt_packets + losses.corrupt_frames > 0
        assert count >= 28

    @pytest.mark.parametrize("name", ["h264.mp4", "vp8.webm", "mpeg2.ts", "mpeg4-b-frames.mp4", "av1.mkv"])
    def test_damage_is_noticed_with_any_number_of_threads(self, clip: Clip, tmp_path: Path, name: str) -> None:
        noticed = 0
        for number in range(0, 30, 2):
            path = damaged_picture(clip(name), tmp_path / name, number / 30, seed=number)
            expected = read(path, best_effort=True)[1].any
            noticed += expected
            assert [bool(refusal(path, threads)) for threads in (1, 2, 4, 8)] == [expected] * 4
        assert noticed >= 7

    def test_best_effort_counts_the_same_with_any_number_of_threads(self, tmp_path: Path) -> None:
        options = {"x264-params": f"{X264['x264-params']}:slices=4", "preset": "ultrafast"}
        path = damaged_picture(make(tmp_path / "c.mp4", options=options), tmp_path / "t.mp4", 0.35, seed=2)
        assert [read(path, best_effort=True, threads=threads)[1].corrupt_frames for threads in (1, 2, 4)] == [1, 1, 1]

    def test_hevc_with_hashes_tells_of_any_damage(self, tmp_path: Path) -> None:
        options = {"x265-params": "log-level=none:keyint=15:hash=1:frame-threads=1:pools=1"}
        whole = make(tmp_path / "c.mkv", "libx265", options=options)
        assert not read(whole, best_effort=True)[1].any
        for number in (5, 12, 22):
            path = damaged_picture(whole, tmp_path / "t.mkv", number / 30, seed=number)
            assert all("is damaged" in refusal(path, threads) for threads in (1, 4))
            count, losses = read(path, best_effort=True)
            assert losses.decode_errors + losses.corrupt_frames
            assert count >= 15

    def test_pictures_whose_references_are_gone_are_noticed(self, clip: Clip, tmp_path: Path) -> None:
        """Units that a raw stream lost leave no trace but a gap in the decoder's count of references."""
        for at, seed in ((0.5, 1), (0.6, 2)):
            path = damaged(clip("raw.h264"), tmp_path / "t.h264", at=at, count=300, seed=seed)
            assert "damaged" in refusal(path)
            assert read(path, best_effort=True)[1].corrupt_frames

    @pytest.mark.parametrize("name", ["h264.mkv", "vp9.webm", "av1.mkv"])
    def test_blocks_that_a_matroska_file_lost_are_missed(self, clip: Clip, tmp_path: Path, name: str) -> None:
        """The demuxer goes on at the next cluster, without an error."""
        data = bytearray(clip(name).read_bytes())
        with av.open(str(clip(name))) as container:
            packet = [p for p in container.demux(video=0) if p.size][14]
        place = data.find(bytes(packet)[:20])
        data[place - 12 : place] = random.Random(3).randbytes(12)
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=r"damaged|cut off"):
            read(tmp_path / name)
        count, losses = read(tmp_path / name, best_effort=True)
        assert losses.any
        assert 1 <= count < 40

    def test_lost_transport_packets_are_missed(self, clip: Clip, tmp_path: Path) -> None:
        data = clip("h264.ts").read_bytes()
        with av.open(str(clip("h264.ts"))) as container:
            packet = [p for p in container.demux(video=0) if p.size][13]
        cut = packet.pos // 188 * 188
        (tmp_path / "t.ts").write_bytes(data[:cut] + data[cut + 3 * 188 :])
        with pytest.raises(InputError, match="damaged"):
            read(tmp_path / "t.ts")
        count, losses = read(tmp_path / "t.ts", best_effort=True)
        assert losses.any
        assert count >= 28

    @pytest.mark.parametrize(
        "name", ["hevc.mp4", "vp8.webm", "vp9.webm", "mjpeg.avi", "av1.mkv", "prores.mov", "gif.gif"]
    )
    def test_codecs_without_checksums_give_frames_or_one_error(self, clip: Clip, tmp_path: Path, name: str) -> None:
        for seed in range(6):
            path = damaged_picture(clip(name), tmp_path / name, 0.1 + seed / 8, seed=seed)
            message = refusal(path)
            assert "\n" not in message
            assert not message or read(path, best_effort=True)[1].any

    def test_one_wrong_bit_in_ffv1(self, clip: Clip, tmp_path: Path) -> None:
        data = bytearray(clip("ffv1.mkv").read_bytes())
        for position in range(len(data) // 5, len(data) * 9 // 10, len(data) // 17):
            wrong = bytearray(data)
            wrong[position] ^= 4
            (tmp_path / "t.mkv").write_bytes(wrong)
            with pytest.raises(InputError, match="checksum"):
                read(tmp_path / "t.mkv")

    def test_frames_before_the_damage_are_delivered_unharmed(self, clip: Clip, tmp_path: Path) -> None:
        with Source(clip("h264.mkv")) as source:
            whole = [item.planes[0].tobytes() for item in source.items() if isinstance(item, Frame)]
        path = damaged_picture(clip("h264.mkv"), tmp_path / "t.mkv", 0.6)
        got = []
        with Source(path) as source:
            items = (item for item in source.items() if isinstance(item, Frame))
            with pytest.raises(InputError):
                got.extend(item.planes[0].tobytes() for item in items)
        assert len(got) == source.losses.frames_readable >= 10
        assert got == whole[: len(got)]


class TestChanges:
    def sized(self, folder: Path) -> Path:
        one = make(folder / "one.ts", count=10, options=X264)
        two = make(folder / "two.ts", count=6, width=128, height=96)
        three = make(folder / "three.ts", count=5)
        return joined([one, two, three], folder / "sized.ts")

    def test_a_size_that_changes_names_frame_old_and_new(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="frame 10 changes from 96x64 yuv420p to 128x96 yuv420p; --best-effort"):
            read(self.sized(tmp_path))

    def test_best_effort_leaves_changed_frames_out(self, tmp_path: Path) -> None:
        count, losses = read(self.sized(tmp_path), best_effort=True)
        assert (count, losses.changed_frames) == (15, 6)

    def test_a_pixel_format_that_changes(self, tmp_path: Path) -> None:
        one = make(tmp_path / "one.ts", count=4)
        two = make(tmp_path / "two.ts", count=4, fmt="yuv444p")
        with pytest.raises(InputError, match="frame 4 changes from 96x64 yuv420p to 96x64 yuv444p"):
            read(joined([one, two], tmp_path / "j.ts"))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Cut, overwrite, delete, or spoil the header."""
    result, kind = bytearray(data), chance.randrange(5)
    if kind == 0:
        del result[chance.randrange(1, len(result)) :]
    elif kind == 1:
        for _ in range(chance.choice((1, 5, 50))):
            result[chance.randrange(len(result))] = chance.randrange(256)
    elif kind == 2:
        size = min(chance.choice((16, 256, 2048)), len(result))
        start = chance.randrange(len(result) - size + 1)
        result[start : start + size] = chance.randbytes(size)
    elif kind == 3:
        start = chance.randrange(len(result))
        del result[start : start + chance.randrange(1, 3000)]
    else:
        for _ in range(chance.choice((1, 3, 10))):
            result[chance.randrange(min(600, len(result)))] = chance.choice((0, 255, 127, 128))
    return bytes(result) or b"\0"


def survive(path: Path, start: bool) -> None:
    """Read a file in every way: each ends in frames with increasing timestamps or in a typed error of one line."""

    def whole(best_effort: bool) -> None:
        options = SourceOptions(best_effort=best_effort, start_frame=5 if start else None)
        with Source(path, options) as source:
            stamps = [item.pts for item in source.items() if isinstance(item, Frame)]
            assert all(a < b for a, b in itertools.pairwise(stamps))

    def by_number() -> None:
        with Reader(path) as reader:
            for number in (len(reader) - 1, 0, len(reader) // 2):
                reader.frame(number)

    messages = []
    for way in (lambda: whole(False), lambda: whole(True), by_number, lambda: probe(path).as_dict()):
        try:
            way()
        except LumaloomError as error:
            messages.append(str(error))
    assert not any("\n" in message for message in messages)


def fuzz(clip: Clip, folder: Path, seeds: range) -> None:
    names = sorted(CLIPS)
    for seed in seeds:
        chance = random.Random(seed)
        source = clip(chance.choice(names))
        path = folder / f"fuzz{source.suffix}"
        path.write_bytes(mutated(source.read_bytes(), chance))
        survive(path, start=seed % 3 == 0)


@pytest.mark.parametrize("part", range(4))
def test_any_bytes_end_in_frames_or_a_typed_error(clip: Clip, tmp_path: Path, part: int) -> None:
    fuzz(clip, tmp_path, range(part * 60, part * 60 + 60))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_bytes_end_in_frames_or_a_typed_error(clip: Clip, tmp_path: Path) -> None:
    fuzz(clip, tmp_path, range(1_000_000, 1_005_000))


@pytest.mark.parametrize("size", [1, 10, 1000, 100_000])
def test_noise_is_no_media_file(tmp_path: Path, size: int) -> None:
    (tmp_path / "noise.mp4").write_bytes(random.Random(size).randbytes(size))
    with pytest.raises(InputError):
        read(tmp_path / "noise.mp4")
