"""What a source gives for good files: every frame, exactly, and the packets between them."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lumaloom.errors import InputError, UsageError
from lumaloom.frame import FORMATS, Frame, Matrix, Primaries, Range, Transfer
from lumaloom.media.source import Source, SourceOptions
from tests.media.clips import CLIPS, VFR, make, only_audio, pictures, remux
from tests.media.conftest import Clip


def digest(planes: list[np.ndarray]) -> str:
    return hashlib.md5(b"".join(np.ascontiguousarray(p).tobytes() for p in planes)).hexdigest()


def frames_of(path: Path, **options: object) -> list[tuple[str, int]]:
    with Source(path, SourceOptions(**options)) as source:
        return [(digest(i.planes), i.pts) for i in source.items() if isinstance(i, Frame)]


def packets_of(path: Path, **options: object) -> list[tuple[int, int | None, int | None, bytes]]:
    with Source(path, SourceOptions(**options)) as source:
        return [(i.stream.index, i.pts, i.dts, bytes(i)) for i in source.items() if not isinstance(i, Frame)]


def reference(path: Path) -> list[tuple[str, int | None]]:
    """Decode with PyAV alone, one frame at a time, planes copied by PyAV."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "SLICE"
        result = []
        for frame in container.decode(video=0):
            planes = []
            for plane, component in zip(frame.planes, frame.planes, strict=True):
                rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
                bits = av.VideoFormat(frame.format.name, 64, 64).components[0].bits
                planes.append(rows[:, : component.width * (2 if bits > 8 else 1)])
            result.append((digest(planes), frame.pts))
        return result


EXACT = [n for n in CLIPS if n not in ("h264.avi", "mpeg4-b-frames.avi", "vp9-alpha.webm", "gif.gif", "png.mov")]


@pytest.mark.parametrize("name", EXACT)
def test_every_frame_comes_as_the_decoder_made_it(clip: Clip, name: str) -> None:
    got, expected = frames_of(clip(name)), reference(clip(name))
    assert [d for d, _ in got] == [d for d, _ in expected]
    if "raw" not in name and "joined" not in name:
        assert [pts for _, pts in got] == [pts for _, pts in expected]


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_timestamps_increase_and_durations_are_positive(clip: Clip, name: str) -> None:
    with Source(clip(name)) as source:
        timings = [i.timing for i in source.items() if isinstance(i, Frame)]
        assert source.losses.frames_readable == len(timings) > 0
        assert not source.losses.any
    assert all(a.pts < b.pts for a, b in itertools.pairwise(timings))
    assert all(t.duration > 0 and t.time_base == source.time_base for t in timings)


def test_planes_are_the_decoders_own_memory(clip: Clip) -> None:
    with Source(clip("h264.mp4")) as source:
        frame = next(i for i in source.items() if isinstance(i, Frame))
    assert all(not plane.flags.owndata and plane.flags.writeable for plane in frame.planes)
    assert all(plane.__array_interface__["data"][0] % 64 == 0 for plane in frame.planes)


@pytest.mark.parametrize("name", ["vfr.mkv", "vfr.mp4"])
def test_variable_rate_is_kept(clip: Clip, name: str) -> None:
    with Source(clip(name)) as source:
        seconds = [i.timing.seconds for i in source.items() if isinstance(i, Frame)]
    assert seconds == [Fraction(n, 100) for n in VFR]


def test_missing_timestamps_are_counted_and_made_up_from_the_rate(clip: Clip) -> None:
    with Source(clip("raw.h264")) as source:
        seconds = [i.timing.seconds for i in source.items() if isinstance(i, Frame)]
        assert source.losses.timestamps_repaired == 30
    assert seconds == [Fraction(n, 25) for n in range(30)]


def test_joined_recordings_run_on(clip: Clip) -> None:
    with Source(clip("joined.ts")) as source:
        items = list(source.items())
        assert source.losses.timestamps_repaired == 20
    times = [i.timing.seconds for i in items if isinstance(i, Frame)]
    assert [b - a for a, b in itertools.pairwise(times)] == [Fraction(1, 25)] * 49
    sounds = [p.pts * p.time_base for p in items if not isinstance(p, Frame)]
    steps = [b - a for a, b in itertools.pairwise(sounds)]
    assert min(steps) > 0
    assert abs(sounds[-1] - times[-1]) < Fraction(1, 10)


def test_avi_with_reordered_pictures_runs_in_equal_steps(clip: Clip) -> None:
    assert [pts for _, pts in frames_of(clip("h264.avi"))] == list(range(30))


