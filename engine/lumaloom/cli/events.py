"""The events of a render as lines of JSON on stdout."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from lumaloom.cli.output import emit
from lumaloom.jobs import Progress, RenderFinished, RenderStarted
from lumaloom.services.events import Event, EventBus, Queue


class EventPrinter:
    """Prints `start`, `progress` and `finish` as they come, however slowly they are read.

    A reader that went away stops the render: the body's error is then a BrokenPipeError.

    Attributes:
        bus: of the render.
    """

    def __init__(self, cancel: threading.Event) -> None:
        self.bus = EventBus()
        self._cancel = cancel
        self._broken: BrokenPipeError | None = None
        kinds = (RenderStarted, Progress, RenderFinished)
        self.bus.subscribe(kinds, self._print, queue=Queue(when_full="coalesce"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bus.close(None)
        if self._broken is not None:
            raise self._broken

    def _print(self, event: Event) -> None:
        try:
            if isinstance(event, RenderStarted):
                emit("start", **event.plan)
            elif isinstance(event, RenderFinished):
                emit("finish", **event.result)
            elif isinstance(event, Progress):
                emit("progress", **_fields(event))
        except BrokenPipeError as problem:
            self._broken = problem
            self._cancel.set()


def _fields(moment: Progress) -> dict[str, object]:
    return {
        "frames": moment.frames,
        "total": moment.total,
        "seconds": round(moment.seconds, 3),
        "fps": round(moment.fps, 2),
        "remaining": None if moment.remaining is None else round(moment.remaining, 2),
        "shares": {name: round(share, 4) for name, share in moment.shares.items()},
    }
