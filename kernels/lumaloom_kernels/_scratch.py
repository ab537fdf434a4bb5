"""Working memory that a thread keeps between calls, so that no call pays for fresh pages."""

import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

KEPT_BYTES = 64 << 20  # a larger block is given back after its call
KEPT_VIEWS = 64  # of blocks, as they were last asked for
ALIGNMENT = 64


class _Kept(threading.local):
    def __init__(self) -> None:
        self.blocks: dict[str, NDArray[np.uint8]] = {}
        self.views: dict[tuple[str, int, Any], NDArray[Any]] = {}


_kept = _Kept()


def scratch(name: str, count: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return ``count`` elements of this thread's block ``name``, aligned, holding anything.

    The block is the thread's until it asks for the same name again.
    """
    kept = _kept
    view = kept.views.get((name, count, dtype))
    if view is not None:  # the usual case, quickly
        return view
    need = max(count, 1) * np.dtype(dtype).itemsize
    block = kept.blocks.get(name)
    if block is None or len(block) < need:
        raw = np.zeros(need + ALIGNMENT, np.uint8)
        offset = -raw.ctypes.data % ALIGNMENT
        block = raw[offset : offset + need]
        if need > KEPT_BYTES:
            return block.view(dtype)
        kept.blocks[name] = block
        kept.views = {key: old for key, old in kept.views.items() if key[0] != name}
    view = block[:need].view(dtype)
    if len(kept.views) >= KEPT_VIEWS:
        kept.views.clear()
    kept.views[name, count, dtype] = view
    return view
