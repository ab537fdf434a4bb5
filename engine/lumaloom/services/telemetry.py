"""What the engine asks of telemetry; this implementation does nothing, and is what runs where it is switched off."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from lumaloom.memory import BufferPool
from lumaloom.run import Meter


class Telemetry:
    """Nothing is traced, nothing is measured."""

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[object]:
        """Trace the body as one span, under the span that is current in this thread."""
        return nullcontext()

    @contextmanager
    def watching(self, pool: BufferPool) -> Generator[Meter, None, None]:
        """Give the meter of a job, and look at it and the pool while the body runs."""
        yield Meter()
