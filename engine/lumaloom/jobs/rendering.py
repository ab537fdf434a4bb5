"""Rendering: `encode(apply(plan, decode(source)))`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from lumaloom.device import choose as choose_device
from lumaloom.device import cores
from lumaloom.errors import CancelledError, UsageError
from lumaloom.frame import Frame
from lumaloom.graph import Conversion, Plan, make_plan
from lumaloom.jobs.progress import Progress
from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.timecode import Position
from lumaloom.media.choice import EncoderChoice, choose, losses
from lumaloom.media.losses import Losses
from lumaloom.media.opensink import open_sink
from lumaloom.media.sink import SinkSummary
from lumaloom.media.source import Source, SourceOptions
from lumaloom.memory import BufferPool, PoolStats, default_limit
from lumaloom.plugins import default_registry
from lumaloom.run import Meter, prefetch, run_plan
from lumaloom.run.items import size_of

# Bytes of decoded frames that may wait for the workers, and of frames that may be under way in them.
_AHEAD = 64 << 20
# Seconds between two reports of progress.
_REPORT_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything that is settled before the first frame is rendered.

    Attributes:
        request: what was asked for.
        device: `cpu` or `cuda`.
        threads: of each stage.
        source: open, at its start.
        choice: container and encoder.
        plan: steps for every frame.
        total: frames expected, None where it is unknown.
    """

    request: RenderRequest
    device: str
    threads: int
    source: Source
    choice: EncoderChoice
    plan: Plan
    total: int | None

    @property
    def warnings(self) -> list[str]:
        """What the conversions of the plan lose of the source, a line each."""
        lines = []
        for step in self.plan.parts:
            if isinstance(step.action, Conversion):
                of_source = losses(self.plan.source.format, step.after.format)
                if lost := [word for word in losses(step.before.format, step.after.format) if word in of_source]:
                    lines.append(f"{step.before.format} converted to {step.after.format} loses {', '.join(lost)}")
        return lines


@dataclass(frozen=True, slots=True)
class RenderResult:
    """How a render went.

    Attributes:
        frames: frames written.
        seconds: from opening the input to the renamed output.
        device: where the effects ran.
        steps: the plan's steps, a line each.
        stage_seconds: time per stage, summed over its threads.
        losses: what the source could not deliver.
        sink: what was written.
        pool: counts of the host pool after the last frame.
        warnings: what could not be kept, a line each.
    """

    frames: int
    seconds: float
    device: str
    steps: tuple[str, ...]
    stage_seconds: dict[str, float]
    losses: Losses
    sink: SinkSummary
    pool: PoolStats
    warnings: tuple[str, ...] = ()

    @property
    def fps(self) -> float:
        """Frames per second over the whole render."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dictionary."""
        return {**asdict(self), "fps": self.fps}


def render(
    request: RenderRequest,
    *,
    on_start: Callable[[Preparation], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> RenderResult:
    """Render a request to its end, and return how it went.

    Args:
        request: what to do.
        on_start: called once, when everything is settled and nothing is written yet.
        on_progress: called from this thread about ten times a second, and after the last frame.
        cancel: set it, from any thread, to stop; the output is removed.

    Raises:
        LumaloomError: with one line for people; nothing is left behind under the output's name or a temporary one.
        CancelledError: `cancel` was set.
    """
    started = time.perf_counter()
    meter, pool = Meter(), BufferPool(default_limit())
    with prepare(request) as job:
        if on_start:
            on_start(job)
        frames, summary = _written(job, pool, meter, started, on_progress, cancel)
        seconds = time.perf_counter() - started
        if on_progress:
            on_progress(Progress(frames, frames, seconds, meter.shares()))
        stage_seconds = {name: round(value, 6) for name, value in meter.seconds.items()}
        steps = tuple(job.plan.describe())
        return RenderResult(
            frames=frames,
            seconds=seconds,
            device=job.device,
            steps=steps,
            stage_seconds=stage_seconds,
            losses=job.source.losses,
            sink=summary,
            pool=pool.stats,
            warnings=(*job.warnings, *summary.warnings),
        )


def _written(
    job: Preparation,
    pool: BufferPool,
    meter: Meter,
    started: float,
    on_progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> tuple[int, SinkSummary]:
    """Run the path to its end and return the number of frames and what the sink says."""
    frames, reported = 0, started
    with ExitStack() as stack:
        sink = stack.enter_context(
            open_sink(
                job.request.output,
                job.choice,
                job.plan.output,
                time_base=job.source.time_base,
                rate=job.source.rate,
                source=job.source,
                overwrite=job.request.overwrite,
                threads=job.threads,
            )
        )
        decoded = prefetch(meter.each("decode", job.source.items()), limit=_AHEAD, size=size_of, name="decode")
        rendered = run_plan(job.plan, decoded, pool=pool, workers=job.threads, limit=_AHEAD, meter=meter)
        if isinstance(rendered, Generator):
            stack.callback(rendered.close)
        for item in rendered:
            if cancel is not None and cancel.is_set():
                raise CancelledError(f"{job.request.output}: cancelled after {frames} frames; nothing was written")
            with meter.stage("encode"):
                sink.write(item)
            frames += isinstance(item, Frame)
            now = time.perf_counter()
            if on_progress and now - reported >= _REPORT_EVERY:
                reported = now
                on_progress(Progress(frames, job.total, now - started, meter.shares()))
        with meter.stage("encode"):
            return frames, sink.finish()


@contextmanager
def prepare(request: RenderRequest) -> Generator[Preparation, None, None]:
    """Settle everything about a request without writing anything: what a dry run shows.

    Raises:
        LumaloomError: the request can't be carried out; checks that need no file come first.
    """
    threads = request.threads if request.threads is not None else cores()
    if threads < 1:
        raise UsageError(f"threads: expected at least 1, got {threads}")
    effects = default_registry().create_all(request.effects)
    device = choose_device(request.device)
    choice = choose(
        request.output, request.encoder, crf=request.crf, preset=request.preset, options=dict(request.encoder_options)
    )
    with Source(request.input, _source_options(request, threads)) as source:
        upright = choice.encoder is not None and not choice.container.rotation
        plan = make_plan(source.spec, effects, choice.formats, device, upright=upright)
        yield Preparation(request, device, threads, source, choice, plan, _expected(source, request))


def _source_options(request: RenderRequest, threads: int) -> SourceOptions:
    start, end = request.start or Position(), request.end or Position()
    return SourceOptions(
        best_effort=request.best_effort,
        threads=threads,
        start=start.seconds,
        start_frame=start.frame,
        end=end.seconds,
        end_frame=end.frame,
    )


def _expected(source: Source, request: RenderRequest) -> int | None:
    """Return the number of frames of the clip, as far as the file declares it."""
    count = source.frame_count
    if count is None:
        return None
    first, last = _frame_at(request.start, source, 0), _frame_at(request.end, source, count)
    return max(min(last, count) - first, 0)


def _frame_at(position: Position | None, source: Source, default: int) -> int:
    if position is None:
        return default
    if position.seconds is None:
        return position.frame or 0
    return round(position.seconds * source.rate) if source.rate else default
