"""Working memory that a thread keeps between calls, so that no call pays for fresh pages."""

import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

KEPT_BYTES = 64 << 20  # a larger block is given back after its call
ALIGNMENT = 64

_kept = threading.local()


def scratch(name: str, count: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return ``count`` elements of this thread's block ``name``, aligned, holding anything.

    The block is the thread's until it asks for the same name again.
    """
    dtype = np.dtype(dtype)
    need = max(count, 1) * dtype.itemsize
    block: NDArray[np.uint8] | None = getattr(_kept, name, None)
    if block is None or len(block) < need:
        raw = np.zeros(need + ALIGNMENT, np.uint8)
        offset = -raw.ctypes.data % ALIGNMENT
        block = raw[offset : offset + need]
        if need <= KEPT_BYTES:
            setattr(_kept, name, block)
    return block[:need].view(dtype)
