"""What is settled before the first frame, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumaloom.cli.output import console, fields, table
from lumaloom.errors import counted

if TYPE_CHECKING:
    from lumaloom.jobs import Preparation


def show(job: Preparation, *, explain: bool = False) -> None:
    """Print the plan of a job for people; with `explain` also what fused steps are made of."""
    from lumaloom.graph.fused import Fused

    out = console()
    source, choice = job.plan.source, job.choice
    rate = f"{float(job.source.rate):.6g} fps" if job.source.rate else "unknown rate"
    length = "unknown length" if job.total is None else counted(job.total, "frames")
    options = " ".join(f"{key}={value}" for key, value in choice.options.items())
    cut = "" if job.request.segments is None else f", in segments of {job.request.segments:g} s"
    how = f"{choice}{options and f' ({options})'}" if choice.encoder else "the frames are thrown away"
    shares = job.shares
    threads = (("decoding", shares.decoder), ("effects", shares.effects), ("encoding", shares.encoder))
    fields(
        out,
        [
            ("input", f"{job.request.input}: {source}, {rate}, {length}"),
            ("device", f"{job.device}; threads: {', '.join(f'{n} {what}' for what, n in threads if n)}"),
        ],
    )
    steps = [(number, repr(step.action), step.device, step.after) for number, step in enumerate(job.plan.steps, 1)]
    if steps:
        out.print()
        table(out, ("  step", "what", "device", "frames after it"), ((f"  {n}", *rest) for n, *rest in steps))
        out.print()
    for number, step in enumerate(job.plan.steps, 1):
        lines = step.action.explain() if explain and isinstance(step.action, Fused) else []
        fields(out, [(f"step {number}" if not k else "", line) for k, line in enumerate(lines)])
    fields(
        out,
        [
            ("output", f"{job.request.output}: {how}{cut}"),
            ("", "dry run: nothing was written"),
        ],
    )
