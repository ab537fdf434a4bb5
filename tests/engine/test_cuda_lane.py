"""The GPU lane on a pretended device whose streams run as late or as early as they may."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param
from lumaloom.errors import DeviceError, EffectError, InputError, MemoryLimitError
from lumaloom.frame import FORMATS, Timing
from lumaloom.graph import Plan, make_plan
from lumaloom.memory import BufferPool
from lumaloom.plugins import default_registry
from lumaloom.run import Here, Meter, OtherClips, run_plan
from lumaloom.run import cuda as lane_module
from tests.engine import lazy_cupy
from tests.engine.frames import noise, same, spec
from tests.engine.own_workers import worked
from tests.media import clips


class Invert(Effect):
    """Turn every code value over, on either device."""

    name = "invert"
    kind = Kind.POINTWISE
    devices = ("cpu", "cuda")
    fails_at: int = Param(-1)

    def render(self, src: Frame, out: Frame) -> None:
        if src.pts == self.fails_at:
            raise ZeroDivisionError("on purpose")
        peak = src.format.peak
        for source, target in zip(src.planes, out.planes, strict=True):
            if isinstance(source, np.ndarray):
                np.subtract(peak, source, out=target, casting="unsafe")
            else:
                lazy_cupy.compute(partial(np.subtract, peak, source.host, out=target.host, casting="unsafe"))


class Mirror(Effect):
    """Mirror, as a view."""

    name = "mirror"
    kind = Kind.GEOMETRIC
    devices = ("cpu", "cuda")

    def view(self, src: Frame) -> Frame:
        return src.with_planes(tuple(plane[:, ::-1] for plane in src.planes))

    def render(self, src: Frame, out: Frame) -> None:
        raise AssertionError("a view is enough")


class Halve(Effect):
    """Every second row and column."""

    name = "halve"
    kind = Kind.GEOMETRIC
    devices = ("cpu", "cuda")

    def output(self, spec: FrameSpec) -> FrameSpec:
        from dataclasses import replace

        return replace(spec, width=spec.width // 2, height=spec.height // 2)

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source[: 2 * target.shape[0] : 2, : 2 * target.shape[1] : 2]


class Packet:
    """Stands for a packet of another stream."""

    def __init__(self, number: int, size: int = 10) -> None:
        self.number, self.size = number, size


def frames(count: int, name: str = "yuv420p", width: int = 34, height: int = 18) -> Iterator[Any]:
    pool = BufferPool(1 << 26)
    for number in range(count):
        timing = Timing(number, Fraction(1, 25))
        yield noise(spec(name, width, height), seed=number, pool=pool, timing=timing)


@pytest.fixture
def gpu() -> Iterator[lazy_cupy.Gpu]:
    with lazy_cupy.installed() as device:
        yield device


def rendered(plan: Plan, items: Any, limit: int = 1 << 20) -> Iterator[Any]:
    pool = BufferPool(1 << 26)
    return worked(2, lambda each: run_plan(plan, items, pool=pool, workers=each, limit=limit, meter=Meter()))


CHAINS: dict[str, list[Effect]] = {
    "one": [Invert()],
    "two": [Invert(), Halve()],
    "view": [Mirror()],
    "view last": [Invert(), Mirror()],
    "many": [Mirror(), Invert(), Halve(), Invert(), Mirror()],
}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("early", [(), (0,), (1,), (0, 1), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("name", ["yuv420p", "rgb24", "gbrap10le"])
def test_the_lane_gives_what_the_cpu_gives(gpu: lazy_cupy.Gpu, chain: str, name: str, early: tuple[int, ...]) -> None:
    gpu.early = early
    for width, height in ((34, 18), (64, 32), (2, 2)):
        source = spec(name, width, height)
        on_gpu = make_plan(source, CHAINS[chain], None, "cuda")
        on_cpu = make_plan(source, CHAINS[chain], None, "cpu")
        assert [run.device for run in on_gpu.runs] == ["cuda"]
        expected = list(rendered(on_cpu, frames(9, name, width, height)))
        found = list(rendered(on_gpu, frames(9, name, width, height)))
        assert all(same(a, b) for a, b in zip(expected, found, strict=True))
        assert [frame.timing for frame in found] == [frame.timing for frame in expected]
        assert {frame.spec for frame in found} == {on_cpu.output}
    assert len(gpu.streams) == 9


def test_the_time_of_the_device_is_its_own(gpu: lazy_cupy.Gpu) -> None:
    meter, plan = Meter(), make_plan(spec("yuv420p", 34, 18), [Invert()], None, "cuda")
    items = run_plan(plan, frames(5), pool=BufferPool(1 << 26), workers=Here(), limit=1 << 20, meter=meter)
    assert len(list(items)) == 5
    assert meter.device_seconds == {"cuda": pytest.approx(5 * 0.002)}


def test_frames_overlap_and_packets_keep_their_place(gpu: lazy_cupy.Gpu) -> None:
    def items() -> Iterator[Any]:
        for number, frame in enumerate(frames(10)):
            yield Packet(number)
            yield frame
        yield Packet(10)

    found = list(rendered(make_plan(spec("yuv420p", 34, 18), [Invert()], None, "cuda"), items()))
    order = [item.number if isinstance(item, Packet) else item.pts for item in found]
    assert order == [number // 2 for number in range(21)]
    assert [isinstance(item, Packet) for item in found] == [number % 2 == 0 for number in range(21)]
    first_wait = gpu.calls.index("event.synchronize")
    assert gpu.calls[:first_wait].count("memcpy up") == 4  # four frames under way before the first is waited for


def test_packets_that_wait_are_bounded(gpu: lazy_cupy.Gpu) -> None:
    read = out = worst = 0

    def items() -> Iterator[Any]:
        nonlocal read, worst
        yield next(frames(1))
        for number in range(1000):
            read += 10
            worst = max(worst, read - out)
            yield Packet(number)

    for item in rendered(make_plan(spec("yuv420p", 34, 18), [Invert()], None, "cuda"), items(), limit=200):
        out += item.size if isinstance(item, Packet) else 0
    assert worst <= 230


def test_pictures_of_any_size_pass_the_byte_limit(gpu: lazy_cupy.Gpu) -> None:
    plan = make_plan(spec("rgb48le", 640, 360), [Invert()], None, "cuda")
    assert len(list(rendered(plan, frames(8, "rgb48le", 640, 360), limit=1000))) == 8


def test_no_memory_is_allocated_once_it_runs(gpu: lazy_cupy.Gpu) -> None:
    plan = make_plan(spec("yuv420p", 34, 18), [Invert(), Mirror()], None, "cuda")
    found = rendered(plan, frames(60))
    for _ in range(10):
        next(found)
    before = gpu.calls.count("alloc") + gpu.calls.count("alloc pinned")
    for _ in range(45):
        next(found)
    assert gpu.calls.count("alloc") + gpu.calls.count("alloc pinned") == before


class Lanes:
    """Keeps the lanes that are made, to look at their pools."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Any] = []
        original = lane_module._Lane.__init__

        def init(lane: Any, *args: Any, **kwargs: Any) -> None:
            original(lane, *args, **kwargs)
            self.made.append(lane)

        monkeypatch.setattr(lane_module._Lane, "__init__", init)

    @property
    def in_use(self) -> int:
        return sum(pool.stats.in_use for lane in self.made for pool in (lane.pinned, lane.device))


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> Lanes:
    return Lanes(monkeypatch)


