"""A stand-in for the few parts of CuPy that Lumaloom uses, for machines without a GPU.

Arrays live in host memory, streams run at once, and ``RawModule`` compiles its source as C++ (see
`host_shim`) and runs kernels on it, so that the Python code around the kernels runs as it would with CuPy::

    def test_something(cupy):              # the fixture of conftest.py, or:
        with fake_cupy.installed() as cupy:
            src = cupy.asarray(np.zeros((9, 9), np.uint8))
            out = lumaloom_kernels.gaussian_blur(src, 1.0)
            assert cupy.calls == ["asarray", "empty", ...]   # what was called, in order
            cupy.asnumpy(out)

``cupy.calls`` records allocations, copies, launches (``launch NAME``), records and waits of events, with the
stream that was current as ``@NUMBER`` where it is not the default one. As with CuPy, arrays don't turn into
NumPy arrays unasked, and memory between device and host moves only through `asarray`, `asnumpy`, ``get``
and ``set``. `Settings` change what the device seems to be.
"""

import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.cuda.host_shim import Address, Program

ALIGNMENT = 512


@dataclass
class Settings:
    """What the stand-in pretends, and how kernels run."""

    devices: int = 1  # -1: counting them fails
    driver: int = 13000
    runtime: int = 13000
    checks: Sequence[str] = ()  # compiler flags for kernels: host_shim.SANITIZE
    allowed_in_capture: tuple[str, ...] = ()  # what may be called while a graph is captured, besides launches
    seed: int = 0  # of the order in which threads run
    calls: list[str] = field(default_factory=list)


settings = Settings()
_memories: "weakref.WeakValueDictionary[int, Memory]" = weakref.WeakValueDictionary()
_programs: dict[tuple[str, tuple[str, ...]], Program] = {}
_local = threading.local()


def _note(what: str) -> None:
    stream = get_current_stream()
    if stream.captured is not None and not what.startswith("launch") and what not in stream.allowed:
        raise AssertionError(f"{what} while a graph is captured")
    settings.calls.append(what if stream.number == 0 else f"{what} @{stream.number}")


class Memory:
    """One allocation."""

    def __init__(self, size: int) -> None:
        block = np.empty(size + ALIGNMENT, np.uint8)
        start = -block.ctypes.data % ALIGNMENT
        self.bytes = block[start : start + size]
        self.bytes[...] = 0xA5
        self.address = self.bytes.ctypes.data
        if size:
            _memories[self.address] = self


class MemoryPointer:
    """The address of an array's first element."""

    def __init__(self, address: int, memory: Memory) -> None:
        self.ptr, self.mem = address, memory


class ndarray:  # noqa: N801
    """A device array: a view of a `Memory`."""

    __array_priority__ = 100

    def __init__(self, view: NDArray[Any], memory: Memory) -> None:
        self._view, self._memory = view, memory

    shape = property(lambda self: self._view.shape)
    strides = property(lambda self: self._view.strides)
    dtype = property(lambda self: self._view.dtype)
    ndim = property(lambda self: self._view.ndim)
    size = property(lambda self: self._view.size)
    nbytes = property(lambda self: self._view.nbytes)
    itemsize = property(lambda self: self._view.itemsize)
    flags = property(lambda self: self._view.flags)
    T = property(lambda self: ndarray(self._view.T, self._memory))
    data = property(lambda self: MemoryPointer(self._view.ctypes.data, self._memory))

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "strides": self.strides,
            "typestr": self.dtype.str,
            "data": (self.data.ptr, False),
            "version": 3,
        }

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Serve the functions of NumPy that hand over to CuPy's of the same name."""
        own = {"broadcast_to": broadcast_to, "may_share_memory": may_share_memory, "shares_memory": shares_memory}
        return own[function.__name__](*args, **kwargs) if function.__name__ in own else NotImplemented

    def __len__(self) -> int:
        return len(self._view)

    def __getitem__(self, key: Any) -> "ndarray":
        return ndarray(self._view[key], self._memory)

    def __setitem__(self, key: Any, value: Any) -> None:
        _note("copy")
        self._view[key] = value._view if isinstance(value, ndarray) else value

    def reshape(self, *shape: Any) -> "ndarray":
        """Return a view of another shape, or a copy where there is none."""
        view = self._view.reshape(*shape)
        return ndarray(view, self._memory) if np.shares_memory(view, self._view) else _copied(view)

    def transpose(self, *axes: int) -> "ndarray":
        """Return a view with the axes in another order."""
        return ndarray(self._view.transpose(*axes), self._memory)

    def view(self, dtype: Any) -> "ndarray":
        """Return the same bytes as another dtype."""
        return ndarray(self._view.view(dtype), self._memory)

    def copy(self) -> "ndarray":
        """Return a C-contiguous copy."""
        _note("copy")
        return _copied(self._view)

    def astype(self, dtype: Any) -> "ndarray":
        """Return a converted copy."""
        _note("copy")
        return _copied(self._view.astype(dtype))

    def repeat(self, repeats: Any, axis: int | None = None) -> "ndarray":
        """Return a copy with elements as often as is said."""
        _note("copy")
        return _copied(self._view.repeat(repeats, axis))

    def fill(self, value: Any) -> None:
        """Set every element."""
        _note("fill")
        self._view[...] = value

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> Any:
        """Copy to the host."""
        _note("download")
        if out is None:
            out = np.empty(self.shape, self.dtype)
        out[...] = self._view
        return out

    def set(self, array: np.ndarray, stream: Any = None) -> None:
        """Copy from the host."""
        _note("upload")
        self._view[...] = array


