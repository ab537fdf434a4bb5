"""Choosing pixel formats along a chain: the least loss first, then the least work."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from lumaloom.errors import FormatError
from lumaloom.frame import FORMATS, PixelFormat
from lumaloom.frame.cost import conversion_cost

Accepts = Callable[[PixelFormat], bool]


def negotiate(source: PixelFormat, stages: Sequence[Accepts]) -> list[PixelFormat]:
    """Return the format in which every stage gets its frames.

    A shortest path through (stage, format) pairs: staying in a format costs nothing, changing it costs
    `conversion_cost`.

    Args:
        source: what the decoder gives.
        stages: for every stage, which formats it takes; the last is usually the encoder.

    Raises:
        FormatError: a stage takes no format of the table.

    """
    queue: list[tuple[float, int, int, PixelFormat, tuple[PixelFormat, ...]]] = [(0.0, 0, 0, source, ())]
    done: set[tuple[int, str]] = set()
    pushed = 0
    while queue:
        cost, stage, _, current, path = heapq.heappop(queue)
        if stage == len(stages):
            return list(path)
        if (stage, current.name) in done:
            continue
        done.add((stage, current.name))
        for target in FORMATS.values():
            if stages[stage](target):
                pushed += 1
                step = cost + conversion_cost(current, target)
                heapq.heappush(queue, (step, stage + 1, pushed, target, (*path, target)))
    raise FormatError(
        f"no pixel format suits the chain from {source}; an effect or the encoder takes none of the table"
    )
