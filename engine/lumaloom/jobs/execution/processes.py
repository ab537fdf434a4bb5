"""Jobs in processes of their own: what kills one takes its job along and nothing else."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from lumaloom.errors import UsageError, WorkerError
from lumaloom.jobs.execution.executor import Job, Renders
from lumaloom.jobs.execution.side import Call, Place, SideBySide
from lumaloom.jobs.execution.worker import Message, work
from lumaloom.jobs.result import RenderResult
from lumaloom.services.events import Event, EventBus
from lumaloom.services.telemetry import Telemetry

# Seconds between two looks at whether to stop, and those that a worker has to end its engine.
_LOOK, _PATIENCE = 0.1, 10.0
_SPAWN = multiprocessing.get_context("spawn")


def packed(*parts: object, output: object) -> bytes:
    """Return parts of a job as bytes for another process.

    Raises:
        UsageError: they can't be pickled.
    """
    try:
        return pickle.dumps(parts)
    except (pickle.PicklingError, AttributeError, TypeError) as problem:
        raise UsageError(
            f"{output}: can't be rendered by another process: {problem}; give effects as text, and no services of "
            "your own, or set executor = 'local'"
        ) from None


class ProcessExecutor(SideBySide):
    """Renders in spawned processes, an engine each, as many at a time as the setting `jobs` says.

    As with everything that spawns, a script needs `if __name__ == "__main__":` around what it does. A worker that is
    killed leaves a hidden partial file beside the output, which the next render of that output removes; workers end
    with the process that began them, however that ends. Metrics are those of this engine: events tell it of frames,
    outcomes and the times of stages.

    Args:
        width: processes.
        telemetry: traces jobs there under the span that is current here.
        events: told what happens there.
    """

    def __init__(self, width: int, telemetry: Telemetry, events: EventBus) -> None:
        super().__init__(width, telemetry)
        self._events = events

    def place(self, engine: Renders) -> AbstractContextManager[Place]:
        """Return a process, which is started for the first job that it gets."""
        return _Worker(engine.elsewhere(), self._events)


class _Worker:
    """A process that renders one job at a time, and another one where that was lost."""

    def __init__(self, elsewhere: Callable[[EventBus], Any], events: EventBus) -> None:
        self._elsewhere, self._events = elsewhere, events
        self._process: multiprocessing.process.BaseProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def render(self, call: Call, job: Job, cancel: threading.Event) -> RenderResult | None:
        """Render a job there; its events are told here."""
        output = job.request.output
        task = packed(call, job, output=output)
        if self._process is None:
            self._start(packed(self._elsewhere, output=output))
        try:
            message = self._ended(task, cancel)
        except (EOFError, OSError):
            raise WorkerError(f"{output}: the process that rendered it {self._end()}; nothing was written") from None
        if isinstance(message, BaseException):
            raise message
        return message

    def _ended(self, task: bytes, cancel: threading.Event) -> RenderResult | BaseException | None:
        """Hand a task over, and return what comes of it."""
        self._pipe.send_bytes(task)
        asked = False
        while True:
            if cancel.is_set() and not asked:
                self._pipe.send_bytes(b"")
                asked = True
            if self._pipe.poll(_LOOK):
                message: Message = self._pipe.recv()
                if not isinstance(message, Event):
                    return message
                self._events.emit(message)

    def _start(self, elsewhere: bytes) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=work, args=(theirs, elsewhere), daemon=True, name="lumaloom-worker")
        self._process.start()
        theirs.close()

    def _end(self) -> str:
        """Let the process end, and return how it did."""
        process, self._process = self._process, None
        if process is None:
            return "never began"
        self._pipe.close()
        process.join(_PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        code = process.exitcode or 0
        process.close()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
