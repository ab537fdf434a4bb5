"""What lies beyond the edge of an image, as indices into it.

==============  =========================
``reflect101``  ``d c b | a b c d | c b a``
``replicate``   ``a a a | a b c d | d d d``
``constant``    ``0 0 0 | a b c d | 0 0 0``
==============  =========================
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Border

OUTSIDE = -1  # the index that stands for the value 0 of the border "constant"


def border_indices(low: int, high: int, size: int, border: Border) -> NDArray[np.int64]:
    """Return what `places_inside` gives for the positions from ``low`` to ``high - 1``."""
    return places_inside(np.arange(low, high, dtype=np.int64), size, border)


def places_inside(position: NDArray[np.int64], size: int, border: Border) -> NDArray[np.int64]:
    """Return the source index of each position on an axis of ``size``.

    Positions on the axis map to themselves; `OUTSIDE` stands for a zero. ``reflect101`` repeats as often
    as it must, so the distance to the axis may be many times its size; on an axis of one element it
    gives that element.
    """
    if border == "replicate" or (size == 1 and border == "reflect101"):
        return np.clip(position, 0, size - 1)
    if border == "constant":
        return np.where((position >= 0) & (position < size), position, OUTSIDE)
    period = 2 * (size - 1)
    folded = position % period
    return np.minimum(folded, period - folded)


def extend(image: NDArray[Any], x: int, y: int, border: Border) -> NDArray[Any]:
    """Return the image with ``x`` columns and ``y`` rows of border added on either side (a copy)."""
    height, width = image.shape[:2]
    for axis, (margin, size) in enumerate(((y, height), (x, width))):
        index = border_indices(-margin, size + margin, size, border)
        image = np.take(image, index, axis=axis)
        outside = [slice(None)] * image.ndim
        outside[axis] = index == OUTSIDE
        image[tuple(outside)] = 0
    return image


def round_to(image: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return float64 values as ``dtype``: integers by rounding half up and clipping to their range."""
    if dtype.kind == "f":
        return image.astype(dtype)
    return np.clip(np.floor(image + 0.5), 0, np.iinfo(dtype).max).astype(dtype)