def test_buffers_stay_out_until_their_event_has_passed(gpu: lazy_cupy.Gpu, lanes: Lanes) -> None:
    plan = make_plan(spec("yuv420p", 34, 18), [Invert()], None, "cuda")
    found = rendered(plan, frames(20))
    first = next(found)
    (lane,) = lanes.made
    per_frame = 4096  # one size class
    # Four frames are on their way: source and result each on the device, staged and landed each on the host.
    assert lane.device.stats.in_use == 3 * 2 * per_frame
    assert lane.pinned.stats.in_use == (3 * 2 + 1) * per_frame
    first.release()
    assert lane.pinned.stats.in_use == 3 * 2 * per_frame
    found.close()  # type: ignore[attr-defined]
    assert lanes.in_use == 0
    assert not any(stream.queue for stream in gpu.streams)


@pytest.mark.parametrize("error", [lazy_cupy.CUDARuntimeError, lazy_cupy.OutOfMemoryError])
def test_whatever_call_fails_comes_as_one_device_error(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Call 1, 2, 3, ... of the runtime fails, until a render passes: each time everything comes back."""
    chain = [Invert(), Mirror(), Halve()]
    expected = list(rendered(make_plan(spec("yuv420p", 34, 18), chain), frames(6)))
    number, failures = 0, 0
    gc.disable()
    try:
        while True:
            with lazy_cupy.installed() as gpu, monkeypatch.context() as patch:
                lanes = Lanes(patch)
                gpu.fail_at, gpu.error = number, error
                closed: list[bool] = []

                def items(closed: list[bool] = closed) -> Iterator[Any]:
                    try:
                        yield from frames(6)
                    finally:
                        closed.append(True)

                found: list[Any] = []
                message = ""
                try:
                    for frame in rendered(make_plan(spec("yuv420p", 34, 18), chain, None, "cuda"), items()):
                        found.append(frame)
                        del frame
                except DeviceError as problem:
                    message = str(problem)
                assert closed == [True]
                assert all(same(a, b) for a, b in zip(found, expected, strict=False))
                del found[:]
                assert lanes.in_use == 0, f"call {number}: {gpu.calls[number]}"
                if len(gpu.calls) <= number:
                    break
                failing = gpu.calls[number]
                if message:
                    failures += 1
                    assert message.startswith("the GPU failed: ")
                    # Pinned memory has a stand-in; what a broken device is asked next fails then.
                    assert failing == "alloc pinned" or f"cudaErrorIllegalAddress in {failing}" in message
                    assert message.endswith("; try --device cpu")
                else:  # a stream that can't be waited for at the end harms nobody
                    assert failing in ("alloc pinned", "stream.synchronize")
            number += 1
    finally:
        gc.enable()
    assert failures > 30


@pytest.mark.parametrize("failing", [0, 2, 5])
def test_an_effect_that_fails_comes_as_its_own_error(gpu: lazy_cupy.Gpu, lanes: Lanes, failing: int) -> None:
    plan = make_plan(spec("yuv420p", 34, 18), [Invert(fails_at=failing)], None, "cuda")
    gc.disable()
    try:
        message = ""
        try:
            list(rendered(plan, frames(9)))
        except EffectError as problem:
            message = str(problem)
        assert message.startswith(f"invert failed on the frame at {failing / 25:.3f} s: {__file__}:")
        assert message.endswith(": ZeroDivisionError: on purpose")
        assert lanes.in_use == 0
        assert not any(stream.queue for stream in gpu.streams)
    finally:
        gc.enable()


@pytest.mark.parametrize("failing", [0, 1, 3, 8])
def test_an_error_of_the_source_comes_after_the_frames_before_it(
    gpu: lazy_cupy.Gpu, lanes: Lanes, failing: int
) -> None:
    def items() -> Iterator[Any]:
        yield from frames(failing)
        raise InputError("cut off")

    found = rendered(make_plan(spec("yuv420p", 34, 18), [Invert()], None, "cuda"), items())
    assert [next(found).pts for _ in range(failing)] == list(range(failing))
    with pytest.raises(InputError, match="cut off"):
        next(found)
    assert lanes.in_use == 0


def test_too_little_device_memory_is_said_plainly(gpu: lazy_cupy.Gpu) -> None:
    gpu.memory = 1000
    plan = make_plan(spec("yuv420p", 34, 18), [Invert()], None, "cuda")
    with pytest.raises(MemoryLimitError, match="a device buffer of 4,096 bytes does not fit: 0 of 1,000 bytes"):
        list(rendered(plan, frames(3)))


def test_runs_on_both_devices_take_turns(gpu: lazy_cupy.Gpu) -> None:
    class Host(Invert):
        """Turn over on the CPU alone."""

        name = "host"
        devices = ("cpu",)

    chain = [Invert(), Host(), Halve(), Host()]
    source = spec("yuv420p", 34, 18)
    plan = make_plan(source, chain, [FORMATS["yuv420p"]], "cuda")
    assert [run.device for run in plan.runs] == ["cuda", "cpu", "cuda", "cpu"]
    expected = list(rendered(make_plan(source, chain), frames(12)))
    assert all(same(a, b) for a, b in zip(expected, rendered(plan, frames(12)), strict=True))


def test_frames_of_other_clips_come_along(gpu: lazy_cupy.Gpu, tmp_path: Path) -> None:
    """Each frame on the lane has beside it what is shown with it."""
    overlay: Any = type(default_registry().create("overlay file=none"))
    seen: dict[int, int] = {}

    class Noted(overlay):  # type: ignore[misc]
        """Note what comes along."""

        name = "noted"

        def render(self, src: Frame, out: Frame, beside: Any = None) -> None:
            (shown,) = beside.values()
            seen[src.pts] = round(shown._frame.timing.seconds * 50)
            for source, target in zip(src.planes, out.planes, strict=True):
                target[...] = source

    over = clips.make(tmp_path / "over.mp4", rate=50)
    plan = make_plan(spec("yuv420p", 34, 18), [Noted(file=str(over), start=0.1)], None, "cuda")
    assert [run.device for run in plan.runs] == ["cuda"]
    pool, meter = BufferPool(1 << 26), Meter()
    with OtherClips(1) as others:
        items: list[Any] = [Packet(0), *frames(8)]
        out: list[Any] = list(
            run_plan(plan, items, pool=pool, workers=Here(), limit=1 << 20, meter=meter, others=others)
        )
    assert seen == {n: 5 + 2 * n for n in range(8)}
    assert all(same(a, b) for a, b in zip(out[1:], frames(8), strict=True))
