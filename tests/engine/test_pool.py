"""Buffers: reuse, bounds, and who holds what."""

from __future__ import annotations

import gc
import random
import sys
import threading
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.errors import MemoryLimitError
from lumaloom.memory import HOST, PINNED, BufferPool, Memory, PoolStats, default_limit, default_pool
from lumaloom.memory import sources as memory_sources
from lumaloom.memory.pool import size_class


def check(stats: PoolStats) -> PoolStats:
    """The identities between a pool's counts."""
    assert stats.acquired == stats.made + stats.reused
    assert stats.in_use >= 0
    assert stats.idle >= 0
    assert stats.in_use + stats.idle <= stats.peak <= stats.limit
    return stats


@given(st.integers(0, 1 << 34))
def test_a_size_class_holds_what_was_asked_for_and_little_more(nbytes: int) -> None:
    size = size_class(nbytes)
    assert size >= max(nbytes, 4096)
    assert size % 64 == 0
    if nbytes > 4096:
        assert size - nbytes < nbytes / 16
    assert size_class(size) == size  # buffers of one class serve each other


@given(st.integers(0, 1 << 34), st.integers(0, 1 << 34))
def test_size_classes_are_ordered(first: int, second: int) -> None:
    assert (size_class(first) <= size_class(second)) or first > second


@pytest.mark.parametrize("memory", [HOST, PINNED], ids=["host", "pinned"])
@given(nbytes=st.integers(0, 200_000))
@settings(max_examples=30)
def test_buffers_are_flat_aligned_and_writable(memory: Memory, nbytes: int) -> None:
    buffer = BufferPool(1 << 20, memory).acquire(nbytes)
    assert (buffer.shape, buffer.dtype) == ((nbytes,), np.uint8)
    assert buffer.ctypes.data % 64 == 0
    buffer[...] = 255
    assert buffer.sum() == 255 * nbytes


def test_a_buffer_is_reused_by_its_size_class() -> None:
    pool = BufferPool(1 << 20)
    first = pool.acquire(5000)
    address = first.ctypes.data
    assert check(pool.stats) == PoolStats("host", 1, 1, 0, 0, 5120, 0, 5120, 1 << 20)
    del first
    assert check(pool.stats) == PoolStats("host", 1, 1, 0, 0, 0, 5120, 5120, 1 << 20)
    second = pool.acquire(5100)
    assert second.ctypes.data == address
    assert check(pool.stats) == PoolStats("host", 2, 1, 1, 0, 5120, 0, 5120, 1 << 20)


def test_every_kind_of_view_keeps_a_buffer_out() -> None:
    pool = BufferPool(1 << 20)
    makers = (
        lambda buffer: buffer[10:20],
        lambda buffer: buffer.reshape(64, -1)[::-1, 3:],
        lambda buffer: buffer.view(np.float32),
        lambda buffer: memoryview(buffer)[100:],
        lambda buffer: np.lib.stride_tricks.as_strided(buffer, (4,), (7,)),
        lambda buffer: np.frombuffer(buffer, np.uint16),
        np.from_dlpack,
        lambda buffer: buffer.flat,
    )
    for make in makers:
        view = make(pool.acquire(4096))
        assert check(pool.stats).in_use == 4096
        del view
        assert check(pool.stats).in_use == 0


def test_idle_buffers_are_dropped_before_one_is_refused() -> None:
    pool = BufferPool(64 << 10)
    small = [pool.acquire(4096) for _ in range(8)]
    large = pool.acquire(32 << 10)
    assert check(pool.stats).idle == 0
    with pytest.raises(MemoryLimitError, match=r"a host buffer of 4,096 bytes does not fit: 65,536 of 65,536 bytes"):
        pool.acquire(1)
    del large
    other = pool.acquire(20 << 10)
    stats = check(pool.stats)
    assert (stats.evicted, stats.in_use, stats.idle) == (1, 52 << 10, 0)
    del small, other
    assert check(pool.stats).idle == 52 << 10
    del stats
    whole = pool.acquire(64 << 10)
    assert check(pool.stats).evicted == 10
    del whole
    pool.trim()
    assert check(pool.stats).idle == 0


def test_trim_leaves_what_is_in_use() -> None:
    pool = BufferPool(1 << 20)
    kept, dropped = pool.acquire(4096), pool.acquire(8192)
    del dropped
    pool.trim()
    stats = check(pool.stats)
    assert (stats.in_use, stats.idle, stats.evicted) == (4096, 0, 1)
    kept[...] = 1


def test_a_failing_allocation_is_not_counted() -> None:
    def fail(nbytes: int) -> Any:
        raise MemoryError(f"no {nbytes} bytes")

    pool = BufferPool(1 << 20, Memory("host", fail, HOST.view))
    for _ in range(3):
        with pytest.raises(MemoryError):
            pool.acquire(100)
    assert check(pool.stats) == PoolStats("host", 0, 0, 0, 0, 0, 0, 0, 1 << 20)


