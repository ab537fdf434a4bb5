"""What the engine asks of telemetry; this implementation does nothing, and is what runs where it is switched off."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, ParamSpec, TypeVar

from lumaloom.memory import BufferPool
from lumaloom.run import Meter

P = ParamSpec("P")
R = TypeVar("R")


class Exporters:
    """What takes spans and metrics besides what the settings name; replaced by who has some of their own."""

    def span_processors(self) -> Sequence[Any]:
        """Return processors of OpenTelemetry's SDK."""
        return ()

    def metric_readers(self) -> Sequence[Any]:
        """Return readers of OpenTelemetry's SDK."""
        return ()


class Telemetry:
    """Nothing is traced, nothing is measured."""

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[object]:
        """Trace the body as one span, under the span that is current in this thread."""
        return nullcontext()

    @contextmanager
    def watching(self, pool: BufferPool) -> Generator[Meter, None, None]:
        """Give the meter of a job, and look at it and the pool while the body runs."""
        yield Meter()

    def watch_pools(self, statistics: Callable[[], Iterable[Any]]) -> None:
        """Measure pools of threads: snapshots with `name`, `size`, `waiting` and `running` of each."""

    def carried(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return a function to be called in another thread, process or machine, whose spans belong to this one's.

        The current span is then current there; what exports spans there is set up there. The result can be pickled
        where `function` can: for a pool of processes, or as a task of Dask's.
        """
        return function
