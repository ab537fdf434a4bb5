"""A frame through a run, and that nothing is left behind wherever a step fails."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Effect, Frame, Kind, Param
from lumaloom.errors import EffectError, LumaloomError, MemoryLimitError
from lumaloom.frame import FORMATS, Timing
from lumaloom.graph import make_plan
from lumaloom.memory import HOST, BufferPool, Memory
from lumaloom.plugins import default_registry
from lumaloom.run import Meter, prefetch, run_plan
from lumaloom.run.apply import apply_run
from lumaloom.run.items import is_packet, size_of
from tests.engine.frames import noise, same, spec
from tests.engine.own_workers import own_workers, worked


class Counted(Effect):
    """Add one to every sample; fails on the call that it is told to."""

    name = "counted"
    kind = Kind.POINTWISE
    calls = 0
    fail_at: int = Param(-1)
    lock = threading.Lock()

    def render(self, src: Frame, out: Frame) -> None:
        with self.lock:
            type(self).calls += 1
            failing = type(self).calls - 1 == self.fail_at
        for source, target in zip(src.planes, out.planes, strict=True):
            np.add(source, 1, out=target)
            if failing:
                raise RuntimeError("half of it is written")


class Packet:
    """Stands for a packet of another stream."""

    size = 100


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def frames(count: int, pool: BufferPool, name: str = "yuv420p") -> Iterator[Any]:
    for number in range(count):
        yield noise(spec(name, 34, 18), number, pool, Timing(number, Fraction(1, 25)))
        if number % 2:
            yield Packet()


def test_an_error_names_the_effect_and_the_time() -> None:
    (run,) = make_plan(spec("gray"), [default_registry().create("flip"), Counted(fail_at=Counted.calls)]).runs
    frame = noise(spec("gray"), timing=Timing(49, Fraction(1, 25)))
    with pytest.raises(EffectError) as caught:
        apply_run(run, frame, BufferPool(1 << 20), Meter())
    line = Counted.render.__code__.co_firstlineno + 7
    place = f"{__file__}:{line}"
    assert str(caught.value) == f"counted failed on the frame at 1.960 s: {place}: RuntimeError: half of it is written"
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_exit_in_an_effect_is_its_failure() -> None:
    class Leaving(Counted):
        """Leave."""

        name = "leaving"

        def render(self, src: Frame, out: Frame) -> None:
            sys.exit(3)

    (run,) = make_plan(spec("gray"), [Leaving()]).runs
    with pytest.raises(EffectError, match=r"leaving failed on the frame at 0.000 s: .*: SystemExit: 3"):
        apply_run(run, noise(spec("gray")), BufferPool(1 << 20), Meter())


def test_views_have_the_size_that_was_said() -> None:
    class Half(Counted):
        """Give half of the rows."""

        name = "half"

        def view(self, src: Frame) -> Frame:
            return src.with_planes(tuple(plane[::2] for plane in src.planes))

    (run,) = make_plan(spec("gray"), [Half()]).runs
    with pytest.raises(EffectError, match=r"half failed .* view\(\) has to return planes of a 32x16 gray frame"):
        apply_run(run, noise(spec("gray")), BufferPool(1 << 20), Meter())


def test_our_own_errors_come_as_they_are() -> None:
    (run,) = make_plan(spec("gray"), [Counted()]).runs
    with pytest.raises(MemoryLimitError, match="does not fit"):
        apply_run(run, noise(spec("gray")), BufferPool(100), Meter())


@pytest.mark.parametrize(("name", "width", "height"), [("gray", 34, 16), ("gray", 32, 17), ("gray10le", 32, 16)])
def test_a_frame_that_was_not_planned_for_is_refused(name: str, width: int, height: int) -> None:
    (run,) = make_plan(spec("gray"), [Counted()]).runs
    frame = noise(spec(name, width, height), timing=Timing(5, Fraction(1, 10)))
    with pytest.raises(EffectError, match=rf"planned for 32x16 gray frames, got {width}x{height} {name} at 0.500 s"):
        apply_run(run, frame, BufferPool(1 << 20), Meter())


def test_every_step_is_timed_and_kept() -> None:
    chain = [default_registry().create(call) for call in ("flip", "crop x=1 y=1", "flip axis=vertical")]
    (run,) = make_plan(spec("yuv420p"), [*chain, Counted()], [FORMATS["yuv420p"]]).runs
    meter = Meter()
    kept: list[Frame] = []
    result = apply_run(run, noise(spec("yuv420p")), BufferPool(1 << 20), meter, kept)
    assert meter.calls == {"flip": 2, "convert": 2, "crop": 1, "counted": 1}
    assert len(kept) == 6
    assert kept[-1] is result


def test_sizes_and_kinds_of_items() -> None:
    frame: Any = noise(spec("yuv420p"))
    packet: Any = Packet()
    assert (size_of(frame), size_of(packet)) == (768, 100)
    assert (is_packet(frame), is_packet(packet)) == (False, True)


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_a_plan_gives_the_same_for_any_number_of_workers(workers: int) -> None:
    pool = BufferPool(1 << 24)
    chain = [Counted(), default_registry().create("crop x=1"), Counted()]
    plan = make_plan(spec("yuv420p", 34, 18), chain, [FORMATS["yuv420p"]])
    expected = [apply_run(plan.runs[0], item, pool, Meter()) for item in frames(10, pool) if isinstance(item, Frame)]
    with own_workers(workers) as each:
        items = list(run_plan(plan, frames(10, pool), pool=pool, workers=each, limit=10_000, meter=Meter()))
    found = [item for item in items if isinstance(item, Frame)]
    assert all(same(a, b) for a, b in zip(expected, found, strict=True))
    assert [isinstance(item, Frame) for item in items] == [True, True, False] * 5


def test_a_plan_without_steps_passes_everything_on() -> None:
    items = list(frames(3, BufferPool(1 << 20)))
    plan = make_plan(spec("yuv420p", 34, 18), [])
    with own_workers(2) as workers:
        assert list(run_plan(plan, iter(items), pool=BufferPool(1), workers=workers, limit=1, meter=Meter())) == items


class Faults:
    """Host memory whose n-th allocation fails."""

    def __init__(self) -> None:
        self.calls = 0
        self.fail_at = -1
        self.memory = Memory("host", self.allocate, HOST.view)

    def allocate(self, nbytes: int) -> Any:
        self.calls += 1
        if self.calls - 1 == self.fail_at:
            raise MemoryError("no more")
        return HOST.allocate(nbytes)


@pytest.mark.parametrize("where", ["decode", "effect", "memory", "encode", "close"])
@pytest.mark.parametrize("workers", [1, 3])
def test_everything_comes_back_wherever_the_path_fails(where: str, workers: int) -> None:
    """The n-th call fails for n = 1, 2, ... until a render passes: no buffer stays out, no thread runs on."""
    passed, number = False, 0
    threads = threading.active_count()
    gc.disable()  # plain references have to be enough
    try:
        while not passed:
            decoded, faults = BufferPool(1 << 24), Faults()
            pool = BufferPool(1 << 24, faults.memory)
            faults.fail_at = number if where == "memory" else -1
            fail_at = Counted.calls + number if where == "effect" else -1
            passed = _render(where, number, workers, decoded, pool, fail_at)
            assert (decoded.stats.in_use, pool.stats.in_use) == (0, 0), f"{where} {number}"
            assert threading.active_count() == threads
            number += 1
    finally:
        gc.enable()
    assert number > (14 if where == "effect" else 3)


def _render(where: str, number: int, workers: int, decoded: BufferPool, pool: BufferPool, fail_at: int) -> bool:
    """Take frames through a chain like a render's; return whether it went to its end."""
    closed: list[bool] = []

    def source() -> Iterator[Any]:
        try:
            for index, item in enumerate(frames(7, decoded)):
                if where == "decode" and index == number:
                    raise OSError("cut off")
                yield item
                del item
        finally:
            closed.append(True)

    plan = make_plan(
        spec("yuv420p", 34, 18), [Counted(fail_at=fail_at), default_registry().create("flip"), Counted(fail_at=fail_at)]
    )
    ahead: Any = prefetch(source(), limit=5000, size=size_of)
    path = worked(workers, lambda each: run_plan(plan, ahead, pool=pool, workers=each, limit=5000, meter=Meter()))
    try:
        for index, item in enumerate(path):
            if index == number and where == "encode":
                raise OSError("disk full")
            if index == number and where == "close":
                return False
            del item
        return True
    except (OSError, MemoryError, LumaloomError):
        return False
    finally:
        path.close()
        assert closed == [True]
