"""Ordered dither: what is added to a sample before it is rounded to fewer bits, by its place in its plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumaloom.frame import PixelFormat

SIDE = 8


def loses_depth(before: PixelFormat, after: PixelFormat) -> bool:
    """Whether samples of `after` have fewer steps than those of `before`."""
    return not after.is_float and (before.is_float or after.depth < before.depth)


def pattern() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return `(8, 8)` offsets in steps of the result, from -63/128 to 63/128, each once: Bayer's matrix.

    `(rank + 1/2) / 64 - 1/2`, where the bits of rank are those of `x ^ y` and `y` taken in turns, the lowest first.
    Over every 8 x 8 samples they add up to nothing. Source: B. E. Bayer, "An optimum method for two-level
    rendition of continuous-tone pictures", ICC 1973.
    """
    y, x = np.mgrid[:SIDE, :SIDE]
    rank = np.zeros((SIDE, SIDE), np.int64)
    for bit in range(3):
        rank |= (((x ^ y) >> bit & 1) << 1 | (y >> bit & 1)) << 2 * (2 - bit)
    return ((rank + 0.5) / SIDE**2 - 0.5).astype(np.float32)


def offsets(height: int, width: int) -> np.ndarray[Any, Any]:
    """Return the offsets of a plane's samples, `(height, width)`."""
    return np.tile(pattern(), (-(-height // SIDE), -(-width // SIDE)))[:height, :width]
