"""The thresholds of dithering, from 0 to 1 without either: what is added before a value is cut to a whole number."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._noise import row_keys, uniform

METHODS = ("round", "bayer", "gradient", "random")
GRADIENT = (288243396, 25070681, 13564)  # 0.06711056 and 0.00583715 of 2**32, and 52.9829189 of 2**8, rounded


def bayer() -> NDArray[np.float64]:
    """Return the thresholds of an 8 by 8 matrix of Bayer."""
    matrix = np.zeros((1, 1))
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix + 0.5) / 64


def places(origin: int, width: int, channels: int) -> NDArray[np.int64]:
    """Return the column of each sample of a row."""
    return np.repeat(np.arange(origin, origin + width), channels)


def thresholds(
    method: str, height: int, width: int, channels: int, seed: int, frame: int, origin: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the threshold of each sample, of shape (height, width * channels)."""
    x, y = places(origin[0], width, channels), np.arange(origin[1], origin[1] + height)[:, None]
    if method == "round":
        return np.full((height, len(x)), 0.5)
    if method == "bayer":
        return bayer()[y % 8, x % 8]
    if method == "gradient":
        across, down, factor = GRADIENT
        phase: Any = (across * x + down * y) % (1 << 32) >> 8
        bits = (phase * factor) % (1 << 32) >> 16
    else:
        bits = uniform(row_keys(seed, frame, origin[1], height), origin[0] * channels, len(x))
    return (bits + 0.5) / (1 << 16)  # type: ignore[no-any-return]
