"""One frame through one run of steps."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lumaloom.errors import EffectError, LumaloomError
from lumaloom.frame import Frame, Pool
from lumaloom.graph import Run
from lumaloom.pointwise.footage import NOTHING, Beside
from lumaloom.run.meter import Meter


def apply_run(
    run: Run,
    frame: Frame,
    pool: Pool,
    meter: Meter,
    kept: list[Frame] | None = None,
    around: Sequence[Frame] = (),
    beside: Beside = NOTHING,
) -> Frame:
    """Return the frame after every step of a run, in buffers of `pool`.

    Args:
        run: steps, for frames like `frame`.
        frame: read only.
        pool: of the run's device.
        meter: each step's time is added to it; on a GPU that is the time to queue the work.
        around: the frames that the first step looks at, `frame` among them, if it looks at more than one.
        beside: what is shown with it of the videos that the steps read.
        kept: every frame made on the way is appended, for callers whose device reads them later.

    Raises:
        EffectError: an effect failed, or the frame is not of the kind planned for; names the step and the time.

    """
    planned = run.steps[0].before
    for one in around or (frame,):
        if (one.format, one.width, one.height) != (planned.format, planned.width, planned.height):
            raise EffectError(f"planned for {planned} frames, got {one.spec} at {float(one.timing.seconds):.3f} s")
    begin = time.perf_counter()
    for step in run.steps:
        start = time.perf_counter()
        try:
            frame = step.apply(frame, pool, around, beside)
        except LumaloomError:
            raise
        except (Exception, SystemExit) as problem:  # an effect's own: named for the user, chained for its author
            seconds = float(frame.timing.seconds)
            message = f"{step.name} failed on the frame at {seconds:.3f} s: {step.told(problem)}"
            raise EffectError(message, effect=step.name, seconds=seconds) from problem
        around = ()
        meter.add(step.name, time.perf_counter() - start)
        if kept is not None:
            kept.append(frame)
    if run.device == "cpu":  # what a GPU worked is known when it is done
        meter.on_device("cpu", time.perf_counter() - begin)
    return frame
