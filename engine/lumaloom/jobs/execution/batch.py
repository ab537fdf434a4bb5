"""Many requests, queued and run."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import closing

from lumaloom.errors import CancelledError, LumaloomError, WorkerError
from lumaloom.jobs.events import JobQueued, RenderCancelled, RenderEnded, RenderFailed
from lumaloom.jobs.execution.executor import Executor, Job, Outcome, Renders
from lumaloom.jobs.request import RenderRequest
from lumaloom.services.events import EventBus


def run_all(
    requests: Iterable[RenderRequest],
    engine: Renders,
    executor: Executor,
    events: EventBus,
    *,
    keep_going: bool = False,
    cancel: threading.Event | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Run requests to their ends, and return how each went, in their order.

    All are queued before the first begins, and every job that is queued has an ending event. Errors name the output.

    Args:
        requests: what to do.
        engine: renders them.
        executor: decides where, and how many at a time.
        events: told what happens.
        keep_going: begin renders also after one has failed.
        cancel: set it, from any thread, to stop.
        on_outcome: called in this thread as each job ends; what it raises stops the others.
    """
    jobs = [Job(os.urandom(8).hex(), request) for request in requests]
    ended: set[str] = set()
    watched = events.subscribe(RenderEnded, lambda event: ended.add(event.job), queue=None)
    outcomes: dict[str, Outcome] = {}
    try:
        for job in jobs:
            request = job.request
            events.emit(JobQueued(job=job.id, input=os.fspath(request.input), output=os.fspath(request.output)))
        with closing(executor.run(jobs, engine, cancel=cancel or threading.Event(), keep_going=keep_going)) as running:
            for outcome in running:
                if outcome.error is not None:
                    name_render(outcome.error, outcome.job.request)
                if outcome.job.id not in ended:
                    _tell_end(outcome, events)
                outcomes[outcome.job.id] = outcome
                if on_outcome:
                    on_outcome(outcome)
    finally:
        watched.cancel()
    lost = WorkerError("the executor gave no outcome")
    return [outcomes.get(job.id) or Outcome(job, error=lost) for job in jobs]


def name_render(error: BaseException, request: RenderRequest) -> None:
    """Put the output of a render, its input where there is none, before what its error says; once."""
    name = os.fspath(request.input if request.output == "null" else request.output)
    if isinstance(error, LumaloomError) and not str(error).startswith(name):
        error.args = (f"{name}: {error}",)


def _tell_end(outcome: Outcome, events: EventBus) -> None:
    """Tell the end of a job that could not tell it itself: it never began, or was lost with its process."""
    job, error = outcome.job.id, outcome.error
    if isinstance(error, CancelledError):
        events.emit(RenderCancelled(job=job, message=str(error)))
    elif error is not None:
        events.emit(RenderFailed(job=job, error=type(error).__name__, message=str(error)))
