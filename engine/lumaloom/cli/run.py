"""`lumaloom run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from lumaloom.cli.output import console, dump, emit, heading, printable, warn
from lumaloom.cli.render import show_plan
from lumaloom.cli.stopping import stopping
from lumaloom.cli.words import pairs
from lumaloom.errors import CancelledError, LumaloomError, UsageError

if TYPE_CHECKING:
    from lumaloom.composition import Engine
    from lumaloom.jobs.execution import Outcome
    from lumaloom.jobs.project import Project


def run(
    project: str | None = None,
    /,
    *,
    only: list[str] | None = None,
    jobs: int | None = None,
    executor: Literal["local", "processes", "dask"] | None = None,
    set: Annotated[list[str] | None, Parameter(name="--set")] = None,  # noqa: A002 - the words of the command line
    telemetry: Literal["on", "off"] | None = None,
    serve_metrics: int | None = None,
    overwrite: Annotated[bool, Parameter(name=("--overwrite", "-y"))] = False,
    keep_going: Annotated[bool, Parameter(name=("--keep-going", "-k"))] = False,
    dry_run: bool = False,
    schema: bool = False,
    json: bool = False,
) -> None:
    """Render what a project file describes: TOML with [defaults] and a [[render]] for each output.

    Args:
        project: The file. `lumaloom run --schema` prints what it may hold.
        only: A render's name, or a pattern such as "proxy-*". Give it several times for more.
        jobs: Renders side by side; the cores are divided among them. As the settings say unless given.
        executor: Where renders run: in this process, in processes of their own, or on Dask's cluster, whose address
            is the setting cluster. As the settings say unless given.
        set: A setting, as key=value; `lumaloom config` lists them. Give it several times for more.
        telemetry: Whether the jobs are traced and measured, and exported by OTLP or what the settings say.
        serve_metrics: A port for the pages /livez, /readyz, /startupz and /metrics while the jobs run.
        overwrite: Replace outputs that exist.
        keep_going: Begin renders, or show plans, also after one has failed.
        dry_run: Print the plans and write nothing.
        schema: Print the JSON schema of project files, for editors.
        json: Print events as lines of JSON on stdout.

    """
    if schema:
        from lumaloom.jobs.project.model import schema as schema_of
        from lumaloom.plugins import default_registry

        dump(schema_of(default_registry()))
        return
    if project is None:
        raise UsageError("project is missing: name a file, or --schema (`lumaloom run --help` shows what there is)")
    from lumaloom.composition import Engine

    settings = pairs(set or [], "--set", "threads=4")
    given = {"jobs": jobs, "executor": executor, "telemetry": telemetry, "serve_metrics": serve_metrics}
    settings |= {key: str(value) for key, value in given.items() if value is not None}
    if dry_run:
        with Engine(settings=settings) as engine:
            _show_plans(_loaded(engine, project, only, overwrite), engine, json, keep_going)
        return
    if json:
        from lumaloom.cli.events import EventPrinter

        with (
            stopping() as cancel,
            EventPrinter(cancel, project=True) as printer,
            Engine(settings=settings, events=printer.bus) as engine,
        ):
            loaded = _loaded(engine, project, only, overwrite)
            _refuse(engine.render_project(loaded, keep_going=keep_going, cancel=cancel), cancel.is_set())
        return
    from lumaloom.cli.bar import ProgressBar

    with stopping() as cancel:
        with ProgressBar() as bar, Engine(settings=settings, events=bar.bus) as engine:
            loaded = _loaded(engine, project, only, overwrite)
            outcomes = engine.render_project(loaded, keep_going=keep_going, cancel=cancel)
        _show(outcomes)
        _refuse(outcomes, cancel.is_set())


def _loaded(engine: Engine, path: str, only: list[str] | None, overwrite: bool) -> Project:
    """Return the project with the renders that were asked for."""
    project = engine.load_project(path)
    project = project.only(only) if only else project
    if not overwrite:
        return project
    renders = (replace(each, request=replace(each.request, overwrite=True)) for each in project.renders)
    return replace(project, renders=tuple(renders))


def _show_plans(project: Project, engine: Engine, json: bool, keep_going: bool) -> None:
    from lumaloom.jobs.execution import name_render

    failures: list[LumaloomError] = []
    for number, each in enumerate(project.renders, 1):
        if json:
            emit("render", name=each.name, number=number, renders=len(project.renders))
        else:
            heading(console(), f"{number} of {len(project.renders)}  {each.name}")
        try:
            show_plan(engine, each.request, json)
        except LumaloomError as error:
            name_render(error, each.request)
            failures.append(error)
            if not keep_going:
                break
    _fail(failures, len(project.renders))


def _show(outcomes: list[Outcome]) -> None:
    """Print how the renders went that came to their end."""
    from lumaloom.cli.summary import show

    for outcome in outcomes:
        if outcome.result is not None:
            for warning in outcome.result.warnings:
                warn(warning)
            show(outcome.result)


def _refuse(outcomes: list[Outcome], stopped: bool) -> None:
    """Raise what the command fails with: that it was stopped, the only error, or how many there are."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    cancelled = [error for error in errors if isinstance(error, CancelledError)]
    failures = [error for error in errors if not isinstance(error, CancelledError)]
    if cancelled and (stopped or not failures):
        raise cancelled[0]
    if len(failures) == 1 and cancelled:
        warn(f"{len(cancelled)} of {len(outcomes)} renders were not begun or stopped; --keep-going renders them")
    _fail(failures, len(outcomes))


def _fail(failures: Sequence[BaseException], renders: int) -> None:
    """Raise the only failure, or how many there are, each of which is printed; nothing where there is none."""
    if len(failures) > 1:
        for error in failures:
            sys.stderr.write(f"lumaloom: failed: {printable(error)}\n")
        summary = LumaloomError(f"{len(failures)} of {renders} renders failed")
        summary.exit_code = getattr(failures[0], "exit_code", 1)
        raise summary
    if failures:
        raise failures[0]
