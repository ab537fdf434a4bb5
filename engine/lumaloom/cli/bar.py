"""The progress bar of a render: on a terminal only, on stderr."""

from __future__ import annotations

import sys
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lumaloom.cli.output import clock, console, percentages

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from lumaloom.jobs import Progress, RenderStarted
    from lumaloom.services.events import EventBus


class ProgressBar:
    """Shows frames, fps, time left and each stage's share; does nothing where stderr is no terminal."""

    def __init__(self, title: str = "rendering") -> None:
        self._title = title
        self._bar: RichProgress | None = None

    @cached_property
    def bus(self) -> EventBus:
        """The bus of a render that the bar shows."""
        from lumaloom.jobs import Progress, RenderStarted
        from lumaloom.services.events import EventBus

        bus = EventBus()
        if self._bar is not None:
            bus.subscribe(RenderStarted, self.start, queue=None)
            bus.subscribe(Progress, self.update, queue=None)
        return bus

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.progress import BarColumn, Progress, TextColumn

            text = {"markup": False, "justify": "right"}
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=28, complete_style="magenta", finished_style="green"),
                TextColumn("{task.fields[frames]}", style="bold", **text),  # type: ignore[arg-type]
                TextColumn("{task.fields[speed]}", style="cyan", **text),  # type: ignore[arg-type]
                TextColumn("{task.fields[shares]}", style="dim", markup=False),
                console=console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=None, frames="", speed="", shares="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, event: RenderStarted) -> None:
        """Take what is settled before the first frame. The bar keeps pulsing until the first frame is out."""
        plan = event.plan
        self._set(
            None, 0, f"0/{plan['frames']}" if plan["frames"] else "", "preparing kernels" if plan["steps"] else "", ""
        )

    def update(self, moment: Progress) -> None:
        """Show a moment of the render."""
        left = "" if moment.remaining is None else f"{clock(moment.remaining)} left"
        count = f"{moment.frames}/{moment.total}" if moment.total else f"{moment.frames} frames"
        self._set(moment.total, moment.frames, count, f"{moment.fps:.1f} fps  {left}", percentages(moment.shares))

    def count(self, done: int, total: int) -> None:
        """Show how much of other work is done."""
        self._set(total, done, f"{done}/{total}", "", "")

    def _set(self, total: int | None, done: int, frames: str, speed: str, shares: str) -> None:
        if self._bar is not None:
            self._bar.update(
                self._task, total=total, completed=done, frames=frames, speed=speed, shares=shares, refresh=False
            )
