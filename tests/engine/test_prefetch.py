"""The thread that works ahead: order, bounds, errors and a clean end."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.run import BOUNDS, Meter, prefetch, shares


class Item:
    def __init__(self, number: int, size: int = 1) -> None:
        self.number, self.size = number, size


def size_of(item: Item) -> int:
    return item.size


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def _gone(reference: weakref.ref[Item]) -> bool:
    return reference() is None


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_items_come_in_order(sizes: list[int], limit: int) -> None:
    items = [Item(number, size) for number, size in enumerate(sizes)]
    assert list(prefetch(iter(items), limit=limit, size=size_of)) == items


@pytest.mark.parametrize(("limit", "sizes"), [(100, [30] * 40), (100, [1] * 400), (10, [1000] * 20), (0, [5] * 10)])
def test_a_slow_consumer_bounds_what_waits(limit: int, sizes: list[int]) -> None:
    made = taken = 0
    worst = 0

    def produce() -> Iterator[Item]:
        nonlocal made
        for number, size in enumerate(sizes):
            made += size
            yield Item(number, size)

    largest = max(sizes)
    for item in prefetch(produce(), limit=limit, size=size_of):
        taken += item.size
        if item.number % 10 == 0:
            time.sleep(0.01)  # lets the producer run as far as it may
        worst = max(worst, made - taken)
    # What waits, and the one item that the producer holds while it waits for room.
    assert worst <= max(limit, largest) + largest
    assert taken == sum(sizes)


def test_it_does_work_ahead() -> None:
    made: list[int] = []

    def produce() -> Iterator[Item]:
        for number in range(5):
            made.append(number)
            yield Item(number)

    items = prefetch(produce(), limit=100, size=size_of, name="ahead")
    assert made == []  # nothing starts before it is asked for
    next(items)
    assert until(lambda: len(made) == 5)
    assert until(lambda: not any(thread.name == "lumaloom-ahead" for thread in threading.enumerate()))
    assert [item.number for item in items] == [1, 2, 3, 4]


@pytest.mark.parametrize("after", [0, 1, 5])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_an_error_comes_after_the_items_before_it(after: int, error: type[BaseException]) -> None:
    def produce() -> Iterator[Item]:
        for number in range(after):
            yield Item(number)
        raise error("broken")

    items = prefetch(produce(), limit=100, size=size_of)
    for number in range(after):
        assert next(items).number == number
    with pytest.raises(error, match="broken"):
        next(items)
    assert next(items, None) is None


def test_an_error_of_size_is_carried_too() -> None:
    items = prefetch(iter([1, 2]), limit=1, size=lambda item: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_closing_closes_the_inner_generator_in_its_thread() -> None:
    closed: list[str] = []

    def produce() -> Iterator[Item]:
        try:
            for number in range(1000):
                yield Item(number)
        finally:
            closed.append(threading.current_thread().name)

    items = prefetch(produce(), limit=3, size=size_of, name="inner")
    assert next(items).number == 0
    items.close()
    assert closed == ["lumaloom-inner"]
    items.close()


def test_closing_waits_for_an_item_that_is_being_made() -> None:
    started, finished = threading.Event(), threading.Event()

    def produce() -> Iterator[Item]:
        yield Item(0)
        started.set()
        time.sleep(0.05)
        finished.set()
        yield Item(1)

    items = prefetch(produce(), limit=10, size=size_of)
    next(items)
    started.wait(5)
    items.close()
    assert finished.is_set()


def test_an_error_while_closing_is_not_lost_at_the_end() -> None:
    def produce() -> Iterator[Item]:
        try:
            yield Item(0)
        finally:
            raise OSError("on close")

    items = prefetch(produce(), limit=10, size=size_of)
    assert next(items).number == 0
    with pytest.raises(OSError, match="on close"):
        next(items)


def test_closing_before_the_start_does_nothing() -> None:
    items = prefetch(iter([Item(0)]), limit=1, size=size_of)
    items.close()
    assert next(items, None) is None


def test_dropping_it_stops_the_thread() -> None:
    items = prefetch((Item(number) for number in range(1000)), limit=2, size=size_of)
    next(items)
    del items
    gc.collect()


def test_no_reference_is_kept_to_an_item() -> None:
    """A frame goes back to its pool when the consumer is through with it, not when the next one comes."""

    def produce() -> Iterator[Item]:
        for number in range(4):
            yield Item(number)

    gc.disable()
    try:
        items = prefetch(Meter().each("make", produce()), limit=1, size=size_of)
        for _ in range(4):
            reference = weakref.ref(next(items))
            assert until(partial(_gone, reference))  # the producer may still be on its way
        items.close()
    finally:
        gc.enable()


@pytest.mark.parametrize("where", ["produce", "consume", "close"])
def test_an_error_leaves_nothing_alive(where: str) -> None:
    """Whatever stopped it, what was on its way is gone without the garbage collector."""
    alive: list[weakref.ref[Item]] = []

    def make(number: int) -> Item:
        item = Item(number)
        alive.append(weakref.ref(item))
        return item

    def produce() -> Iterator[Item]:
        for number in range(5):
            yield make(number)
        if where == "produce":
            held = make(5)
            raise ValueError(held.number)

    def run() -> None:
        items = prefetch(produce(), limit=3, size=size_of)
        for item in items:
            if item.number == 2 and where == "consume":
                items.close()
                raise ValueError
            if item.number == 2 and where == "close":
                items.close()
                return

    gc.disable()
    try:
        if where == "close":
            run()
        else:
            try:
                run()
            except ValueError:
                pass
            else:
                pytest.fail("the error is lost")
        assert alive
        assert until(lambda: all(reference() is None for reference in alive), 1)
    finally:
        gc.enable()


def test_chains_of_stages_end_together() -> None:
    closed: list[int] = []

    def stage(items: Any, number: int) -> Iterator[Item]:
        try:
            yield from items
        finally:
            closed.append(number)

    chain: Any = (Item(number) for number in range(100))
    for number in range(4):
        chain = prefetch(stage(chain, number), limit=5, size=size_of, name=f"stage-{number}")
    assert next(chain).number == 0
    chain.close()
    assert sorted(closed) == [0, 1, 2, 3]


def test_many_rounds_with_a_fast_switch() -> None:
    """Closing at any moment neither hangs nor leaves a thread."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for stop in range(60):
            items = prefetch((Item(number, number % 4) for number in range(50)), limit=stop % 7, size=size_of)
            for item in items:
                if item.number == stop:
                    break
            items.close()
    finally:
        sys.setswitchinterval(before)


