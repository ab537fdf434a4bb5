"""Jobs: what is to be rendered, how far it is, how it went."""

from lumaloom.jobs.events import (
    DeviceLost,
    EffectFailed,
    InputRepaired,
    JobEvent,
    JobQueued,
    MemoryPressure,
    PluginFailed,
    PluginLoaded,
    RenderCancelled,
    RenderEnded,
    RenderFailed,
    RenderFinished,
    RenderStarted,
)
from lumaloom.jobs.preparation import Preparation, prepare
from lumaloom.jobs.progress import Progress
from lumaloom.jobs.rendering import render
from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.result import RenderResult
from lumaloom.jobs.timecode import Position, parse_position

__all__ = [
    "DeviceLost",
    "EffectFailed",
    "InputRepaired",
    "JobEvent",
    "JobQueued",
    "MemoryPressure",
    "PluginFailed",
    "PluginLoaded",
    "Position",
    "Preparation",
    "Progress",
    "RenderCancelled",
    "RenderEnded",
    "RenderFailed",
    "RenderFinished",
    "RenderRequest",
    "RenderResult",
    "RenderStarted",
    "parse_position",
    "prepare",
    "render",
]
