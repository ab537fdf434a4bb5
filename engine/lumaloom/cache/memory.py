"""Values in memory, bounded in bytes, dropped by a policy of the caller's choice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, get_args

from lumaloom.errors import UsageError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Policy = Literal["lru", "lfu", "fifo"]


@dataclass(frozen=True, slots=True)
class MemoryStats:
    """Counts of one cache since it was made; sizes in bytes.

    Attributes:
        hits, misses: of `get`.
        evicted: values dropped to make room.
        expired: values dropped because their time was over.
        refused: values larger than the whole cache, which were not taken.
        entries, nbytes: what it holds now.
        limit: what it may hold.

    """

    hits: int
    misses: int
    evicted: int
    expired: int
    refused: int
    entries: int
    nbytes: int
    limit: int


class MemoryCache(Generic[K, V]):
    """A mapping that keeps at most `limit` bytes of values; safe to use from many threads.

    Dropping a value drops the cache's reference and nothing else: a frame that somebody still uses keeps its
    buffers until its last view dies, so an eviction never frees memory under a user.

    Args:
        limit: bytes that all values together may have.
        size: bytes of a value, at least 0; asked once, when it is put in.
        policy: what goes first when there is no room: the least recently used (`lru`), the least frequently used
            (`lfu`) or the oldest (`fifo`).
        ttl: seconds until a value expires, counted from when it was put in; None is never. A thread that lives as
            long as there are such values drops them when their time comes, whether or not anybody asks.
        clock: seconds that never go backwards.
        on_evict: called with the number of values dropped to make room, and their bytes; where the cache was used.

    Raises:
        UsageError: an unknown policy, or a limit or time below 0.

    """

    def __init__(
        self,
        limit: int,
        *,
        size: Callable[[V], int],
        policy: Policy = "lru",
        ttl: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_evict: Callable[[int, int], None] = lambda entries, nbytes: None,
    ) -> None:
        import cachetools

        if policy not in get_args(Policy):
            raise UsageError(f"cache: policy expects one of {', '.join(get_args(Policy))}, got {policy!r}")
        if limit < 0 or (ttl is not None and not ttl > 0):
            raise UsageError(f"cache: expected a limit of at least 0 and a time above 0, got {limit} and {ttl}")
        kinds = {"lru": cachetools.LRUCache, "lfu": cachetools.LFUCache, "fifo": cachetools.FIFOCache}
        self._held: Any = kinds[policy](maxsize=limit, getsizeof=lambda entry: entry[1])
        self._size, self._ttl, self._clock, self._on_evict = size, ttl, clock, on_evict
        self._deadlines: dict[K, float] = {}  # in the order in which they come, because every value has the same time
        self._changed = threading.Condition()
        self._sweeper: threading.Thread | None = None
        self._hits = self._misses = self._evicted = self._expired = self._refused = 0

    def get(self, key: K) -> V | None:
        """Return the value of `key`, or None."""
        with self._changed:
            self._expire()
            entry = self._held.get(key)
            if entry is None:
                self._misses += 1
                return None
            self._hits += 1
            return entry[0]  # type: ignore[no-any-return]

    def put(self, key: K, value: V) -> bool:
        """Keep a value, in place of what `key` had; return whether it fits at all."""
        nbytes = self._size(value)
        with self._changed:
            self._expire()
            self._drop(key)
            if nbytes > self._held.maxsize:
                self._refused += 1
                return False
            before, held = len(self._held), int(self._held.currsize)
            self._held[key] = (value, nbytes)
            evicted, freed = before + 1 - len(self._held), held + nbytes - int(self._held.currsize)
            self._evicted += evicted
            if self._ttl is not None:
                self._deadlines[key] = self._clock() + self._ttl
                if len(self._deadlines) > 2 * len(self._held) + 16:  # most are of values that were evicted
                    self._deadlines = {name: due for name, due in self._deadlines.items() if name in self._held}
                self._sweep()
        if evicted:
            self._on_evict(evicted, freed)
        return True

    def pop(self, key: K) -> None:
        """Forget a value, if it is there."""
        with self._changed:
            self._drop(key)

    def clear(self) -> None:
        """Forget all values; the counts stay."""
        with self._changed:
            self._held.clear()
            self._deadlines.clear()
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            self._expire()
            return len(self._held)

    @property
    def limit(self) -> int:
        """Bytes that all values together may have."""
        return int(self._held.maxsize)

    @property
    def stats(self) -> MemoryStats:
        """Counts of this moment."""
        with self._changed:
            self._expire()
            return MemoryStats(
                self._hits,
                self._misses,
                self._evicted,
                self._expired,
                self._refused,
                len(self._held),
                int(self._held.currsize),
                int(self._held.maxsize),
            )

    def _drop(self, key: K) -> None:
        self._held.pop(key, None)
        self._deadlines.pop(key, None)

    def _expire(self) -> None:
        """Drop what is over; the lock is held."""
        now = self._clock()
        while self._deadlines:
            key, due = next(iter(self._deadlines.items()))
            if due > now:
                return
            self._expired += key in self._held
            self._drop(key)

    def _sweep(self) -> None:
        """Make sure that a thread drops what expires; the lock is held."""
        if self._sweeper is None:
            self._sweeper = threading.Thread(target=self._sweep_until_empty, name="lumaloom-cache", daemon=True)
            self._sweeper.start()

    def _sweep_until_empty(self) -> None:
        with self._changed:
            while True:
                self._expire()
                if not self._deadlines:
                    self._sweeper = None
                    return
                self._changed.wait(max(next(iter(self._deadlines.values())) - self._clock(), 0.001))