ndarray.__module__ = "cupy"


def _copied(source: np.ndarray) -> ndarray:
    result = _new(source.shape, source.dtype)
    result._view[...] = source
    return result


def _new(shape: Any, dtype: Any) -> ndarray:
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    memory = Memory(int(np.prod(shape)) * np.dtype(dtype).itemsize)
    return ndarray(memory.bytes.view(dtype).reshape(shape), memory)


def empty(shape: Any, dtype: Any = float) -> ndarray:
    """Allocate; the content is 0xA5 in every byte."""
    _note("empty")
    return _new(shape, dtype)


def zeros(shape: Any, dtype: Any = float) -> ndarray:
    """Allocate and clear."""
    _note("zeros")
    result = _new(shape, dtype)
    result._view[...] = 0
    return result


def empty_like(array: ndarray) -> ndarray:
    """Allocate the same shape and dtype."""
    return empty(array.shape, array.dtype)


def asarray(source: Any, dtype: Any = None) -> ndarray:
    """Copy to the device, unless it is there already."""
    if isinstance(source, ndarray):
        return source
    _note("asarray")
    return _copied(np.asarray(source, dtype))


array = asarray


def asnumpy(source: Any, out: Any = None) -> np.ndarray:
    """Copy to the host."""
    return source.get(out=out) if isinstance(source, ndarray) else np.asarray(source)


def ascontiguousarray(source: ndarray) -> ndarray:
    """Return the array, or a C-contiguous copy."""
    return source if source.flags.c_contiguous else source.copy()


def broadcast_to(source: ndarray, shape: Any) -> ndarray:
    """Return a view in which elements repeat."""
    return ndarray(np.broadcast_to(source._view, shape), source._memory)


def copyto(to: ndarray, source: ndarray) -> None:
    """Copy one device array into another."""
    to[...] = source


def may_share_memory(first: ndarray, second: ndarray) -> bool:
    """Tell whether the arrays' extents overlap."""
    return bool(np.may_share_memory(first._view, second._view))


def shares_memory(first: ndarray, second: ndarray) -> bool:
    """Tell whether the arrays overlap."""
    return bool(np.shares_memory(first._view, second._view))


