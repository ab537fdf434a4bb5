"""A clip in parts: its frames by number, read in any order, each part as it is in the whole."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from av.packet import Packet
from av.stream import Stream

from lumaloom.media.index import Ticks
from lumaloom.media.index_store import stored_index
from lumaloom.media.source import Source
from lumaloom.media.structure import has_broken_blocks
from lumaloom.media.trim import INTERLEAVE_SECONDS, Item

if TYPE_CHECKING:
    from lumaloom.media.options import SourceOptions


class Beside(Source):
    """The streams beside the video, read without decoding a picture; its options name an `origin` for every start."""

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield the packets of the other streams as `items` of the whole clip does.

        Raises:
            InputError: the file turns out to be cut off or damaged, and `best_effort` is off.

        """
        for item in self._cut(self._demuxed()):
            assert isinstance(item, Packet)
            yield item

    def _demuxed(self) -> Iterator[Item]:
        """Yield packets up to the end of the clip; the timestamps are those of the file."""
        _, end = self.range
        for packet in self._packets():
            self._note(packet)
            if packet.stream is not self._video:
                if packet.size:
                    yield packet
            elif (
                end is not None and packet.dts is not None and packet.dts * packet.time_base > end + INTERLEAVE_SECONDS
            ):
                return
        self._check_length()


class Parts:
    """The frames of a source, which stays open and unread, numbered from 0 at the start of its file.

    Attributes:
        source: the whole clip; its first frame is decoded.
        index: of the file.
        first: number of the clip's first frame.
        last: number of the frame after its last one.
        origin: seconds on the file's clock that are time 0 of the frames.
        pts: of all frames of the file, on the clock of the clip's frames.

    Raises:
        InputError, UsageError: as `Source.first` does.

    """

    def __init__(self, source: Source) -> None:
        self.source = source
        source.first  # noqa: B018 - what it says of the whole stream is handed on
        options = source.options
        self.index = index = stored_index(
            source.path, stream=options.stream, max_pixels=options.max_pixels, store=options.store
        )
        start, end = source.range
        self.first = 0 if start is None else self._number(start)
        self.last = len(index) if end is None else self._number(end)
        self.origin = Fraction(0) if start is None else index.timing(self.first).seconds
        self.pts: Ticks = index.pts - round(self.origin / index.time_base)

    def _number(self, seconds: Fraction) -> int:
        """Return the number of the first frame that is not before a time."""
        ticks = -(-seconds // self.index.time_base)
        return int(np.searchsorted(self.index.pts, int(ticks)))

    @property
    def is_sure(self) -> bool:
        """Whether the index and the frames agree on where the clip begins, so that numbers name frames."""
        return self.first < self.last and int(self.pts[self.first]) == self.source.first.pts

    @property
    def has_lost_blocks(self) -> bool:
        """Whether packets are missing between the clip's own without any other sign, as `Source.items` finds out."""
        pts, lengths = self.index.pts[self.first : self.last], self.index.durations[self.first : self.last]
        gaps = bool(np.any(pts[1:] > pts[:-1] + lengths[:-1] * 3 // 2))
        return gaps and self.source.container_name.startswith("matroska") and has_broken_blocks(self.source.path)

    @contextmanager
    def frames(self, first: int, last: int) -> Generator[Source, None, None]:
        """Give a source of frames `first` to `last`, exclusive, alone: as they are in the whole, bit by bit."""
        whole = first == self.first and self.source.range[0] is None
        options = self._options(alone=True, start_frame=None if whole else first, end_frame=last)
        with Source(self.source.path, options) as part:
            yield part.like(self.source)

    @contextmanager
    def beside(self) -> Generator[Beside, None, None]:
        """Give a source of the streams beside the video."""
        given = self.source.options
        options = self._options(
            start=given.start, start_frame=given.start_frame, end=given.end, end_frame=given.end_frame, threads=1
        )
        with Beside(self.source.path, options) as part:
            yield part

    def _options(self, **changed: Any) -> SourceOptions:
        unset = dict.fromkeys(("start", "end", "start_frame", "end_frame"))
        return replace(self.source.options, **{**unset, "origin": self.origin, **changed})
