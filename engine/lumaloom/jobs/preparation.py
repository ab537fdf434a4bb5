"""What is settled about a request before its first frame."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from lumaloom.cache import DiskCache
from lumaloom.device import Machine
from lumaloom.errors import UsageError
from lumaloom.graph import Plan, Step, make_plan
from lumaloom.graph.fused import Fused
from lumaloom.jobs.kept import is_opaque, lost, mistaken, unplayed
from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.timecode import Position, parse_rate
from lumaloom.media.choice import PATTERN, EncoderChoice, choose
from lumaloom.media.sequence import AnyPath, found
from lumaloom.media.source import Source, SourceOptions
from lumaloom.plugins import Registry
from lumaloom.services.pools import Budget, Shares, Work
from lumaloom.services.settings import Settings

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything that is settled before the first frame is rendered.

    Attributes:
        request: what was asked for.
        device: `cpu` or `cuda`.
        shares: threads of each stage.
        source: open, at its start.
        choice: container and encoder.
        plan: steps for every frame.
        total: frames expected, None where it is unknown.
    """

    request: RenderRequest
    device: str
    shares: Shares
    source: Source
    choice: EncoderChoice
    plan: Plan
    total: int | None

    def sink(self, make: Callable[..., S]) -> S:
        """Return the sink of the output: `open_sink`, or another that takes the same."""
        return make(
            self.request.output,
            self.choice,
            self.plan.output,
            time_base=self.source.time_base,
            rate=self.source.rate,
            source=self.source,
            overwrite=self.request.overwrite,
            threads=self.shares.encoder,
        )

    @property
    def warnings(self) -> list[str]:
        """What is lost of the pictures, and who will not show them, a line each."""
        # All GIF pictures have alpha by their format; one without a hole begins a clip without.
        source = self.source
        opaque = source.container_name == "gif" and is_opaque(source.first)
        output, chosen = self.plan.output, self.request.pixel_format is not None
        return [
            *lost(self.plan, opaque=opaque),
            *unplayed(self.choice, output, chosen),
            *mistaken(self.choice, output),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the plan of the job, JSON-ready."""
        source, choice = self.plan.source, self.choice
        return {
            "input": os.fspath(self.request.input),
            "output": os.fspath(self.request.output),
            "device": self.device,
            "threads": asdict(self.shares),
            "frames": self.total,
            "source": {
                "width": source.width,
                "height": source.height,
                "format": source.format.name,
                "rate": None if self.source.rate is None else str(self.source.rate),
                "time_base": str(self.source.time_base),
            },
            "steps": [_step_fields(step) for step in self.plan.steps],
            "container": choice.container.name,
            "encoder": choice.encoder.label if choice.encoder else None,
            "encoder_options": dict(choice.options),
            "segments": self.request.segments,
            "warnings": self.warnings,
        }


def _step_fields(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "parameters": getattr(step.action, "settings", {}),
        **({"fused": step.action.explain()} if isinstance(step.action, Fused) else {}),
        "device": step.device,
        "before": str(step.before),
        "after": str(step.after),
    }


class Preparer:
    """Settles everything about a request without writing anything.

    Args:
        registry: the effects that there are.
        machine: where the job is to run.
        settings: what the request leaves open.
        budget: divides the cores among the stages of a render, and among renders side by side.
        cache: keeps indexes.
    """

    def __init__(
        self, registry: Registry, machine: Machine, settings: Settings, budget: Budget, cache: DiskCache
    ) -> None:
        self._registry, self._machine, self._settings = registry, machine, settings
        self._budget, self._cache = budget, cache

    @contextmanager
    def prepare(self, request: RenderRequest, given: Shares | None = None) -> Generator[Preparation, None, None]:
        """Give what is settled; the source is open until the end.

        Args:
            request: what to do.
            given: threads of each stage; None for what the request says, or the budget.

        Raises:
            LumaloomError: the request can't be carried out; checks that need no file come first.
        """
        wanted = threads_of(request, self._settings)
        if not 0 <= request.table_error <= 255:
            raise UsageError(f"table error: expected levels from 0 to 255, got {request.table_error:g}")
        if request.table_error and not request.fuse:
            raise UsageError("table error: expected fused effects, as cubes stand for runs; leave one of the two out")
        effects = self._registry.create_all(request.effects)
        device = self._machine.choose(request.device or self._settings.device)
        choice = chosen(request)
        _check_segments(request, choice)
        encoder = choice.encoder

        def shares(width: int, height: int) -> Shares:
            if given is not None:
                return given
            return shares_of(choice, len(effects) if device == "cpu" else 0, width * height, wanted, self._budget)

        options = _source_options(request, lambda width, height: shares(width, height).decoder, self._cache)
        with self._budget.job(), Source(_input(request), options) as source:
            total = _expected(source, request)
            _check_picture(request, choice, total if source.losses.frames_declared else None)
            upright = encoder is not None and not choice.container.rotation
            plan = make_plan(
                source.spec,
                effects,
                choice.formats,
                device,
                upright=upright,
                fuse=request.fuse,
                dither=request.dither,
                table_error=request.table_error,
            )
            threads = shares(source.spec.width, source.spec.height)
            yield Preparation(request, device, threads, source, choice, plan, total)


def chosen(request: RenderRequest) -> EncoderChoice:
    """Return container and encoder of a request's output.

    Raises:
        FormatError, ParameterError: as `choose` does.
    """
    return choose(
        request.output,
        request.encoder,
        crf=request.crf,
        preset=request.preset,
        pixel_format=request.pixel_format,
        options={name: str(value) for name, value in request.encoder_options.items()},
    )


def threads_of(request: RenderRequest, settings: Settings) -> int | None:
    """Return the threads that every stage is to have; None leaves them to the budget.

    Raises:
        UsageError: fewer than one.
    """
    wanted = settings.threads if request.threads is None else request.threads
    if wanted is not None and wanted < 1:
        raise UsageError(f"threads: expected at least 1, got {wanted}")
    return wanted


def shares_of(choice: EncoderChoice, effects: int, pixels: int, wanted: int | None, budget: Budget) -> Shares:
    """Return the threads of each stage for frames of so many pixels and so many effects on the CPU."""
    if wanted is not None:
        return Shares(wanted, wanted, wanted, fixed=True)
    encoder = choice.encoder
    work = Work(
        pixels,
        effects=effects,
        encoding=encoder.work_with(choice.options) if encoder else 0.0,
        encoder_threads=bool(encoder and encoder.has_threads),
    )
    return budget.shares(work)


def _input(request: RenderRequest) -> AnyPath:
    """Return the input, the sequence that it names with its rate."""
    return found(request.input, None if request.rate is None else parse_rate(request.rate))


def _check_segments(request: RenderRequest, choice: EncoderChoice) -> None:
    if request.segments is None:
        return
    if not 0 < request.segments < math.inf:
        raise UsageError(f"segments: expected their length as a number of seconds above 0, got {request.segments:g}")
    if request.best_effort:
        raise UsageError("segments: expected a whole input, got best_effort; leave one of the two out")
    from lumaloom.media.joining import check_joinable

    check_joinable(choice)


def _check_picture(request: RenderRequest, choice: EncoderChoice, total: int | None) -> None:
    """Refuse one picture for as many frames as a file declares; where it does not, or times cut it, the sink does."""
    if total is None or total < 2 or any(at is not None and at.frame is None for at in (request.start, request.end)):
        return
    if choice.encoder and choice.container.is_pictures and not PATTERN.search(os.path.basename(request.output)):
        from lumaloom.media.pictures import more_frames_error

        raise more_frames_error(request.output)


def _source_options(request: RenderRequest, threads: Callable[[int, int], int], store: DiskCache) -> SourceOptions:
    start, end = request.start or Position(), request.end or Position()
    return SourceOptions(
        best_effort=request.best_effort,
        threads=threads,
        start=start.seconds,
        start_frame=start.frame,
        end=end.seconds,
        end_frame=end.frame,
        store=store,
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
