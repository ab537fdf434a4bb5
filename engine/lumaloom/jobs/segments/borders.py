"""Where a clip is cut into segments."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil

import numpy as np

from lumaloom.media.index import Ticks

# Frames of a segment at least: an encoder that starts anew has to be worth it, however slow the clip's frames come.
LEAST = 8


def cut(
    pts: Ticks, first: int, last: int, length: Fraction, is_border: Callable[[int], bool] = lambda number: True
) -> list[tuple[int, int]]:
    """Return first frame and frame after the last one of every segment, in order, of a clip of frames.

    A segment ends before the first frame that is at least `length` after its own first one, of which it has `LEAST` at
    least; where as many are not left, the last segment is longer. So segments depend on what comes before them, not
    on where the clip ends.

    Args:
        pts: of the frames, rising.
        first, last: the clip, the latter exclusive.
        length: of a segment, in units of the pts.
        is_border: whether a segment may begin with a frame.

    """
    borders = [first]
    while True:
        start = borders[-1]
        due = int(np.searchsorted(pts, int(pts[start]) + ceil(length)))
        border = max(due, start + LEAST)
        while border < last and not is_border(border):
            border += 1
        if border > last - LEAST:
            return list(zip(borders, [*borders[1:], last], strict=True))
        borders.append(border)
