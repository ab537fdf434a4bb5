"""Effects that look at a window of frames: what they see, in which order, and what is held."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.effect import Effect, Frame, Kind, Param, TemporalEffect
from lumaloom.errors import EffectError, PluginError
from lumaloom.frame import Timing
from lumaloom.graph import make_plan
from lumaloom.memory import BufferPool
from lumaloom.run import Meter, run_plan
from lumaloom.run.items import Window
from lumaloom.run.windows import windows
from tests.engine.frames import POOL, spec
from tests.engine.own_workers import worked

SPEC = spec("gray", 8, 4)


class Spread(TemporalEffect):
    """Write the sum of `weight ** place` times the frames of the window, so that the order shows."""

    name = "spread"
    before: int = Param(1)
    after: int = Param(1)
    fails_at: int = Param(-1)

    def window(self) -> tuple[int, int]:
        return self.before, self.after

    def render_window(self, frames: Sequence[Frame], out: Frame) -> None:
        assert len(frames) == self.before + 1 + self.after
        assert frames[self.before].pts == out.pts
        if out.pts == self.fails_at:
            raise ZeroDivisionError("on purpose")
        out.planes[0][...] = mixed([int(frame.planes[0][0, 0]) for frame in frames])


class AddOne(Effect):
    """Add one."""

    name = "addone"
    kind = Kind.POINTWISE
    devices = ("cpu", "cuda")

    def render(self, src: Frame, out: Frame) -> None:
        np.add(src.planes[0], 1, out=out.planes[0])


class Packet:
    """Stands for a packet of another stream."""

    def __init__(self, name: str, size: int = 10) -> None:
        self.name, self.size = name, size


def mixed(levels: Sequence[int]) -> int:
    return sum(3**place * level for place, level in enumerate(levels)) % 251


def spread(levels: Sequence[int], before: int, after: int) -> list[int]:
    ends = [levels[0]] * before, [levels[-1]] * after
    padded = [*ends[0], *levels, *ends[1]]
    return [mixed(padded[n : n + before + 1 + after]) for n in range(len(levels))]


def frames(levels: Sequence[int], packets: bool = False, pool: BufferPool = POOL) -> Iterator[Any]:
    for number, level in enumerate(levels):
        frame = Frame.allocate(SPEC, pool)
        frame.timing = Timing(number, Fraction(1, 25))
        frame.planes[0][...] = level
        yield frame
        del frame
        if packets:
            yield Packet(f"after {number}")


def run(chain: Sequence[Effect], items: Any, workers: int = 1, pool: BufferPool = POOL, limit: int = 1 << 20) -> Any:
    plan = make_plan(SPEC, chain)
    return worked(workers, lambda each: run_plan(plan, items, pool=pool, workers=each, limit=limit, meter=Meter()))


def levels_of(results: Any) -> list[int]:
    return [int(item.planes[0][0, 0]) for item in results if isinstance(item, Frame)]


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 9), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=3),
    st.integers(1, 4), st.booleans(),
)  # fmt: skip
def test_every_frame_sees_its_neighbours(count: int, sizes: Any, workers: int, packets: bool) -> None:
    """At both ends the frame there is repeated; stages follow each other, also with other effects between."""
    levels = [(7 * number * number + 3) % 200 for number in range(count)]
    chain: list[Effect] = []
    expected = levels
    for before, after in sizes:
        chain += [Spread(before=before, after=after), AddOne()]
        expected = [level + 1 for level in spread(expected, before, after)]
    results = list(run(chain, frames(levels, packets), workers))
    assert levels_of(results) == expected
    order = [item.pts if isinstance(item, Frame) else item.name for item in results]
    expected_order = [[n, f"after {n}"] if packets else [n] for n in range(count)]
    assert order == [entry for pair in expected_order for entry in pair]


def test_no_frame_at_all_and_packets_alone() -> None:
    assert list(run([Spread()], iter([]))) == []
    packets = [Packet("a"), Packet("b")]
    assert list(run([Spread(before=2, after=2)], iter(packets))) == packets


def test_no_more_is_held_than_the_window() -> None:
    pool = BufferPool(1 << 24)
    held = []
    for item in windows(frames(range(40), pool=pool), 2, 3, limit=100):
        assert isinstance(item, Window)
        held.append(pool.stats.in_use // 4096)
        del item
    assert max(held) <= 2 + 1 + 3 + 1  # and the one that is on its way
    assert pool.stats.in_use == 0


def test_packets_that_would_pile_up_go_ahead() -> None:
    """A long stretch of sound between two pictures must not be kept in memory."""
    first, last = frames([1, 2])
    packets = [Packet(str(number), 1000) for number in range(50)]
    waiting = 0
    seen: list[str] = []

    def items() -> Iterator[Any]:
        nonlocal waiting
        yield first
        for packet in packets:
            yield packet
            waiting = max(waiting, int(packet.name) + 1 - len(seen))
        yield last

    out = []
    for item in windows(items(), 0, 1, limit=3500):
        out.append(item)
        if isinstance(item, Packet):
            seen.append(item.name)
    assert seen == [packet.name for packet in packets]
    assert waiting <= 4
    assert [item.centre.pts for item in out if isinstance(item, Window)] == [0, 1]


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_the_source_comes_after_the_frames_before_it(workers: int) -> None:
    def items() -> Iterator[Any]:
        yield from frames([5, 6, 7])
        raise OSError("cut off")

    path = run([Spread(before=1, after=2)], items(), workers)
    done: list[Any] = []
    with pytest.raises(OSError, match="cut off"):
        done.extend(path)
    assert levels_of(done) == spread([5, 6, 7], 1, 2)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_the_effect_names_it_and_the_frame(workers: int) -> None:
    path = run([AddOne(), Spread(after=2, fails_at=3)], frames(range(9)), workers)
    done: list[Any] = []
    with pytest.raises(EffectError, match=r"^spread failed on the frame at 0\.120 s: .*py:44: ZeroDivisionError: on"):
        done.extend(path)
    assert [item.pts for item in done] == [0, 1, 2]


def test_a_neighbour_of_another_size_is_refused() -> None:
    def items() -> Iterator[Any]:
        yield from frames([1, 2])
        frame = Frame.allocate(spec("gray", 9, 4), POOL)
        frame.timing = Timing(2, Fraction(1, 25))
        yield frame

    with pytest.raises(EffectError, match=r"planned for 8x4 gray frames, got 9x4 gray at 0\.080 s"):
        list(run([Spread(after=1)], items()))


@pytest.mark.parametrize("taken", [0, 1, 4])
def test_closing_early_leaves_nothing(taken: int) -> None:
    pool, closed = BufferPool(1 << 24), []
    threads = threading.active_count()

    def items() -> Iterator[Any]:
        try:
            yield from frames(range(20), packets=True, pool=pool)
        finally:
            closed.append(True)

    path = run([Spread(before=2, after=2), AddOne()], items(), 2, pool)
    for _ in range(taken):
        next(path)
    path.close()
    assert closed == ([True] if taken else [])
    assert (pool.stats.in_use, threading.active_count()) == (0, threads)


def test_a_temporal_step_begins_a_run_and_stays_on_the_cpu() -> None:
    plan = make_plan(SPEC, [AddOne(), Spread(before=2, after=0), AddOne(), Spread(before=1, after=3)], device="cuda")
    assert [(run.device, [step.name for step in run.steps]) for run in plan.runs] == [
        ("cuda", ["addone"]), ("cpu", ["spread"]), ("cuda", ["addone"]), ("cpu", ["spread"]),
    ]  # fmt: skip
    assert plan.window == (3, 3)
    on_cpu = make_plan(SPEC, [AddOne(), Spread(), AddOne()])
    assert [len(run.steps) for run in on_cpu.runs] == [1, 2]
    assert make_plan(SPEC, [AddOne(), Spread(before=0, after=0)]).window == (0, 0)


def test_one_frame_alone_fills_its_window() -> None:
    (frame,) = frames([9])
    out = Frame.allocate(SPEC, POOL, like=frame)
    Spread(before=1, after=2).render(frame, out)
    assert levels_of([out]) == [mixed([9] * 4)]


def test_a_temporal_effect_can_not_claim_a_gpu() -> None:
    body = {"name": "gpu", "__doc__": "On a GPU.", "window": Spread.window, "render_window": Spread.render_window}
    for more in ({"devices": ("cpu", "cuda")}, {"kind": Kind.POINTWISE}):
        with pytest.raises(PluginError, match="a temporal effect keeps its kind and runs on cpu"):
            type("Gpu", (TemporalEffect,), {**body, **more})
