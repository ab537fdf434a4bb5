"""Where buffers come from: aligned host memory, pinned host memory, device memory. One row each."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lumaloom.cgroup import memory_left

ALIGNMENT = 64
# To align the start, and for vector code in encoders and converters that reads whole vectors past the last sample.
_SLACK = 2 * ALIGNMENT


@dataclass(frozen=True, slots=True)
class Memory:
    """A kind of memory.

    Attributes:
        name: `host`, `pinned` or `device`.
        allocate: bytes to a block, any object that keeps the memory alive.
        view: `(block, nbytes, owner)` to a flat uint8 array whose views keep `owner` alive.

    """

    name: str
    allocate: Callable[[int], Any]
    view: Callable[[Any, int, object], Any]


class _HostView:
    """Exports a range of host memory through the array interface and keeps `owner` alive for every view."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, address: int, nbytes: int, owner: object) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "shape": (nbytes,),
            "typestr": "|u1",
            "data": (address, False),
        }


def _allocate_host(nbytes: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    raw = np.empty(nbytes + _SLACK, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]


def _view_host(block: Any, nbytes: int, owner: object) -> Any:
    return np.asarray(_HostView(block.ctypes.data, nbytes, owner))


def _allocate_pinned(nbytes: int) -> Any:
    try:
        import cupy

        return cupy.cuda.alloc_pinned_memory(nbytes + _SLACK)
    except Exception:  # no CuPy, no driver, or no more memory that can be locked: aligned memory serves, slower
        return _allocate_host(nbytes)


def _view_pinned(block: Any, nbytes: int, owner: object) -> Any:
    if isinstance(block, np.ndarray):
        return _view_host(block, nbytes, owner)
    return np.asarray(_HostView(block.ptr + -block.ptr % ALIGNMENT, nbytes, owner))


def _allocate_device(nbytes: int) -> Any:
    import cupy

    return cupy.cuda.alloc(nbytes)


def _view_device(block: Any, nbytes: int, owner: object) -> Any:
    import cupy

    memory = cupy.cuda.UnownedMemory(block.ptr, nbytes, owner)
    return cupy.ndarray((nbytes,), np.uint8, cupy.cuda.MemoryPointer(memory, 0))


HOST = Memory("host", _allocate_host, _view_host)
PINNED = Memory("pinned", _allocate_pinned, _view_pinned)
DEVICE = Memory("device", _allocate_device, _view_device)


def available_memory() -> int:
    """Bytes that this process may still take: the smaller of the machine's and the control group's.

    Both count memory that holds copies of files and can be had back at once as available.
    """
    left = memory_left()
    free = _free()
    return free if left is None else min(free, left)


def _free() -> int:
    try:
        with open("/proc/meminfo") as file:
            table = {words[0]: words[1] for words in map(str.split, file) if len(words) > 1}
        return int(table["MemAvailable:"]) << 10
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def default_limit() -> int:
    """Bytes that a pool may hold unless told otherwise: half of what is available, at least 256 MiB."""
    return max(available_memory() // 2, 256 << 20)
