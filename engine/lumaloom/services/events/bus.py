"""The bus: from whoever emits an event to everybody who subscribed to it."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lumaloom.services.events.event import Event
from lumaloom.services.events.mailbox import Queue
from lumaloom.services.events.subscription import Handler, Subscription

if TYPE_CHECKING:
    import asyncio


class _Table:
    """The subscriptions at one moment, and who gets which class of event; replaced as a whole, never changed."""

    def __init__(self, subscriptions: tuple[Subscription, ...]) -> None:
        self.subscriptions = subscriptions
        self.routes: dict[type[Event], tuple[Subscription, ...]] = {}

    def route(self, kind: type[Event]) -> tuple[Subscription, ...]:
        """Return who gets events of `kind`: the highest priority first, among equals the first that subscribed."""
        if (found := self.routes.get(kind)) is None:
            wanting = (each for each in self.subscriptions if issubclass(kind, each.kinds))
            found = self.routes[kind] = tuple(sorted(wanting, key=lambda each: -each.priority))
        return found


class EventBus:
    """Brings events to subscribers. Safe to use from any thread; nothing is built or queued where nobody listens.

    One subscriber never disturbs another or the emitter: what it raises is counted, logged, and told as a
    `HandlerFailed`; one that is slow or never returns holds up its own queue alone, unless it asked to be called
    in the emitter's thread.

    Attributes:
        failures: exceptions of subscribers so far.
    """

    def __init__(self) -> None:
        self.failures = 0
        self._dropped = 0
        self._table = _Table(())
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def subscribe(
        self,
        kinds: type[Event] | tuple[type[Event], ...],
        handler: Handler,
        *,
        priority: int = 0,
        queue: Queue | None = Queue(),  # noqa: B008 - frozen
        weak: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> Subscription:
        """Call `handler` with every event of some classes and their subclasses, in the order of emission.

        Args:
            kinds: a class of events, or several.
            handler: a function of the event, or a coroutine function.
            priority: higher ones are called, or have the event queued, first.
            queue: bounds of the events that wait for the handler, which has a thread of its own; None calls the
                handler in the emitter's thread, which waits for it: for handlers that return at once. A coroutine
                function has a queue in any case.
            weak: hold the handler, or the object of a bound method, weakly; its death cancels the subscription.
            loop: where a coroutine function runs; None for one of its own.

        Returns:
            The handle, whose `cancel` ends the subscription.
        """
        kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        made = Subscription(self, kinds, handler, priority=priority, queue=queue, weak=weak, loop=loop)
        with self._lock:
            self._table = _Table((*self._table.subscriptions, made))
        return made

    def wants(self, kind: type[Event]) -> bool:
        """Whether anybody gets events of `kind`: ask before building one where time counts."""
        table = self._table
        return bool(table.subscriptions) and bool(table.route(kind))

    def emit(self, event: Event) -> None:
        """Bring an event to its subscribers; no subscriber's failure comes out of here."""
        table = self._table
        if table.subscriptions:
            for subscription in table.route(type(event)):
                subscription.deliver(event)

    def close(self, timeout: float | None = 5.0) -> bool:
        """Deliver what waits, and end all subscriptions.

        Args:
            timeout: seconds for all subscribers together; who has not returned by then is left to itself. None
                waits for ever.

        Returns:
            Whether everybody got everything.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            table, self._table = self._table, _Table(())
        done = [each.finish(_left(deadline)) for each in table.subscriptions]  # all of them, also after one that hangs
        with self._lock:
            self._dropped += sum(each.dropped for each in table.subscriptions)
        return all(done)

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Those that are active, in the order in which they were made."""
        return self._table.subscriptions

    @property
    def dropped(self) -> int:
        """Events that queues had no room for, or that coalesced, of those who are subscribed and those who were."""
        with self._lock:
            return self._dropped + sum(each.dropped for each in self._table.subscriptions)

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            left = tuple(each for each in self._table.subscriptions if each is not subscription)
            self._dropped += subscription.dropped * (len(left) < len(self._table.subscriptions))
            self._table = _Table(left)

    def _failed(self) -> None:
        with self._lock:
            self.failures += 1


def _left(deadline: float | None) -> float | None:
    """Return the seconds until a time of the monotonic clock, not below 0; None for no deadline."""
    return None if deadline is None else max(deadline - time.monotonic(), 0.0)
