"""What segments are, what a render lends to them, and what it gets back; their making is loaded by who asks for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from lumaloom.cache import DiskCache
from lumaloom.errors import UsageError
from lumaloom.jobs.execution.executor import Job, Outcome
from lumaloom.media.losses import Losses
from lumaloom.media.sink import SinkSummary
from lumaloom.media.source import Source
from lumaloom.run import Meter
from lumaloom.run.items import Item
from lumaloom.services.clock import Clock
from lumaloom.services.events import EventBus
from lumaloom.services.settings import load
from lumaloom.services.telemetry import Telemetry

# When this process began to load effects, in nanoseconds: what code they are is known as long as its files are older.
BEGAN = time.time_ns()


def side_by_side(jobs: int | None, segments: float | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by which a render makes so many segments at a time.

    Args:
        jobs: how many; None for what the settings say.
        segments: seconds of each.
        given: settings that win over the user's; they say where segments are made, or the user's do, else they are
            made in processes.

    Raises:
        UsageError: there are no segments, or the settings are bad.
    """
    if jobs is None:
        return dict(given)
    if segments is None:
        raise UsageError(
            "jobs: only segments of a render are made side by side; give their length as well, as in --segments 10 "
            "(segments=10)"
        )
    settings = {**given, "jobs": jobs}
    if load(settings).settings.executor is None:
        settings["executor"] = "processes"
    return settings


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the output: frames of the source from `first` to `last`, exclusive.

    Attributes:
        number: in the output, from 0.
        key: under which it is kept; None where it can't be.
    """

    number: int
    first: int
    last: int
    key: str | None


@dataclass(frozen=True, slots=True)
class Hands:
    """Who makes segments side by side.

    Attributes:
        width: segments at a time.
        run: runs jobs as an `Executor` does, until the event is set.
    """

    width: int
    run: Callable[[Sequence[Job], threading.Event], Generator[Outcome, None, None]]


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a render.

    Attributes:
        frames: of the output.
        summary: of what was written.
        losses: of what was read.
        segments: how many there are.
        reused: how many of them were taken from the store.
        warnings: what users should know about them, a line each.
    """

    frames: int
    summary: SinkSummary
    losses: Losses
    segments: int = 1
    reused: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """What a render lends to its segments.

    Attributes:
        job: names it in events.
        path: takes the frames of a source through the plan.
        went_on: told how many frames of the output there are; raises to stop.
        spent: told the time that stages took elsewhere, in all.
        store: keeps segments.
        events, telemetry, meter, clock: of the job.
        hands: make segments beside one another; None has them made one by one.
    """

    job: str
    path: Callable[[Source], AbstractContextManager[Iterable[Item]]]
    went_on: Callable[[int], None]
    spent: Callable[[Mapping[str, float]], None]
    store: DiskCache
    events: EventBus
    telemetry: Telemetry
    meter: Meter
    clock: Clock
    hands: Hands | None = None
