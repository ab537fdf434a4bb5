"""A CuPy whose streams run as late or as early as they may, so that a missing wait or an early give-back shows.

Work is queued. A late stream runs only when somebody waits for it, up to what is waited for; an early one at once, as
far as its own waits let it. Everything lies in host memory.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


class CUDARuntimeError(RuntimeError):
    """An error of the CUDA runtime."""


class OutOfMemoryError(MemoryError):
    """No more device memory."""


class Gpu:
    """The pretended device: what was called, and what shall fail."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fail_at: int | None = None
        self.error: type[Exception] = CUDARuntimeError
        self.broken = False
        self.streams: list[Stream] = []
        self.current: list[Stream] = []
        self.memory = 1 << 30
        self.early: tuple[int, ...] = ()  # streams, numbered from 0 in each three

    def call(self, what: str) -> None:
        self.calls.append(what)
        if self.broken or len(self.calls) - 1 == self.fail_at:
            self.broken = self.broken or self.error is CUDARuntimeError  # a failed context stays failed
            raise self.error(f"cudaErrorIllegalAddress in {what}")

    def run_early(self) -> None:
        """Run the early streams as far as they get."""
        while any(stream.step() for stream in self.streams if stream.ptr % 3 in self.early):
            pass


gpu = Gpu()


class Event:
    def __init__(self, stream: Stream) -> None:
        self.stream, self.passed = stream, False

    def synchronize(self) -> None:
        gpu.call("event.synchronize")
        self.stream.run_until(self)


def _elapsed(begin: Event, end: Event) -> float:
    assert begin.passed, "only events that have passed have times between them"
    assert end.passed
    return 2.0


class Wait:
    def __init__(self, event: Event) -> None:
        self.event = event


class Stream:
    def __init__(self, non_blocking: bool = False) -> None:
        assert non_blocking, "streams that block with the default stream do not overlap"
        self.queue: list[Callable[[], None] | Event | Wait] = []
        self.ptr = len(gpu.streams)
        gpu.streams.append(self)

    def __enter__(self) -> Stream:
        gpu.current.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        gpu.current.pop()

    def record(self) -> Event:
        gpu.call("record")
        event = Event(self)
        self.add(event)
        return event

    def wait_event(self, event: Event) -> None:
        gpu.call("wait_event")
        self.add(Wait(event))

    def add(self, work: Callable[[], None] | Event | Wait) -> None:
        self.queue.append(work)
        gpu.run_early()

    def step(self) -> bool:
        """Run what is next, unless it has to wait."""
        if not self.queue or (isinstance(self.queue[0], Wait) and not self.queue[0].event.passed):
            return False
        work = self.queue.pop(0)
        if isinstance(work, Event):
            work.passed = True
        elif not isinstance(work, Wait):
            work()
        return True

    def run_until(self, event: Event | None) -> None:
        while self.queue and not (event is not None and event.passed):
            if not self.step():
                waited = self.queue[0]
                assert isinstance(waited, Wait)
                waited.event.stream.run_until(waited.event)
        gpu.run_early()

    def synchronize(self) -> None:
        gpu.call("stream.synchronize")
        self.run_until(None)


class Block:
    """Device memory; what is given back is overwritten."""

    def __init__(self, nbytes: int) -> None:
        self.bytes = np.full(nbytes, 0xEE, np.uint8)
        self.ptr = self.bytes.ctypes.data


class UnownedMemory:
    def __init__(self, ptr: int, size: int, owner: object) -> None:
        self.ptr, self.size, self.owner = ptr, size, owner


class MemoryPointer:
    def __init__(self, memory: UnownedMemory, offset: int) -> None:
        self.ptr, self.mem = memory.ptr + offset, memory


class ndarray:  # noqa: N801 - CuPy's name
    """A device array: reading or writing it is queued on the current stream."""

    def __init__(self, shape: Any, dtype: Any, memptr: MemoryPointer | None = None, *, host: Any = None) -> None:
        if host is None:
            assert memptr is not None
            host = _host(memptr.ptr, int(np.prod(shape)) * np.dtype(dtype).itemsize).view(dtype).reshape(shape)
        self.host, self.owner = host, memptr

    shape = property(lambda self: self.host.shape)
    strides = property(lambda self: self.host.strides)
    dtype = property(lambda self: self.host.dtype)
    ndim = property(lambda self: self.host.ndim)
    itemsize = property(lambda self: self.host.itemsize)
    data = property(lambda self: types.SimpleNamespace(ptr=self.host.ctypes.data))

    def _like(self, host: Any) -> ndarray:
        return ndarray(None, None, self.owner, host=host)

    def __getitem__(self, key: Any) -> ndarray:
        return self._like(self.host[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        source = value.host if isinstance(value, ndarray) else value
        target = self.host[key]
        compute(lambda: np.copyto(target, source))

    def reshape(self, *shape: Any) -> ndarray:
        view = self.host.reshape(*shape)
        assert np.shares_memory(view, self.host)
        return self._like(view)

    def view(self, dtype: Any) -> ndarray:
        return self._like(self.host.view(dtype))

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("device arrays do not turn into NumPy arrays unasked")


def compute(work: Callable[[], None]) -> None:
    """Queue work on the current stream: what a kernel's launch does."""
    gpu.call("launch")
    assert gpu.current, "launched on the default stream"
    gpu.current[-1].add(work)


def _host(ptr: int, nbytes: int) -> Any:
    interface = {"version": 3, "shape": (nbytes,), "typestr": "|u1", "data": (ptr, False)}
    return np.asarray(type("At", (), {"__array_interface__": interface})())


def _memcpy_async(target: int, source: int, nbytes: int, kind: int, stream: int) -> None:
    gpu.call(f"memcpy {'up' if kind == 1 else 'down'}")
    gpu.streams[stream].add(lambda: np.copyto(_host(target, nbytes), _host(source, nbytes)))


def _alloc(nbytes: int) -> Block:
    gpu.call("alloc")
    if nbytes > gpu.memory:
        raise OutOfMemoryError(f"{nbytes} bytes")
    return Block(nbytes)


def _alloc_pinned(nbytes: int) -> Block:
    gpu.call("alloc pinned")
    return Block(nbytes)


@contextmanager
def installed() -> Iterator[Gpu]:
    """Put this where `import cupy` finds it."""
    global gpu
    gpu = Gpu()
    runtime = types.SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        memcpyAsync=_memcpy_async,
        memcpyHostToDevice=1,
        memcpyDeviceToHost=2,
        memGetInfo=lambda: (gpu.memory // 2, gpu.memory),
    )
    cuda = types.SimpleNamespace(
        runtime=runtime,
        memory=types.SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
        Stream=Stream,
        get_elapsed_time=_elapsed,
        alloc=_alloc,
        alloc_pinned_memory=_alloc_pinned,
        UnownedMemory=UnownedMemory,
        MemoryPointer=MemoryPointer,
    )
    module = types.ModuleType("cupy")
    module.cuda, module.ndarray = cuda, ndarray  # type: ignore[attr-defined]
    before = sys.modules.get("cupy")
    sys.modules["cupy"] = module
    try:
        yield gpu
    finally:
        if before is None:
            del sys.modules["cupy"]
        else:
            sys.modules["cupy"] = before
