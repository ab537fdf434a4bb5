"""Jobs: what is to be rendered, how far it is, how it went."""

from lumaloom.jobs.progress import Progress
from lumaloom.jobs.rendering import Preparation, RenderResult, prepare, render
from lumaloom.jobs.request import RenderRequest
from lumaloom.jobs.timecode import Position, parse_position

__all__ = [
    "Position",
    "Preparation",
    "Progress",
    "RenderRequest",
    "RenderResult",
    "parse_position",
    "prepare",
    "render",
]
