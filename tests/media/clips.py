"""Makes small clips with known pictures and timing, and damages them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

# Closed groups of pictures of 10 frames with B-frames between.
X264 = {"x264-params": "keyint=10:min-keyint=10:scenecut=0:bframes=2:threads=1", "preset": "ultrafast"}
# Groups that start with B-frames which refer to the group before.
X264_OPEN = {"x264-params": "keyint=10:min-keyint=10:scenecut=0:bframes=3:b-adapt=0:open-gop=1:threads=1"}
X265_OPEN = {"x265-params": "keyint=10:min-keyint=10:scenecut=0:bframes=3:open-gop=1:log-level=none:pools=none"}
# A positive speed lets VP8 drop work when the machine is busy, and the pictures depend on it; a negative one is kept.
VP8 = {"auto-alt-ref": "1", "lag-in-frames": "12", "g": "12", "deadline": "realtime", "cpu-used": "-8"}
VP9 = {"auto-alt-ref": "1", "lag-in-frames": "12", "g": "12", "deadline": "realtime", "cpu-used": "8"}


def picture(number: int, width: int = 96, height: int = 64) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """RGB picture `number`: a moving texture, different for every number."""
    y, x = np.mgrid[0:height, 0:width]
    waves = np.sin((x + 3 * number) / 5.0) * np.cos((y - 2 * number) / 7.0)
    noise = np.random.default_rng(number).integers(0, 24, (height, width))
    red = 128 + 90 * waves + noise
    return np.stack([red, 255 - red, (x * 2 + y + 5 * number) % 256], axis=-1).clip(0, 255).astype(np.uint8)


def pictures(
    count: int, fmt: str = "yuv420p", width: int = 96, height: int = 64, first: int = 0
) -> Iterator[av.VideoFrame]:
    for number in range(first, first + count):
        frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="rgb24")
        yield frame.reformat(format=fmt)


def make(
    path: Path,
    codec: str = "libx264",
    count: int = 30,
    *,
    fmt: str = "yuv420p",
    width: int = 96,
    height: int = 64,
    rate: int | Fraction = 25,
    options: dict[str, str] | None = None,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    audio: str | None = None,
    rotation: int = 0,
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    frames: Iterable[av.VideoFrame] | None = None,
    **context: Any,
) -> Path:
    """Encode `count` pictures; `pts` and `time_base` set their times, `context` fields of the encoder."""
    with av.open(str(path), "w", format=container, container_options=container_options or {}) as out:
        stream = out.add_stream(codec, rate=rate, options=options if options is not None else default_options(codec))
        stream.width, stream.height, stream.pix_fmt = width, height, fmt
        if time_base is not None:
            stream.codec_context.time_base = time_base
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        if rotation:
            stream.set_display_rotation(rotation)
        tone = Tone(out, audio) if audio else None
        for number, frame in enumerate(frames or pictures(count, fmt, width, height)):
            frame.pts = number if pts is None else pts[number]
            frame.time_base = time_base or 1 / Fraction(rate)
            out.mux(stream.encode(frame))
            if tone:
                tone.write(frame.pts * frame.time_base + 1 / Fraction(rate))
        out.mux(stream.encode(None))
        if tone:
            tone.close()
    return path


def default_options(codec: str) -> dict[str, str]:
    if codec == "libx264":
        return dict(X264)
    if codec == "libx265":
        return {"x265-params": "keyint=10:min-keyint=10:scenecut=0:log-level=none:pools=none", "preset": "ultrafast"}
    if codec in ("libvpx", "libvpx-vp9"):
        return {"g": "10", "deadline": "realtime", "cpu-used": "8"}
    return {"g": "10"}


class Tone:
    """A stereo tone, encoded in step with the pictures."""

    def __init__(self, out: av.container.OutputContainer, codec: str) -> None:
        self._out, self._position = out, 0
        self._stream = out.add_stream(codec, rate=48000, layout="stereo")

    def write(self, until: Fraction) -> None:
        """Encode up to `until` seconds, in blocks that every encoder takes."""
        size = self._stream.codec_context.frame_size or 1024
        while Fraction(self._position + size, 48000) <= until:
            t = (np.arange(size) + self._position) / 48000
            wave = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, self._position, Fraction(1, 48000)
            self._out.mux(self._stream.encode(frame))
            self._position += size

    def close(self) -> None:
        self._out.mux(self._stream.encode(None))


def remux(source: Path, target: Path, container: str | None = None, options: dict[str, str] | None = None) -> Path:
    """Copy the streams of `source` into another container."""
    with av.open(str(source)) as src, av.open(str(target), "w", format=container, options=options or {}) as out:
        streams = {s.index: out.add_stream_from_template(s) for s in src.streams}
        for packet in src.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    return target


def truncated(source: Path, target: Path, share: float) -> Path:
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def damaged(source: Path, target: Path, *, at: float = 0.5, count: int = 64, seed: int = 1) -> Path:
    """Overwrite `count` bytes from the share `at` of the file with noise."""
    data = bytearray(source.read_bytes())
    start = int(len(data) * at)
    data[start : start + count] = random.Random(seed).randbytes(min(count, len(data) - start))
    target.write_bytes(data)
    return target


def damaged_picture(source: Path, target: Path, share: float, *, seed: int = 1) -> Path:
    """Overwrite most of the data of the video packet at `share` of the clip with noise."""
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size > 60 and packet.pos is not None]
    packet = packets[int(len(packets) * share)]
    place = data.find(bytes(packet)[20:40], packet.pos) if packet.pos >= 0 else data.find(bytes(packet)[20:40])
    size = min(packet.size - 40, 170)
    data[place : place + size] = random.Random(seed).randbytes(size)
    target.write_bytes(data)
    return target


def joined(sources: Sequence[Path], target: Path) -> Path:
    target.write_bytes(b"".join(source.read_bytes() for source in sources))
    return target


def without_first_group(source: Path, target: Path) -> Path:
    """Copy a clip from its second keyframe on, so that it starts with pictures whose references are gone."""
    with av.open(str(source)) as src, av.open(str(target), "w") as out:
        stream, keys = out.add_stream_from_template(src.streams.video[0]), 0
        for packet in src.demux(video=0):
            keys += packet.is_keyframe
            if packet.size and keys > 1:
                packet.stream = stream
                out.mux(packet)
    return target


def with_edit_list(source: Path, target: Path, first: int) -> Path:
    """Copy an MP4 so that its edit list shows it from frame `first` on: the packets before are there, but not shown."""
    with av.open(str(source)) as src, av.open(str(target), "w") as out:
        video = src.streams.video[0]
        stream = out.add_stream_from_template(video)
        shift = next(p.duration for p in src.demux(video) if p.duration) * first
        src.seek(0)
        for packet in src.demux(video):
            if packet.size:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                out.mux(packet)
    return target


def only_audio(path: Path) -> Path:
    with av.open(str(path), "w") as out:
        tone = Tone(out, "aac")
        tone.write(Fraction(1))
        tone.close()
    return path


def _joined_ts(folder: Path) -> Path:
    one = make(folder / "one.ts", audio="mp2")
    two = make(folder / "two.ts", count=20, audio="mp2")
    return joined([one, two], folder / "joined.ts")


VFR = [0, 1, 2, 5, 6, 10, 11, 12, 20, 21, 22, 23, 40, 41, 42, 43, 44, 60, 61, 90, 91, 92, 93, 94]

# Every clip: small, with its own difficulty. Called with an empty folder, each returns the file that it made there.
CLIPS: dict[str, Callable[[Path], Path]] = {
    "h264.mp4": lambda d: make(d / "c.mp4", audio="aac"),
    "h264.mkv": lambda d: make(d / "c.mkv", audio="aac"),
    "h264.ts": lambda d: make(d / "c.ts", audio="mp2"),
    "h264.avi": lambda d: make(d / "c.avi"),
    "raw.h264": lambda d: make(d / "c.h264"),
    "raw.hevc": lambda d: make(d / "c.hevc", "libx265"),
    "fragmented.mp4": lambda d: make(d / "c.mp4", container_options={"movflags": "frag_keyframe+empty_moov"}),
    "faststart.mp4": lambda d: make(d / "c.mp4", container_options={"movflags": "faststart"}),
    "edit-list.mp4": lambda d: with_edit_list(make(d / "c.mp4"), d / "edit.mp4", 7),
    "hevc.mp4": lambda d: make(d / "c.mp4", "libx265"),
    "open-gop-h264.mp4": lambda d: make(d / "c.mp4", count=40, options=X264_OPEN),
    "open-gop-h264.ts": lambda d: make(d / "c.ts", count=40, options=X264_OPEN),
    "open-gop-hevc.mkv": lambda d: make(d / "c.mkv", "libx265", 40, options=X265_OPEN),
    "open-gop-start-h264.mkv": lambda d: without_first_group(make(d / "c.mkv", options=X264_OPEN), d / "cut.mkv"),
    "open-gop-start-h264.ts": lambda d: without_first_group(make(d / "c.ts", options=X264_OPEN), d / "cut.ts"),
    "open-gop-start-hevc.mkv": lambda d: without_first_group(
        make(d / "c.mkv", "libx265", options=X265_OPEN), d / "cut.mkv"
    ),
    "vp8.webm": lambda d: make(d / "c.webm", "libvpx", options=VP8),
    "vp9.webm": lambda d: make(d / "c.webm", "libvpx-vp9", 40, options=VP9),
    "vp9-alpha.webm": lambda d: make(d / "c.webm", "libvpx-vp9", fmt="yuva420p"),
    "vp9.ivf": lambda d: make(d / "c.ivf", "libvpx-vp9", 40, options=VP9),
    "av1.mkv": lambda d: make(d / "c.mkv", "libsvtav1", 40, options={"preset": "12", "g": "10"}),
    "mpeg4.avi": lambda d: make(d / "c.avi", "mpeg4"),
    "mpeg4-b-frames.avi": lambda d: make(d / "c.avi", "mpeg4", options={"g": "10", "bf": "2"}),
    "mpeg4-b-frames.mp4": lambda d: make(d / "c.mp4", "mpeg4", options={"g": "10", "bf": "2"}),
    "mpeg2.ts": lambda d: make(d / "c.ts", "mpeg2video", 40, options={"g": "10", "bf": "2"}),
    "mpeg2.mpg": lambda d: make(d / "c.mpg", "mpeg2video", options={"g": "10", "bf": "2"}),
    "mjpeg.avi": lambda d: make(d / "c.avi", "mjpeg", fmt="yuvj420p"),
    "ffv1.mkv": lambda d: make(d / "c.mkv", "ffv1"),
    "ffv1-12bit.mkv": lambda d: make(d / "c.mkv", "ffv1", fmt="yuv420p12le"),
    "ffv1-alpha16.mkv": lambda d: make(d / "c.mkv", "ffv1", fmt="gbrap16le"),
    "prores.mov": lambda d: make(d / "c.mov", "prores_ks", fmt="yuv422p10le"),
    "hevc-10bit.mp4": lambda d: make(d / "c.mp4", "libx265", fmt="yuv420p10le"),
    "gif.gif": lambda d: make(d / "c.gif", "gif", fmt="rgb8"),
    "png.mov": lambda d: make(d / "c.mov", "png", fmt="rgba"),
    "flv.flv": lambda d: make(d / "c.flv", "flv"),
    "odd.mkv": lambda d: make(d / "c.mkv", "ffv1", width=33, height=17),
    "one-pixel.mkv": lambda d: make(d / "c.mkv", "ffv1", fmt="gray", width=1, height=1, count=3),
    "one-frame.mp4": lambda d: make(d / "c.mp4", count=1),
    "vfr.mkv": lambda d: make(d / "c.mkv", count=len(VFR), pts=VFR, time_base=Fraction(1, 100)),
    "vfr.mp4": lambda d: make(d / "c.mp4", count=len(VFR), pts=VFR, time_base=Fraction(1, 100)),
    "rotated.mp4": lambda d: make(d / "c.mp4", rotation=90),
    "sar.mp4": lambda d: make(d / "c.mp4", sample_aspect_ratio=Fraction(4, 3)),
    "joined.ts": _joined_ts,
    "joined.h264": lambda d: joined([make(d / "one.h264"), make(d / "two.h264", count=20)], d / "joined.h264"),
}
