"""The other end: a process that renders jobs on an engine of its own."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from lumaloom.errors import LumaloomError
from lumaloom.jobs.events import JobEvent
from lumaloom.jobs.execution.executor import Renders
from lumaloom.jobs.result import RenderResult
from lumaloom.services.events import Event, EventBus

# What comes back: events of the job, then its result or error; None of a part, which has told all by events.
Message = Event | RenderResult | BaseException | None
# Seconds that the job under way has to stop once nobody waits for it.
_PATIENCE = 5.0


def work(pipe: Connection, elsewhere: bytes) -> None:
    """Render the jobs that come through a pipe until it is closed.

    Bytes that come are a pickled call and its job; none at all stop the job under way. Who has the other end decides
    when to stop, so signals to the whole group of processes are left to it.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    cancel, tasks, lock = threading.Event(), SimpleQueue[bytes](), threading.Lock()

    def send(message: Message) -> None:
        with lock, suppress(OSError):  # nobody may be there any more: `_listen` ends all then
            pipe.send(message)

    threading.Thread(target=_listen, args=(pipe, tasks, cancel), daemon=True).start()
    with EventBus() as bus, ExitStack() as stack:
        bus.subscribe(JobEvent, send, queue=None)
        engine: Renders | None = None
        while task := tasks.get():
            try:
                call, job = pickle.loads(task)
                engine = engine or stack.enter_context(_made(elsewhere, bus))
                message: Message = call(engine, job, cancel)
            except BaseException as error:  # what an effect raises or exits with is its job's error
                message = portable(error)
            send(message)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # what effects printed
            stream.flush()
    os._exit(0)  # everything is closed; to take the libraries down as well takes longer than many a segment


def _listen(pipe: Connection, tasks: SimpleQueue[bytes], cancel: threading.Event) -> None:
    try:
        while True:
            if task := pipe.recv_bytes():
                tasks.put(task)
            else:
                cancel.set()
    except (EOFError, OSError):
        cancel.set()
        tasks.put(b"")
        time.sleep(_PATIENCE)  # this thread ends with the process; an effect that hangs shall not outlive its job
        os._exit(1)


def _made(elsewhere: bytes, bus: EventBus) -> AbstractContextManager[Renders]:
    (make,) = pickle.loads(elsewhere)
    maker: Callable[[EventBus], Any] = make
    made: AbstractContextManager[Renders] = maker(bus)
    return made


def portable(error: BaseException) -> BaseException:
    """Return an error that can be pickled: itself, with its traceback in words where it has no message for people."""
    if not isinstance(error, LumaloomError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # strangers' exceptions fail in any way that there is
        return LumaloomError(f"unexpected {type(error).__name__}: {error}")
    return error
