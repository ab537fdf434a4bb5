"""The engine: services wired together, and the jobs that use them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lumaloom.cache import DiskCache
from lumaloom.composition.overrides import overridden, permitted
from lumaloom.composition.providers import GivenBus, LeftOut
from lumaloom.errors import UsageError
from lumaloom.jobs import Preparation, Preparer, Progress, ProjectLoaded, Renderer, RenderRequest, RenderResult
from lumaloom.jobs.execution import Executor, Job, Outcome, run_all
from lumaloom.jobs.segments.terms import Hands
from lumaloom.media.info import MediaInfo
from lumaloom.media.probe_store import stored_probe
from lumaloom.memory import default_limit
from lumaloom.plugins import PluginFailure, Registry
from lumaloom.services.events import EventBus
from lumaloom.services.pools import Pools
from lumaloom.services.settings import Resolved, Settings, load
from lumaloom.services.telemetry import Telemetry

if TYPE_CHECKING:
    from lumaloom.jobs.project import Project
    from lumaloom.jobs.segments.stretch import Stretch

T = TypeVar("T")


class Engine:
    """Services for any number of jobs, made when first needed and ended in reverse, whatever fails.

    Args:
        settings: win over the settings file and the environment.
        events: told what happens; it outlives the engine.
        replace: a factory, or a class, for each type of service that shall not be the usual one; it wins over what
            plugins bring. What a factory needs it states by the types of its arguments; a generator function cleans
            up after its `yield`.

    Raises:
        UsageError: a setting that there is not, or a bad value.
        GraphError: a service is missing, depends on itself, or on one that lives shorter than it; the message
            shows the path.

    Example:
        >>> with Engine(replace={Clock: MyClock}) as engine:  # doctest: +SKIP
        ...     engine.render(RenderRequest(input="in.mp4", output="out.mp4"))
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, Any] | None = None,
        events: EventBus | None = None,
        replace: Mapping[type, Callable[..., Any]] | None = None,
    ) -> None:
        from lumaloom.composition.wiring import wired  # loads dishka

        if not isinstance(events, EventBus | None):
            raise UsageError(f"events: expected an EventBus of lumaloom.services.events, got {events!r}")
        resolved, left_out = load(settings), list[PluginFailure]()
        given = {Resolved: resolved, GivenBus: events, LeftOut: left_out}
        makers: dict[type, Callable[..., Any]] = {}
        if names := permitted(resolved.settings.plugin_services):
            makers, failures = overridden(names, lambda makers: wired(given, makers))
            left_out += failures
        self.container = wired(given, {**makers, **(replace or {})})
        self._given, self._replace = dict(settings or {}), dict(replace or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, kind: type[T]) -> T:
        """Return a service that lives as long as the engine."""
        return self.container.get(kind)

    def close(self) -> None:
        """End all services, the last made first; a failure in one is logged and keeps none from its end."""
        self.container.close()

    def render(
        self,
        request: RenderRequest,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
        job: str | None = None,
    ) -> RenderResult:
        """Render a request to its end, and return how it went.

        Segments that are missing are made where the setting `executor` says, `jobs` at a time, unless the request was
        queued: it has its place already.

        Args:
            request: what to do.
            on_progress: called from this thread about ten times a second, and after the last frame; what it raises
                ends the render.
            cancel: set it, from any thread, to stop; the output is removed.
            job: its id in events, where it was queued already.

        Raises:
            LumaloomError: with one line for people; nothing is left behind under the output's name or a temporary
                one.
            CancelledError: `cancel` was set.
        """
        hands = self._hands() if request.segments is not None and job is None else None
        with self.container.job() as services:
            renderer = services.get(Renderer)
            return renderer.render(request, on_progress=on_progress, cancel=cancel, job=job, hands=hands)

    def make(self, stretch: Stretch, *, cancel: threading.Event) -> None:
        """Make neighbouring segments of a job for who joins them; jobs of executors call it.

        Raises:
            LumaloomError: with one line for people.
            CancelledError: `cancel` was set.
        """
        with self.container.job() as services:
            services.get(Renderer).make(stretch, cancel=cancel)

    def _hands(self) -> Hands | None:
        """Return what makes segments side by side, None where the settings have one job at a time."""
        jobs = self.get(Settings).jobs

        def run(parts: Sequence[Job], stop: threading.Event) -> Generator[Outcome, None, None]:
            executor: Executor = self.get(Executor)  # type: ignore[type-abstract]  # what makes it is concrete
            return executor.run(parts, self, cancel=stop, keep_going=False)

        return Hands(jobs, run) if jobs > 1 else None

    def render_all(
        self,
        requests: Iterable[RenderRequest],
        *,
        keep_going: bool = False,
        cancel: threading.Event | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> list[Outcome]:
        """Render requests where the setting `executor` says, `jobs` at a time; return how each went, in their order.

        Args:
            requests: what to do; all are queued before the first begins.
            keep_going: begin renders also after one has failed.
            cancel: set it, from any thread, to stop those under way and to begin no more.
            on_outcome: called in this thread as each ends; what it raises stops the others.
        """
        executor: Executor = self.get(Executor)  # type: ignore[type-abstract]  # what makes it is concrete
        with self.get(Telemetry).span("renders"):
            return run_all(
                requests,
                self,
                executor,
                self.get(EventBus),
                keep_going=keep_going,
                cancel=cancel,
                on_outcome=on_outcome,
            )

    def load_project(self, path: str | os.PathLike[str]) -> Project:
        """Read a project file, whose effects are those of this engine.

        Raises:
            LumaloomError: as `lumaloom.load_project` does.
        """
        from lumaloom.jobs.project import load_project

        return load_project(path, self.get(Registry))

    def render_project(
        self,
        project: Project,
        *,
        keep_going: bool = False,
        cancel: threading.Event | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> list[Outcome]:
        """Tell that a project was loaded, and render all of it; see `render_all`."""
        self.get(EventBus).emit(ProjectLoaded(path=str(project.path), renders=len(project.renders)))
        return self.render_all(project.requests, keep_going=keep_going, cancel=cancel, on_outcome=on_outcome)

    def elsewhere(self) -> Callable[[EventBus], Engine]:
        """Return what makes an engine like this one in another process; it can be pickled where `replace` can.

        Where engines are side by side on this machine, each has its part of the memory.
        """
        settings, given = self.get(Settings), dict(self._given)
        if settings.memory_limit is None and settings.executor == "processes":
            given["memory_limit"] = default_limit() // settings.jobs
        return partial(engine_elsewhere, given, self._replace)

    def probe(self, paths: Sequence[str | os.PathLike[str]]) -> list[MediaInfo]:
        """Return what is in files, in their order; several are read at once, and none again until it changes.

        Raises:
            InputError: one can't be read: the first of those.
        """
        store = self.get(DiskCache)
        with self.get(Pools).io.lane("probe") as lane:
            return [each.result() for each in [lane.submit(stored_probe, path, store=store) for path in paths]]

    @contextmanager
    def prepare(self, request: RenderRequest) -> Generator[Preparation, None, None]:
        """Settle everything about a request without writing anything: what a dry run shows.

        Raises:
            LumaloomError: the request can't be carried out.
        """
        with self.container.job() as job, job.get(Preparer).prepare(request) as prepared:
            yield prepared


def engine_elsewhere(
    settings: Mapping[str, Any], replace: Mapping[type, Callable[..., Any]], events: EventBus
) -> Engine:
    """Return an engine for jobs of another, whose metrics, pages, logs and files of events tell of them."""
    quiet = {"serve_metrics": None, "telemetry_metrics": False, "log": "off", "events_file": None}
    return Engine(settings={**settings, **quiet}, events=events, replace=replace)