def test_a_failing_view_gives_its_block_back() -> None:
    def fail(block: Any, nbytes: int, owner: object) -> Any:
        raise RuntimeError("no view")

    pool = BufferPool(1 << 20, Memory("host", HOST.allocate, fail))
    with pytest.raises(RuntimeError, match="no view"):
        pool.acquire(100)
    assert (check(pool.stats).in_use, pool.stats.idle) == (0, 4096)


@given(st.lists(st.one_of(st.integers(0, 40_000), st.sampled_from([-1, -2])), max_size=60))
@settings(max_examples=60)
def test_any_order_of_taking_and_giving_keeps_the_counts(steps: list[int]) -> None:
    pool = BufferPool(128 << 10)
    held: list[Any] = []
    for step in steps:
        if step == -1 and held:
            held.pop(0)
        elif step == -2:
            pool.trim()
        elif step >= 0:
            try:
                held.append(pool.acquire(step))
            except MemoryLimitError:
                assert pool.stats.idle + pool.stats.in_use + size_class(step) > pool.limit
        stats = check(pool.stats)
        assert stats.in_use == sum(size_class(buffer.nbytes) for buffer in held)
    addresses = sorted((buffer.ctypes.data, buffer.nbytes) for buffer in held)
    for (start, size), (following, _) in pairwise(addresses):
        assert start + size <= following  # nobody shares


def test_threads_never_share_a_buffer() -> None:
    pool = BufferPool(1 << 20)
    failures: list[str] = []
    stop = threading.Event()

    def hammer(mark: int) -> None:
        rng = random.Random(mark)
        held: list[Any] = []
        while not stop.is_set():
            buffer = pool.acquire(rng.choice((4096, 5000, 9000)))
            buffer[...] = mark
            held.append(buffer)
            del buffer
            if len(held) > 6:
                old = held.pop(rng.randrange(len(held)))
                if not (old == mark).all():
                    failures.append(f"{mark}: {set(old.tolist())}")
                del old

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=hammer, args=(mark,)) for mark in range(1, 7)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(20):
            check(pool.stats)
            stop.wait(0.01)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)
    assert not failures
    stats = check(pool.stats)
    assert stats.in_use == 0
    assert stats.reused > 10 * stats.made


def test_the_collector_may_give_buffers_back_inside_acquire() -> None:
    """A buffer in a reference cycle comes back when the collector runs, which may be while the pool's lock is held."""

    def collecting(nbytes: int) -> Any:
        gc.collect()
        return HOST.allocate(nbytes)

    pool = BufferPool(1 << 20, Memory("host", collecting, HOST.view))
    gc.disable()
    try:
        for _ in range(3):
            cycle: list[Any] = [pool.acquire(4096)]
            cycle.append(cycle)
            del cycle
        assert pool.stats.in_use > 0
        done = threading.Thread(target=pool.acquire, args=(50_000,), daemon=True)
        done.start()
        done.join(10)
        assert not done.is_alive()
    finally:
        gc.enable()
    assert check(pool.stats).in_use == 0


def test_pinned_memory_is_plain_memory_without_a_driver() -> None:
    sys.modules["cupy"] = None  # type: ignore[assignment]  # makes `import cupy` fail
    try:
        pool = BufferPool(1 << 20, PINNED)
        buffer = pool.acquire(10_000)
        buffer[...] = 3
        assert buffer.ctypes.data % 64 == 0
        assert pool.stats.memory == "pinned"
        del buffer
        assert check(pool.stats).in_use == 0
    finally:
        del sys.modules["cupy"]


def test_pinned_memory_is_taken_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Block:
        def __init__(self, nbytes: int) -> None:
            self.bytes = np.zeros(nbytes, np.uint8)
            self.ptr = self.bytes.ctypes.data

    made: list[Block] = []

    def alloc_pinned_memory(nbytes: int) -> Block:
        made.append(Block(nbytes))
        return made[-1]

    cuda = type("cuda", (), {"alloc_pinned_memory": staticmethod(alloc_pinned_memory)})
    monkeypatch.setitem(sys.modules, "cupy", type("cupy", (), {"cuda": cuda}))
    pool = BufferPool(1 << 20, PINNED)
    buffer = pool.acquire(9000)
    buffer[...] = 9
    assert len(made) == 1
    assert (made[0].bytes == 9).sum() == 9000
    assert buffer.ctypes.data % 64 == 0


def test_which_memory_a_device_uses() -> None:
    assert default_pool() is default_pool()
    assert default_pool().limit >= 256 << 20


def test_the_limit_follows_the_control_group(monkeypatch: pytest.MonkeyPatch) -> None:
    free = memory_sources.available_memory()
    assert free > 0
    monkeypatch.setattr(memory_sources, "memory_left", lambda: 1 << 30)
    assert memory_sources.available_memory() <= 1 << 30
    monkeypatch.setattr(memory_sources, "memory_left", lambda: 0)
    assert memory_sources.available_memory() == 0
    assert default_limit() == 256 << 20
    monkeypatch.setattr(memory_sources, "memory_left", lambda: None)
    assert memory_sources.available_memory() > 0
