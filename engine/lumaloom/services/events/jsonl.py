"""Events as lines of JSON in a file."""

from __future__ import annotations

import json
import os
from types import TracebackType
from typing import Self

from lumaloom.services.events.event import Event


class JsonlSink:
    """A subscriber that appends each event to a file as one line of JSON; what JSON lacks becomes text.

    A line is written whole, with one call, so several processes can share the file. A full disk is the
    subscriber's failure and nobody else's: the bus counts it.

    Raises:
        OSError: the file can't be opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def __call__(self, event: Event) -> None:
        """Write one event."""
        line = json.dumps(event.as_dict(), default=str).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError("the disk took only a part of the line")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
