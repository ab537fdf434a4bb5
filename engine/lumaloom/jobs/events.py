"""What happens to a job, as events."""

from __future__ import annotations

import os
import socket
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lumaloom.run import Tally
from lumaloom.services.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent(Event):
    """Something that happened to a job.

    Attributes:
        job: the same for all events of a job, and for no other's.
    """

    job: str = ""

    @property
    def key(self) -> Hashable:
        """One of each kind for each job."""
        return type(self).__qualname__, self.job


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLoaded(Event):
    """A project was read; its renders are about to be queued.

    Attributes:
        path: of its file.
        renders: in it.
    """

    path: str
    renders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueued(JobEvent):
    """A render was asked for; nothing has been looked at yet."""

    input: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderStarted(JobEvent):
    """Everything is settled, and nothing is written yet.

    Attributes:
        plan: `Preparation.as_dict()`.
    """

    plan: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStarted(JobEvent):
    """The first frame of a segment of the output is about to be made.

    Attributes:
        segment: its number, from 0.
        segments: of the job.
        cached: whether it is taken from the store instead.
    """

    segment: int
    segments: int
    cached: bool = False

    @property
    def key(self) -> Hashable:
        """One for each segment."""
        return type(self).__qualname__, self.job, self.segment


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFinished(JobEvent):
    """A segment is written.

    Attributes:
        segment: its number, from 0.
        segments: of the job.
        frames: of the segment.
        seconds: that it took.
        cached: whether it was taken from the store.
    """

    segment: int
    segments: int
    frames: int
    seconds: float
    cached: bool = False

    @property
    def key(self) -> Hashable:
        """One for each segment."""
        return type(self).__qualname__, self.job, self.segment


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMade(JobEvent):
    """A segment that is made beside others is coded; it is written, and told as finished, when those before it are.

    Attributes:
        segment: its number, from 0.
        segments: of the job.
        frames: of the segment.
        seconds: that it took.
        file: where it waits.
        known: whether all that it was made of is as it was when the job began, so that it may be kept.
    """

    segment: int
    segments: int
    frames: int
    seconds: float
    file: str
    known: bool

    @property
    def key(self) -> Hashable:
        """One for each segment."""
        return type(self).__qualname__, self.job, self.segment


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchProgress(JobEvent):
    """How far some neighbouring segments are that are made beside others: about ten times a second, and at their end.

    Attributes:
        segment: number of the first of them.
        frames: of them all so far.
        stage_seconds: time per stage so far, summed over its threads.
        repaired: timestamps of the input that had to be repaired, where this is their end.
    """

    segment: int
    frames: int
    stage_seconds: Mapping[str, float]
    repaired: int = 0

    @property
    def key(self) -> Hashable:
        """One for each stretch."""
        return type(self).__qualname__, self.job, self.segment


def this_process() -> str:
    """Return a name that no other process has, on this machine or another."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StagesTimed(JobEvent):
    """How long the calls of each stage took in a render, or in a stretch of its segments; however that ended.

    Attributes:
        tally: seconds and calls by stage, also by the time that they took.
        process: that it ran in.
    """

    tally: Tally
    process: str = field(default_factory=this_process)

    @property
    def key(self) -> Hashable:
        """Each counts."""
        return type(self).__qualname__, id(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRepaired(JobEvent):
    """The source was damaged, and what it could deliver was rendered.

    Attributes:
        losses: `Losses.as_dict()`.
    """

    losses: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPressure(JobEvent):
    """Buffers in use came near the limit of their pool; all sizes in bytes."""

    memory: str
    in_use: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumped(JobEvent):
    """The machine's clock was set, or the machine slept, while a render ran; the render goes on.

    Attributes:
        seconds: that the clock went further than the time that passed; below 0 where it went back.
    """

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFailed(JobEvent):
    """An effect failed on a frame; `RenderFailed` follows.

    Attributes:
        effect: its name.
        seconds: time of the frame.
        message: one line.
    """

    effect: str
    seconds: float
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLost(JobEvent):
    """The device failed in the middle of a render; `RenderFailed` follows."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderEnded(JobEvent):
    """A render is over; its subclasses say how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderFinished(RenderEnded):
    """The output is whole and has its name.

    Attributes:
        result: `RenderResult.as_dict()`.
    """

    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderFailed(RenderEnded):
    """A render failed, and nothing is left of its output.

    Attributes:
        error: name of the exception's class.
        message: one line.
    """

    error: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderCancelled(RenderEnded):
    """A render was stopped from outside, and nothing is left of its output."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEvicted(Event):
    """A cache dropped what was used least to make room; nothing is wrong with it.

    Attributes:
        cache: `disk`, `frames` (decoded ones of an open clip) or `previews`.
        entries: dropped.
        nbytes: of them.
    """

    cache: str
    entries: int
    nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginLoaded(Event):
    """A plugin gave effects.

    Attributes:
        plugin: where it comes from.
        effects: their names.
    """

    plugin: str
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFailed(Event):
    """A plugin, or one of its effects, was left out; rendering goes on without it."""

    plugin: str
    reason: str
