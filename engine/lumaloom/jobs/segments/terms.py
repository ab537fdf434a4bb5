"""What a render lends to its segments, and what it gets back; segments themselves are loaded by who asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from lumaloom.cache import DiskCache
from lumaloom.media.losses import Losses
from lumaloom.media.sink import SinkSummary
from lumaloom.media.source import Source
from lumaloom.run import Meter
from lumaloom.run.items import Item
from lumaloom.services.clock import Clock
from lumaloom.services.events import EventBus
from lumaloom.services.telemetry import Telemetry

# When this process began to load effects, in nanoseconds: what code they are is known as long as its files are older.
BEGAN = time.time_ns()


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
        store: keeps segments.
        events, telemetry, meter, clock: of the job.
    """

    job: str
    path: Callable[[Source], AbstractContextManager[Iterable[Item]]]
    went_on: Callable[[int], None]
    store: DiskCache
    events: EventBus
    telemetry: Telemetry
    meter: Meter
    clock: Clock
