"""A pool of buffers, keyed by size class, bounded in bytes."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from functools import cache
from typing import Any

from lumaloom.errors import MemoryLimitError
from lumaloom.memory.sources import HOST, Memory, default_limit

# 16 classes per power of two: a buffer is at most 1/16 larger than what was asked for.
_CLASS_BITS = 4
_SMALLEST = 4096


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Counts of one pool. `acquired == made + reused`; all sizes in bytes."""

    memory: str
    acquired: int
    made: int
    reused: int
    evicted: int
    in_use: int
    idle: int
    peak: int
    limit: int


class _Lease:
    """Holds a block while views of it are alive; its death gives the block back."""

    __slots__ = ("block", "pool", "size")

    def __init__(self, pool: BufferPool, block: Any, size: int) -> None:
        self.pool, self.block, self.size = pool, block, size

    def __del__(self) -> None:
        # May run in any thread, and inside acquire() when the collector runs there: no lock here.
        self.pool._returned.append((self.size, self.block))


class BufferPool:
    """Hands out flat uint8 arrays and takes their memory back when the last view dies.

    All buffers alive, in use and idle, stay within `limit` bytes: idle ones of other sizes are dropped first,
    and what still does not fit is refused. Safe to use from many threads.
    """

    def __init__(self, limit: int, memory: Memory = HOST) -> None:
        self.memory = memory
        self.limit = limit
        self._returned: deque[tuple[int, Any]] = deque()
        self._idle: defaultdict[int, list[Any]] = defaultdict(list)
        self._lock = threading.Lock()
        self._held = self._in_use = self._peak = 0
        self._made = self._reused = self._evicted = 0

    def acquire(self, nbytes: int) -> Any:
        """Return a flat uint8 array of `nbytes`, 64-byte aligned, samples undefined.

        Its memory comes back to the pool when the array and every view of it are gone.

        Raises:
            MemoryLimitError: buffers in use leave no room for it.

        """
        size = size_class(nbytes)
        with self._lock:
            self._collect()
            if self._idle[size]:
                block = self._idle[size].pop()
                self._reused += 1
            else:
                self._make_room(size)
                block = self.memory.allocate(size)
                self._held += size
                self._made += 1
            self._in_use += size
            self._peak = max(self._peak, self._held)
        return self.memory.view(block, nbytes, _Lease(self, block, size))

    def trim(self) -> None:
        """Drop every idle buffer."""
        with self._lock:
            self._collect()
            self._make_room(self.limit, strict=False)

    @property
    def stats(self) -> PoolStats:
        """Counts as of now."""
        with self._lock:
            self._collect()
            return PoolStats(
                self.memory.name,
                self._made + self._reused,
                self._made,
                self._reused,
                self._evicted,
                self._in_use,
                self._held - self._in_use,
                self._peak,
                self.limit,
            )

    def _collect(self) -> None:
        """Move what leases gave back to the idle lists."""
        while self._returned:
            size, block = self._returned.popleft()
            self._idle[size].append(block)
            self._in_use -= size

    def _make_room(self, size: int, *, strict: bool = True) -> None:
        """Drop idle buffers until `size` bytes fit."""
        for idle_size in sorted(self._idle, reverse=True):
            while self._held + size > self.limit and self._idle[idle_size]:
                self._idle[idle_size].pop()
                self._held -= idle_size
                self._evicted += 1
        if strict and self._held + size > self.limit:
            raise MemoryLimitError(
                f"a {self.memory.name} buffer of {size:,} bytes does not fit: {self._in_use:,} of {self.limit:,} "
                "bytes are in use; hold fewer frames at once, or raise the limit"
            )


def size_class(nbytes: int) -> int:
    """Return the size of the buffers that serve `nbytes`: at least that, at most 1/16 more above 64 KiB."""
    if nbytes <= _SMALLEST:
        return _SMALLEST
    step = max(1 << ((nbytes - 1).bit_length() - 1 - _CLASS_BITS), 64)
    return -(-nbytes // step) * step


@cache
def default_pool() -> BufferPool:
    """Return the host pool that frames come from where no other is given."""
    return BufferPool(default_limit())
