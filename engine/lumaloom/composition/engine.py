"""The engine: services wired together, and the jobs that use them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from lumaloom.cache import DiskCache
from lumaloom.composition.overrides import overridden, permitted
from lumaloom.composition.providers import GivenBus, LeftOut
from lumaloom.jobs import Preparation, Preparer, Progress, Renderer, RenderRequest, RenderResult
from lumaloom.media.info import MediaInfo
from lumaloom.media.probe_store import stored_probe
from lumaloom.plugins import PluginFailure
from lumaloom.services.events import EventBus
from lumaloom.services.pools import Pools
from lumaloom.services.settings import Resolved, load

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

        resolved, left_out = load(settings), list[PluginFailure]()
        given = {Resolved: resolved, GivenBus: events, LeftOut: left_out}
        makers: dict[type, Callable[..., Any]] = {}
        if names := permitted(resolved.settings.plugin_services):
            makers, failures = overridden(names, lambda makers: wired(given, makers))
            left_out += failures
        self.container = wired(given, {**makers, **(replace or {})})

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
    ) -> RenderResult:
        """Render a request to its end, and return how it went.

        Args:
            request: what to do.
            on_progress: called from this thread about ten times a second, and after the last frame; what it raises
                ends the render.
            cancel: set it, from any thread, to stop; the output is removed.

        Raises:
            LumaloomError: with one line for people; nothing is left behind under the output's name or a temporary
                one.
            CancelledError: `cancel` was set.
        """
        with self.container.job() as job:
            return job.get(Renderer).render(request, on_progress=on_progress, cancel=cancel)

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
