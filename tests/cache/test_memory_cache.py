"""The memory cache against a plain model, its bounds, its times, and frames that outlive it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lumaloom.cache import MemoryCache
from lumaloom.errors import UsageError
from lumaloom.frame import FORMATS, Frame, FrameSpec
from lumaloom.memory import BufferPool

LIMIT = 20


class Against(RuleBasedStateMachine):
    """The model is a list of (key, size, uses), worked through in the plainest way."""

    @initialize(policy=st.sampled_from(["lru", "lfu", "fifo"]), ttl=st.sampled_from([None, 5.0]))
    def begin(self, policy: Any, ttl: float | None) -> None:
        self.now = 0.0
        self.policy, self.ttl = policy, ttl
        self.cache: MemoryCache[int, tuple[int, int]] = MemoryCache(
            LIMIT, size=lambda value: value[1], policy=policy, ttl=ttl, clock=lambda: self.now
        )
        self.rows: list[dict[str, Any]] = []
        self.tick = self.stamp = 0

    def row(self, key: int) -> dict[str, Any] | None:
        return next((row for row in self.rows if row["key"] == key), None)

    def settle(self) -> None:
        if self.ttl is not None:
            self.rows = [row for row in self.rows if row["due"] > self.now]

    @rule(key=st.integers(0, 6), size=st.integers(0, 24))
    def put(self, key: int, size: int) -> None:
        self.settle()
        self.stamp += 1
        value = (self.stamp, size)
        self.rows = [row for row in self.rows if row["key"] != key]
        fits = self.cache.put(key, value)
        assert fits is (size <= LIMIT)
        if not fits:
            return
        while sum(row["value"][1] for row in self.rows) + size > LIMIT:
            order = {"lru": "used", "lfu": "uses", "fifo": "made"}[self.policy]
            least = min(row[order] for row in self.rows)
            losers = [row for row in self.rows if row[order] == least]
            # among equals of lfu the choice is the cache's: follow it
            gone = next((row for row in losers if row["key"] not in self.cache._held), losers[0])
            self.rows.remove(gone)
        self.tick += 1
        due = self.now + (self.ttl or 0)
        self.rows.append({"key": key, "value": value, "used": self.tick, "made": self.tick, "uses": 0, "due": due})

    @rule(key=st.integers(0, 6))
    def get(self, key: int) -> None:
        self.settle()
        row = self.row(key)
        assert self.cache.get(key) == (row["value"] if row else None)
        if row:
            self.tick += 1
            row["used"], row["uses"] = self.tick, row["uses"] + 1

    @rule(key=st.integers(0, 6))
    def pop(self, key: int) -> None:
        self.settle()
        self.cache.pop(key)
        self.rows = [row for row in self.rows if row["key"] != key]

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.rows = []

    def teardown(self) -> None:
        self.cache.clear()  # ends the thread that waits for what expires

    @invariant()
    def agrees(self) -> None:
        self.settle()
        stats = self.cache.stats
        assert stats.entries == len(self.cache) == len(self.rows)
        assert stats.nbytes == sum(row["value"][1] for row in self.rows) <= LIMIT


TestAgainstAModel = Against.TestCase
TestAgainstAModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)


def test_counts() -> None:
    cache: MemoryCache[str, bytes] = MemoryCache(10, size=len)
    assert cache.get("a") is None
    assert cache.put("a", b"12345")
    assert cache.put("b", b"12345")
    assert cache.get("a") == b"12345"
    assert cache.put("c", b"1")  # drops b, which was used longest ago
    assert cache.get("b") is None
    assert not cache.put("a", b"12345678901")  # what it had is gone too: it was to be replaced
    assert cache.get("a") is None
    stats = cache.stats
    assert (stats.hits, stats.misses, stats.evicted, stats.refused) == (1, 3, 1, 1)
    assert (stats.entries, stats.nbytes, stats.limit) == (1, 1, 10)


def test_what_expires_goes_without_being_asked_for() -> None:
    cache: MemoryCache[str, bytes] = MemoryCache(10, size=len, ttl=0.05)
    cache.put("a", b"1")
    end = time.monotonic() + 5
    while cache._held and time.monotonic() < end:
        time.sleep(0.01)
    assert not cache._held
    while cache._sweeper is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert cache._sweeper is None, "no values, no thread"
    cache.put("b", b"1")
    assert cache.get("b") == b"1"


def test_a_frame_in_use_outlives_its_eviction() -> None:
    pool = BufferPool(1 << 24)
    spec = FrameSpec(FORMATS["gray"], 64, 64)
    cache: MemoryCache[int, Frame] = MemoryCache(spec.nbytes, size=lambda frame: frame.nbytes)
    first = Frame.allocate(spec, pool)
    first.planes[0][...] = 7
    cache.put(0, first)
    cache.put(1, Frame.allocate(spec, pool))
    assert cache.get(0) is None
    other = Frame.allocate(spec, pool)
    other.planes[0][...] = 9
    assert (first.planes[0] == 7).all()
    del other
    cache.clear()
    held = pool.stats.in_use
    del first
    assert pool.stats.in_use < held


def test_many_threads() -> None:
    cache: MemoryCache[int, bytes] = MemoryCache(50, size=len)
    wrong: list[object] = []

    def work(seed: int) -> None:
        for i in range(2000):
            key = (i * 7 + seed) % 20
            value = cache.get(key)
            if value is not None and value != bytes([key]) * (key % 5 + 1):
                wrong.append((key, value))
            cache.put(key, bytes([key]) * (key % 5 + 1))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.stats.nbytes <= 50


@pytest.mark.parametrize("options", [{"policy": "mru"}, {"ttl": 0}, {"ttl": -1.0}])
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^cache: .*expect"):
        MemoryCache(10, size=len, **options)
