"""`apply(plan, items)`: the middle of the path, as a chain of generator stages."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import partial
from typing import Any

from lumaloom.frame import Frame
from lumaloom.graph import Plan, Run
from lumaloom.memory import BufferPool
from lumaloom.run.apply import apply_run
from lumaloom.run.clips import OtherClips, accompanied
from lumaloom.run.cuda import cuda_map
from lumaloom.run.items import Accompanied, Item, Window, is_packet, size_of, taken_apart
from lumaloom.run.meter import Meter
from lumaloom.run.prefetch import prefetch
from lumaloom.run.windows import windows
from lumaloom.run.workers import Workers, ordered_map


def run_plan(
    plan: Plan,
    items: Iterable[Item],
    *,
    pool: BufferPool,
    workers: Workers,
    limit: int,
    meter: Meter,
    others: OtherClips | None = None,
) -> Iterable[Item]:
    """Yield the items with every frame taken through the plan, in order; the same bits for any `workers`.

    Args:
        plan: for frames like those of `items`.
        items: frames and packets.
        pool: host buffers for results.
        workers: of all CPU runs.
        limit: bytes under way in each run.
        meter: gets the time of each step.
        others: reads the clips that effects of the plan lay over its frames; None where there are none.

    """
    for number, run in enumerate(plan.runs):
        source: Iterable[Any] = windows(items, *run.window, limit) if any(run.window) else items
        if run.clips:
            assert others is not None
            both, depth = accompanied(source, run, number, others, meter), meter.depth("beside")
            source = prefetch(both, limit=limit, size=size_of, name="beside", depth=depth)
        items = (
            cuda_map(run, source, limit, meter)
            if run.device == "cuda"
            else _cpu_map(run, source, pool, workers, limit, meter)
        )
    return items


def _cpu_map(
    run: Run, items: Iterable[Any], pool: BufferPool, workers: Workers, limit: int, meter: Meter
) -> Generator[Item, None, None]:
    function = partial(_apply_item, run, pool, meter)
    grown = run.after.nbytes

    def size(item: Window | Accompanied | Item) -> int:
        return size_of(item) if is_packet(item) else max(size_of(item), grown)

    return ordered_map(function, items, workers=workers, limit=limit, size=size, skip=is_packet)


def _apply_item(run: Run, pool: BufferPool, meter: Meter, item: Frame | Window | Accompanied) -> Frame:
    frame, around, beside = taken_apart(item)
    return apply_run(run, frame, pool, meter, around=around, beside=beside)