def test_alpha_of_vp9_is_kept(tmp_path: Path) -> None:
    def see_through():
        for number, frame in enumerate(pictures(12, "yuva420p")):
            alpha = np.frombuffer(frame.planes[3], np.uint8)
            alpha[:] = 20 * number
            yield frame

    path = make(tmp_path / "a.webm", "libvpx-vp9", fmt="yuva420p", frames=see_through())
    with Source(path) as source:
        assert source.spec.format is FORMATS["yuva420p"]
        means = [float(i.planes[3].mean()) for i in source.items() if isinstance(i, Frame)]
    assert means == pytest.approx([20 * n for n in range(12)], abs=4)


def test_spec_says_what_every_frame_is(clip: Clip, tmp_path: Path) -> None:
    with Source(clip("rotated.mp4")) as source:
        assert source.spec.rotation == 90
        assert all(i.spec.rotation == 90 for i in source.items() if isinstance(i, Frame))
    with Source(clip("sar.mp4")) as source:
        assert source.spec.sar == Fraction(4, 3)
    tagged = make(tmp_path / "hdr.mkv", "libx265", 3, fmt="yuv420p10le", color_primaries=9, color_trc=16, colorspace=9)
    with Source(tagged) as source:
        colour = source.spec.colour
        assert (colour.matrix, colour.primaries, colour.transfer) == (Matrix.BT2020_NCL, Primaries.BT2020, Transfer.PQ)
        assert source.spec.format is FORMATS["yuv420p10le"]


def test_full_range_is_a_tag_and_not_a_format(clip: Clip) -> None:
    with Source(clip("mjpeg.avi")) as source:
        assert source.spec.format is FORMATS["yuv420p"]
        assert source.spec.colour.range is Range.FULL


def test_packets_pass_in_file_order_untouched(clip: Clip) -> None:
    with av.open(str(clip("h264.mkv"))) as container:
        expected = [(p.stream.index, p.pts, p.dts, bytes(p)) for p in container.demux(audio=0) if p.size]
    assert packets_of(clip("h264.mkv")) == expected


def test_source_is_read_once_and_not_after_closing(clip: Clip) -> None:
    source = Source(clip("h264.mp4"))
    list(source.items())
    assert list(source.items()) == []
    source.close()
    with pytest.raises(UsageError, match="closed"):
        list(source.items())


def test_closing_the_items_early_stops_decoding(clip: Clip) -> None:
    with Source(clip("h264.mp4")) as source:
        items = source.items()
        next(items)
        items.close()
        assert source.losses.frames_readable < 30


def test_frames_outlive_their_source(clip: Clip) -> None:
    with Source(clip("ffv1.mkv")) as source:
        frames = [i for i in source.items() if isinstance(i, Frame)]
    assert [digest(f.planes) for f in frames] == [d for d, _ in reference(clip("ffv1.mkv"))]


def test_memory_does_not_grow_with_length(clip: Clip) -> None:
    def peak(count: int) -> int:
        with Source(clip("h264.mkv")) as source:
            tracemalloc.start()
            for number, _ in enumerate(source.items()):
                if number == count:
                    break
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return size

    assert peak(50) < peak(10) + 20_000


