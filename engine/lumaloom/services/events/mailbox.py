"""A bounded queue of events between the thread that emits and the one that handles."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from lumaloom.services.events.event import Event


@dataclass(frozen=True, slots=True)
class Queue:
    """How events wait for a subscriber that has a thread of its own.

    Attributes:
        size: events that may wait.
        when_full: `block` waits for room, up to `patience`, and then drops the oldest, at once from then on until the
            subscriber takes an event; `drop_oldest` drops it without waiting; `coalesce` keeps only the newest event
            of each key, full or not, and drops the oldest where even that is too many.
        patience: seconds.
    """

    size: int = 256
    when_full: Literal["block", "drop_oldest", "coalesce"] = "drop_oldest"
    patience: float = 5.0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size: expected at least 1, got {self.size}")
        if self.when_full not in ("block", "drop_oldest", "coalesce"):
            raise ValueError(f"when_full: expected block, drop_oldest or coalesce, got {self.when_full!r}")


class Mailbox:
    """Events in the order in which they came, one of each key where they coalesce."""

    def __init__(self, rules: Queue) -> None:
        self.rules = rules
        self.dropped = 0
        self._waiting: dict[Hashable, Event] = {}
        self._number = 0
        self._changed = threading.Condition()
        self._ended = self._stuck = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: Event, *, may_wait: bool = True) -> None:
        """Add an event; what has to go for it counts as dropped. Nothing is taken any more after `end`."""
        with self._changed:
            if self.rules.when_full == "coalesce":
                key: Hashable = event.key
                # Taken out first, so that the newest stands where it came, behind what came before it.
                self.dropped += self._waiting.pop(key, None) is not None
            else:
                self._number += 1
                key = self._number
            if self.rules.when_full == "block" and may_wait and not self._stuck:
                self._stuck = not self._changed.wait_for(self._has_room, self.rules.patience)
            if self._ended:
                self.dropped += 1
                return
            if not self._has_room():
                self.dropped += 1
                del self._waiting[next(iter(self._waiting))]
            self._waiting[key] = event
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return len(self._waiting) < self.rules.size or self._ended

    def take(self) -> Event | None:
        """Return the oldest event, waiting for one; None when there is none left and `end` was called."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if not self._waiting:
                return None
            self._stuck = False
            event = self._waiting.pop(next(iter(self._waiting)))
            self._changed.notify_all()
            return event

    def end(self, *, drop: bool) -> None:
        """Take no more events; those waiting are still delivered, unless they are to be dropped."""
        with self._changed:
            self._ended = True
            if drop:
                self.dropped += len(self._waiting)
                self._waiting.clear()
            self._changed.notify_all()
