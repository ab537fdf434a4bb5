"""Making segments: neighbours in one pass over the source, each coded by an encoder of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO

from lumaloom.frame import Frame
from lumaloom.jobs.preparation import Preparation
from lumaloom.jobs.segments.terms import Segment, Ways
from lumaloom.media.joining import PieceEncoder
from lumaloom.media.parts import Parts
from lumaloom.run.items import Item


def head_of(job: Preparation) -> Frame:
    """Return what the whole video begins with: encoders and the header are set up by it, without its samples."""
    first = job.source.first
    return Frame(job.plan.output, (), first.timing, first.side_data)


class Maker:
    """Makes segments of one render.

    Args:
        job: the render.
        parts: its clip.
        ways: what it lends.

    Attributes:
        repaired: timestamps that had to be repaired, in the pass that had most of them.
    """

    def __init__(self, job: Preparation, parts: Parts, ways: Ways) -> None:
        self._job, self._parts, self._ways = job, parts, ways
        self._head = head_of(job)
        self.repaired = 0

    def make(
        self,
        run: Sequence[Segment],
        file_for: Callable[[Segment], AbstractContextManager[BinaryIO]],
        went_on: Callable[[int], None],
    ) -> None:
        """Render neighbouring segments in one pass over the source.

        Args:
            run: the segments, in order.
            file_for: gives an empty file for each, which is whole where the body that it is given to ends.
            went_on: told after every frame how many of its segment there are; raises to stop.

        Raises:
            LumaloomError: something fails.
        """
        parts, (before, after) = self._parts, self._job.plan.window
        first = max(run[0].first - before, parts.first)
        last = min(run[-1].last + after, parts.last)
        with parts.frames(first, last) as source, self._ways.path(source) as rendered:
            frames = _Frames(rendered, int(parts.pts[run[0].first]))
            for segment in run:
                # The last one of the clip takes all that comes, so that the source is read to its end and checked.
                end = int(parts.pts[segment.last]) if segment.last < parts.last else None
                with file_for(segment) as file:
                    self._encode(frames.until(end), file, went_on)
            self.repaired = max(self.repaired, source.losses.timestamps_repaired)  # some read from the file's start

    def _encode(self, frames: Iterator[Frame], file: BinaryIO, went_on: Callable[[int], None]) -> None:
        job, meter, source = self._job, self._ways.meter, self._job.source
        encoder = PieceEncoder(
            file,
            job.choice,
            self._head,
            source.time_base,
            source.rate,
            threads=job.shares.encoder,
            bottom_first=source.bottom_field_first,
        )
        try:
            for count, frame in enumerate(frames, 1):
                with meter.stage("encode"):
                    encoder.write(frame)
                went_on(count)
            with meter.stage("encode"):
                encoder.finish()
        finally:
            encoder.close()


class _Frames:
    """The frames of a pass, segment by segment.

    Args:
        items: frames in order.
        begin: pts of the first that is wanted; those before are there for those after them.
    """

    def __init__(self, items: Iterable[Item], begin: int) -> None:
        self._items, self._begin = iter(items), begin
        self._held: list[Frame] = []

    def until(self, end: int | None) -> Iterator[Frame]:
        """Yield the frames before a pts, all that are left for None."""
        while True:
            frame = self._held.pop() if self._held else next(self._items, None)
            if frame is None:
                return
            assert isinstance(frame, Frame)
            if end is not None and frame.pts >= end:
                self._held.append(frame)
                return
            if frame.pts >= self._begin:
                yield frame
