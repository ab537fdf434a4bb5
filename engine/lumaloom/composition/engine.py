"""The engine: services wired together, and the jobs that use them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from dishka import Container, Provider, make_container
from dishka.exceptions import ExitError

from lumaloom.composition.providers import EngineServices, GivenBus, GivenSettings, JobServices, Scope
from lumaloom.jobs import Preparation, Preparer, Progress, Renderer, RenderRequest, RenderResult
from lumaloom.services.events import EventBus

_log = logging.getLogger("lumaloom")

T = TypeVar("T")


class Engine:
    """Services for any number of jobs, made when first needed and ended in reverse, whatever fails.

    Args:
        settings: win over the settings file and the environment.
        events: told what happens; it outlives the engine.
        replace: a factory, or a class, for each type of service that shall not be the usual one. What a factory
            needs it states by the types of its arguments; a generator function cleans up after its `yield`.

    Raises:
        dishka.exceptions.GraphError: a service is missing, depends on itself, or on one that lives shorter than it;
            the message shows the path.

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
        parts: list[Provider] = [EngineServices(), JobServices()]
        parts += [_replacement(parts, kind, factory) for kind, factory in (replace or {}).items()]
        self.container: Container = make_container(
            *parts, scopes=Scope, context={GivenSettings: settings or {}, GivenBus: events}
        )

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
        _end(self.container)

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
        with self._job() as job:
            return job.get(Renderer).render(request, on_progress=on_progress, cancel=cancel)

    @contextmanager
    def prepare(self, request: RenderRequest) -> Generator[Preparation, None, None]:
        """Settle everything about a request without writing anything: what a dry run shows.

        Raises:
            LumaloomError: the request can't be carried out.
        """
        with self._job() as job, job.get(Preparer).prepare(request) as prepared:
            yield prepared

    @contextmanager
    def _job(self) -> Generator[Container, None, None]:
        job = self.container().__enter__()
        try:
            yield job
        finally:
            _end(job)


def _end(container: Container) -> None:
    try:
        container.close()
    except ExitError as problems:
        for problem in problems.exceptions:
            _log.warning("a service failed to end: %s: %s", type(problem).__name__, problem)


def _replacement(parts: list[Provider], kind: type, factory: Callable[..., Any]) -> Provider:
    """Return a provider of `kind` in the scope of the usual one."""
    usual = [made for part in parts for made in part.factories if made.provides.type_hint is kind]
    if not usual:
        known = sorted(made.provides.type_hint.__name__ for part in parts for made in part.factories)
        raise TypeError(f"no service {kind.__name__}; there are {', '.join(known)}")
    provider = Provider(scope=usual[0].scope)
    provider.provide(factory, provides=kind)
    return provider
