"""How far a render is."""

from __future__ import annotations

from dataclasses import dataclass

from lumaloom.jobs.events import JobEvent


@dataclass(frozen=True, slots=True)
class Progress(JobEvent):
    """A moment of a render: about ten a second, and one after the last frame.

    Attributes:
        frames: frames written so far.
        total: frames expected, None where it is unknown.
        seconds: since the render started.
        shares: each stage's part of all stage time, 0 to 1.
    """

    frames: int
    total: int | None
    seconds: float
    shares: dict[str, float]

    @property
    def fps(self) -> float:
        """Frames per second so far."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds left at this pace, None where it is unknown."""
        if not self.total or not self.frames:
            return None
        return max(self.total - self.frames, 0) * self.seconds / self.frames
