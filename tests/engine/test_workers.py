"""Workers: one order whatever their number, bounds, errors in their turn, and a clean end."""

from __future__ import annotations

import gc
import random
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.run import ordered_map
from tests.engine.own_workers import worked


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def mapped(function: Any, items: Any, workers: int = 3, limit: int = 1000, **more: Any) -> Any:
    more.setdefault("size", lambda item: 1)
    return worked(workers, lambda each: ordered_map(function, items, workers=each, limit=limit, **more))


@pytest.mark.parametrize("workers", range(1, 9))
def test_the_order_is_that_of_the_items(workers: int) -> None:
    rng = random.Random(workers)
    delays = [rng.random() * 0.004 for _ in range(60)]

    def work(number: int) -> int:
        time.sleep(delays[number])
        return number * number

    results = list(mapped(work, iter(range(60)), workers, skip=lambda number: number % 7 == 3))
    assert results == [number if number % 7 == 3 else number * number for number in range(60)]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=40), st.integers(1, 4), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_any_mix_of_items_keeps_its_order(entries: list[tuple[bool, int]], workers: int, limit: int) -> None:
    items = list(enumerate(entries))
    results = list(
        mapped(
            lambda item: (item, "done"),
            iter(items),
            workers,
            limit,
            size=lambda item: item[1][1],
            skip=lambda item: item[1][0],
        )
    )
    assert results == [item if item[1][0] else (item, "done") for item in items]


@pytest.mark.parametrize(("workers", "limit", "size"), [(1, 1000, 1), (3, 1000, 1), (3, 25, 10), (2, 5, 10), (2, 0, 1)])
@pytest.mark.parametrize("packets", [False, True])
def test_what_is_under_way_is_bounded(workers: int, limit: int, size: int, packets: bool) -> None:
    """In bytes, packets that wait for a frame included, and in frames per worker."""
    read = given_out = frames_read = frames_out = 0
    worst_bytes = worst_frames = 0
    gate = threading.Event()

    def source() -> Iterator[int]:
        nonlocal read, frames_read, worst_bytes, worst_frames
        for number in range(120):
            read += size
            frames_read += number % 10 == 0 or not packets
            worst_bytes = max(worst_bytes, read - given_out)
            worst_frames = max(worst_frames, frames_read - frames_out)
            if number == 60:
                gate.set()
            yield number

    def work(number: int) -> int:
        gate.wait(0.02)
        return number

    skip = (lambda number: number % 10 != 0) if packets else (lambda number: False)
    for result in mapped(work, source(), workers, limit, size=lambda number: size, skip=skip):
        given_out += size
        frames_out += result % 10 == 0 or not packets
    assert worst_bytes <= max(limit, size) + 2 * size  # the one being read, the one being taken
    assert worst_frames <= 2 * workers + 2
    assert given_out == 120 * size


def test_all_workers_work_at_once() -> None:
    together = threading.Barrier(4, timeout=5)

    def work(number: int) -> int:
        together.wait()
        return number

    assert list(mapped(work, iter(range(8)), workers=4)) == list(range(8))


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("failing", [0, 1, 7, 19])
@pytest.mark.parametrize("where", ["function", "items"])
def test_an_error_comes_in_its_turn(workers: int, failing: int, where: str) -> None:
    def source() -> Iterator[int]:
        for number in range(20):
            if number == failing and where == "items":
                raise ValueError(f"number {number}")
            yield number

    def work(number: int) -> int:
        if number == failing:
            raise ValueError(f"number {number}")
        time.sleep(0.001)  # what comes before fails to be ready first
        return number

    results = mapped(work, source(), workers)
    assert [next(results) for _ in range(failing)] == list(range(failing))
    with pytest.raises(ValueError, match=f"number {failing}"):
        next(results)
    assert next(results, None) is None


def test_only_the_first_of_several_errors_comes() -> None:
    def work(number: int) -> int:
        if number == 2:
            time.sleep(0.02)
        if number >= 2:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match=r"^2$"):
        list(mapped(work, iter(range(10)), workers=4))


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_closing_joins_the_workers_and_closes_the_items(taken: int) -> None:
    closed: list[int] = []
    running = 0

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(running)

    def work(number: int) -> int:
        nonlocal running
        running += 1
        time.sleep(0.002)
        running -= 1
        return number

    results = mapped(work, source(), workers=1)
    assert [next(results) for _ in range(taken)] == list(range(taken))
    results.close()
    assert closed == ([0] if taken else [])  # what never started has nothing to close


def test_work_that_nobody_waits_for_is_not_begun() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        time.sleep(0.01)
        return number

    results = mapped(work, iter(range(1000)), workers=2)
    next(results)
    results.close()
    assert len(begun) <= 6


class Item:
    def __init__(self, number: int) -> None:
        self.number = number


@pytest.mark.parametrize("where", ["function", "items", "consumer", "nowhere"])
@pytest.mark.parametrize("failing", [0, 3, 9])
def test_nothing_stays_alive_whatever_fails(where: str, failing: int) -> None:
    """Frames come back without the garbage collector: no error is part of a cycle that holds them."""
    alive: list[weakref.ref[Item]] = []

    def make(number: int) -> Item:
        item = Item(number)
        alive.append(weakref.ref(item))
        return item

    def source() -> Iterator[Item]:
        for number in range(10):
            if number == failing and where == "items":
                raise ValueError(number)
            yield make(number)

    def work(item: Item) -> Item:
        result = make(item.number)
        if item.number == failing and where == "function":
            raise ValueError(item.number)
        return result

    def run() -> None:
        results = mapped(work, source(), workers=2)
        try:
            for result in results:
                if where == "consumer" and result.number == failing:
                    raise ValueError(failing)
        finally:
            results.close()

    gc.disable()
    try:
        failed = ""
        try:
            run()
        except ValueError as error:
            failed = str(error)
        assert failed == ("" if where == "nowhere" else str(failing))
        assert [reference().number for reference in alive if reference()] == []  # type: ignore[union-attr]
    finally:
        gc.enable()


def test_a_result_is_given_up_when_it_is_taken() -> None:
    gc.disable()
    try:
        results = mapped(lambda number: Item(number), iter(range(6)), workers=1)
        for _ in range(6):
            reference = weakref.ref(next(results))
            end = time.monotonic() + 2  # the worker's thread lets go a moment later
            while reference() is not None and time.monotonic() < end:
                time.sleep(0.001)
            assert reference() is None
        results.close()
    finally:
        gc.enable()
