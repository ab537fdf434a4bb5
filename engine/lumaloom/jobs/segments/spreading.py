"""Segments that are made side by side, in whatever order, and waited for in theirs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import BinaryIO, Self

from lumaloom.errors import WorkerError
from lumaloom.jobs.events import SegmentMade, StretchProgress
from lumaloom.jobs.execution.executor import Job, Outcome
from lumaloom.jobs.preparation import Preparation
from lumaloom.jobs.segments.stretch import Stretch, stretches
from lumaloom.jobs.segments.terms import Hands, Segment, Ways
from lumaloom.media.atomic import HiddenFolder

# Seconds between two looks at whether to stop.
_LOOK = 0.1


class Spread:
    """Has segments of a render made by others; used by `with`, whose end stops what is under way.

    Args:
        job: the render.
        ways: what it lends.
        hands: make the segments.
        segments: what is missing, rising.
        count: segments of the job.
        keep: called with each that is made, what was told of it and its file, in any order.
        went_on: called again and again while they are waited for; raises to stop.

    Attributes:
        frames: made so far, also of segments that are not whole yet.
        repaired: timestamps of the input that had to be repaired.
    """

    def __init__(
        self,
        job: Preparation,
        ways: Ways,
        hands: Hands,
        segments: Sequence[Segment],
        count: int,
        keep: Callable[[Segment, SegmentMade, BinaryIO], None],
        went_on: Callable[[], None],
    ) -> None:
        self._job, self._ways, self._hands, self._count = job, ways, hands, count
        self._keep, self._went_on = keep, went_on
        self._segments = {segment.number: segment for segment in segments}
        self._made: dict[int, SegmentMade] = {}
        self._moments: dict[int, StretchProgress] = {}
        self._news: SimpleQueue[SegmentMade | StretchProgress | Outcome | BaseException | None] = SimpleQueue()
        self._stop = threading.Event()
        self.frames = self.repaired = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = stack.enter_context(HiddenFolder(self._job.request.output)).path
            jobs = [
                Stretch(self._ways.job, self._job.request, self._job.shares, tuple(part), self._count, str(folder))
                for part in stretches(list(self._segments.values()), self._hands.width)
            ]
            listening = self._ways.events.subscribe((SegmentMade, StretchProgress), self._hear, queue=None, weak=True)
            stack.callback(listening.cancel)
            # What is current here, such as a trace, is current where they are handed over.
            handing = threading.Thread(target=copy_context().run, args=(self._run, jobs), name="lumaloom-segments")
            stack.callback(self._end, handing)
            handing.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop what is under way, and keep what is whole by then; nothing can be waited for any more."""
        self._stack.close()
        self._segments.clear()
        self.frames = 0

    def has(self, segment: Segment) -> bool:
        """Whether a segment is among those that are made, and was not taken yet."""
        return segment.number in self._segments

    @contextmanager
    def file(self, segment: Segment) -> Iterator[tuple[SegmentMade, BinaryIO]]:
        """Wait for a segment, and give what was told of it, and its file, which is gone afterwards.

        Raises:
            LumaloomError: it can't be made.
        """
        while segment.number not in self._made:
            with suppress(Empty):
                self._take(self._news.get(timeout=_LOOK))
            self._went_on()
        told = self._made.pop(segment.number)
        del self._segments[segment.number]
        with open(told.file, "rb") as file:
            os.unlink(told.file)
            yield told, file

    def _hear(self, event: object) -> None:
        assert isinstance(event, SegmentMade | StretchProgress)
        if event.job == self._ways.job:
            self._news.put(event)

    def _run(self, jobs: Sequence[Job]) -> None:
        """Hand the stretches over, and note how each ends; then that all are over."""
        try:
            with closing(self._hands.run(jobs, self._stop)) as outcomes:
                for outcome in outcomes:
                    self._news.put(outcome)
            self._news.put(None)
        except BaseException as error:  # an executor's own, which is the render's
            self._news.put(error)

    def _take(self, news: SegmentMade | StretchProgress | Outcome | BaseException | None) -> None:
        if isinstance(news, SegmentMade):
            self._note(news)
        elif isinstance(news, StretchProgress):
            self._moments[news.segment] = news
            self.frames = max(self.frames, sum(moment.frames for moment in self._moments.values()))
            self.repaired = max(self.repaired, news.repaired)
            spent: dict[str, float] = {}
            for moment in self._moments.values():
                for stage, seconds in moment.stage_seconds.items():
                    spent[stage] = spent.get(stage, 0.0) + seconds
            self._ways.spent(spent)
        elif isinstance(news, Outcome):
            if news.error is not None:
                raise news.error
        elif news is not None:
            raise news
        elif self._segments.keys() - self._made.keys():
            raise WorkerError(f"{self._job.request.output}: the executor left segments out")

    def _note(self, made: SegmentMade) -> None:
        """Take a segment that is whole; one of a stretch that was begun twice may come twice."""
        segment = self._segments.get(made.segment)
        if segment is None or made.segment in self._made:
            with suppress(OSError):
                os.unlink(made.file)
            return
        self._made[made.segment] = made
        with open(made.file, "rb") as file:
            self._keep(segment, made, file)

    def _end(self, handing: threading.Thread) -> None:
        """Stop what is under way, and take what is whole by then."""
        self._stop.set()
        if handing.ident is not None:
            handing.join()
        while not self._news.empty():
            news = self._news.get()
            if isinstance(news, SegmentMade | StretchProgress):
                with suppress(OSError):
                    self._take(news)
