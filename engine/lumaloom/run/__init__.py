"""The frame path at work: generator stages, prefetch, workers, the GPU lane."""

from lumaloom.run.clips import OtherClips
from lumaloom.run.meter import BOUNDS, Depth, Meter, Tally, shares
from lumaloom.run.pipeline import run_plan
from lumaloom.run.prefetch import prefetch
from lumaloom.run.workers import Here, Workers, ordered_map

__all__ = [
    "BOUNDS",
    "Depth",
    "Here",
    "Meter",
    "OtherClips",
    "Tally",
    "Workers",
    "ordered_map",
    "prefetch",
    "run_plan",
    "shares",
]
