"""How a render went."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lumaloom.media.losses import Losses
from lumaloom.media.sink import SinkSummary
from lumaloom.memory import PoolStats


@dataclass(frozen=True, slots=True)
class RenderResult:
    """How a render went.

    Attributes:
        frames: frames written.
        seconds: from opening the input to the renamed output.
        device: where the effects ran.
        steps: the plan's steps, a line each.
        stage_seconds: time per stage, summed over its threads.
        losses: what the source could not deliver.
        sink: what was written.
        pool: counts of the host pool after the last frame.
        warnings: what could not be kept, a line each.
        segments: that the output was made of.
        reused: segments that an earlier render had left on disk.
    """

    frames: int
    seconds: float
    device: str
    steps: tuple[str, ...]
    stage_seconds: dict[str, float]
    losses: Losses
    sink: SinkSummary
    pool: PoolStats
    warnings: tuple[str, ...] = ()
    segments: int = 1
    reused: int = 0

    @property
    def fps(self) -> float:
        """Frames per second over the whole render."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dictionary."""
        return {**asdict(self), "fps": self.fps, "lost": self.losses.any}
