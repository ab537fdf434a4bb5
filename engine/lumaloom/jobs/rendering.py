"""Rendering: `encode(apply(plan, decode(source)))`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from lumaloom.cache import DiskCache
from lumaloom.errors import CancelledError, DeviceError, EffectError, counted
from lumaloom.frame import Frame
from lumaloom.jobs.events import (
    ClockJumped,
    DeviceLost,
    EffectFailed,
    InputRepaired,
    JobQueued,
    MemoryPressure,
    RenderCancelled,
    RenderFailed,
    RenderFinished,
    RenderStarted,
    SegmentFinished,
    SegmentStarted,
    StagesTimed,
)
from lumaloom.jobs.preparation import Preparation, Preparer
from lumaloom.jobs.progress import Progress
from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.result import RenderResult
from lumaloom.jobs.segments.terms import Hands, Made, Ways
from lumaloom.media.opensink import open_sink
from lumaloom.media.sink import SinkSummary
from lumaloom.media.source import Source
from lumaloom.memory import BufferPool
from lumaloom.run import Meter, OtherClips, prefetch, run_plan, shares
from lumaloom.run.items import Item, size_of
from lumaloom.services.clock import Clock
from lumaloom.services.events import EventBus
from lumaloom.services.pools import Pools
from lumaloom.services.settings import Settings
from lumaloom.services.telemetry import Telemetry

if TYPE_CHECKING:
    from lumaloom.jobs.segments.stretch import Stretch

# Seconds between two reports of progress.
_REPORT_EVERY = 0.1
# Seconds between two reports that a clock may gain or lose.
_JUMP = 1.0
# The part of a pool's limit above which memory is short.
_SHORT_OF_MEMORY = 0.9


class Renderer:
    """Renders one request, or segments of one, once.

    Args:
        preparer: settles what the request leaves open.
        events: told what happens.
        pool: host buffers for the frames.
        meter: gets the time of every stage.
        clock: for the time that the render takes.
        telemetry: traces the job and its planning.
        settings: bounds of what is under way.
        cache: keeps segments.
        pools: work on the frames of all renders.

    Attributes:
        job: names the job in its events.
    """

    def __init__(
        self,
        preparer: Preparer,
        events: EventBus,
        pool: BufferPool,
        meter: Meter,
        clock: Clock,
        telemetry: Telemetry,
        settings: Settings,
        pools: Pools,
        cache: DiskCache,
    ) -> None:
        self.job = os.urandom(8).hex()
        self._preparer, self._events, self._pool, self._meter, self._clock = preparer, events, pool, meter, clock
        self._telemetry, self._ahead, self._pools, self._cache = telemetry, int(settings.ahead), pools, cache
        self._on_progress: Callable[[Progress], None] | None = None
        self._cancel: threading.Event | None = None
        self._elsewhere: Mapping[str, float] = {}
        self._started = self._reported = 0.0
        self._short = False
        self._ahead_by = 0.0

    def render(
        self,
        request: RenderRequest,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        job: str | None = None,
        hands: Hands | None = None,
    ) -> RenderResult:
        """Render a request to its end, and return how it went.

        Args:
            request: what to do.
            on_progress: called from this thread about ten times a second, and after the last frame; what it raises
                ends the render.
            cancel: set it, from any thread, to stop; the output is removed.
            job: its name in events, where it was queued already.
            hands: make its segments side by side; None has them made one by one.

        Raises:
            LumaloomError: with one line for people; nothing is left behind under the output's name or a temporary one.
            CancelledError: `cancel` was set.
        """
        self._on_progress, self._cancel = on_progress, cancel
        self._started = self._reported = self._clock.elapsed()
        self._ahead_by = self._clock.now() - self._started
        queued, self.job = job is not None, job or self.job
        events, job = self._events, self.job
        source, target = os.fspath(request.input), os.fspath(request.output)
        with self._telemetry.span("render", job=job, input=source, output=target):
            try:
                if not queued:
                    events.emit(JobQueued(job=job, input=source, output=target))
                with ExitStack() as stack:
                    with self._telemetry.span("plan"):
                        prepared = stack.enter_context(self._preparer.prepare(request))
                    if events.wants(RenderStarted):
                        events.emit(RenderStarted(job=job, plan=prepared.as_dict()))
                    try:
                        result = self._result(prepared, hands)
                    finally:
                        self._tell_stages()
            except BaseException as problem:
                self._tell_failure(problem)
                raise
            if result.losses.any or result.losses.timestamps_repaired:
                events.emit(InputRepaired(job=job, losses=result.losses.as_dict()))
            if events.wants(RenderFinished):
                events.emit(RenderFinished(job=job, result=result.as_dict()))
            return result

    def make(self, stretch: Stretch, *, cancel: threading.Event) -> None:
        """Make segments of a render into files, and tell of each; see `make_stretch`.

        Raises:
            LumaloomError: with one line for people.
            CancelledError: `cancel` was set.
        """
        from lumaloom.jobs.segments.stretch import make_stretch

        self.job = stretch.id
        with ExitStack() as stack:
            with self._telemetry.span("plan"):
                prepared = stack.enter_context(self._preparer.prepare(stretch.request, stretch.shares))
            try:
                make_stretch(prepared, self._ways(prepared), stretch, cancel)
            finally:
                self._tell_stages()

    def _result(self, job: Preparation, hands: Hands | None) -> RenderResult:
        try:
            made = self._in_segments(job, hands) if job.request.segments is not None else self._straight(job)
        except DeviceError as problem:
            self._events.emit(DeviceLost(job=self.job, message=str(problem)))
            raise
        seconds = self._seconds()
        return RenderResult(
            frames=made.frames,
            seconds=seconds,
            device=job.device,
            steps=tuple(job.plan.describe()),
            stage_seconds={name: round(value, 6) for name, value in self._meter.spent(self._elsewhere).items()},
            losses=made.losses,
            sink=made.summary,
            pool=self._pool.stats,
            warnings=(*job.warnings, *made.summary.warnings, *made.warnings),
            segments=made.segments,
            reused=made.reused,
        )

    def _ways(self, job: Preparation, hands: Hands | None = None) -> Ways:
        def spent(stage_seconds: Mapping[str, float]) -> None:
            self._elsewhere = stage_seconds

        return Ways(
            self.job,
            lambda source: self._path(job, source),
            lambda frames: self._went_on(job, frames),
            spent,
            self._cache,
            self._events,
            self._telemetry,
            self._meter,
            self._clock,
            hands,
        )

    def _in_segments(self, job: Preparation, hands: Hands | None) -> Made:
        """Render what no earlier render has left, and join it with what is there."""
        from lumaloom.jobs.segments.rendering import Segments

        segments = Segments(job, self._ways(job, hands))
        if segments.refusal:
            made = self._straight(job)
            return replace(made, warnings=(f"rendered as one segment: {segments.refusal}",))
        made = segments.render()
        self._report(made.frames, made.frames, self._seconds())
        return made

    def _straight(self, job: Preparation) -> Made:
        """Render the whole output as one segment, written straight to its place."""
        self._events.emit(SegmentStarted(job=self.job, segment=0, segments=1))
        with self._telemetry.span("segment", segment=0):
            frames, summary = self._written(job)
        seconds = self._seconds()
        self._report(frames, frames, seconds)
        self._events.emit(SegmentFinished(job=self.job, segment=0, segments=1, frames=frames, seconds=seconds))
        return Made(frames, summary, job.source.losses)

    def _written(self, job: Preparation) -> tuple[int, SinkSummary]:
        """Run the path to its end and return the number of frames and what the sink says."""
        frames, meter = 0, self._meter
        with ExitStack() as stack:
            sink = stack.enter_context(job.sink(open_sink))
            for item in stack.enter_context(self._path(job, job.source)):
                with meter.stage("encode"):
                    sink.write(item)
                frames += isinstance(item, Frame)
                self._went_on(job, frames)
            with meter.stage("encode"):
                return frames, sink.finish()

    @contextmanager
    def _path(self, job: Preparation, source: Source) -> Generator[Iterable[Item], None, None]:
        """Give the items of a source with every frame taken through the plan."""
        meter = self._meter
        with ExitStack() as stack:
            decoded = prefetch(
                meter.each("decode", _from(job.source.first.timing.pts, source.items())),
                limit=self._ahead,
                size=size_of,
                name="decode",
                depth=meter.depth("decode"),
            )
            width = max(job.shares.effects, 1)
            most = width if job.shares.fixed else None
            lane = stack.enter_context(self._pools.cpu.lane(self.job, width=width, most=most))
            others = stack.enter_context(OtherClips(job.shares.decoder, self._cache))
            rendered = run_plan(
                job.plan, decoded, pool=self._pool, workers=lane, limit=self._ahead, meter=meter, others=others
            )
            if isinstance(rendered, Generator):
                stack.callback(rendered.close)
            yield rendered

    def _went_on(self, job: Preparation, frames: int) -> None:
        """Stop where that is asked for, and tell now and then how far it is."""
        if self._cancel is not None and self._cancel.is_set():
            done = counted(frames, "frames")
            raise CancelledError(f"{job.request.output}: cancelled after {done}; nothing was written")
        now = self._clock.elapsed()
        if not 0 <= now - self._reported < _REPORT_EVERY:  # a clock that went back is no reason for silence
            self._reported = now
            self._report(frames, job.total, self._seconds())
            self._watch_memory()
            self._watch_clock(now)

    def _seconds(self) -> float:
        return max(self._clock.elapsed() - self._started, 0.0)

    def _report(self, frames: int, total: int | None, seconds: float) -> None:
        wanted = self._events.wants(Progress)
        if wanted or self._on_progress:
            moment = Progress(frames, total, seconds, shares(self._meter.spent(self._elsewhere)), job=self.job)
            if wanted:
                self._events.emit(moment)
            if self._on_progress:
                self._on_progress(moment)

    def _tell_stages(self) -> None:
        if self._events.wants(StagesTimed):
            self._events.emit(StagesTimed(job=self.job, tally=self._meter.tally()))

    def _watch_memory(self) -> None:
        """Tell once when memory gets short, and again only after it was not."""
        if self._events.wants(MemoryPressure):
            stats, was_short = self._pool.stats, self._short
            self._short = stats.in_use > _SHORT_OF_MEMORY * stats.limit
            if self._short and not was_short:
                self._events.emit(
                    MemoryPressure(job=self.job, memory=stats.memory, in_use=stats.in_use, limit=stats.limit)
                )

    def _watch_clock(self, elapsed: float) -> None:
        """Tell when the machine's clock and the passing of time went apart."""
        ahead_by = self._clock.now() - elapsed
        jump, self._ahead_by = ahead_by - self._ahead_by, ahead_by
        if abs(jump) >= _JUMP:
            self._events.emit(ClockJumped(job=self.job, seconds=round(jump, 3)))

    def _tell_failure(self, problem: BaseException) -> None:
        job, message = self.job, str(problem)
        if isinstance(problem, CancelledError | KeyboardInterrupt):
            self._events.emit(RenderCancelled(job=job, message=message or "interrupted"))
            return
        if isinstance(problem, EffectError) and problem.effect:
            self._events.emit(EffectFailed(job=job, effect=problem.effect, seconds=problem.seconds, message=message))
        self._events.emit(RenderFailed(job=job, error=type(problem).__name__, message=message))


def _from(origin: int, items: Iterable[Item]) -> Iterable[Item]:
    """Return items with the clock of effects set to begin at a pts."""
    return items if origin == 0 else _moved(origin, items)


def _moved(origin: int, items: Iterable[Item]) -> Generator[Item, None, None]:
    for item in items:
        if isinstance(item, Frame):
            item.timing = replace(item.timing, origin=origin)
        yield item
