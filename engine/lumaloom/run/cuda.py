"""The GPU lane: upload, compute and download overlap on three streams, frames come out in order.

Each frame on its way is a `_Flight`. It holds every buffer that the GPU still reads or writes for that frame,
so nothing returns to a pool before the event after its last use has passed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from lumaloom.errors import DeviceError
from lumaloom.frame import Frame
from lumaloom.graph import Run
from lumaloom.memory import DEVICE, PINNED, BufferPool
from lumaloom.run.apply import apply_run
from lumaloom.run.items import Item
from lumaloom.run.meter import Meter

# Frames under way: one uploading, one computing, one downloading, and one being taken by the encoder.
_DEPTH = 4


@dataclass(slots=True)
class _Flight:
    """A frame on the GPU: its result on the host, valid once `done` has passed, and what must live until then."""

    result: Frame
    done: Any
    held: list[Frame]


class _Lane:
    """Three streams and two pools for one run."""

    def __init__(self, run: Run, limit: int, meter: Meter) -> None:
        import cupy

        self.cupy, self.run, self.meter = cupy, run, meter
        self.pinned, self.device = BufferPool(limit, PINNED), BufferPool(limit, DEVICE)
        self.uploads, self.compute, self.downloads = (cupy.cuda.Stream(non_blocking=True) for _ in range(3))

    def send(self, frame: Frame) -> _Flight:
        """Queue a frame's whole way and return at once."""
        staged = frame.copy(self.pinned)
        source = Frame.allocate(frame.spec, self.device, like=frame)
        held = [staged, source]
        self._transfer(staged, source, "HostToDevice", self.uploads)
        self.compute.wait_event(self.uploads.record())
        with self.compute:
            result = apply_run(self.run, source, self.device, self.meter, held)
            if result.spec != self.run.after or not result.is_packed:
                result = result.copy(self.device)
                held.append(result)
        self.downloads.wait_event(self.compute.record())
        landed = Frame.allocate(result.spec, self.pinned, like=result)
        self._transfer(result, landed, "DeviceToHost", self.downloads)
        return _Flight(landed, self.downloads.record(), held)

    def _transfer(self, source: Frame, target: Frame, kind: str, stream: Any) -> None:
        """Queue one copy of all planes: both frames come from `Frame.allocate` and share their layout."""
        runtime = self.cupy.cuda.runtime
        runtime.memcpyAsync(
            target.address, source.address, source.spec.buffer_bytes, getattr(runtime, f"memcpy{kind}"), stream.ptr
        )

    def drain(self) -> None:
        """Wait until the GPU reads and writes no buffer of this lane any more."""
        for stream in (self.uploads, self.compute, self.downloads):
            stream.synchronize()


def cuda_map(run: Run, items: Iterable[Item], limit: int, meter: Meter) -> Generator[Item, None, None]:
    """Yield the items with every frame taken through a run on the GPU, in order.

    Closing the generator waits for the GPU and closes `items`.

    Args:
        run: steps whose effects run on CUDA.
        items: frames on the host, and packets.
        limit: bytes of pinned memory, and of device memory, that frames may take.
        meter: gets the time to queue each step, and the wait for results as `download`.

    Raises:
        DeviceError: the GPU failed; out of memory and broken contexts come as CUDA's own message.
        EffectError: an effect failed.

    """
    lane = _Lane(run, limit, meter)
    waiting: deque[_Flight | Item] = deque()
    flights = 0

    def oldest() -> Item:
        nonlocal flights
        head = waiting.popleft()
        if not isinstance(head, _Flight):
            return head
        flights -= 1
        with meter.stage("download"):
            head.done.synchronize()
        return head.result

    try:
        for item in items:
            if isinstance(item, Frame):
                while flights >= _DEPTH:
                    yield oldest()
                waiting.append(lane.send(item))
                flights += 1
            else:
                waiting.append(item)
            while waiting and not isinstance(waiting[0], _Flight):
                yield oldest()
        while waiting:
            yield oldest()
    except (lane.cupy.cuda.runtime.CUDARuntimeError, lane.cupy.cuda.memory.OutOfMemoryError) as problem:
        raise DeviceError(f"the GPU failed: {problem}; try --device cpu") from problem
    finally:
        lane.drain()
        waiting.clear()
        if isinstance(items, Generator):
            items.close()
