"""The progress bar of a render: on a terminal only, on stderr."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lumaloom.cli.output import clock, console, percentages, printable
from lumaloom.errors import counted

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from lumaloom.jobs import JobQueued, Progress, RenderEnded, RenderStarted
    from lumaloom.services.events import EventBus


class ProgressBar:
    """Shows frames, fps, time left and each stage's share; does nothing where stderr is no terminal.

    Of many renders it shows those under way, and which of how many each is.
    """

    def __init__(self, title: str = "rendering") -> None:
        self._title = title
        self._bar: RichProgress | None = None
        self._titles: dict[str, str] = {}
        self._tasks: dict[str, TaskID] = {}

    @cached_property
    def bus(self) -> EventBus:
        """The bus of the renders that the bar shows."""
        from lumaloom.jobs import JobQueued, Progress, RenderEnded, RenderStarted
        from lumaloom.services.events import EventBus

        bus = EventBus()
        if self._bar is not None:
            bus.subscribe(JobQueued, self.queue, queue=None)
            bus.subscribe(RenderStarted, self.start, queue=None)
            bus.subscribe(Progress, self.update, queue=None)
            bus.subscribe(RenderEnded, self.end, queue=None)
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
            self._idle = self._line(self._title)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def queue(self, event: JobQueued) -> None:
        """Count a render in."""
        self._titles[event.job] = f"{len(self._titles) + 1} of {{}}  {printable(os.path.basename(event.output))}"

    def start(self, event: RenderStarted) -> None:
        """Take what is settled before the first frame. The bar keeps pulsing until the first frame is out."""
        if self._bar is None:
            return
        plan = event.plan
        if len(self._titles) > 1:
            self._tasks[event.job] = self._line(self._titles[event.job].replace("{}", str(len(self._titles)), 1))
            self._bar.update(self._idle, visible=False)
        frames = f"0/{plan['frames']}" if plan["frames"] else ""
        self._set(event.job, None, 0, frames, "preparing kernels" if plan["steps"] else "")

    def update(self, moment: Progress) -> None:
        """Show a moment of a render."""
        left = "" if moment.remaining is None else f"{clock(moment.remaining)} left"
        count = f"{moment.frames}/{moment.total}" if moment.total else counted(moment.frames, "frames")
        speed = f"{moment.fps:.1f} fps  {left}"
        self._set(moment.job, moment.total, moment.frames, count, speed, percentages(moment.shares))

    def end(self, event: RenderEnded) -> None:
        """Take a render away, where there are others."""
        if self._bar is not None and (task := self._tasks.pop(event.job, None)) is not None:
            self._bar.remove_task(task)
            self._bar.update(self._idle, visible=not self._tasks)

    def count(self, done: int, total: int) -> None:
        """Show how much of other work is done."""
        self._set("", total, done, f"{done}/{total}")

    def _line(self, title: str) -> TaskID:
        assert self._bar is not None
        return self._bar.add_task(title, total=None, frames="", speed="", shares="")

    def _set(self, job: str, total: int | None, done: int, frames: str, speed: str = "", shares: str = "") -> None:
        if self._bar is not None:
            task = self._tasks.get(job, self._idle)
            self._bar.update(
                task, total=total, completed=done, frames=frames, speed=speed, shares=shares, refresh=False
            )
