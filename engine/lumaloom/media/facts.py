"""What an open file says about the video stream that is read, and about what goes with it."""

from __future__ import annotations

import os
from fractions import Fraction
from functools import cached_property

import av
from av.container import InputContainer
from av.stream import AttachmentStream, Stream
from av.video.stream import VideoStream

from lumaloom.media.info import MediaInfo
from lumaloom.media.probe import describe

# FFmpeg's AV_FIELD_BB and AV_FIELD_TB: coded and shown bottom first; coded top first, shown bottom first.
_BOTTOM_SHOWN_FIRST = (3, 4)


class OpenFile:
    """A container and its chosen video stream, which stay open as long as the object is used.

    Attributes:
        path: as it was given.

    """

    path: str | os.PathLike[str]
    _container: InputContainer
    _video: VideoStream

    @property
    def container_name(self) -> str:
        """FFmpeg's name of the container's format."""
        return self._container.format.name

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of the frames' pts."""
        return self._video.time_base or Fraction(1, 90000)

    @property
    def rate(self) -> Fraction | None:
        """Average frames per second, None where it is unknown."""
        return self._video.average_rate or self._video.guessed_rate or None

    @property
    def frame_count(self) -> int | None:
        """Frames that the whole file declares, or an estimate from its duration; None where there is no ground."""
        if self._video.frames:
            return self._video.frames
        if self._container.duration and self.rate:
            return round(self._container.duration * self.rate / av.time_base)
        return None

    @property
    def lasts(self) -> str:
        """How long the whole file says that it is, at the end of messages; nothing where it does not say."""
        return f"; it lasts {self._container.duration / av.time_base:g} s" if self._container.duration else ""

    @cached_property
    def info(self) -> MediaInfo:
        """What is in the file."""
        return describe(self._container, self.path)

    @property
    def passthrough(self) -> tuple[Stream, ...]:
        """The audio, subtitle and data streams, whose packets `items()` delivers as they are."""
        return tuple(s for s in self._container.streams if s.type in ("audio", "subtitle", "data"))

    @property
    def attachments(self) -> tuple[AttachmentStream, ...]:
        """Attached files such as fonts."""
        return tuple(self._container.streams.attachments)

    @property
    def metadata(self) -> dict[str, str]:
        """The container's tags."""
        return dict(self._container.metadata)

    @property
    def stream_metadata(self) -> dict[str, str]:
        """The video stream's tags."""
        return dict(self._video.metadata)

    @property
    def bottom_field_first(self) -> bool:
        """Whether the lower of two interlaced fields is shown first."""
        return self._video.codec_context.field_order in _BOTTOM_SHOWN_FIRST
