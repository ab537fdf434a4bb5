"""Rendering in segments: what is kept is taken, what is missing is made, and all of it is joined in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from fractions import Fraction
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from lumaloom.errors import InputError
from lumaloom.jobs.events import SegmentFinished, SegmentMade, SegmentStarted
from lumaloom.jobs.preparation import Preparation
from lumaloom.jobs.segments.borders import cut
from lumaloom.jobs.segments.described import UnknowableError
from lumaloom.jobs.segments.keys import Keys
from lumaloom.jobs.segments.making import Maker, head_of
from lumaloom.jobs.segments.terms import Hands, Made, Segment, Ways
from lumaloom.media.atomic import check_target
from lumaloom.media.coded import said
from lumaloom.media.filesink import tick
from lumaloom.media.joining import JoiningSink
from lumaloom.media.parts import Parts

if TYPE_CHECKING:
    from lumaloom.jobs.segments.spreading import Spread

# Bytes of a segment that are in memory while it is made; what is more is in a file without a name.
_IN_MEMORY = 32 << 20


class Segments:
    """The segments of one render.

    Args:
        job: settled; its source is unread.
        ways: what they share with other renders.

    Attributes:
        refusal: why the clip can't be cut, empty where it can.
    """

    def __init__(self, job: Preparation, ways: Ways) -> None:
        self._job, self._ways = job, ways
        check_target(job.request.output, overwrite=job.request.overwrite, source=job.source.path)
        self._parts = parts = Parts(job.source)
        self.refusal = "" if parts.is_sure else "its index and its frames disagree"
        self._head = head_of(job)
        self._maker = Maker(job, parts, ways)
        self._spread: Spread | None = None
        self._all: list[Segment] = []
        self._keys: Keys | None = None
        self._kept: set[int] = set()
        self._whole = True
        self._frames = self._fetched = self._furthest = self._reused = 0
        self._sizes: dict[int, int] = {}
        self._unkept: set[int] = set()
        self._in_parts = False
        self._warnings: list[str] = []

    def render(self) -> Made:
        """Render what is missing, write the output, and say what became of it.

        Raises:
            LumaloomError: nothing is left behind then but finished segments in the store.
        """
        job = self._job
        self._plan()
        with ExitStack() as stack:
            self._sink = stack.enter_context(job.sink(JoiningSink))
            beside = stack.enter_context(self._parts.beside())
            self._sink.begin(self._head, beside.packets())
            missing = [segment for segment in self._all if segment.number not in self._kept]
            if self._ways.hands and len(missing) > 1:
                self._spread = stack.enter_context(self._spreading(self._ways.hands, missing))
            number = 0
            while number < len(self._all):
                segment = self._all[number]
                number += self._fetch(segment) or self._take(segment) or self._make(self._missing(number))
            if (self._in_parts or self._reused) and self._parts.has_lost_blocks:
                raise InputError(f"{job.request.input}: is damaged (packets are missing between them)")
            with self._ways.meter.stage("encode"):
                summary = self._sink.finish()
        repaired = max(self._maker.repaired, self._spread.repaired if self._spread else 0)
        self._spread = None  # it knows this as well, and so would keep the source until Python looks for circles
        losses = replace(job.source.losses, frames_readable=self._frames, timestamps_repaired=repaired)
        return Made(self._frames, summary, losses, len(self._all), self._reused, (*self._warnings, *self._complaints()))

    def _plan(self) -> None:
        """Cut the clip, and find the keys."""
        job, parts = self._job, self._parts
        assert job.request.segments is not None
        base = job.source.time_base
        scale = base / tick(job.choice, base, job.source.rate)

        def is_border(number: int) -> bool:
            # Where ticks are coarse, frames that fall together stay together: one of them is dropped.
            return scale == 1 or round(int(parts.pts[number]) * scale) > round(int(parts.pts[number - 1]) * scale)

        ranges = cut(parts.pts, parts.first, parts.last, Fraction(str(job.request.segments)) / base, is_border)
        names: list[str | None] = [None] * len(ranges)
        try:
            self._keys = keys = Keys(job, parts, self._head)
            names = [keys.of(first, last) for first, last in ranges]
        except UnknowableError as problem:
            self._warnings.append(f"segments are not kept: {problem}")
        self._all = [Segment(number, *ends, key) for number, (ends, key) in enumerate(zip(ranges, names, strict=True))]
        # The last first, so that those that are needed soon are the last to make room.
        self._kept = {each.number for each in reversed(self._all) if each.key and self._ways.store.use(each.key)}

    def _missing(self, number: int) -> Sequence[Segment]:
        """Return the segment and those after it that are not kept either."""
        end = number + 1
        while end < len(self._all) and end not in self._kept:
            end += 1
        return self._all[number:end]

    def _take(self, segment: Segment) -> int:
        """Join a segment that is kept; return 1, or 0 where it is not."""
        store = self._ways.store
        kept = store.get_file(segment.key) if segment.key else None
        if kept is None:
            return 0
        with kept:
            if not self._sink.fits(said(kept)):
                store.remove(segment.key or "")
                return 0
            with self._told(segment, cached=True):
                self._weigh(segment, kept)
                self._join(kept)
        self._reused += 1
        return 1

    def _make(self, missing: Sequence[Segment]) -> int:
        """Render, keep and join neighbouring segments in one pass over the source; return how many."""
        self._maker.make(missing, self._file_for, self._went_on)
        return len(missing)

    @contextmanager
    def _file_for(self, segment: Segment) -> Iterator[BinaryIO]:
        """Give the file of a segment, and keep and join what it is then."""
        with self._told(segment), SpooledTemporaryFile(_IN_MEMORY, dir=self._folder) as spooled:
            file = cast(BinaryIO, spooled)
            yield file
            # What the index promised and did not come is damage or not, which the end of the file tells: those
            # after it are not kept either, so that another render reads on to there in one pass.
            self._whole &= _is_whole(segment, said(file).frames)
            self._weigh(segment, file)
            self._keep(segment, file)
            self._join(file)

    def _spreading(self, hands: Hands, missing: Sequence[Segment]) -> Spread:
        """Return what has the missing segments made side by side."""
        from lumaloom.jobs.segments.spreading import Spread

        self._in_parts = True
        return Spread(self._job, self._ways, hands, missing, len(self._all), self._keep_beside, self._went_on)

    def _keep_beside(self, segment: Segment, made: SegmentMade, file: BinaryIO) -> None:
        """Keep a segment that was made beside others, whatever its turn is."""
        self._weigh(segment, file)
        self._keep(segment, file, known=made.known and _is_whole(segment, made.frames))

    def _fetch(self, segment: Segment) -> int:
        """Join a segment that is made beside others; return 1, or 0 where it is not, or is not to be trusted."""
        spread, ways = self._spread, self._ways
        if spread is None or not spread.has(segment):
            return 0
        with spread.file(segment) as (made, file):
            if not _is_whole(segment, made.frames) and segment.last < self._parts.last:
                self._doubt(segment, spread)
                return 0
            self._fetched += made.frames
            self._join(file)
        number, count = segment.number, len(self._all)
        ways.events.emit(
            SegmentFinished(job=ways.job, segment=number, segments=count, frames=made.frames, seconds=made.seconds)
        )
        return 1

    def _doubt(self, segment: Segment, spread: Spread) -> None:
        """Have the segment and all after it made anew in one pass, which tells damage from a wrong index."""
        self._whole = False
        spread.close()
        self._kept.clear()
        for each in self._all[segment.number :]:
            if each.key:
                self._ways.store.remove(each.key)

    def _weigh(self, segment: Segment, file: BinaryIO) -> None:
        self._sizes[segment.number] = file.seek(0, os.SEEK_END)

    def _keep(self, segment: Segment, file: BinaryIO, *, known: bool = True) -> None:
        """Keep a segment, which is weighed, if there is room for it beside those before it; note if it is not kept."""
        store = self._ways.store
        known = known and self._whole and self._keys is not None and self._keys.hold(segment.first, segment.last)
        fits = sum(self._sizes.values()) <= store.limit
        if not (known and fits and segment.key and store.put_file(segment.key, file)):
            self._unkept.add(segment.number)

    def _join(self, file: BinaryIO) -> None:
        self._sink.join(file)
        self._frames += said(file).frames
        self._went_on()

    def _went_on(self, count: int = 0) -> None:
        """Tell how far it is: frames that are joined, those of a segment in the making, and those made beside it."""
        beside = self._frames - self._fetched + self._spread.frames if self._spread else 0
        self._furthest = max(self._furthest, self._frames + count, beside)
        self._ways.went_on(self._furthest)

    @contextmanager
    def _told(self, segment: Segment, *, cached: bool = False) -> Iterator[None]:
        """Tell that a segment begins and, unless it fails, that it is done."""
        ways, number, count = self._ways, segment.number, len(self._all)
        start, before = ways.clock.elapsed(), self._frames
        ways.events.emit(SegmentStarted(job=ways.job, segment=number, segments=count, cached=cached))
        with ways.telemetry.span("segment", segment=number, cached=cached):
            yield
        seconds = max(ways.clock.elapsed() - start, 0.0)
        frames = self._frames - before
        ways.events.emit(
            SegmentFinished(job=ways.job, segment=number, segments=count, frames=frames, seconds=seconds, cached=cached)
        )

    @property
    def _folder(self) -> str:
        return os.path.dirname(os.path.abspath(self._job.request.output))

    def _complaints(self) -> Iterator[str]:
        store = self._ways.store
        if self._unkept and self._all[0].key:
            size = sum(self._sizes.values())
            why = f": together they take {size} bytes, cache_limit is {store.limit}" if size > store.limit else ""
            yield f"{len(self._unkept)} of {len(self._all)} segments could not be kept in {store.folder}{why}"


def _is_whole(segment: Segment, frames: int) -> bool:
    """Whether a segment has the frames that the index promised."""
    return frames == segment.last - segment.first
