"""What a media file holds, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from lumaloom.frame import Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What every stream has.

    Attributes:
        index: its number in the file.
        type: `video`, `audio`, `subtitle`, `data` or `attachment`.
        codec: FFmpeg's name of the codec, None where FFmpeg knows none.
        profile: the codec's profile, None where it has none.
        language: as tagged, usually ISO 639-2.
        disposition: such as `default`, `forced` or `attached_pic`.
        metadata: its other tags.
        time_base: seconds per unit of its timestamps.
        start: seconds of its first timestamp.
        duration: seconds, None where the file doesn't say.
        bit_rate: bits per second, None where the file doesn't say.

    """

    index: int
    type: str
    codec: str | None
    profile: str | None = None
    language: str | None = None
    disposition: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    time_base: Fraction | None = None
    start: Fraction | None = None
    duration: Fraction | None = None
    bit_rate: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo(StreamInfo):
    """A video stream.

    Attributes:
        width: in samples.
        height: in rows.
        pixel_format: FFmpeg's name, None where it is unknown.
        depth: bits per sample.
        colour: colour tags.
        rate: average frames per second, None where it is unknown.
        sar: sample aspect ratio, 0 where it is unknown.
        rotation: degrees by which a player turns the picture counter-clockwise, None unless a frame was decoded.
        frames: as the file declares, None where it doesn't.
        interlaced: None unless a frame was decoded.
        side_data: names of what accompanies the first frame, such as HDR metadata.

    """

    width: int = 0
    height: int = 0
    pixel_format: str | None = None
    depth: int | None = None
    colour: Colour = field(default_factory=Colour)
    rate: Fraction | None = None
    sar: Fraction = Fraction(0)
    rotation: int | None = None
    frames: int | None = None
    interlaced: bool | None = None
    side_data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioInfo(StreamInfo):
    """An audio stream: samples per second, channels, their layout and FFmpeg's sample format."""

    rate: int | None = None
    channels: int | None = None
    layout: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class ChapterInfo:
    """A chapter; start and end in seconds."""

    start: Fraction
    end: Fraction
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """A media file.

    Attributes:
        path: as it was given.
        container: FFmpeg's name of the format.
        container_name: the same in words.
        size: bytes.
        duration: seconds, None where it is unknown.
        start: seconds of the first timestamp, None where there is none.
        bit_rate: bits per second of the whole, None where it is unknown.
        metadata: the file's tags.
        chapters: in order.
        streams: in order.

    """

    path: str
    container: str
    container_name: str
    size: int
    duration: Fraction | None
    start: Fraction | None
    bit_rate: int | None
    metadata: Mapping[str, str]
    chapters: tuple[ChapterInfo, ...]
    streams: tuple[StreamInfo, ...]

    @property
    def video(self) -> tuple[VideoInfo, ...]:
        """The video streams without cover pictures."""
        return tuple(s for s in self.streams if isinstance(s, VideoInfo) and "attached_pic" not in s.disposition)

    @property
    def audio(self) -> tuple[AudioInfo, ...]:
        """The audio streams."""
        return tuple(s for s in self.streams if isinstance(s, AudioInfo))

    def as_dict(self) -> dict[str, Any]:
        """Return it as dictionaries, lists, text and numbers.

        Times are seconds as floats; rates and ratios are text such as `30000/1001`; enumerations are their names in
        lower case.
        """
        result: dict[str, Any] = _plain(self)
        return result


_RATIOS = frozenset(("rate", "sar", "time_base"))


def _plain(value: Any, name: str = "") -> Any:
    """Reduce a value to what JSON has."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name), f.name) for f in fields(value)}
    if isinstance(value, Fraction):
        return str(value) if name in _RATIOS else float(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value
