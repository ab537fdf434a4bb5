"""Frames of noise for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.frame import FORMATS, Colour, Frame, FrameSpec, PixelFormat, Timing
from lumaloom.memory import BufferPool

POOL = BufferPool(1 << 30)

# Even, odd, smaller than a chroma cell, a single row, a single column.
SIZES = ((32, 16), (33, 17), (7, 5), (1, 1), (8, 1), (1, 8))


def spec(name: str, width: int = 32, height: int = 16, colour: Colour = Colour(), **more: Any) -> FrameSpec:  # noqa: B008
    return FrameSpec(FORMATS[name], width, height, colour, **more)


def noise(what: FrameSpec, seed: int = 0, pool: BufferPool = POOL, timing: Timing = Timing()) -> Frame:  # noqa: B008
    frame = Frame.allocate(what, pool)
    frame.timing = timing
    for index, plane in enumerate(frame.planes):
        plane[...] = samples(what.format, plane.shape, seed * 10 + index)
    return frame


def samples(row: PixelFormat, shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    """Return every code value that the format has, about as often."""
    rng = np.random.default_rng(seed)
    if row.is_float:
        return rng.random(shape, np.float32)
    return (rng.integers(0, 1 << row.depth, shape) << row.shift).astype(row.dtype)


def same(first: Frame, second: Frame) -> bool:
    return first.spec.format is second.spec.format and all(
        np.array_equal(a, b) for a, b in zip(first.planes, second.planes, strict=True)
    )
