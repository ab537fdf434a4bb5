"""Jobs side by side: what executors share."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from queue import SimpleQueue
from typing import Protocol

from lumaloom.errors import CancelledError, WorkerError
from lumaloom.jobs.execution.executor import Job, Outcome, Renders
from lumaloom.jobs.result import RenderResult
from lumaloom.services.telemetry import Telemetry

# Runs a job on an engine, traced under the span that was current where the jobs were handed over.
Call = Callable[[Renders, Job, threading.Event], RenderResult | None]


def run_job(engine: Renders, job: Job, cancel: threading.Event) -> RenderResult | None:
    """Run a job on an engine."""
    return job.run(engine, cancel)


class Place(Protocol):
    """Where one job at a time is rendered."""

    def render(self, call: Call, job: Job, cancel: threading.Event) -> RenderResult | None:
        """Render a job; what it raises is the job's error."""


class SideBySide(ABC):
    """Runs jobs in some places at a time. A subclass says what a place is.

    Args:
        width: places.
        telemetry: carries the current span to them.
    """

    def __init__(self, width: int, telemetry: Telemetry) -> None:
        self._width, self._telemetry = width, telemetry

    @abstractmethod
    def place(self, engine: Renders) -> AbstractContextManager[Place]:
        """Return a place; it is left when all jobs are over."""

    def run(
        self, jobs: Sequence[Job], engine: Renders, *, cancel: threading.Event, keep_going: bool
    ) -> Generator[Outcome, None, None]:
        """Run jobs, and yield an outcome for every one of them, as they end; see `Executor`."""
        call = self._telemetry.carried(run_job)
        places: SimpleQueue[Place] = SimpleQueue()
        outcomes: SimpleQueue[Outcome] = SimpleQueue()
        failed: list[Job] = []

        def one(job: Job) -> None:
            if cancel.is_set() or (failed and not keep_going):
                why = "cancelled" if cancel.is_set() else f"{failed[0].request.output} failed"
                outcomes.put(Outcome(job, error=CancelledError(f"{job.request.output}: never begun: {why}")))
                return
            place = places.get()
            for left in reversed(range(job.tries)):
                try:
                    outcome = Outcome(job, place.render(call, job, cancel))
                except BaseException as error:  # also what an effect exits with: every job has its outcome
                    if left and isinstance(error, WorkerError) and not cancel.is_set():
                        continue
                    failed.append(job)
                    outcome = Outcome(job, error=error)
                break
            places.put(place)
            outcomes.put(outcome)

        with ExitStack() as stack:
            width = min(self._width, len(jobs))
            for _ in range(width):
                places.put(stack.enter_context(self.place(engine)))
            threads = stack.enter_context(ThreadPoolExecutor(max(width, 1), "lumaloom-job"))
            for job in jobs:
                threads.submit(one, job)
            try:
                for _ in jobs:
                    yield outcomes.get()
            except BaseException:
                cancel.set()
                raise
