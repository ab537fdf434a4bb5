"""What an event is."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Subscribing to a class gets its subclasses too.

    Attributes:
        at: when, in seconds since 1970 on the machine's clock.
    """

    at: float = field(default_factory=time.time)

    @property
    def key(self) -> Hashable:
        """What a coalescing queue keeps only the newest of."""
        return type(self).__qualname__

    def as_dict(self) -> dict[str, Any]:
        """Return the event's name as `event`, and its fields."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerFailed(Event):
    """A subscriber raised an exception; the others got the event all the same.

    Attributes:
        handler: name of the subscriber.
        given: name of the event that it was given.
        error: type and message of the exception.
        failures: of this subscriber so far.
    """

    handler: str
    given: str
    error: str
    failures: int
