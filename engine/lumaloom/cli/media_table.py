"""What is in a media file, for people."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from lumaloom.cli.output import amount, console, fields, heading, table

if TYPE_CHECKING:
    from lumaloom.frame import Colour
    from lumaloom.media.info import AudioInfo, ChapterInfo, MediaInfo, StreamInfo, VideoInfo


def show(info: MediaInfo) -> None:
    """Print a file's facts, a row per stream, what the video is tagged with, and the chapters."""
    out = console()
    heading(out, info.path)
    fields(
        out,
        [
            ("container", f"{info.container_name} ({info.container})"),
            ("size", amount(info.size)),
            ("duration", _duration(info.duration)),
            ("start", "" if not info.start else f"{float(info.start):.6g} s"),
            ("bit rate", _bit_rate(info.bit_rate)),
            *((f"tag {key}", value) for key, value in sorted(info.metadata.items())),
        ],
    )
    out.print()
    table(out, ("  #", "type", "codec", "what", "duration", "bit rate", "notes"), map(_row, info.streams), right=(5,))
    for video in info.video:
        out.print()
        heading(out, f"video stream {video.index}")
        fields(out, _video_rows(video))
    if info.chapters:
        out.print()
        heading(out, "chapters")
        fields(out, map(_chapter_row, info.chapters))


def _row(stream: StreamInfo) -> tuple[object, ...]:
    from lumaloom.media.info import AudioInfo, VideoInfo

    what = ""
    if isinstance(stream, VideoInfo):
        what = f"{stream.width}x{stream.height} {stream.pixel_format or 'unknown format'}, {_rate(stream.rate)}"
    elif isinstance(stream, AudioInfo):
        what = _sound(stream)
    codec = f"{stream.codec or 'unknown'}{f' ({stream.profile})' if stream.profile else ''}"
    notes = ", ".join([*([stream.language] if stream.language else []), *stream.disposition])
    length = "" if stream.duration is None else f"{float(stream.duration):.3f} s"
    return f"  {stream.index}", stream.type, codec, what, length, _bit_rate(stream.bit_rate), notes


def _sound(stream: AudioInfo) -> str:
    parts = [f"{stream.rate} Hz" if stream.rate else "", stream.layout or "", stream.format or ""]
    return ", ".join(part for part in parts if part)


def _video_rows(video: VideoInfo) -> list[tuple[str, object]]:
    return [
        ("frames", video.frames if video.frames else "not declared"),
        ("time base", f"{video.time_base} s" if video.time_base else ""),
        ("depth", f"{video.depth} bits" if video.depth else ""),
        ("colour", _colour(video.colour)),
        ("pixel shape", f"{video.sar.numerator}:{video.sar.denominator}" if video.sar else ""),
        ("rotation", f"{video.rotation} degrees" if video.rotation else ""),
        ("interlaced", "yes" if video.interlaced else ""),
        ("side data", ", ".join(video.side_data)),
        *((f"tag {key}", value) for key, value in sorted(video.metadata.items())),
    ]


def _colour(colour: Colour) -> str:
    tags = (
        ("matrix", colour.matrix),
        ("primaries", colour.primaries),
        ("transfer", colour.transfer),
        ("range", colour.range),
        ("chroma", colour.chroma),
    )
    known = [f"{name} {value.name.lower()}" for name, value in tags if value.name != "UNSPECIFIED"]
    return ", ".join(known) or "untagged"


def _chapter_row(chapter: ChapterInfo) -> tuple[str, object]:
    return f"{float(chapter.start):.3f} s", chapter.title or "untitled"


def _duration(seconds: Fraction | None) -> str:
    if seconds is None:
        return "unknown"
    minutes, rest = divmod(float(seconds), 60)
    return f"{float(seconds):.3f} s" + (
        f" ({int(minutes // 60)}:{int(minutes % 60):02}:{rest:06.3f})" if minutes else ""
    )


def _rate(rate: Fraction | None) -> str:
    return "unknown rate" if rate is None else f"{float(rate):.6g} fps"


def _bit_rate(rate: int | None) -> str:
    return "" if not rate else f"{rate / 1000:.0f} kb/s"
