"""What probing tells about files."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import pytest

from lumaloom.frame import Matrix, Primaries, Transfer
from lumaloom.media.info import AudioInfo, VideoInfo
from lumaloom.media.probe import probe
from lumaloom.media.source import Source
from tests.media.clips import CLIPS, make
from tests.media.conftest import Clip


def test_video_and_audio(clip: Clip) -> None:
    info = probe(clip("h264.mp4"))
    video, audio = info.streams
    assert isinstance(video, VideoInfo)
    assert isinstance(audio, AudioInfo)
    assert (info.path, info.size) == (str(clip("h264.mp4")), clip("h264.mp4").stat().st_size)
    assert info.container.startswith("mov,mp4")
    assert info.duration == Fraction(12, 10)
    assert info.start == 0
    assert (video.index, video.type, video.codec, video.width, video.height) == (0, "video", "h264", 96, 64)
    assert (video.pixel_format, video.depth, video.rate, video.frames) == ("yuv420p", 8, 25, 30)
    assert video.profile == "Constrained Baseline" or video.profile
    assert "default" in video.disposition
    assert (video.duration, video.time_base) == (Fraction(12, 10), Fraction(1, 12800))
    assert (audio.codec, audio.rate, audio.channels, audio.layout, audio.format) == ("aac", 48000, 2, "stereo", "fltp")
    assert info.video == (video,)
    assert info.audio == (audio,)


def test_what_only_a_frame_tells(clip: Clip, tmp_path: Path) -> None:
    assert probe(clip("rotated.mp4")).video[0].rotation == 90
    assert probe(clip("sar.mp4")).video[0].sar == Fraction(4, 3)
    assert probe(clip("h264.mp4")).video[0].interlaced is False
    options = {
        "x265-params": "log-level=none:pools=none:max-cll=1000,400:repeat-headers=1:hdr10=1:"
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    }
    hdr = make(
        tmp_path / "h.mkv",
        "libx265",
        3,
        fmt="yuv420p10le",
        options=options,
        color_primaries=9,
        color_trc=16,
        colorspace=9,
    )
    (video,) = probe(hdr).video
    assert (video.colour.matrix, video.colour.primaries, video.colour.transfer) == (
        Matrix.BT2020_NCL,
        Primaries.BT2020,
        Transfer.PQ,
    )
    assert video.depth == 10
    assert {"mastering_display_metadata", "content_light_level"} <= set(video.side_data)


def test_tags_chapters_and_subtitles(clip: Clip, tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,200 --> 00:00:00,900\nHello\n")
    path = tmp_path / "c.mkv"
    with (
        av.open(str(clip("h264.mp4"))) as src,
        av.open(str(tmp_path / "s.srt")) as text,
        av.open(str(path), "w") as out,
    ):
        out.metadata["title"] = "A title"
        video = out.add_stream_from_template(src.streams.video[0])
        words = out.add_stream_from_template(text.streams.subtitles[0])
        words.metadata["language"] = "fra"
        out.set_chapters(
            [{"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "Un"}}]
        )
        for container, stream, target in (
            (text, text.streams.subtitles[0], words),
            (src, src.streams.video[0], video),
        ):
            for packet in container.demux(stream):
                if packet.size:
                    packet.stream = target
                    out.mux(packet)
    info = probe(path)
    assert info.metadata["title"] == "A title"
    assert [(c.start, c.end, c.title) for c in info.chapters] == [(0, Fraction(1, 2), "Un")]
    assert (info.streams[1].type, info.streams[1].codec, info.streams[1].language) == ("subtitle", "subrip", "fra")


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_everything_is_ready_for_json(clip: Clip, name: str) -> None:
    data = probe(clip(name)).as_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    video = next(s for s in data["streams"] if s["type"] == "video")
    assert video["width"] > 0
    assert video["rate"] is None or Fraction(video["rate"]) > 0
    assert isinstance(video["colour"]["matrix"], str)
    assert isinstance(data["duration"], float | None)


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    """Add an EXIF block that says how the camera was held."""
    tags = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes((orientation, 0, 0, 0)) + b"\0\0\0\0"
    block = b"Exif\0\0" + tags
    return jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]


def test_side_data_that_pyav_does_not_know(tmp_path: Path) -> None:
    plain = make(tmp_path / "p.jpg", "mjpeg", 1, fmt="yuvj420p", container="image2", options={})
    (tmp_path / "e.jpg").write_bytes(with_exif(plain.read_bytes(), 6))
    assert probe(tmp_path / "e.jpg").video[0].rotation == 270
    with Source(tmp_path / "e.jpg") as source:
        assert source.spec.rotation == 270
        assert sum(1 for _ in source.items()) == 1


def test_broken_tags_are_no_obstacle(clip: Clip, tmp_path: Path) -> None:
    data = clip("h264.mkv").read_bytes()
    (tmp_path / "t.mkv").write_bytes(data.replace(b"Lavf", b"La\xff\xfe"))
    assert probe(tmp_path / "t.mkv").video


@pytest.mark.media
def test_real_clips(media: Path) -> None:
    for path in sorted(media.iterdir()):
        info = probe(path)
        assert info.video[0].width > 0
        json.dumps(info.as_dict(), allow_nan=False)
    bunny = probe(media / "bigbuckbunny.mp4")
    assert (bunny.video[0].frames, bunny.audio[0].channels) == (132, 6)
    assert probe(media / "bt2020_10bit.mp4").video[0].depth == 10
    assert probe(media / "carphone_pristine.mp4").video[0].sar == Fraction(128, 117)
