"""One subscriber: whom to call, in which thread, and how that went."""

from __future__ import annotations

import inspect
import logging
import threading
import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from lumaloom.errors import counted
from lumaloom.services.events.event import Event, HandlerFailed
from lumaloom.services.events.mailbox import Mailbox, Queue

if TYPE_CHECKING:
    import asyncio

    from lumaloom.services.events.bus import EventBus

_log = logging.getLogger("lumaloom.events")

Handler = Callable[[Any], Awaitable[None] | None]


class Subscription:
    """The handle of a subscription; `cancel` ends it.

    Attributes:
        kinds: classes of the events it gets.
        name: of the handler, for messages.
        delivered: events that the handler took without an error.
        failed: events on which it raised.
    """

    def __init__(
        self,
        bus: EventBus,
        kinds: tuple[type[Event], ...],
        handler: Handler,
        *,
        priority: int,
        queue: Queue | None,
        weak: bool,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.kinds, self.priority = kinds, priority
        self.name = getattr(handler, "__qualname__", None) or type(handler).__qualname__
        self.delivered = self.failed = 0
        self._bus, self._loop, self._active = bus, loop, True
        self._lock = threading.Lock()
        self._handler = _weak(handler) if weak else lambda: handler
        self._is_async = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
            getattr(handler, "__call__", None)  # noqa: B004 - an object whose call is a coroutine function
        )
        if self._is_async and queue is None:
            queue = Queue()
        self._mailbox = None if queue is None else Mailbox(queue)
        self._thread = threading.Thread(target=self._work, name=f"lumaloom-events-{self.name}", daemon=True)
        if self._mailbox is not None:
            self._thread.start()

    @property
    def dropped(self) -> int:
        """Events that its queue had no room for, or that coalesced."""
        return 0 if self._mailbox is None else self._mailbox.dropped

    @property
    def waiting(self) -> int:
        """Events in its queue."""
        return 0 if self._mailbox is None else len(self._mailbox)

    def cancel(self) -> None:
        """Call the handler no more; events still waiting are dropped. Cancelling twice does nothing."""
        self._active = False
        self._bus._remove(self)
        if self._mailbox is not None:
            self._mailbox.end(drop=True)

    def deliver(self, event: Event) -> None:
        """Handle an event, or queue it where the handler has a thread of its own."""
        if self._mailbox is None:
            self._call(event)
        else:
            self._mailbox.put(event, may_wait=threading.current_thread() is not self._thread)

    def finish(self, timeout: float | None) -> bool:
        """Deliver what waits and end; return whether that was done within `timeout` seconds."""
        if self._mailbox is None:
            return True
        self._mailbox.end(drop=False)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        assert self._mailbox is not None
        while (event := self._mailbox.take()) is not None:
            self._call(event)
            del event

    def _call(self, event: Event) -> None:
        """Run the handler; what it raises is counted, logged and told, and goes no further."""
        handler = self._handler()
        if handler is None:
            self.cancel()
        if handler is None or not self._active:
            return
        try:
            result = handler(event)
            if self._is_async:
                self._run(result)
            with self._lock:
                self.delivered += 1
        except Exception as problem:
            self._report(event, problem)
        except BaseException as problem:
            if self._mailbox is None:
                raise  # Ctrl-C in the emitter's thread is the emitter's
            self._report(event, problem)

    def _report(self, event: Event, problem: BaseException) -> None:
        with self._lock:
            self.failed += 1
            failures = self.failed
        self._bus._failed()
        kind, error = type(event).__name__, f"{type(problem).__name__}: {problem}"
        if failures & (failures - 1) == 0:  # the 1st, 2nd, 4th, 8th...: a log has to stay readable
            _log.warning("%s failed on %s, %s so far: %s", self.name, kind, counted(failures, "times"), error)
        if not isinstance(event, HandlerFailed) and self._bus.wants(HandlerFailed):
            self._bus.emit(HandlerFailed(handler=self.name, given=kind, error=error, failures=failures))

    def _run(self, coroutine: Any) -> None:
        import asyncio

        if self._loop is None:
            asyncio.run(coroutine)
        else:
            try:
                future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            except RuntimeError:
                coroutine.close()
                raise
            future.result()


def _weak(handler: Handler) -> Callable[[], Handler | None]:
    if inspect.ismethod(handler):
        return weakref.WeakMethod(handler)
    return weakref.ref(handler)