def test_the_depth_says_what_waits() -> None:
    depth = Meter().depth("decode")
    items = prefetch((Item(number, 10) for number in range(5)), limit=30, size=size_of, depth=depth)
    taken = next(items)
    assert until(lambda: (depth.items, depth.nbytes) == (3, 30))
    del taken
    next(items)
    assert until(lambda: (depth.items, depth.nbytes) == (3, 30))
    next(items)
    assert until(lambda: (depth.items, depth.nbytes) == (2, 20))
    items.close()
    assert (depth.items, depth.nbytes) == (0, 0)


def test_a_meter_sorts_calls_by_their_time() -> None:
    meter = Meter()
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] * 1.01, BOUNDS[-1], BOUNDS[-1] * 2):
        meter.add("blur", seconds)
    assert meter.buckets["blur"] == [2, 1, *[0] * (len(BOUNDS) - 3), 1, 1], "the bounds belong to what is below"
    assert len(meter.buckets["blur"]) == len(BOUNDS) + 1


def test_a_meter_counts_and_shares() -> None:
    meter = Meter()
    assert meter.spent({}) == {}
    meter.add("decode", 3.0)
    meter.add("encode", 1.0)
    meter.add("decode", 0.0)
    assert meter.calls == {"decode": 2, "encode": 1}
    assert shares(meter.spent({})) == {"decode": 0.75, "encode": 0.25}
    assert shares(meter.spent({"flip": 4.0})) == {"decode": 0.375, "encode": 0.125, "flip": 0.5}
    with pytest.raises(ValueError, match="inside"), meter.stage("failing"):
        raise ValueError("inside")
    assert meter.calls["failing"] == 1
    assert list(meter.each("items", iter("abc"))) == ["a", "b", "c"]
    assert meter.calls["items"] == 3

    def count() -> None:
        for _ in range(2000):
            meter.add("many", 0.5)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (meter.calls["many"], meter.seconds["many"]) == (8000, 4000.0)


def test_a_meter_measures_the_time_of_items_and_closes_them() -> None:
    meter = Meter()
    closed: list[bool] = []

    def slow() -> Iterator[int]:
        try:
            while True:
                time.sleep(0.01)
                yield 1
        finally:
            closed.append(True)

    items = meter.each("slow", slow())
    next(items)
    time.sleep(0.5)  # the consumer's own time does not count
    next(items)
    items.close()
    assert closed == [True]
    assert 0.02 <= meter.seconds["slow"] < 0.5
