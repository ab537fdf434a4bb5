"""Keeps what happened, for tests and for looking back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from lumaloom.services.events.bus import EventBus
from lumaloom.services.events.event import Event

E = TypeVar("E", bound=Event)


class Recorder:
    """Keeps every event of some class that a bus brings, in order.

    Attributes:
        events: those so far.
    """

    def __init__(self, bus: EventBus, kind: type[Event] = Event) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self.subscription = bus.subscribe(kind, self._take, queue=None)

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of a class and its subclasses."""
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    @property
    def names(self) -> list[str]:
        """The classes' names, in order; a run of the same counts once."""
        found: list[str] = []
        for event in list(self.events):
            name = type(event).__name__
            if not found or found[-1] != name:
                found.append(name)
        return found

    def wait(self, wanted: Callable[[Event], bool], timeout: float = 5.0) -> bool:
        """Wait until an event came for which `wanted` is true; return whether it did within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: any(map(wanted, self.events)), timeout)

    def _take(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()
