"""The events of a render as lines of JSON on stdout."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

from lumaloom.cli.output import emit
from lumaloom.jobs import (
    JobEvent,
    JobQueued,
    Progress,
    ProjectLoaded,
    RenderCancelled,
    RenderFailed,
    RenderFinished,
    RenderStarted,
    SegmentFinished,
)
from lumaloom.services.events import Event, EventBus, Queue

_NAMES: dict[type[Event], str] = {
    RenderStarted: "start",
    Progress: "progress",
    SegmentFinished: "segment",
    RenderFinished: "finish",
}
_NAMES_OF_PROJECTS: dict[type[Event], str] = {
    ProjectLoaded: "project",
    JobQueued: "queued",
    RenderFailed: "failed",
    RenderCancelled: "cancelled",
}


class EventPrinter:
    """Prints `start`, `progress`, `segment` where there are several, and `finish` as they come, however slowly read.

    Of a project also `project`, `queued`, `failed` and `cancelled`, each but the first with its `job`. A reader that
    went away, or a full disk, stops the render: the body's error is then that OSError.

    Args:
        cancel: stops the render.
        project: whether many renders are told of.

    Attributes:
        bus: of the render.
    """

    def __init__(self, cancel: threading.Event, *, project: bool = False) -> None:
        self.bus = EventBus()
        self._project = project
        self._cancel = cancel
        self._broken: OSError | None = None
        kinds = (*_NAMES, *_NAMES_OF_PROJECTS) if project else tuple(_NAMES)
        # No more wait than the few of each render: what is newest of each kind and job.
        self.bus.subscribe(kinds, self._print, queue=Queue(size=1 << 16, when_full="coalesce"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bus.close(None)
        if self._broken is not None:
            raise self._broken

    def _print(self, event: Event) -> None:
        if isinstance(event, SegmentFinished) and event.segments == 1:
            return
        try:
            job = {"job": event.job} if self._project and isinstance(event, JobEvent) else {}
            emit({**_NAMES, **_NAMES_OF_PROJECTS}[type(event)], **job, **_fields(event))
        except OSError as problem:
            self._broken = problem
            self._cancel.set()


def _fields(event: Event) -> dict[str, Any]:
    if isinstance(event, RenderStarted):
        return dict(event.plan)
    if isinstance(event, RenderFinished):
        return dict(event.result)
    if isinstance(event, Progress):
        return _moment(event)
    return {name: value for name, value in event.as_dict().items() if name not in ("event", "job", "at")}


def _moment(moment: Progress) -> dict[str, object]:
    return {
        "frames": moment.frames,
        "total": moment.total,
        "seconds": round(moment.seconds, 3),
        "fps": round(moment.fps, 2),
        "remaining": None if moment.remaining is None else round(moment.remaining, 2),
        "shares": {name: round(share, 4) for name, share in moment.shares.items()},
    }