class Stream:
    """A stream that runs everything at once; it only remembers that it was used."""

    null: "Stream"
    _count = 0

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        self.number = 0 if null else Stream._count + 1
        Stream._count = max(Stream._count, self.number)
        self.ptr = self.number
        self.captured: list[Callable[[], None]] | None = None
        self.allowed: tuple[str, ...] = ()

    def __enter__(self) -> "Stream":
        _streams().append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _streams().pop()

    def use(self) -> "Stream":
        """Make this the current stream of the thread."""
        _streams()[-1] = self
        return self

    def begin_capture(self, mode: int | None = None) -> None:
        """Gather launches instead of running them; allocations and copies raise until the end."""
        self.captured = []
        self.allowed = settings.allowed_in_capture

    def end_capture(self) -> "Graph":
        """Return what was gathered."""
        captured, self.captured = self.captured, None
        assert captured is not None, "no capture has begun"
        return Graph(captured)

    def synchronize(self) -> None:
        """Do nothing: all is done."""
        assert self.captured is None, "synchronizes while a graph is captured"
        settings.calls.append(f"synchronize {self.number}")

    def record(self, event: "Event | None" = None) -> "Event":
        """Record an event."""
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: "Event") -> None:
        """Wait for an event, which must have been recorded."""
        assert event.recorded, "waits for an event that was never recorded"
        settings.calls.append(f"wait {self.number} {event.number}")


class Graph:
    """Launches to be run again, on the memory that they were captured with."""

    def __init__(self, launches: "list[Callable[[], None]]") -> None:
        self._launches = launches

    def launch(self, stream: Stream | None = None) -> None:
        """Run them."""
        for launch in self._launches:
            launch()


Stream.null = Stream(null=True)


class Event:
    """An event; it happens at once when recorded."""

    _count = 0

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        Event._count += 1
        self.number, self.recorded = Event._count, False
        self.done = True

    def record(self, stream: Stream | None = None) -> None:
        """Mark the event on a stream."""
        self.recorded = True
        settings.calls.append(f"record {(stream or get_current_stream()).number} {self.number}")

    def synchronize(self) -> None:
        """Do nothing: it has happened."""
        assert self.recorded, "synchronizes with an event that was never recorded"


def _streams() -> list[Stream]:
    if not hasattr(_local, "streams"):
        _local.streams = [Stream.null]
    streams: list[Stream] = _local.streams
    return streams


def get_elapsed_time(start: Event, end: Event) -> float:
    """Return milliseconds between two events: always one."""
    assert start.recorded
    assert end.recorded
    return 1.0


def get_current_stream() -> Stream:
    """Return the thread's current stream."""
    return _streams()[-1]


class Device:
    """A device."""

    def __init__(self, device: int | None = None) -> None:
        self.id = device or 0

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def use(self) -> None:
        """Make it current."""

    def synchronize(self) -> None:
        """Do nothing."""

    mem_info = property(lambda self: (8 << 30, 16 << 30))
    attributes = property(lambda self: {"L2CacheSize": 1 << 10})
    compute_capability = property(lambda self: "90")


class RawModule:
    """CUDA source, compiled as C++ at the first launch."""

    def __init__(self, *, code: str, options: tuple[str, ...] = (), **_: Any) -> None:
        _note("module")
        key = (code, tuple(settings.checks))
        if key not in _programs:
            _programs[key] = Program(*key)
        self._program = _programs[key]

    def get_function(self, name: str) -> "RawKernel":
        """Return a kernel by name."""
        return RawKernel(self._program, name)


class RawKernel:
    """One kernel."""

    def __init__(self, program: Program, name: str) -> None:
        self._program, self.name = program, name

    def __call__(self, grid: Sequence[int], block: Sequence[int], args: Sequence[Any], shared_mem: int = 0) -> None:
        """Launch. Arguments are arrays, addresses as numpy.uint64, and NumPy scalars."""
        assert all(type(number) is int for number in (*grid, *block)), "CuPy takes plain integers here"
        assert shared_mem == 0, "the kernels use static shared memory only"
        _note(f"launch {self.name}")
        memories: list[Memory] = []
        arguments: list[Any] = []
        for argument in args:
            if isinstance(argument, (ndarray, MemoryPointer)):
                argument = np.uint64(argument.data.ptr if isinstance(argument, ndarray) else argument.ptr)
            if not isinstance(argument, np.generic):
                raise TypeError(f"{self.name}: {argument!r} has no fixed size; pass a NumPy scalar")
            found = _memory_of(int(argument)) if argument.dtype == np.uint64 else None
            if found is None:
                arguments.append(argument)
                continue
            memory, offset = found
            if memory not in memories:
                memories.append(memory)
            arguments.append(Address(memories.index(memory), offset))
        buffers = [memory.bytes for memory in memories]

        def run() -> None:
            self._program.run(self.name, grid, block, arguments, buffers, settings.seed)

        captured = get_current_stream().captured
        if captured is None:
            run()
        else:
            captured.append(run)


