"""Jobs on the machines of Dask's cluster, which see the same files by the same names."""

from __future__ import annotations

import pickle
import threading
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any, cast

import distributed

from lumaloom.errors import UsageError, WorkerError
from lumaloom.jobs.events import JobEvent
from lumaloom.jobs.execution.executor import Job, Outcome, Renders
from lumaloom.jobs.execution.processes import packed
from lumaloom.jobs.execution.side import Call, Place, SideBySide
from lumaloom.jobs.execution.worker import portable
from lumaloom.jobs.result import RenderResult
from lumaloom.services.events import EventBus
from lumaloom.services.telemetry import Telemetry

# Seconds between two looks at how a task is, or whether to stop; and those that the scheduler has to answer.
_LOOK, _PATIENCE = 0.2, 10.0


class DaskExecutor(SideBySide):
    """Renders as tasks, one for each worker at a time; a task whose worker is lost three times fails alone.

    Tasks and events are pickled: whoever reaches the scheduler can run code on every machine of the cluster.

    Args:
        address: of the scheduler.
        telemetry: traces jobs there under the span that is current here.
        events: told what happens there.

    Raises:
        UsageError: no address.
    """

    def __init__(self, address: str | None, telemetry: Telemetry, events: EventBus) -> None:
        if not address:
            raise UsageError("executor: dask needs the setting `cluster`, its scheduler's address")
        super().__init__(1, telemetry)
        self._address, self._events = address, events

    def run(
        self, jobs: Sequence[Job], engine: Renders, *, cancel: threading.Event, keep_going: bool
    ) -> Generator[Outcome, None, None]:
        """Run jobs, and yield an outcome for every one of them, as they end; see `Executor`."""
        try:
            self._client = distributed.Client(self._address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as problem:
            raise UsageError(f"cluster: {self._address}: no scheduler answers: {problem}") from None
        with self._client:
            self._width = max(len(self._client.scheduler_info(n_workers=-1)["workers"]), 1)
            with closing(super().run(jobs, engine, cancel=cancel, keep_going=keep_going)) as outcomes:
                yield from outcomes

    def place(self, engine: Renders) -> AbstractContextManager[Place]:
        """Return what hands tasks to the cluster."""
        return nullcontext(_Cluster(self._client, engine, self._events))


class _Cluster:
    def __init__(self, client: Any, engine: Renders, events: EventBus) -> None:
        self._client, self._elsewhere, self._events = client, engine.elsewhere(), events

    def render(self, call: Call, job: Job, cancel: threading.Event) -> RenderResult | None:
        """Render a job there; its events are told here."""
        output = job.request.output
        topic, told = f"lumaloom-{uuid.uuid4().hex}", threading.Event()

        def tell(event: tuple[float, bytes]) -> None:
            if event[1]:
                self._events.emit(pickle.loads(event[1]))
            else:
                told.set()

        task = packed(self._elsewhere, call, job, output=output)
        self._client.subscribe_topic(topic, tell)
        try:
            stop = distributed.Event(topic, client=self._client)
            future = self._client.submit(_render, task, topic, key=topic)
            while not future.done():
                if cancel.is_set() and not stop.is_set():
                    stop.set()
                time.sleep(_LOOK)
            message = future.result()
            told.wait(_PATIENCE)
        except Exception as problem:
            why = str(problem).partition(". ")[0]
            raise WorkerError(f"{output}: lost by the cluster: {type(problem).__name__}: {why}") from None
        finally:
            self._client.unsubscribe_topic(topic)
        if isinstance(message, BaseException):
            raise message
        return cast(RenderResult | None, message)


def _render(task: bytes, topic: str) -> RenderResult | BaseException | None:
    """Render a job on a worker of the cluster, and tell of it under a topic; nothing is told last."""
    worker, stop = distributed.get_worker(), distributed.Event(topic, client=distributed.get_client())
    cancel, over = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            if stop.is_set():
                cancel.set()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        elsewhere, call, job = pickle.loads(task)
        with EventBus() as bus:
            bus.subscribe(JobEvent, lambda event: worker.log_event(topic, pickle.dumps(event)), queue=None)
            with elsewhere(bus) as engine:
                return cast(RenderResult | None, call(engine, job, cancel))
    except BaseException as error:  # what an effect raises or exits with is its job's error
        return portable(error)
    finally:
        over.set()
        watching.join()
        worker.log_event(topic, b"")
