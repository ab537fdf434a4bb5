"""The bus: who gets what, in which order, and that nobody disturbs anybody else."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom.services.events import Event, EventBus, HandlerFailed, JsonlSink, Queue, Recorder
from lumaloom.services.events.mailbox import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Event):
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudPing(Ping):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(Event):
    pass


@pytest.fixture
def bus() -> Iterator[EventBus]:
    before = set(threading.enumerate())
    with EventBus() as made:
        yield made
    assert set(threading.enumerate()) <= before, "closing ends the subscribers' threads"


def numbers(events: list[Any]) -> list[int]:
    return [event.number for event in events]


def test_by_class_and_by_base_class(bus: EventBus) -> None:
    everything, pings, loud = Recorder(bus), Recorder(bus, Ping), Recorder(bus, LoudPing)
    for event in (Ping(number=1), LoudPing(number=2), Pong()):
        bus.emit(event)
    assert everything.names == ["Ping", "LoudPing", "Pong"]
    assert numbers(pings.events) == [1, 2]
    assert numbers(loud.events) == [2]
    several: list[Event] = []
    bus.subscribe((Pong, LoudPing), several.append, queue=None)
    bus.emit(Ping())
    bus.emit(Pong())
    assert [type(event) for event in several] == [Pong]


def test_priorities_come_first_and_equals_in_their_order(bus: EventBus) -> None:
    calls: list[str] = []
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", -1), ("e", 5)):
        bus.subscribe(Ping, lambda _, name=name: calls.append(name), priority=priority, queue=None)
    bus.emit(Ping())
    assert calls == ["b", "e", "a", "c", "d"]


def test_nothing_is_wanted_where_nobody_listens(bus: EventBus) -> None:
    assert not bus.wants(Ping)
    handle = bus.subscribe(LoudPing, print, queue=None)
    assert bus.wants(LoudPing)
    assert not bus.wants(Ping)
    handle.cancel()
    handle.cancel()
    assert not bus.wants(LoudPing)
    assert bus.subscriptions == ()


def test_a_failing_handler_stops_no_other_and_is_told(bus: EventBus, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Event) -> None:
        raise ValueError("no")

    handle = bus.subscribe(Event, broken, priority=1, queue=None)  # fails on HandlerFailed too, which ends there
    seen = Recorder(bus)
    with caplog.at_level(logging.WARNING, "lumaloom.events"):
        for number in range(5):
            bus.emit(Ping(number=number))
    assert numbers(seen.of(Ping)) == [0, 1, 2, 3, 4]
    told = seen.of(HandlerFailed)
    assert len(told) == 5
    assert (told[0].as_dict()["event"], told[0].given, told[0].error) == ("HandlerFailed", "Ping", "ValueError: no")
    assert "broken" in told[0].handler
    assert handle.failed == bus.failures == 10
    assert [record.getMessage().split(" failed on")[0][-6:] for record in caplog.records] == ["broken"] * 4


def test_an_interrupt_in_the_emitters_thread_is_the_emitters(bus: EventBus) -> None:
    def interrupted(_: Event) -> None:
        raise KeyboardInterrupt

    bus.subscribe(Ping, interrupted, queue=None)
    with pytest.raises(KeyboardInterrupt):
        bus.emit(Ping())


def test_a_thread_of_its_own_survives_whatever_its_handler_raises(bus: EventBus) -> None:
    taken: list[int] = []

    def exits(event: Ping) -> None:
        taken.append(event.number)
        raise SystemExit(1)

    handle = bus.subscribe(Ping, exits)
    for number in range(3):
        bus.emit(Ping(number=number))
    assert bus.close()
    assert (taken, handle.failed) == ([0, 1, 2], 3)


def test_queued_events_keep_their_order_and_all_arrive_before_closing_ends() -> None:
    bus, taken = EventBus(), []
    bus.subscribe(Ping, lambda event: (time.sleep(0.001), taken.append(event.number)), queue=Queue(size=100))
    for number in range(50):
        bus.emit(Ping(number=number))
    assert bus.close()
    assert taken == list(range(50))


def test_coroutines_run_in_order_in_their_own_loop_or_a_given_one(bus: EventBus) -> None:
    own: list[int] = []
    given_one: list[tuple[int, int]] = []

    async def alone(event: Ping) -> None:
        await asyncio.sleep(0)
        own.append(event.number)

    async def guest(event: Ping) -> None:
        await asyncio.sleep(0)
        given_one.append((event.number, threading.get_ident()))

    async def main() -> None:
        bus.subscribe(Ping, alone, queue=None)  # a coroutine function has a queue in any case
        bus.subscribe(Ping, guest, loop=asyncio.get_running_loop())
        for number in range(3):
            bus.emit(Ping(number=number))
        assert await asyncio.to_thread(bus.close)

    asyncio.run(main())
    assert own == [0, 1, 2]
    assert given_one == [(number, threading.get_ident()) for number in range(3)]


def test_a_loop_that_is_closed_is_the_subscribers_failure(bus: EventBus) -> None:
    async def guest(_: Ping) -> None: ...

    loop = asyncio.new_event_loop()
    loop.close()
    handle = bus.subscribe(Ping, guest, loop=loop)
    bus.emit(Ping())
    assert bus.close()
    assert handle.failed == 1


class Hanging:
    """A handler that returns when it is let go."""

    def __init__(self) -> None:
        self.entered, self.let_go = threading.Event(), threading.Event()
        self.taken: list[int] = []

    def __call__(self, event: Ping) -> None:
        self.taken.append(event.number)
        self.entered.set()
        assert self.let_go.wait(30)


@pytest.mark.parametrize(
    ("queue", "rest"),
    [
        (Queue(size=3, when_full="drop_oldest"), [7, 8, 9]),
        (Queue(size=3, when_full="block", patience=0.4), [7, 8, 9]),
        (Queue(size=3, when_full="coalesce"), [9]),
    ],
    ids=lambda value: value.when_full if isinstance(value, Queue) else None,
)
def test_one_that_never_returns_holds_up_nobody(queue: Queue, rest: list[int]) -> None:
    bus, hanging = EventBus(), Hanging()
    handle = bus.subscribe(Ping, hanging, queue=queue)
    seen = Recorder(bus, Ping)
    bus.emit(Ping(number=0))
    assert hanging.entered.wait(5)
    begin = time.monotonic()
    for number in range(1, 10):
        bus.emit(Ping(number=number))
    assert time.monotonic() - begin < 1.5, "one wait of the patience, not one for each event"
    assert numbers(seen.events) == list(range(10))
    assert handle.dropped == 9 - len(rest)
    assert handle.waiting == len(rest)
    assert not bus.close(0.05), "it is left to itself"
    hanging.let_go.set()
    handle._thread.join(5)
    assert hanging.taken == [0, *rest], "what waits is still delivered"


def test_blocking_waits_for_a_slow_subscriber_and_loses_nothing(bus: EventBus) -> None:
    taken: list[int] = []

    def slow(event: Ping) -> None:
        time.sleep(0.005)
        taken.append(event.number)

    handle = bus.subscribe(Ping, slow, queue=Queue(size=2, when_full="block"))
    for number in range(20):
        bus.emit(Ping(number=number))
    assert bus.close()
    assert (taken, handle.dropped) == (list(range(20)), 0)


def test_emitting_to_itself_never_deadlocks(bus: EventBus) -> None:
    taken: list[int] = []

    def again(event: Ping) -> None:
        taken.append(event.number)
        if event.number < 5:
            bus.emit(Ping(number=event.number + 1))
            bus.emit(Ping(number=event.number + 1))

    bus.subscribe(Ping, again, queue=Queue(size=1, when_full="block", patience=60))
    bus.emit(Ping(number=0))
    deadline = time.monotonic() + 5
    while 5 not in taken and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 5 in taken


def test_cancelling_drops_what_waits() -> None:
    bus, hanging = EventBus(), Hanging()
    handle = bus.subscribe(Ping, hanging)
    for number in range(4):
        bus.emit(Ping(number=number))
    assert hanging.entered.wait(5)
    handle.cancel()
    hanging.let_go.set()
    handle._thread.join(5)
    assert (hanging.taken, handle.dropped) == ([0], 3)


def test_a_handler_may_cancel_another_before_its_turn(bus: EventBus) -> None:
    taken: list[Event] = []
    bus.subscribe(Ping, lambda _: other.cancel(), priority=1, queue=None)
    other = bus.subscribe(Ping, taken.append, queue=None)
    bus.emit(Ping())
    assert taken == []


def test_a_handler_may_cancel_itself(bus: EventBus) -> None:
    taken: list[int] = []

    def once(event: Ping) -> None:
        taken.append(event.number)
        handle.cancel()

    handle = bus.subscribe(Ping, once)
    bus.emit(Ping(number=1))
    handle._thread.join(5)
    bus.emit(Ping(number=2))
    assert taken == [1]


def test_weak_methods_go_with_their_object(bus: EventBus) -> None:
    taken: list[int] = []

    class Listener:
        def hear(self, event: Ping) -> None:
            taken.append(event.number)

    listener = Listener()
    bus.subscribe(Ping, listener.hear, weak=True, queue=None)
    bus.emit(Ping(number=1))
    del listener
    gc.collect()
    bus.emit(Ping(number=2))
    assert taken == [1]
    assert bus.subscriptions == ()


def test_many_threads_emit_subscribe_and_cancel(bus: EventBus) -> None:
    seen = Recorder(bus, Ping)
    queued: list[int] = []
    handle = bus.subscribe(Ping, lambda event: queued.append(event.number), queue=Queue(size=16, when_full="block"))

    def work(start: int) -> None:
        for number in range(start, start + 200):
            bus.emit(Ping(number=number))
            bus.subscribe(Pong, print, queue=None).cancel()

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bus.close()
    wanted = sorted(1000 * n + number for n in range(4) for number in range(200))
    assert sorted(numbers(seen.events)) == sorted(queued) == wanted
    assert (seen.subscription.delivered, handle.delivered) == (800, 800)
    for n in range(4):  # each thread's own events keep their order
        mine = [number for number in queued if number // 1000 == n]
        assert mine == sorted(mine)


def test_the_recorder_waits(bus: EventBus) -> None:
    seen = Recorder(bus, Ping)
    threading.Timer(0.05, lambda: bus.emit(Ping(number=7))).start()
    assert seen.wait(lambda event: event.number == 7)  # type: ignore[attr-defined]
    assert not seen.wait(lambda event: event.number == 8, timeout=0.01)  # type: ignore[attr-defined]


def test_lines_of_json(bus: EventBus, tmp_path: Path) -> None:
    with JsonlSink(tmp_path / "events.jsonl") as sink:
        bus.subscribe(Event, sink)
        bus.emit(LoudPing(number=3, at=12.5))
        bus.emit(Pong(at=13.0))
        assert bus.close()
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert lines == [{"event": "LoudPing", "at": 12.5, "number": 3}, {"event": "Pong", "at": 13.0}]


def test_a_full_disk_is_the_sinks_failure_alone(bus: EventBus) -> None:
    with JsonlSink("/dev/full") as sink:
        handle = bus.subscribe(Event, sink, queue=None)
        seen = Recorder(bus)
        bus.emit(Ping())
    assert seen.names == ["HandlerFailed", "Ping"]
    assert "No space left" in seen.of(HandlerFailed)[0].error
    assert handle.failed == 2  # and on the event that tells of it


def test_absurd_queues_are_refused() -> None:
    with pytest.raises(ValueError, match="size: expected at least 1, got 0"):
        Queue(size=0)
    with pytest.raises(ValueError, match="when_full: expected block, drop_oldest or coalesce, got 'drop'"):
        Queue(when_full="drop")  # type: ignore[arg-type]


@given(
    st.integers(1, 4),
    st.sampled_from(["drop_oldest", "coalesce"]),
    st.lists(st.one_of(st.just("take"), st.integers(0, 3)), max_size=40),
)
def test_a_mailbox_is_like_its_plain_model(size: int, when_full: Any, steps: list[Any]) -> None:
    kinds = (Ping, LoudPing, Pong, Event)
    box, model, dropped = Mailbox(Queue(size=size, when_full=when_full)), [], 0
    for step in steps:
        if step == "take":
            if model:
                assert box.take() is model.pop(0)
            continue
        event = kinds[step]()
        if when_full == "coalesce":
            kept = [each for each in model if type(each) is not type(event)]
            dropped += len(model) - len(kept)
            model = kept
        model.append(event)
        dropped += max(len(model) - size, 0)
        model = model[-size:]
        box.put(event)
        assert len(box) == len(model)
    assert box.dropped == dropped
    box.end(drop=False)
    assert [box.take() for _ in model] == model
    assert box.take() is None
