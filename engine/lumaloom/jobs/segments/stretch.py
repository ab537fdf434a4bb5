"""A stretch: neighbouring segments of a render that are made elsewhere, in a process of their own or on a machine."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from lumaloom.errors import CancelledError, InputError
from lumaloom.jobs.events import SegmentMade, SegmentStarted, StretchProgress
from lumaloom.jobs.execution.executor import Job, Renders
from lumaloom.jobs.preparation import Preparation
from lumaloom.jobs.segments.described import UnknowableError
from lumaloom.jobs.segments.keys import Keys
from lumaloom.jobs.segments.making import Maker, head_of
from lumaloom.jobs.segments.terms import Segment, Ways
from lumaloom.media.coded import said
from lumaloom.media.joining import writing
from lumaloom.media.parts import Parts
from lumaloom.services.pools import Shares

# Seconds between two reports of progress.
_REPORT_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Stretch(Job):
    """Some neighbouring segments of a job; each waits in a file of its own for who joins them.

    Attributes:
        shares: threads of each stage. They are the job's, as some encoders code by them.
        segments: in order.
        count: segments that the job has.
        folder: where the files are made.
    """

    tries: ClassVar[int] = 2

    shares: Shares
    segments: tuple[Segment, ...]
    count: int
    folder: str

    def run(self, engine: Renders, cancel: threading.Event) -> None:
        """Make them on an engine."""
        engine.make(self, cancel=cancel)


def make_stretch(job: Preparation, ways: Ways, stretch: Stretch, cancel: threading.Event) -> None:
    """Make the segments of a stretch, and tell of each.

    Args:
        job: settled as the render that they belong to.
        ways: of this process.
        stretch: what to make.
        cancel: set to stop.

    Raises:
        InputError: what they are made of is not what the render began with.
        LumaloomError: something fails. Who gave the folder removes what is left in it.
    """
    _Making(job, ways, stretch, cancel).run()


class _Making:
    def __init__(self, job: Preparation, ways: Ways, stretch: Stretch, cancel: threading.Event) -> None:
        self._job, self._ways, self._stretch, self._cancel = job, ways, stretch, cancel
        self._parts = Parts(job.source)
        self._maker = Maker(job, self._parts, ways)
        self._keys = self._checked_keys()
        self._frames = 0
        self._told = ways.clock.elapsed()

    def run(self) -> None:
        self._maker.make(self._stretch.segments, self._file_for, self._went_on)
        self._tell(self._frames, self._maker.repaired)

    def _checked_keys(self) -> Keys | None:
        """Return the keys of the segments, None where they have none; those here have to be those of the render."""
        segments = self._stretch.segments
        if not all(segment.key for segment in segments):
            return None
        with suppress(UnknowableError):
            keys = Keys(self._job, self._parts, head_of(self._job))
            if all(segment.key == keys.of(segment.first, segment.last) for segment in segments):
                return keys
        raise InputError(
            f"{os.fspath(self._job.request.input)}: the file, one that an effect reads, or an effect's code is another "
            "where segments are made, or has changed meanwhile; start again"
        )

    @contextmanager
    def _file_for(self, segment: Segment) -> Generator[BinaryIO, None, None]:
        """Give the file of a segment; tell that it begins, and that it is made."""
        stretch, ways, number = self._stretch, self._ways, segment.number
        start = ways.clock.elapsed()
        ways.events.emit(SegmentStarted(job=stretch.id, segment=number, segments=stretch.count))
        with ways.telemetry.span("segment", segment=number, cached=False):
            with writing():
                # A name of its own: one that was lost half-way may have left another.
                held, name = tempfile.mkstemp(prefix=f"{number}.", dir=stretch.folder)
                file: BinaryIO = os.fdopen(held, "w+b")
            with file:
                yield file
                with writing():
                    file.flush()
                frames = said(file).frames
        self._frames += frames
        ways.events.emit(
            SegmentMade(
                job=stretch.id,
                segment=number,
                segments=stretch.count,
                frames=frames,
                seconds=max(ways.clock.elapsed() - start, 0.0),
                file=name,
                known=self._keys is not None and self._keys.hold(segment.first, segment.last),
            )
        )

    def _went_on(self, count: int) -> None:
        if self._cancel.is_set():
            raise CancelledError(f"{os.fspath(self._job.request.output)}: cancelled while segments were made")
        now = self._ways.clock.elapsed()
        if not 0 <= now - self._told < _REPORT_EVERY:
            self._told = now
            self._tell(self._frames + count)

    def _tell(self, frames: int, repaired: int = 0) -> None:
        self._ways.events.emit(
            StretchProgress(
                job=self._stretch.id,
                segment=self._stretch.segments[0].number,
                frames=frames,
                stage_seconds=self._ways.meter.spent({}),
                repaired=repaired,
            )
        )


def stretches(missing: Sequence[Segment], width: int) -> list[list[Segment]]:
    """Divide segments among some workers: long stretches first, so that few passes begin in the middle of a source.

    Each gets the half of its fair part of what is left, so that all end at about the same time; the segments of a
    stretch are neighbours.

    Args:
        missing: segments, rising.
        width: workers.
    """
    found: list[list[Segment]] = []
    room = 0
    for place, segment in enumerate(missing):
        if not room or found[-1][-1].number + 1 != segment.number:
            room = max((len(missing) - place) // (2 * width), 1)
            found.append([])
        found[-1].append(segment)
        room -= 1
    return found
