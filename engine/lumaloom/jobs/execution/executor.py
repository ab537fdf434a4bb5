"""What runs jobs: the contract."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.result import RenderResult
from lumaloom.services.events import EventBus

if TYPE_CHECKING:
    from lumaloom.jobs.segments.stretch import Stretch


@dataclass(frozen=True, slots=True)
class Job:
    """A request that is queued, or a part of one; it can be pickled where its effects can, as text always can.

    Attributes:
        id: the job's in its events.
        request: what to do.
        tries: how often it is begun at most where the process that ran it is lost.
    """

    tries: ClassVar[int] = 1

    id: str
    request: RenderRequest

    def run(self, engine: Renders, cancel: threading.Event) -> RenderResult | None:
        """Do it on an engine, until `cancel` is set; None where it is a part, which tells by events what it made."""
        return engine.render(self.request, cancel=cancel, job=self.id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: its result, or what it failed with.

    Attributes:
        job: which.
        result: None where it failed, or is a part of a job.
        error: `CancelledError` where it was stopped or never began, `WorkerError` where the process that rendered it
            was lost; None where nothing failed.
    """

    job: Job
    result: RenderResult | None = None
    error: BaseException | None = None


class Renders(Protocol):
    """What renders jobs in this process: an engine."""

    def render(
        self, request: RenderRequest, *, cancel: threading.Event | None = None, job: str | None = None
    ) -> RenderResult:
        """Render a request; `job` is its id where it was queued already."""

    def make(self, stretch: Stretch, *, cancel: threading.Event) -> None:
        """Make neighbouring segments of a job, for who joins them."""

    def elsewhere(self) -> Callable[[EventBus], AbstractContextManager[Renders]]:
        """Return what makes the same in another process, telling a bus there; it can be pickled."""


class Executor(Protocol):
    """Runs jobs, each by its `run`: a service of the engine, which can be replaced."""

    def run(
        self, jobs: Sequence[Job], engine: Renders, *, cancel: threading.Event, keep_going: bool
    ) -> Generator[Outcome, None, None]:
        """Run jobs, and yield an outcome for every one of them, as they end.

        Events of the jobs reach the engine's bus before their outcomes do, wherever they are rendered.

        Args:
            jobs: any number; queued already.
            engine: renders them here, or is made anew elsewhere.
            cancel: set it, from any thread, to stop the jobs under way, and to begin no more; it is set as well where
                the generator is closed early.
            keep_going: begin jobs also after one has failed.
        """
