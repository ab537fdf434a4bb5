"""What runs jobs: the contract."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.result import RenderResult
from lumaloom.services.events import EventBus


@dataclass(frozen=True, slots=True)
class Job:
    """A request that is queued; it can be pickled where its effects can, as text always can.

    Attributes:
        id: the job's in its events.
        request: what to do.
    """

    id: str
    request: RenderRequest


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: its result, or what it failed with.

    Attributes:
        job: which.
        result: None where it failed.
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

    def elsewhere(self) -> Callable[[EventBus], AbstractContextManager[Renders]]:
        """Return what makes the same in another process, telling a bus there; it can be pickled."""


class Executor(Protocol):
    """Runs jobs: a service of the engine, which can be replaced."""

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
