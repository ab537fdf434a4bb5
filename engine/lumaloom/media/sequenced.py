"""A sequence of pictures as what sources and readers ask of a container of PyAV, its stream and its packets.

A packet names a file, which only decoding it opens. The facts of the stream are those of the first file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Self

import av
from av.container import InputContainer

from lumaloom.errors import InputError, counted
from lumaloom.media.sequence import Sequence


@dataclass(slots=True, eq=False)
class PicturePacket:
    """Frame `pts` of a sequence, as a packet; the content is not read."""

    stream: PictureStream
    pts: int
    dts: int
    duration: int = 1
    size: int = 1
    is_keyframe: bool = True
    is_corrupt: bool = False
    is_discard: bool = False

    @property
    def time_base(self) -> Fraction:
        """Seconds of a frame."""
        return self.stream.time_base


class PictureStream:
    """The one stream of a sequence; what is not said here is as in the first file."""

    type = "video"
    index = 0
    start_time = 0

    def __init__(self, container: SequenceContainer, head: Any) -> None:
        self.container, self._head = container, head
        self.sequence = container.sequence
        self.average_rate = self.guessed_rate = self.sequence.rate
        self.time_base = 1 / self.sequence.rate
        self.frames = self.duration = len(self.sequence)
        self.bit_rate = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._head, name)


class _Streams(tuple[PictureStream, ...]):
    """The streams of a container."""

    __slots__ = ()
    attachments: tuple[()] = ()

    @property
    def video(self) -> Self:
        return self


class SequenceContainer:
    """The files of a sequence.

    Args:
        sequence: which.
        head: its first file, opened; closed with this.

    Raises:
        InputError: the first file is no picture, but of a format for clips.

    """

    start_time = 0
    bit_rate = None
    flags = 0

    def __init__(self, sequence: Sequence, head: InputContainer) -> None:
        form = head.format.name
        if not (form == "image2" or form.endswith("_pipe")) or not head.streams.video:
            head.close()
            raise InputError(f"{sequence}: expected pictures, but {sequence.present[0]} is {head.format.long_name}")
        self.sequence, self._head = sequence, head
        self.metadata: dict[str, str] = {}
        self.streams = _Streams((PictureStream(self, head.streams.video[0]),))
        self.duration = round(len(sequence) / sequence.rate * av.time_base)
        self._position = 0
        self._closers: list[Callable[[], object]] = [head.close]

    @cached_property
    def format(self) -> SimpleNamespace:
        """Names of FFmpeg's format for sequences; in words also which files there are."""
        sequence = self.sequence
        words = f"{counted(len(sequence.present), 'files')}, {sequence.name(0)} to {sequence.name(len(sequence) - 1)}"
        gaps = sequence.gaps()
        return SimpleNamespace(name="image2", long_name=f"sequence of {words}{gaps and ', without ' + gaps}", flags=0)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        total = 0
        for name in self.sequence.present:
            with suppress(OSError):
                total += os.stat(name).st_size
        return total

    def chapters(self) -> list[Any]:
        """Return nothing: pictures have none."""
        return []

    def demux(self, *streams: object) -> Iterator[PicturePacket]:
        """Yield the packets from where it stands."""
        stream = self.streams[0]
        while self._position < len(self.sequence):
            number, self._position = self._position, self._position + 1
            yield PicturePacket(stream, number, number)

    def seek(self, offset: int, **options: object) -> None:
        """Stand before the frame at `offset` in the time base of the stream, or before the nearest."""
        self._position = max(min(offset, len(self.sequence) - 1), 0)

    def on_close(self, closer: Callable[[], object]) -> None:
        """Have something called when the container is closed."""
        self._closers.append(closer)

    def close(self) -> None:
        """Close the first file and whatever decodes; may be called twice."""
        while self._closers:
            self._closers.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