def _memory_of(address: int) -> tuple[Memory, int] | None:
    for memory in list(_memories.values()):
        if 0 <= address - memory.address < memory.bytes.nbytes:
            return memory, address - memory.address
    return None


def alloc_pinned_memory(size: int) -> Any:
    """Allocate page-locked memory; NumPy wraps it with `numpy.frombuffer`."""
    settings.calls.append(f"pinned {size}")
    return memoryview(bytearray(size))


class CUDARuntimeError(RuntimeError):
    """An error of the CUDA runtime."""


def _device_count() -> int:
    if settings.driver == 0:
        raise CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
    if settings.devices < 0:
        raise CUDARuntimeError("cudaErrorUnknown\nand more")
    return settings.devices


class MemoryPool:
    """The pool of device memory; counts what is alive."""

    def used_bytes(self) -> int:
        """Return the bytes of living arrays."""
        return sum(memory.bytes.nbytes for memory in list(_memories.values()))

    total_bytes = used_bytes

    def free_all_blocks(self) -> None:
        """Do nothing."""


_pool = MemoryPool()


def _module() -> types.ModuleType:
    cupy = types.ModuleType("cupy", __doc__)
    cupy.__spec__ = ModuleSpec("cupy", None)
    cupy.__version__ = "0.0"  # type: ignore[attr-defined]
    runtime = types.SimpleNamespace(
        driverGetVersion=lambda: settings.driver,
        runtimeGetVersion=lambda: settings.runtime,
        getDeviceCount=_device_count,
        getDeviceProperties=lambda device: {"name": b"stand-in", "totalGlobalMem": 16 << 30},
        CUDARuntimeError=CUDARuntimeError,
    )
    cuda = types.ModuleType("cupy.cuda")
    parts = {
        "runtime": runtime,
        "Device": Device,
        "Stream": Stream,
        "Event": Event,
        "MemoryPointer": MemoryPointer,
        "alloc_pinned_memory": alloc_pinned_memory,
        "get_current_stream": get_current_stream,
        "get_elapsed_time": get_elapsed_time,
        "is_available": lambda: settings.driver > 0 and settings.devices > 0,
    }
    for name, part in parts.items():
        setattr(cuda, name, part)
    names = (
        ndarray,
        empty,
        zeros,
        empty_like,
        asarray,
        asnumpy,
        ascontiguousarray,
        broadcast_to,
        copyto,
        may_share_memory,
    )
    for thing in (*names, shares_memory, RawModule, RawKernel):
        setattr(cupy, thing.__name__, thing)
    cupy.array = array  # type: ignore[attr-defined]
    cupy.cuda = cuda  # type: ignore[attr-defined]
    cupy.get_default_memory_pool = lambda: _pool  # type: ignore[attr-defined]
    cupy.calls = settings.calls  # type: ignore[attr-defined]
    for dtype in (np.uint8, np.uint16, np.uint32, np.float32, np.float64, np.int32):
        setattr(cupy, dtype.__name__, dtype)
    cupy.dtype = np.dtype  # type: ignore[attr-defined]
    return cupy


@contextmanager
def installed(**changes: Any) -> Iterator[Any]:
    """Put the stand-in where ``import cupy`` finds it; ``changes`` are fields of `Settings`."""
    from lumaloom_kernels import _cuda

    global settings
    before = settings, sys.modules.get("cupy"), sys.modules.get("cupy.cuda")
    settings = Settings(**changes)
    cupy = _module()
    sys.modules["cupy"], sys.modules["cupy.cuda"] = cupy, cupy.cuda
    _cuda.forget()
    try:
        yield cupy
    finally:
        _cuda.forget()
        settings = before[0]
        for name, module in (("cupy", before[1]), ("cupy.cuda", before[2])):
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