class TestTrimming:
    @pytest.mark.parametrize(
        "name",
        [
            "h264.mp4",
            "h264.mkv",
            "h264.ts",
            "open-gop-h264.mp4",
            "open-gop-hevc.mkv",
            "raw.h264",
            "joined.ts",
            "vfr.mkv",
        ],
    )
    @pytest.mark.parametrize("first", [0, 1, 7, 10, 13, 22])
    def test_by_frame_numbers(self, clip: Clip, name: str, first: int) -> None:
        whole = frames_of(clip(name))
        part = frames_of(clip(name), start_frame=first, end_frame=first + 2)
        assert [d for d, _ in part] == [d for d, _ in whole[first : first + 2]]
        assert part[0][1] == 0
        assert part[1][1] == whole[first + 1][1] - whole[first][1]

    @pytest.mark.parametrize(
        "name", ["h264.mp4", "h264.mkv", "h264.ts", "open-gop-h264.ts", "mpeg2.mpg", "edit-list.mp4"]
    )
    def test_by_seconds(self, clip: Clip, name: str) -> None:
        whole = frames_of(clip(name))
        with av.open(str(clip(name))) as container:
            base = container.streams.video[0].time_base
            zero = Fraction(container.start_time, av.time_base)
        start, end = Fraction(37, 100), Fraction(71, 100)
        expected = [d for d, pts in whole if start <= pts * base - zero < end]
        part = frames_of(clip(name), start=start, end=end)
        assert [d for d, _ in part] == expected
        assert len(expected) >= 8
        assert part[0][1] == 0

    def test_an_end_alone_leaves_the_timestamps(self, clip: Clip) -> None:
        assert frames_of(clip("vfr.mkv"), end=Fraction(21, 100)) == frames_of(clip("vfr.mkv"))[:9]

    def test_sound_is_cut_and_moved_with_the_picture(self, clip: Clip) -> None:
        whole = packets_of(clip("h264.mkv"))
        part = packets_of(clip("h264.mkv"), start=Fraction(2, 5), end=Fraction(4, 5))
        expected = [(s, pts - 400, dts - 400, data) for s, pts, dts, data in whole if 400 <= pts < 800]
        assert part == expected
        assert len(part) > 10

    def test_a_subtitle_that_is_on_at_the_start_is_shortened(self, clip: Clip, tmp_path: Path) -> None:
        (tmp_path / "s.srt").write_text(
            "1\n00:00:00,200 --> 00:00:00,900\nHello\n\n2\n00:00:01,000 --> 00:00:01,100\nBye\n"
        )
        with (
            av.open(str(clip("h264.mp4"))) as video,
            av.open(str(tmp_path / "s.srt")) as text,
            av.open(str(tmp_path / "s.mkv"), "w") as out,
        ):
            streams = {
                id(s): out.add_stream_from_template(s) for s in (video.streams.video[0], text.streams.subtitles[0])
            }
            packets = [p for c in (video, text) for p in c.demux() if p.size and id(p.stream) in streams]
            for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
                packet.stream = streams[id(packet.stream)]
                out.mux(packet)
        with Source(tmp_path / "s.mkv", SourceOptions(start=Fraction(1, 2))) as source:
            subtitles = [(i.pts, i.duration, bytes(i)) for i in source.items() if not isinstance(i, Frame)]
        assert subtitles == [(0, 380, b"Hello"), (480, 100, b"Bye")]

    def test_a_start_after_the_end_is_a_usage_error(self, clip: Clip) -> None:
        with pytest.raises(UsageError, match="no frame"):
            frames_of(clip("h264.mp4"), start=Fraction(100))
        with pytest.raises(UsageError, match="has no frame 30; it has 30"):
            frames_of(clip("h264.mp4"), start_frame=30)

    def test_chapters_move_too(self, clip: Clip, tmp_path: Path) -> None:
        path = tmp_path / "c.mkv"
        with av.open(str(clip("h264.mp4"))) as src, av.open(str(path), "w") as out:
            stream = out.add_stream_from_template(src.streams.video[0])
            base = Fraction(1, 1000)
            out.set_chapters(
                [
                    {"id": 1, "start": 0, "end": 300, "time_base": base, "metadata": {"title": "one"}},
                    {"id": 2, "start": 300, "end": 1000, "time_base": base, "metadata": {"title": "two"}},
                ]
            )
            for packet in src.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
        with Source(path) as source:
            assert [c["metadata"]["title"] for c in source.chapters] == ["one", "two"]
        with Source(path, SourceOptions(start=Fraction(2, 5))) as source:
            (chapter,) = source.chapters
            assert chapter["metadata"]["title"] == "two"
            assert chapter["start"] == 0
            assert chapter["end"] * chapter["time_base"] == Fraction(6, 10)


def test_no_video_stream_and_no_frames(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no video stream; it holds audio"):
        Source(only_audio(tmp_path / "a.m4a"))
    whole = make(tmp_path / "w.mkv", "ffv1").read_bytes()
    (tmp_path / "header.mkv").write_bytes(whole[: whole.index(b"\x1f\x43\xb6\x75") + 60])
    with pytest.raises(InputError, match="cut off: 0 frames"):
        frames_of(tmp_path / "header.mkv")
    with pytest.raises(InputError, match="no decodable video frame"):
        frames_of(tmp_path / "header.mkv", best_effort=True)
    with pytest.raises(InputError, match="no video stream 1; it has 1"):
        Source(remux(make(tmp_path / "x.mp4", count=2), tmp_path / "y.mkv"), SourceOptions(stream=1))


@pytest.mark.media
def test_real_clips_decode_like_pyav(media: Path) -> None:
    clips = sorted(media.iterdir())
    assert clips
    for path in clips:
        with Source(path) as source:
            count = sum(isinstance(i, Frame) for i in source.items())
        with av.open(str(path)) as container:
            pts = [frame.pts for frame in container.decode(video=0)]
        assert count == len(pts), path.name
        assert not source.losses.any
        assert source.losses.timestamps_repaired == 0
