"""Rendering in segments: what is kept is taken, what is missing is made, and all of it is joined in order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from lumaloom.errors import InputError
from lumaloom.frame import Frame
from lumaloom.jobs.events import SegmentFinished, SegmentStarted
from lumaloom.jobs.preparation import Preparation
from lumaloom.jobs.segments.borders import cut
from lumaloom.jobs.segments.described import UnknowableError
from lumaloom.jobs.segments.keys import Keys
from lumaloom.jobs.segments.terms import Made, Ways
from lumaloom.media.atomic import check_target
from lumaloom.media.coded import said
from lumaloom.media.filesink import tick
from lumaloom.media.joining import JoiningSink, PieceEncoder
from lumaloom.media.parts import Parts
from lumaloom.run.items import Item

# Bytes of a segment that are in memory while it is made; what is more is in a file without a name.
_IN_MEMORY = 32 << 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the output: frames of the source from `first` to `last`, exclusive.

    Attributes:
        number: in the output, from 0.
        key: under which it is kept; None where it can't be.
    """

    number: int
    first: int
    last: int
    key: str | None


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
        # What the whole video begins with: encoders and the header are set up by it, frames are not needed for that.
        first = job.source.first
        self._head = Frame(job.plan.output, (), first.timing, first.side_data)
        self._all: list[Segment] = []
        self._keys: Keys | None = None
        self._kept: set[int] = set()
        self._whole = True
        self._frames = self._reused = self._unkept = self._bytes = self._repaired = 0
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
            number = 0
            while number < len(self._all):
                number += self._take(self._all[number]) or self._make(self._missing(number))
            if self._reused and self._parts.has_lost_blocks:
                raise InputError(f"{job.request.input}: is damaged (packets are missing between them)")
            with self._ways.meter.stage("encode"):
                summary = self._sink.finish()
        losses = replace(job.source.losses, frames_readable=self._frames, timestamps_repaired=self._repaired)
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
                self._join(kept)
        self._reused += 1
        return 1

    def _make(self, missing: Sequence[Segment]) -> int:
        """Render, keep and join neighbouring segments in one pass over the source; return how many."""
        parts, (before, after) = self._parts, self._job.plan.window
        first = max(missing[0].first - before, parts.first)
        last = min(missing[-1].last + after, parts.last)
        with parts.frames(first, last) as source, self._ways.path(source) as rendered:
            frames = _Frames(rendered, int(parts.pts[missing[0].first]))
            for segment in missing:
                # The last one of the clip takes all that comes, so that the source is read to its end and checked.
                end = int(parts.pts[segment.last]) if segment.last < parts.last else None
                with self._told(segment), SpooledTemporaryFile(_IN_MEMORY, dir=self._folder) as spooled:
                    file = cast(BinaryIO, spooled)
                    count = self._encode(frames.until(end), file)
                    # What the index promised and did not come is damage or not, which the end of the file tells: those
                    # after it are not kept either, so that another render reads on to there in one pass.
                    self._whole &= count == segment.last - segment.first
                    self._unkept += not (self._whole and self._keep(segment, file))
                    self._join(file)
            self._repaired = max(self._repaired, source.losses.timestamps_repaired)  # some read from the file's start
        return len(missing)

    def _keep(self, segment: Segment, file: BinaryIO) -> bool:
        """Keep a segment if there is room for it beside those before it, and return whether it is kept."""
        size = file.seek(0, os.SEEK_END)
        fits = self._bytes + size <= self._ways.store.limit
        known = segment.key and self._keys is not None and self._keys.hold(segment.first, segment.last)
        return bool(known and segment.key and fits and self._ways.store.put_file(segment.key, file))

    def _encode(self, frames: Iterator[Frame], file: BinaryIO) -> int:
        """Encode frames into a file, and return how many there were."""
        job, meter, count = self._job, self._ways.meter, 0
        source = job.source
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
            for frame in frames:
                with meter.stage("encode"):
                    encoder.write(frame)
                count += 1
                self._ways.went_on(self._frames + count)
            with meter.stage("encode"):
                encoder.finish()
        finally:
            encoder.close()
        return count

    def _join(self, file: BinaryIO) -> None:
        self._sink.join(file)
        self._frames += said(file).frames
        self._bytes += file.seek(0, os.SEEK_END)
        self._ways.went_on(self._frames)

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
            small = self._bytes > store.limit
            why = f": together they take {self._bytes} bytes, cache_limit is {store.limit}" if small else ""
            yield f"{self._unkept} of {len(self._all)} segments could not be kept in {store.folder}{why}"


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
