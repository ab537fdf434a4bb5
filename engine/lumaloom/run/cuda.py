"""The GPU lane: upload, compute and download overlap on three streams, frames come out in order.

Each frame on its way is a `_Flight`. It holds every buffer that the GPU still reads or writes for that frame,
so nothing returns to a pool before the event after its last use has passed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lumaloom.errors import DeviceError, EffectError
from lumaloom.frame import Frame
from lumaloom.graph import Run
from lumaloom.memory import DEVICE, PINNED, BufferPool, default_limit
from lumaloom.pointwise.footage import Beside
from lumaloom.run.apply import apply_run
from lumaloom.run.deferred import Deferred
from lumaloom.run.items import Accompanied, Item, size_of, taken_apart
from lumaloom.run.meter import Meter

# Frames under way: one uploading, one computing, one downloading, and one being taken by the encoder.
_DEPTH = 4


@dataclass(slots=True)
class _Flight:
    """A frame on the GPU: its result on the host, valid once `done` has passed, and what must live until then.

    Attributes:
        work: the events before and after the work of its steps.
    """

    result: Frame
    done: Any
    work: tuple[Any, Any]
    held: list[Frame]


class _Lane:
    """Three streams and two pools for one run.

    The number of frames under way bounds what the pools hand out; a picture of any size passes.
    """

    def __init__(self, run: Run, meter: Meter) -> None:
        import cupy

        self.cupy, self.run, self.meter = cupy, run, meter
        self.errors = (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.memory.OutOfMemoryError)
        _, device_bytes = cupy.cuda.runtime.memGetInfo()
        self.pinned, self.device = BufferPool(default_limit(), PINNED), BufferPool(device_bytes, DEVICE)
        self.uploads, self.compute, self.downloads = (cupy.cuda.Stream(non_blocking=True) for _ in range(3))

    def send(self, frame: Frame, beside: Beside) -> _Flight:
        """Queue a frame's whole way and return at once; `beside` has what is shown with it of other clips."""
        staged = frame.copy(self.pinned)
        source = Frame.allocate(frame.spec, self.device, like=frame)
        held = [staged, source]
        self._transfer(staged, source, "HostToDevice", self.uploads)
        self.compute.wait_event(self.uploads.record())
        begun = self.compute.record()
        with self.compute:
            result = apply_run(self.run, source, self.device, self.meter, held, beside=beside)
            if not result.is_packed:
                result = result.copy(self.device)
                held.append(result)
        ended = self.compute.record()
        self.downloads.wait_event(ended)
        landed = Frame.allocate(result.spec, self.pinned, like=result)
        self._transfer(result, landed, "DeviceToHost", self.downloads)
        return _Flight(landed, self.downloads.record(), (begun, ended), held)

    def _transfer(self, source: Frame, target: Frame, kind: str, stream: Any) -> None:
        """Queue one copy of all planes: both frames come from `Frame.allocate` and share their layout."""
        runtime = self.cupy.cuda.runtime
        runtime.memcpyAsync(
            target.address, source.address, source.spec.buffer_bytes, getattr(runtime, f"memcpy{kind}"), stream.ptr
        )

    def drain(self) -> None:
        """Wait until the GPU reads and writes no buffer of this lane any more.

        A GPU that failed does neither; its error came out where it happened.
        """
        for stream in (self.uploads, self.compute, self.downloads):
            with suppress(*self.errors):
                stream.synchronize()


def cuda_map(run: Run, items: Iterable[Item | Accompanied], limit: int, meter: Meter) -> Generator[Item, None, None]:
    """Yield the items with every frame taken through a run on the GPU, in order.

    An error of `items` comes out after the frames before it. Closing the generator waits for the GPU and closes
    `items`.

    Args:
        run: steps whose effects run on CUDA.
        items: frames on the host, with what is shown beside them where steps need that, and packets.
        limit: bytes of packets that may wait for the frames before them.
        meter: gets the time to queue each step, and the wait for results as `download`.

    Raises:
        DeviceError: the GPU failed; out of memory and broken contexts come as CUDA's own message.
        EffectError: an effect failed.

    """
    lane = _Lane(run, meter)
    waiting: deque[_Flight | Item] = deque()
    flights = packets = 0

    def oldest() -> Item:
        nonlocal flights, packets
        head = waiting.popleft()
        if not isinstance(head, _Flight):
            packets -= size_of(head)
            return head
        flights -= 1
        with meter.stage("download"):
            head.done.synchronize()
        meter.on_device("cuda", lane.cupy.cuda.get_elapsed_time(*head.work) / 1000)
        return head.result

    with Deferred(items) as source:
        try:
            for item in source:
                if isinstance(item, (Frame, Accompanied)):
                    while flights >= _DEPTH:
                        yield oldest()
                    frame, _, beside = taken_apart(item)
                    waiting.append(lane.send(frame, beside))
                    flights += 1
                    del frame, beside
                else:
                    packets += size_of(item)
                    waiting.append(item)
                del item
                while waiting and (packets > limit or not isinstance(waiting[0], _Flight)):
                    yield oldest()
            while waiting:
                yield oldest()
            source.finish()
        except lane.errors as problem:
            raise DeviceError(f"the GPU failed: {problem}; try --device cpu") from problem
        except EffectError as problem:
            if isinstance(problem.__cause__, lane.errors):
                raise DeviceError(f"the GPU failed: {problem}; try --device cpu") from problem
            raise
        finally:
            lane.drain()
            waiting.clear()
