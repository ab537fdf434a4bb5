from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.packet import Packet

from lumaloom.media.passthrough import Copy
from tests.media.outputs import PlainSource, packets, read, times, write

SRT = [(500, 900, b"Hello"), (2000, 500, b"two\nlines"), (3000, 750, "ünï <i>cödé</i>".encode())]


def clip(
    path: Path,
    audio: str | None = "aac",
    *,
    video: str = "libx264",
    layout: str = "stereo",
    rate: int = 48000,
    seconds: int = 4,
    subtitles: bool = False,
    attachment: bool = False,
    chapters: bool = False,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A clip with a tone of 440 Hz, and whatever else is asked for."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream(video, rate=25, options={"preset": "ultrafast"} if video == "libx264" else {})
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        picture.metadata["language"] = "deu"
        sound = text = None
        if audio:
            sound = out.add_stream(audio, rate=rate, layout=layout, options={"strict": "experimental"})
            sound.metadata.update(language="fra", title="Commentary")
        if subtitles:
            text = out.add_mux_stream("subrip", time_base=Fraction(1, 1000))
            text.metadata["language"] = "spa"
        if attachment:
            out.add_attachment("font.ttf", "application/x-truetype-font", b"not really a font")
        out.metadata.update(metadata or {})
        if chapters:
            out.set_chapters(
                [
                    {"id": n, "start": n * 1000, "end": n * 1000 + 1000, "time_base": Fraction(1, 1000), "metadata": {}}
                    | {"metadata": {"title": f"Part {n}"}}
                    for n in range(3)
                ]
            )
        for number in range(25 * seconds):
            shown = av.VideoFrame(64, 48, "yuv420p")
            for plane in shown.planes:
                plane.update(bytes([number % 251]) * plane.buffer_size)
            shown.pts, shown.time_base = number, Fraction(1, 25)
            out.mux(picture.encode(shown))
            if sound:
                t = (np.arange(rate // 25) + number * (rate // 25)) / rate
                wave = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
                channels = len(sound.codec_context.layout.channels)
                heard = av.AudioFrame.from_ndarray(np.stack([wave] * channels), "fltp", layout)
                heard.sample_rate, heard.pts, heard.time_base = rate, number * (rate // 25), Fraction(1, rate)
                out.mux(sound.encode(heard))
        for start, length, words in SRT if text else ():
            packet = Packet(words)
            packet.pts = packet.dts = start
            packet.duration, packet.time_base, packet.stream = length, Fraction(1, 1000), text
            out.mux(packet)
        for stream in (picture, sound):
            if stream:
                out.mux(stream.encode(None))
    return path


def through(source: Path, target: Path, encoder: str | None = None, **given: Any) -> Any:
    plain = PlainSource(source)
    return write(target, list(plain.items()), encoder, source=plain, **given)


def only(summary: Any, kind: str) -> Any:
    return next(report for report in summary.streams if report.kind == kind)


def tone(path: Path) -> tuple[float, float, int]:
    """Frequency of the first channel's strongest tone, seconds of sound, channels."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        found = [frame.to_ndarray().astype(float) for frame in container.decode(stream)]
        planar, channels = stream.codec_context.format.is_planar, stream.codec_context.layout.nb_channels
        rate = stream.codec_context.sample_rate
    signal = np.concatenate(found, axis=1)
    first = signal[0] if planar else signal[0, ::channels]
    spectrum = np.abs(np.fft.rfft(first))
    return float(np.argmax(spectrum)) * rate / len(first), len(first) / rate, channels


def sound_bytes(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return b"".join(bytes(packet) for packet in container.demux(audio=0))


@pytest.mark.parametrize(("source", "target"), [("a.mp4", "b.mp4"), ("a.mov", "b.mp4"), ("a.mp4", "b.mov")])
@pytest.mark.parametrize("layout", ["stereo", "5.1"])
def test_audio_is_copied_with_every_byte_and_timestamp(tmp_path, source, target, layout):
    clip(tmp_path / source, layout=layout)
    summary = through(tmp_path / source, tmp_path / target)
    assert packets(tmp_path / target) == packets(tmp_path / source)
    assert packets(tmp_path / target)[0][0] < 0  # The encoder's delay, hidden by an edit list.
    assert only(summary, "audio").action == "copied"
    assert summary.warnings == ()
    assert times(read(tmp_path / target)) == [Fraction(n, 25) for n in range(100)]


@pytest.mark.parametrize(
    ("source", "codec", "target"),
    [
        ("a.mp4", "aac", "b.mkv"),
        ("a.mkv", "aac", "b.mp4"),
        ("a.mkv", "vorbis", "b.webm"),
        pytest.param("a.webm", "libopus", "b.mkv", marks=pytest.mark.slow),
        ("a.mkv", "libopus", "b.mp4"),
        ("a.webm", "libopus", "b.mp4"),
        ("a.mkv", "flac", "b.mp4"),
        ("a.mkv", "pcm_s16le", "b.mov"),
        ("a.mkv", "libmp3lame", "b.avi"),
        ("a.mp4", "aac", "b.ts"),
        ("a.ts", "aac", "b.mp4"),
        ("a.mkv", "ac3", "b.mp4"),
        ("a.mkv", "aac", "b.nut"),
    ],
)
def test_audio_is_copied_between_containers(tmp_path, source, codec, target):
    layout = "stereo"
    clip(tmp_path / source, codec, video="libvpx" if source.endswith("webm") else "libx264", layout=layout)
    encoder = "ffv1" if target.endswith("nut") else None
    summary = through(tmp_path / source, tmp_path / target, encoder)
    assert only(summary, "audio").action == "copied", summary
    assert tone(tmp_path / target)[0] == pytest.approx(440, abs=2)
    before, after = packets(tmp_path / source), packets(tmp_path / target)
    if codec == "pcm_s16le":
        # Its packets have no borders of their own.
        assert sound_bytes(tmp_path / target) == sound_bytes(tmp_path / source)
        return
    if {Path(source).suffix, Path(target).suffix} != {".mp4", ".ts"}:
        # A transport stream frames AAC in headers of its own.
        assert [p[2] for p in after] == [p[2] for p in before]
    assert len(after) == len(before)
    shift = times(read(tmp_path / target))[0] - times(read(tmp_path / source))[0]
    # An AVI file counts audio in whole packets.
    near = Fraction(24 if target.endswith("avi") else 2, 1000)
    for old, new in zip(before[1:], after[1:], strict=True):
        assert abs(new[0] - old[0] - shift) <= near


def test_a_priming_packet_before_zero_moves_everything_in_matroska_and_is_said(tmp_path):
    clip(tmp_path / "a.mp4")
    summary = through(tmp_path / "a.mp4", tmp_path / "b.mkv")
    assert any("moved up by 21 ms" in line for line in summary.warnings)
    assert times(read(tmp_path / "b.mkv"))[0] == Fraction(21, 1000)
    assert packets(tmp_path / "b.mkv")[0][0] == 0


def test_milliseconds_become_whole_audio_frames_again(tmp_path):
    clip(tmp_path / "a.mkv")
    through(tmp_path / "a.mkv", tmp_path / "b.mp4")
    found = packets(tmp_path / "b.mp4")
    assert {length for _, length, _ in found[:-1]} == {Fraction(1024, 48000)}
    starts = [start for start, _, _ in found]
    assert {b - a for a, b in itertools.pairwise(starts)} == {Fraction(1024, 48000)}


@pytest.mark.parametrize(
    ("source", "codec", "layout", "target", "expected", "channels"),
    [
        ("a.mp4", "aac", "stereo", "b.webm", "opus", 2),
        ("a.mp4", "aac", "5.1", "b.webm", "opus", 6),
        ("a.mkv", "vorbis", "stereo", "b.mp4", "aac", 2),
        ("a.mkv", "pcm_s16le", "mono", "b.mp4", "aac", 1),
        ("a.mp4", "aac", "5.1", "b.avi", "mp3float", 2),
        ("a.mkv", "flac", "stereo", "b.ts", "aac", 2),
    ],
)
def test_audio_that_the_container_does_not_take_is_re_encoded(
    tmp_path, source, codec, layout, target, expected, channels
):
    clip(tmp_path / source, codec, layout=layout)
    summary = through(tmp_path / source, tmp_path / target)
    report = only(summary, "audio")
    assert report.action == "re-encoded"
    assert "does not take" in report.reason
    frequency, seconds, found = tone(tmp_path / target)
    assert frequency == pytest.approx(440, abs=2)
    assert seconds == pytest.approx(4, abs=0.08)
    assert found == channels
    with av.open(str(tmp_path / target)) as container:
        assert container.streams.audio[0].codec_context.name == expected


def test_sound_stays_in_step_when_it_is_re_encoded(tmp_path):
    clip(tmp_path / "a.mkv", "pcm_s16le")
    plain = PlainSource(tmp_path / "a.mkv")
    items = list(plain.items())
    late = 1500
    for item in items:
        if isinstance(item, Packet):
            item.pts, item.dts = item.pts + late, item.dts + late
    write(tmp_path / "b.mp4", items, source=plain)
    with av.open(str(tmp_path / "b.mp4")) as container:
        first = next(container.decode(audio=0))
        assert float(first.pts * first.time_base) == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize("target", ["b.gif", "b.png"])
def test_what_has_no_place_is_dropped_with_a_reason(tmp_path, target):
    clip(tmp_path / "a.mp4")
    plain = PlainSource(tmp_path / "a.mp4")
    summary = write(tmp_path / target, list(plain.items(limit=1)), source=plain)
    report = only(summary, "audio")
    assert (report.action, report.codec) == ("dropped", "aac")
    assert "hold" in report.reason
    assert "dropped" in str(report)


def subtitles(path: Path) -> list[tuple[Fraction, str]]:
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        found = []
        for packet in container.demux(stream):
            if packet.size:
                words = "".join(part.text.decode() or part.dialogue.decode() for part in packet.decode())
                if words:
                    found.append((packet.pts * packet.time_base, words.strip()))
        return found


@pytest.mark.parametrize(("target", "codec"), [("b.mp4", "mov_text"), ("b.mkv", "subrip"), ("b.webm", "webvtt")])
def test_text_subtitles_come_through(tmp_path, target, codec):
    clip(tmp_path / "a.mkv", None, subtitles=True)
    summary = through(tmp_path / "a.mkv", tmp_path / target)
    assert only(summary, "subtitle").action == ("copied" if codec == "subrip" else "re-encoded")
    with av.open(str(tmp_path / target)) as container:
        stream = container.streams.subtitles[0]
        assert stream.codec_context.codec.canonical_name == codec
        assert stream.language == "spa"
    found = subtitles(tmp_path / target)
    assert [start for start, _ in found] == [Fraction(start, 1000) for start, _, _ in SRT]
    assert "Hello" in found[0][1]
    assert "lines" in found[1][1]
    assert "cödé" in found[2][1]


def test_subtitles_go_there_and_back(tmp_path):
    clip(tmp_path / "a.mkv", None, subtitles=True)
    through(tmp_path / "a.mkv", tmp_path / "b.mp4")
    through(tmp_path / "b.mp4", tmp_path / "c.mkv")
    before, after = packets(tmp_path / "a.mkv", "subtitle"), packets(tmp_path / "c.mkv", "subtitle")
    assert [p[:2] for p in after] == [p[:2] for p in before]
    with av.open(str(tmp_path / "c.mkv")) as container:
        words = [bytes(p) for p in container.demux(container.streams.subtitles[0]) if p.size]
    assert [word.replace(b"\r", b"").strip() for word in words] == [entry[2] for entry in SRT]


def test_subtitles_counted_in_other_units_keep_their_times(tmp_path):
    clip(tmp_path / "a.mkv", None, subtitles=True)
    with av.open(str(tmp_path / "a.mkv")) as given, av.open(str(tmp_path / "b.mp4"), "w") as out:
        picture = out.add_stream_from_template(given.streams.video[0], opaque=True)
        text = out.add_mux_stream("mov_text", time_base=Fraction(1, 90000))
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = picture
                out.mux(packet)
        for start, length, words in SRT:
            packet = Packet(len(words).to_bytes(2) + words)
            packet.pts = packet.dts = start * 90
            packet.duration, packet.time_base, packet.stream = length * 90, Fraction(1, 90000), text
            out.mux(packet)
    through(tmp_path / "b.mp4", tmp_path / "c.mkv")
    found = [(start * 1000, length * 1000) for start, length, _ in packets(tmp_path / "c.mkv", "subtitle")]
    assert found == [(start, length) for start, length, _ in SRT]


def test_attachments_chapters_and_tags(tmp_path):
    tags = {"title": "A title", "artist": "Somebody", "encoder": "old"}
    clip(tmp_path / "a.mkv", attachment=True, chapters=True, metadata=tags)
    copied = through(tmp_path / "a.mkv", tmp_path / "b.mkv")
    with av.open(str(tmp_path / "b.mkv")) as container:
        attachment = container.streams.attachments[0]
        assert (attachment.name, attachment.data) == ("font.ttf", b"not really a font")
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Part 0", "Part 1", "Part 2"]
        found = {key.lower(): value for key, value in container.metadata.items()}
        assert (found["title"], found["artist"]) == ("A title", "Somebody")
        assert "old" not in found.values()
        assert container.streams.video[0].language == "deu"
        audio = container.streams.audio[0]
        assert (audio.language, audio.metadata["title"]) == ("fra", "Commentary")
    assert only(copied, "attachment").action == "copied"
    dropped = through(tmp_path / "a.mkv", tmp_path / "b.mp4")
    assert only(dropped, "attachment").action == "dropped"
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert len(container.chapters()) == 3
        assert container.metadata["title"] == "A title"
        assert container.streams.audio[0].language == "fra"
    summary = through(tmp_path / "a.mkv", tmp_path / "b.avi")
    assert any("3 chapters" in line for line in summary.warnings)


def test_tags_that_only_describe_the_old_file_are_left_behind(tmp_path):
    clip(tmp_path / "a.mp4")
    through(tmp_path / "a.mp4", tmp_path / "b.mkv")
    with av.open(str(tmp_path / "b.mkv")) as container:
        names = {key.lower() for key in container.metadata}
        assert not names & {"major_brand", "minor_version", "compatible_brands"}
        assert "handler_name" not in {key.lower() for key in container.streams.audio[0].metadata}


class FakeStream:
    def __init__(self, time_base, index=1):
        self.time_base, self.index = time_base, index


def copied(entries, base, wanted, frame_size=0, *, equal_dts=False):
    """Timestamps after a copy; PyAV's packets take only its own streams, so `stream` is not set here."""

    class Plain:
        def __init__(self, pts, dts, duration):
            self.pts, self.dts, self.duration, self.time_base, self.stream = pts, dts, duration, base, None

    lane = Copy(FakeStream(wanted), "stream 1", frame_size, equal_dts=equal_dts)  # type: ignore[arg-type]
    done = [packet for entry in entries for packet in lane.take(Plain(*entry))]  # type: ignore[arg-type]
    return [(packet.pts, packet.dts, packet.duration) for packet in done], lane.warnings


def test_timestamps_that_go_back_or_are_missing_are_moved_and_counted():
    base = Fraction(1, 48000)
    entries = [(0, 0, 1024), (1024, 1024, 1024), (1000, 1000, 1024), (None, None, 1024), (5000, 5000, 1024)]
    found, warnings = copied(entries, base, base)
    assert [dts for _, dts, _ in found] == [0, 1024, 1025, 2049, 5000]
    assert all(pts == dts for pts, dts, _ in found)
    assert "2 timestamps" in warnings[0]
    assert copied(entries[:2], base, base) == ([(0, 0, 1024), (1024, 1024, 1024)], [])


def test_a_gap_in_the_sound_stays_a_gap():
    base, wanted = Fraction(1, 1000), Fraction(1, 48000)
    entries = [(0, 0, 21), (21, 21, 21), (43, 43, 21), (500, 500, 21), (521, 521, 21)]
    found, _ = copied(entries, base, wanted, 1024)
    assert [pts for pts, _, _ in found] == [0, 1024, 2048, 24000, 25024]


@pytest.mark.media
def test_the_six_channels_of_a_real_clip(media, tmp_path):
    source = media / "bigbuckbunny.mp4"
    plain = PlainSource(source)
    summary = write(tmp_path / "a.mp4", list(plain.items()), source=plain, preset="ultrafast")
    assert packets(tmp_path / "a.mp4") == packets(source)
    assert len(packets(source)) == 249
    assert summary.frames == 132
    assert times(read(tmp_path / "a.mp4")) == [Fraction(512 * n, 12800) for n in range(132)]
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.audio[0].codec_context.layout.name == "5.1"
        assert container.streams.audio[0].duration == 254976
