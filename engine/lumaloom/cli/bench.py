"""`lumaloom bench`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from lumaloom.cli.output import console, emit, printable
from lumaloom.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lumaloom.bench import Work

_COLUMNS = "{:<16} {:<34} {:<6} {:>9} {:>7} {:>9} {:>8}"


def bench(
    suite: Literal["kernels"],
    /,
    *,
    only: list[str] | None = None,
    images: list[str] | None = None,
    size: str = "1080p",
    threads: int = 1,
    seconds: float = 0.1,
    json: bool = False,
) -> None:
    """Measure how fast the kernels are on this machine, beside a copy of the frame, which nothing can beat.

    Args:
        suite: What to measure: kernels.
        only: A kernel to measure. Give it several times for more; all of them, two cases each, unless given.
        images: A kind of image: rgb8, y8, uv8, rgb16, y16 or rgbf. Give it several times for more.
        size: 1080p or 4k.
        threads: Threads that share each frame.
        seconds: Time for each case, at least.
        json: Print events as lines of JSON on stdout.

    """
    from lumaloom.bench import KINDS, SIZES, Part, kernel_names, works

    names = only or kernel_names()
    kinds = images or ["rgb8", "rgb16", "rgbf"]
    _check("--only", names, kernel_names())
    _check("--images", kinds, KINDS)
    _check("--size", [size], SIZES)
    if threads < 1:
        raise UsageError(f"--threads {threads}: expected 1 or more")
    if not (math.isfinite(seconds) and seconds >= 0):
        raise UsageError(f"--seconds {seconds:g}: expected 0 or more")
    rows = _measured(works(names, [Part(size, threads, tuple(kinds), None if only else 2)]), seconds)
    if json:
        _print_events(rows, size=size, threads=threads)
    else:
        _print_table(rows, f"{size}, {threads} thread{'s' if threads > 1 else ''}")


def _check(option: str, values: Any, known: Any) -> None:
    for value in values:
        if value not in known:
            hint = nearest(value, known) or f"; there are {', '.join(known)}"
            raise UsageError(f"{option} {value!r}: there is no such one{hint}")


def _measured(todo: Iterator[Work], seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the figures of every case as they come."""
    from lumaloom.bench import floor, interleaved

    for work in todo:
        made = work.run()  # compiles, where it is the first of its kind
        timings = interleaved({"kernel": work.into(made), "copy": floor(work.source, work.threads)}, seconds)
        found, copied = timings["kernel"], timings["copy"].median_ms
        yield {
            "kernel": work.kernel,
            "case": dict(work.case),
            "image": work.kind,
            "ms": found.median_ms,
            "spread": round((found.upper_quartile_ms - found.lower_quartile_ms) / found.median_ms, 3),
            "calls": found.calls,
            "copy_ms": copied,
            "copies": round(found.median_ms / copied, 2),
        }


def _print_events(rows: Iterator[dict[str, Any]], **about: Any) -> None:
    from lumaloom.device import cpu

    emit("start", **about, processor=cpu().model)
    ratios = []
    for row in rows:
        emit("case", **row)
        ratios.append(row["copies"])
    emit("finish", cases=len(ratios), copies=_geometric_mean(ratios))


def _print_table(rows: Iterator[dict[str, Any]], about: str) -> None:
    from rich.text import Text

    out, ratios = console(), []

    def line(text: str, style: str = "") -> None:
        out.print(Text(printable(text.rstrip()), style), soft_wrap=True)

    line(_COLUMNS.format("kernel", "parameters", "image", "ms", "spread", "copy ms", "copies"), "bold")
    for row in rows:
        words = " ".join(f"{name}={value}" for name, value in row["case"].items()).replace(", ", ",")
        words = words if len(words) <= 34 else f"{words[:33]}~"
        figures = (f"{row['ms']:.3f}", f"{row['spread']:.0%}", f"{row['copy_ms']:.3f}", f"{row['copies']:.1f}x")
        line(_COLUMNS.format(row["kernel"], words, row["image"], *figures))
        ratios.append(row["copies"])
    if not ratios:
        raise UsageError("no kernel of these takes such an image")
    line("")
    line(f"{about}: on average {_geometric_mean(ratios)} times as long as a copy ({len(ratios)} cases)", "dim")


def _geometric_mean(values: list[float]) -> float | None:
    return round(math.exp(sum(map(math.log, values)) / len(values)), 2) if values else None
