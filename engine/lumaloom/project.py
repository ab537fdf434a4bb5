"""The Python front door to project files: `load_project`, `render_project`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Literal

from lumaloom.composition import Engine
from lumaloom.errors import CancelledError
from lumaloom.jobs.execution import Outcome
from lumaloom.jobs.project import Project, load_project
from lumaloom.services.events import EventBus

__all__ = ["load_project", "render_project"]


def render_project(
    project: str | os.PathLike[str] | Project,
    *,
    only: Sequence[str] = (),
    jobs: int | None = None,
    executor: Literal["local", "processes", "dask"] | None = None,
    keep_going: bool = False,
    on_outcome: Callable[[Outcome], None] | None = None,
    cancel: threading.Event | None = None,
    events: EventBus | None = None,
) -> list[Outcome]:
    """Render what a project file describes, each render as `render` would.

    Args:
        project: path of the file, or what `load_project` returned.
        only: names of renders, or patterns such as `proxy-*`; all of them unless given.
        jobs: renders side by side; None for what the settings say, usually one.
        executor: where they run: `local`, `processes` or `dask`; None for what the settings say.
        keep_going: begin renders also after one has failed.
        on_outcome: called from this thread as each ends; what it raises stops the others.
        cancel: set it from another thread to stop; outputs that are not whole are removed.
        events: a bus whose subscribers are told what happens.

    Returns:
        The outcome of each render, in the order of the file: its result, or its error.

    Raises:
        LumaloomError: the project can't be read; or, unless `keep_going`, a render failed: its own error.
    """
    settings = {key: value for key, value in (("jobs", jobs), ("executor", executor)) if value is not None}
    with Engine(settings=settings, events=events) as engine:
        loaded = project if isinstance(project, Project) else engine.load_project(project)
        loaded = loaded.only(only) if only else loaded
        outcomes = engine.render_project(loaded, keep_going=keep_going, on_outcome=on_outcome, cancel=cancel)
    if not keep_going and (error := _first_error(outcomes)) is not None:
        raise error
    return outcomes


def _first_error(outcomes: Sequence[Outcome]) -> BaseException | None:
    """Return what a batch failed with: the error of a render, rather than of one that was stopped because of it."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return next((error for error in errors if not isinstance(error, CancelledError)), errors[0] if errors else None)
