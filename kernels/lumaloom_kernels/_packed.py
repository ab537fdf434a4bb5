"""Images whose rows are packed, as compiled filters take them: by address."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._lines import address

KINDS = {np.dtype(kind): kind(0) for kind in (np.uint8, np.uint16, np.float32)}


class Image(NamedTuple):
    """Rows of pixels that lie side by side, by address."""

    at: int
    step: int
    height: int
    width: int
    channels: int
    kind: Any
    owner: Any  # keeps the memory alive

    @classmethod
    def of(cls, array: NDArray[Any]) -> "Image":
        """Describe an array for which `is_packed` holds."""
        height, width = array.shape[:2]
        channels = array.shape[2] if array.ndim == 3 else 1
        return cls(address(array), array.strides[0], height, width, channels, KINDS[array.dtype], array)


def is_packed(array: NDArray[Any]) -> bool:
    """Tell whether the pixels of each row lie side by side."""
    if array.flags.c_contiguous:  # the usual case, quickly
        return True
    step = array.itemsize
    for size, stride in zip(array.shape[:0:-1], array.strides[:0:-1], strict=True):
        if stride != step and size > 1:
            return False
        step *= size
    return True
