"""Jobs: what is to be rendered, how far it is, how it went."""

from lumaloom.jobs.events import (
    CacheEvicted,
    ClockJumped,
    DeviceLost,
    EffectFailed,
    InputRepaired,
    JobEvent,
    JobQueued,
    MemoryPressure,
    PluginFailed,
    PluginLoaded,
    ProjectLoaded,
    RenderCancelled,
    RenderEnded,
    RenderFailed,
    RenderFinished,
    RenderStarted,
    SegmentFinished,
    SegmentMade,
    SegmentStarted,
    StagesTimed,
    StretchProgress,
)
from lumaloom.jobs.preparation import Preparation, Preparer
from lumaloom.jobs.progress import Progress
from lumaloom.jobs.rendering import Renderer
from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.result import RenderResult
from lumaloom.jobs.timecode import Position, parse_position

__all__ = [
    "CacheEvicted",
    "ClockJumped",
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
    "Preparer",
    "Progress",
    "ProjectLoaded",
    "RenderCancelled",
    "RenderEnded",
    "RenderFailed",
    "RenderFinished",
    "RenderRequest",
    "RenderResult",
    "RenderStarted",
    "Renderer",
    "SegmentFinished",
    "SegmentMade",
    "SegmentStarted",
    "StagesTimed",
    "StretchProgress",
    "parse_position",
]
