"""Where frames and packets end: the contract of a sink, and what it reports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from av.stream import AttachmentStream, Stream

from lumaloom.frame import Frame

if TYPE_CHECKING:
    from av.container.core import Chapter

    from lumaloom.media.source import Item

KEPT = frozenset({"audio", "subtitle", "data", "attachment"})


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What became of one stream of the input other than the video.

    Attributes:
        index: in the input, from 0.
        kind: `audio`, `subtitle`, `data` or `attachment`.
        codec: in the input.
        action: `copied`, `re-encoded` or `dropped`.
        reason: why it was not copied, empty if it was.

    """

    index: int
    kind: str
    codec: str
    action: str
    reason: str = ""

    def __str__(self) -> str:
        return f"stream {self.index} ({self.kind}, {self.codec}) {self.action}{self.reason and ': ' + self.reason}"


@dataclass(frozen=True, slots=True)
class SinkSummary:
    """What was written.

    Attributes:
        frames: video frames taken.
        bytes: size of the output.
        path: of the output as it was given, `null` for none.
        encoder: name, empty for none.
        format: pixel format that was encoded, empty for none.
        streams: what became of the other streams.
        warnings: what could not be kept, a line each.

    """

    frames: int
    bytes: int
    path: str
    encoder: str = ""
    format: str = ""
    streams: tuple[StreamReport, ...] = ()
    warnings: tuple[str, ...] = ()


class Origin(Protocol):
    """What a sink takes from the source beside its items."""

    @property
    def path(self) -> str | os.PathLike[str]:
        """The file, which must not be overwritten."""

    @property
    def first_number(self) -> int:
        """The number of the first picture."""

    @property
    def passthrough(self) -> Sequence[Stream]:
        """Streams whose packets come between the frames."""

    @property
    def attachments(self) -> Sequence[AttachmentStream]:
        """Attached files."""

    @property
    def metadata(self) -> dict[str, str]:
        """Tags of the container."""

    @property
    def stream_metadata(self) -> dict[str, str]:
        """Tags of the video stream."""

    @property
    def bottom_field_first(self) -> bool:
        """Whether the lower of two interlaced fields is the earlier one."""

    @property
    def chapters(self) -> list[Chapter]:
        """Chapters."""


class Sink(Protocol):
    """Takes frames in presentation order, and packets of other streams between them; used by one thread.

    As a context manager it is aborted by an exception, and by an end without `finish`.
    """

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Abort what is not finished."""

    def write(self, item: Item) -> None:
        """Take one item.

        Raises:
            OutputError: it can't be encoded or written.

        """

    def finish(self) -> SinkSummary:
        """Encode what is pending, write it to the disk, put it under its name, and say what was written.

        Raises:
            OutputError: it can't be written, or there was no frame; nothing is left then.

        """

    def abort(self) -> None:
        """Stop and leave nothing behind. Does nothing after `finish` or a second time."""


class BaseSink:
    """The context manager of every sink."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def abort(self) -> None:
        """Stop and leave nothing behind. Does nothing after `finish` or a second time."""


class NullSink(BaseSink):
    """Counts frames and their bytes and throws them away."""

    def __init__(self) -> None:
        self._frames = self._bytes = 0

    def write(self, item: Item) -> None:
        """Count a frame; ignore a packet."""
        if isinstance(item, Frame):
            self._frames += 1
            self._bytes += item.nbytes

    def finish(self) -> SinkSummary:
        """Return the number of frames and the bytes of their samples."""
        return SinkSummary(self._frames, self._bytes, "null")
