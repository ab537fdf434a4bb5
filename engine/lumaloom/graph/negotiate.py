"""Choosing pixel formats along a chain: the least loss first, then the least work."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from lumaloom.errors import FormatError
from lumaloom.frame import FORMATS, Model, PixelFormat

Accepts = Callable[[PixelFormat], bool]

# Orders of magnitude between kinds of loss, so that no amount of a lesser one outweighs a greater.
_BIT, _ALPHA, _COLOUR, _CHROMA, _MODEL, _STEP = 1e10, 1e9, 1e8, 1e6, 1e4, 1e2


def conversion_cost(source: PixelFormat, target: PixelFormat) -> float:
    """Return what converting costs: 0 for the same format, else lost bits, alpha, colour and chroma, then work."""
    if source is target:
        return 0.0
    chroma = 0 if Model.GRAY in (source.model, target.model) else sum(target.subsampling) - sum(source.subsampling)
    return (
        _BIT * max(0, source.depth - target.depth)
        + _ALPHA * (source.has_alpha and not target.has_alpha)
        + _COLOUR * (target.model is Model.GRAY and source.model is not Model.GRAY)
        + _CHROMA * max(0, chroma)
        + _MODEL * (source.model is not target.model)
        + _STEP
        + (source.bytes_for(16, 16) + target.bytes_for(16, 16)) / 256
        + len(target.planes) / 1024
    )


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
