"""Clean stops: the first signal asks the work to end, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from lumaloom.errors import CancelledError

# Ctrl-C, a polite kill, and a terminal that went away.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def stopping() -> Generator[threading.Event, None, None]:
    """Give an event that is set by the first SIGINT, SIGTERM or SIGHUP; a second signal ends the process.

    A CancelledError out of the body gets 128 + the signal's number as its exit code. Signals that the process
    was started to ignore stay ignored, and outside the main thread nothing is changed.
    """
    event = threading.Event()
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        event.set()

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        wanted = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, handle) for number in wanted}
    try:
        yield event
    except CancelledError as problem:
        if received:
            problem.exit_code = 128 + received[0]
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
