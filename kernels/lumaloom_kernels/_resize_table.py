"""The resampling filters, and the table that says how one axis is resized.

An output pixel looks back at its centre in the source, ``low + (i + 0.5) * scale`` in coordinates where
pixel j reaches from j to j + 1, and weighs the source pixels by the distance of their centres from
there. Shrinking stretches a filter by the scale, so that everything that falls away is averaged over.
Pixels outside the source have no weight, and the weights that remain are made to add up to one.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Filter: TypeAlias = Literal["nearest", "bilinear", "bicubic", "lanczos", "area"]
Box: TypeAlias = tuple[float, float, float, float]
Weights: TypeAlias = NDArray[np.float64]

FILTERS: tuple[str, ...] = get_args(Filter)
_NEGLIGIBLE = 1e-8  # of a sum of one: less than float32 weights can tell


class AxisTable(NamedTuple):
    """``out[i] = sum(weights[i, k] * src[starts[i] + k])``; no window reaches beyond the source."""

    starts: NDArray[np.int32]
    weights: NDArray[np.float32]


def bilinear(distance: Weights) -> Weights:
    """Return the triangle that linear interpolation amounts to."""
    return np.maximum(1 - distance, 0)


def bicubic(distance: Weights) -> Weights:
    """Return Keys' cubic convolution with a = -1/2, the Catmull-Rom spline."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


def lanczos(distance: Weights) -> Weights:
    """Return the sinc under a sinc window of three lobes."""
    return np.where(distance < 3, np.sinc(distance) * np.sinc(distance / 3), 0)


_KERNELS: dict[str, tuple[int, Callable[[Weights], Weights]]] = {
    "bilinear": (1, bilinear),
    "bicubic": (2, bicubic),
    "lanczos": (3, lanczos),
}


def support(method: str, scale: float) -> float:
    """Return the distance from which on a filter weighs nothing."""
    return (1 + scale) / 2 if method == "area" else _KERNELS[method][0] * max(scale, 1.0)


def weigh(method: str, distance: Weights, scale: float) -> Weights:
    """Return the weight of pixels whose centres lie at ``distance`` >= 0, up to a common factor."""
    if method == "area":  # how much of the pixel lies in the square that the output pixel covers
        return np.clip((1 + scale) / 2 - distance, 0, min(1.0, scale))
    return _KERNELS[method][1](distance / max(scale, 1.0))


def centres(in_size: int, out_size: int, span: tuple[float, float]) -> tuple[Weights, float]:
    """Return where the centres of the output pixels lie in the source, and the scale."""
    low, high = span
    centre = low + (np.arange(out_size) + 0.5) * (high - low) / out_size  # exact where it is a whole number
    return np.clip(centre, 0, in_size), (high - low) / out_size


def dense_weights(in_size: int, out_size: int, method: str, span: tuple[float, float]) -> Weights:
    """Return the definition of one axis: a float64 matrix of shape (out_size, in_size)."""
    centre, scale = centres(in_size, out_size, span)
    if method == "nearest":
        return np.asarray(np.eye(in_size)[np.minimum(centre.astype(int), in_size - 1)])
    weights = weigh(method, np.abs(np.arange(in_size) + 0.5 - centre[:, None]), scale)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@lru_cache(64)
def axis_table(in_size: int, out_size: int, method: str, span: tuple[float, float]) -> AxisTable:
    """Return the table that resizes the region from ``span[0]`` to ``span[1]`` of an axis; it is read-only."""
    centre, scale = centres(in_size, out_size, span)
    if method == "nearest":
        starts = np.minimum(centre.astype(np.int32), in_size - 1)
        return _frozen(starts, np.ones((out_size, 1), np.float32))
    reach = support(method, scale)
    low = np.ceil(centre - reach - 0.5).astype(np.int64)
    position = low[:, None] + np.arange(math.floor(2 * reach) + 1)
    weights = weigh(method, np.abs(position + 0.5 - centre[:, None]), scale)
    weights[(position < 0) | (position >= in_size)] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    weights[np.abs(weights) < _NEGLIGIBLE] = 0

    used = weights != 0
    first = low + used.argmax(axis=1)
    last = low + used.shape[1] - 1 - used[:, ::-1].argmax(axis=1)
    first = np.minimum.accumulate(first[::-1])[::-1]  # a weight of zero by chance makes no window begin later
    taps = int((last - first).max()) + 1
    shifted = np.minimum(first, in_size - taps)
    column = (shifted - low)[:, None] + np.arange(taps)
    inside = (column >= 0) & (column < weights.shape[1])
    weights = np.take_along_axis(weights, np.clip(column, 0, weights.shape[1] - 1), axis=1) * inside
    return _frozen(shifted, weights)


def _frozen(starts: NDArray[Any], weights: NDArray[Any]) -> AxisTable:
    table = AxisTable(starts.astype(np.int32), np.ascontiguousarray(weights, np.float32))
    for array in table:
        array.flags.writeable = False
    return table
