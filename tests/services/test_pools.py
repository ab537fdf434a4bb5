"""Pools: priorities, shares, bounds, isolated failures, and an end that loses nothing."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom.services.pools import Pool, Pools
from lumaloom.services.pools.load import Load


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool("test", 2)
    yield made
    assert made.drain(5)


def held(pool: Pool) -> threading.Event:
    """Keep all threads of a pool busy until the event is set."""
    gate, lane = threading.Event(), pool.lane("gate", priority=99)
    for _ in range(pool.size):
        lane.submit(gate.wait, 5)
    until(lambda: pool.statistics.running == pool.size)
    return gate


def until(true: Any) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_results_and_errors_come_out_of_their_futures(pool: Pool) -> None:
    with pool.lane("job") as lane:
        futures = [lane.submit(divmod, number, number % 3) for number in range(9)]
        for number, future in enumerate(futures):
            if number % 3:
                assert future.result(5) == divmod(number, number % 3)
            else:
                assert isinstance(future.exception(5), ZeroDivisionError)
        until(lambda: not pool.statistics.running)
        found = lane.statistics
        assert (found.done, found.failed, found.waiting, found.running) == (6, 3, 0, 0)
    assert (pool.statistics.done, pool.statistics.failed, pool.statistics.lanes) == (6, 3, ())


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_a_task_that_would_end_its_thread_does_not(pool: Pool, error: BaseException) -> None:
    def task() -> None:
        raise error

    with pool.lane("job") as lane:
        assert [lane.submit(task).exception(5) for _ in range(3)] == [error] * 3
        assert lane.submit(len, "four").result(5) == 4


def test_the_highest_priority_goes_first(pool: Pool) -> None:
    order: list[str] = []
    gate = held(pool)
    lanes = [pool.lane(str(number), priority=number, width=1) for number in (0, 5, 2)]
    futures = [lane.submit(order.append, lane.name) for _ in range(4) for lane in lanes]
    gate.set()
    wait(futures, 5)
    assert Counter(order) == {"0": 4, "5": 4, "2": 4}
    assert order.index("0") >= 6  # two threads may be one task apart


class Clocks:
    """Time that a test moves: the clock's, and the processor's."""

    def __init__(self) -> None:
        self.now = self.used = 0.0

    def pass_(self, busy: float) -> None:
        self.now += 1
        self.used += busy


def shares(weights: dict[str, float], lengths: dict[str, float], count: int = 40) -> Counter[str]:
    """Return how many tasks of each lane were among the first half that ended, of one thread."""
    order: list[str] = []
    clocks = Clocks()
    pool = Pool("test", 1, clock=lambda: clocks.now)
    gate = held(pool)

    def task(name: str) -> None:
        clocks.now += lengths.get(name, 1.0)
        order.append(name)

    for name, weight in weights.items():
        lane = pool.lane(name, weight=weight)
        for _ in range(count):
            lane.submit(task, name)
    gate.set()
    assert pool.drain(30)
    assert len(order) == count * len(weights)
    return Counter(order[: len(order) // 2])


def test_equals_get_equal_turns_whoever_came_first() -> None:
    found = shares({"first": 1, "second": 1}, {})
    assert 19 <= found["first"] <= 21


def test_a_lane_of_three_times_the_weight_gets_three_times_as_much() -> None:
    found = shares({"light": 1, "heavy": 3}, {})
    assert 2.5 <= found["heavy"] / found["light"] <= 3.5


def test_shares_are_of_time_not_of_tasks() -> None:
    found = shares({"slow": 1, "fast": 1}, {"slow": 4.0})
    assert 3 <= found["fast"] / found["slow"] <= 5


def test_a_lane_that_had_nothing_to_do_gets_no_credit_for_that() -> None:
    clocks, order = Clocks(), []
    pool = Pool("test", 1, clock=lambda: clocks.now)

    def task(name: str) -> None:
        clocks.now += 1
        order.append(name)

    busy, late = pool.lane("busy"), pool.lane("late")
    wait([busy.submit(task, "busy") for _ in range(20)])
    order.clear()
    gate = held(pool)
    for lane in (late, busy):
        for _ in range(20):
            lane.submit(task, lane.name)
    gate.set()
    assert pool.drain(5)
    assert 9 <= order[:20].count("late") <= 11


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-2, 2), st.integers(0, 12)), min_size=1, max_size=5))
def test_whatever_the_lanes_every_task_runs_once_and_no_lane_is_wider_than_it_may(
    lanes: list[tuple[int, int, int]],
) -> None:
    pool, lock = Pool("test", 3), threading.Lock()
    running, widest, ran = Counter[int](), Counter[int](), Counter[int]()

    def task(number: int) -> None:
        with lock:
            running[number] += 1
            widest[number] = max(widest[number], running[number])
        with lock:
            running[number] -= 1
            ran[number] += 1

    for number, (width, priority, count) in enumerate(lanes):
        lane = pool.lane(str(number), width=width, priority=priority)
        for _ in range(count):
            lane.submit(task, number)
    assert pool.drain(10)
    assert ran == Counter({number: count for number, (_, _, count) in enumerate(lanes) if count})
    assert all(widest[number] <= width for number, (width, _, _) in enumerate(lanes))


def test_a_full_lane_makes_its_submitter_wait_and_refuses_offers(pool: Pool) -> None:
    gate = held(pool)
    lane = pool.lane("job", room=2)
    assert lane.offer(len, "") is not None
    assert lane.offer(len, "") is not None
    assert lane.offer(len, "") is None
    came = threading.Event()
    submitter = threading.Thread(target=lambda: (lane.submit(len, ""), came.set()))
    submitter.start()
    assert not came.wait(0.05)
    gate.set()
    assert came.wait(5)
    submitter.join()
    assert pool.statistics.dropped == 1


def test_closing_a_lane_cancels_what_has_not_begun_and_waits_for_what_has(pool: Pool) -> None:
    gate, begun, ended = threading.Event(), threading.Event(), []

    def task() -> None:
        begun.set()
        gate.wait(5)
        time.sleep(0.02)
        ended.append(1)

    lane = pool.lane("job", width=1)
    futures: list[Future[Any]] = [lane.submit(task) for _ in range(3)]
    begun.wait(5)
    threading.Timer(0.02, gate.set).start()
    lane.close()
    assert ended == [1]
    assert [future.cancelled() for future in futures] == [False, True, True]
    with pytest.raises(RuntimeError, match="job is closed"):
        lane.submit(len, "")
    assert lane.offer(len, "") is None


def test_cancelled_tasks_let_go_of_their_arguments(pool: Pool) -> None:
    class Frame:
        pass

    gate, lane = held(pool), pool.lane("job")
    frame = Frame()
    alive = weakref.ref(frame)
    future = lane.submit(id, frame)
    del frame
    gc.disable()
    try:
        assert future.cancel()
        assert alive() is None
    finally:
        gc.enable()
        gate.set()
    assert lane.submit(len, "").result(5) == 0


def test_draining_finishes_what_waits() -> None:
    pool, done = Pool("test", 2), []
    lane = pool.lane("job", width=1)
    for number in range(20):
        lane.submit(lambda number=number: (time.sleep(0.002), done.append(number)))
    assert pool.drain(10)
    assert done == list(range(20))
    assert pool.statistics.threads == 0
    with pytest.raises(RuntimeError, match="closed"):
        pool.lane("more")


def test_draining_ends_at_its_deadline() -> None:
    pool, gate = Pool("test", 1), threading.Event()
    lane = pool.lane("job")
    stuck, waiting = lane.submit(gate.wait, 5), lane.submit(len, "")
    begin = time.monotonic()
    assert not pool.drain(0.05)
    assert time.monotonic() - begin < 2
    with pytest.raises(CancelledError):
        waiting.result(1)
    gate.set()
    assert stuck.result(5)
    until(lambda: not pool.statistics.threads)


def test_threads_come_with_work_and_go_without() -> None:
    pool = Pool("test", 3, patience=0.02)
    assert pool.statistics.threads == 0
    lane = pool.lane("job")
    lane.submit(len, "").result(5)
    assert 1 <= pool.statistics.threads <= 3
    until(lambda: pool.statistics.threads == 0)
    assert lane.submit(len, "four").result(5) == 4
    assert pool.drain(5)


def test_a_lane_wider_than_the_pool_gets_its_threads() -> None:
    pool, together = Pool("test", 1), threading.Barrier(4, timeout=5)
    with pool.lane("job", width=4) as lane:
        for future in [lane.submit(together.wait) for _ in range(4)]:
            future.result(5)
    assert pool.drain(5)


def test_what_is_current_where_a_lane_is_made_is_current_in_its_tasks(pool: Pool) -> None:
    current: ContextVar[str] = ContextVar("current", default="nothing")
    token = current.set("trace")
    lane = pool.lane("job")
    current.reset(token)
    assert [lane.submit(current.get).result(5) for _ in range(3)] == ["trace"] * 3
    lane.submit(current.set, "changed").result(5)
    assert lane.submit(current.get).result(5) == "trace"


def test_lanes_widen_while_cores_are_idle_and_narrow_again() -> None:
    clocks = Clocks()
    load = Load(8, lambda: clocks.now, lambda: clocks.used)
    pool = Pool("test", 8, load=load)
    gate, stop = threading.Event(), threading.Event()
    lane, quiet = pool.lane("job", width=1), pool.lane("quiet", width=2)

    def width(busy: float) -> int:
        clocks.pass_(busy)
        lane.submit(gate.wait, 5)
        until(lambda: lane.running >= min(lane.width, lane.running + len(lane.tasks)))
        return lane.width

    lane.submit(gate.wait, 5)
    until(lambda: lane.running == 1)
    assert [width(busy) for busy in (7.0, 7.9, 8.0)] == [2, 2, 2]
    for _ in range(6):
        lane.submit(gate.wait, 5)
    assert [width(busy) for busy in (5.5, 7.5)] == [5, 6]
    quiet.submit(stop.wait, 5)
    until(lambda: quiet.running == 1)
    assert [width(8.0) for _ in range(6)] == [5, 4, 3, 2, 1, 1], "there is somebody else"
    assert quiet.width == 2
    gate.set()
    stop.set()
    assert pool.drain(5)


def test_a_lane_gets_no_wider_than_it_may() -> None:
    clocks = Clocks()
    pool = Pool("test", 8, load=Load(8, lambda: clocks.now, lambda: clocks.used))
    gate = threading.Event()
    lane = pool.lane("job", width=2, most=3)
    for _ in range(6):
        clocks.pass_(0.0)
        lane.submit(gate.wait, 5)
        until(lambda: lane.running == lane.width or not lane.tasks)
    assert lane.width == 3
    gate.set()
    assert pool.drain(5)


def test_the_load_is_measured_over_a_while() -> None:
    clocks = Clocks()
    load = Load(4, lambda: clocks.now, lambda: clocks.used)
    assert load.idle() is None
    for busy, idle in ((0.5, 4), (1.0, 3), (3.0, 1), (3.7, 1), (3.8, 0), (4.0, 0), (4.5, 0)):
        clocks.pass_(busy)
        assert load.idle() == idle, busy
        clocks.now += 0.1
        assert load.idle() is None
        clocks.now -= 0.1


def test_the_three_pools_tell_of_themselves_and_end_together() -> None:
    pools = Pools(3)
    assert [(each.name, each.size) for each in pools.statistics()] == [("cpu", 3), ("io", 8), ("background", 1)]
    with pools.background.lane("cache") as lane:
        lane.submit(time.sleep, 0.01).result(5)
        until(lambda: not pools.statistics()[2].running)
        background = pools.statistics()[2]
        assert background.lanes[0].name == "cache"
        assert background.seconds >= 0.01
        assert background.waited > 0
    assert pools.drain(5)
    assert all(each.threads == 0 for each in pools.statistics())


def test_a_child_of_a_fork_has_threads_of_its_own() -> None:
    code = """
import os, sys, warnings
warnings.simplefilter("ignore")
from lumaloom.services.pools import Pool
pool = Pool("test", 2)
lane = pool.lane("job")
lane.submit(len, "").result(5)
child = os.fork()
if not child:
    os._exit(lane.submit(len, "four").result(5))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), lane.submit(len, "two").result(5))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("4 3\n", "")


def test_the_end_of_the_process_waits_for_what_runs() -> None:
    code = """
import time
from lumaloom.services.pools import Pool
lane = Pool("test", 1).lane("job")
lane.submit(lambda: (time.sleep(0.2), print("through")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "through\n", "")
