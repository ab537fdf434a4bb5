"""`lumaloom render`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from lumaloom.cli.output import emit, warn
from lumaloom.cli.stopping import stopping
from lumaloom.cli.words import pairs
from lumaloom.errors import UsageError

if TYPE_CHECKING:
    from lumaloom.composition import Engine
    from lumaloom.jobs import RenderRequest


def render(
    input: str,  # noqa: A002 - the words of the command line
    output: str,
    /,
    *,
    effect: Annotated[list[str] | None, Parameter(name=("--effect", "-e"))] = None,
    device: str | None = None,
    threads: int | None = None,
    encoder: str | None = None,
    crf: float | None = None,
    preset: str | None = None,
    pixel_format: str | None = None,
    option: list[str] | None = None,
    rate: Annotated[str | None, Parameter(name=("--rate", "--framerate"))] = None,
    start: str | None = None,
    end: str | None = None,
    set: Annotated[list[str] | None, Parameter(name="--set")] = None,  # noqa: A002
    telemetry: Literal["on", "off"] | None = None,
    serve_metrics: int | None = None,
    overwrite: Annotated[bool, Parameter(name=("--overwrite", "-y"))] = False,
    best_effort: bool = False,
    dither: bool = False,
    table_error: float = 0.0,
    segments: float | None = None,
    jobs: int | None = None,
    executor: Literal["local", "processes", "dask"] | None = None,
    no_fuse: bool = False,
    dry_run: bool = False,
    explain: bool = False,
    json: bool = False,
) -> None:
    """Decode a clip, run its frames through effects, encode the result.

    Args:
        input: A file with video; or pictures: 'shot.%04d.png', whose first number is found, or 'shots/*.png' in quotes,
            in natural order.
        output: The result; its extension chooses the container. `null` throws the frames away, `%04d.png`
            numbers pictures: from 0, or as those of the input are.
        effect: An effect, as in "blur sigma=6". Give it several times for a chain; `lumaloom effects` lists them.
        device: auto, cpu or cuda: where the effects run. As the settings say unless given.
        threads: For decoding, effects and encoding each. As the settings say, or the cores divided, unless given.
        encoder: Such as h264, hevc, av1, vp9, ffv1, prores. The container's usual one unless given.
        crf: Quality, on the encoder's own scale; smaller is better.
        preset: The encoder's speed preset.
        pixel_format: What is encoded, such as yuv420p, which every player takes. What keeps most of the pictures
            unless given.
        option: A further option of the encoder's own, as key=value. Give it several times for more.
        rate: Frames per second of pictures, such as 25, 23.976 or 24000/1001. 25 unless given.
        start: Where to start: 1:02.5, 62.5, 1500ms or a frame such as 37f.
        end: Where to end, exclusive, in the same forms.
        set: A setting, as key=value; `lumaloom config` lists them. Give it several times for more.
        telemetry: Whether the job is traced and measured, and exported by OTLP or what the settings say.
        serve_metrics: A port for the pages /livez, /readyz, /startupz and /metrics while the job runs.
        overwrite: Replace an output that exists.
        best_effort: Render what is readable of a damaged input, and count the losses.
        dither: Hide the steps where frames lose depth, as from 10 bits to 8, by an ordered pattern.
        table_error: Levels of 255 that costly runs of colour effects may be off, looked up in a cube instead of
            computed. --dry-run --explain prints how far they are.
        segments: Seconds of a segment of the output. Finished ones are kept in the cache, as far as cache_limit
            allows: a render that was killed or is changed makes only those that are missing.
        jobs: Segments that are made at a time, each with its part of the cores and of the memory. It pays in long
            renders that leave cores idle, as where an encoder of one thread takes the time; those whose effects and
            encoder keep all cores busy, as x264 mostly does, gain little, and short ones lose the second that the
            processes take to begin. Files do not differ, unless the encoder's do with its threads, as those of x264.
            As the settings say unless given.
        executor: Where those are made: in this process, in processes of their own, or on Dask's cluster, whose
            address is the setting cluster. As the settings say, or in processes, unless given.
        no_fuse: Make every pointwise effect a pass of its own: to see what fusing gives, and to find an effect that
            fails or is slow. The result is the same to a step; --dry-run shows the passes.
        dry_run: Print the plan and write nothing.
        explain: With --dry-run: print what was fused into what.
        json: Print events as lines of JSON on stdout.

    """
    from lumaloom.composition import Engine
    from lumaloom.jobs import RenderRequest, parse_position
    from lumaloom.jobs.segments.terms import side_by_side
    from lumaloom.jobs.timecode import parse_rate

    if explain and not dry_run:
        raise UsageError("--explain prints the plan without rendering; add --dry-run")
    request = RenderRequest(
        input=input,
        output=output,
        effects=tuple(effect or ()),
        device=device,
        threads=threads,
        encoder=encoder,
        crf=crf,
        preset=preset,
        pixel_format=pixel_format,
        encoder_options=pairs(option or [], "--option", "tune=film"),
        rate=None if rate is None else parse_rate(rate, "--rate"),
        start=None if start is None else parse_position(start, "--start"),
        end=None if end is None else parse_position(end, "--end"),
        overwrite=overwrite,
        best_effort=best_effort,
        dither=dither,
        table_error=table_error,
        segments=segments,
        fuse=not no_fuse,
    )
    settings = pairs(set or [], "--set", "threads=4")
    given = {"executor": executor, "telemetry": telemetry, "serve_metrics": serve_metrics}
    settings |= {key: str(value) for key, value in given.items() if value is not None}
    settings = side_by_side(jobs, segments, settings)
    if dry_run:
        with Engine(settings=settings) as engine:
            show_plan(engine, request, json, explain)
        return
    if json:
        from lumaloom.cli.events import EventPrinter

        with (
            stopping() as cancel,
            EventPrinter(cancel) as printer,
            Engine(settings=settings, events=printer.bus) as engine,
        ):
            engine.render(request, cancel=cancel)
        return
    from lumaloom.cli.bar import ProgressBar
    from lumaloom.cli.summary import show

    with stopping() as cancel, ProgressBar() as bar, Engine(settings=settings, events=bar.bus) as engine:
        result = engine.render(request, cancel=cancel)
    for warning in result.warnings:
        warn(warning)
    show(result)


def show_plan(engine: Engine, request: RenderRequest, json: bool, explain: bool = False) -> None:
    """Print what a render would do, and raise what it would fail with before its first frame."""
    from lumaloom.cli.plan import show
    from lumaloom.media.atomic import check_target

    with engine.prepare(request) as job:
        if job.choice.encoder and "%" not in os.path.basename(request.output):
            check_target(request.output, overwrite=request.overwrite, source=job.source.path)
        if json:
            emit("plan", **job.as_dict())
        else:
            show(job, explain=explain)
            for warning in job.warnings:
                warn(warning)
