"""Workers of a test's own, whose threads are gone when it looks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from lumaloom.run import Workers
from lumaloom.services.pools import Pool


@contextmanager
def own_workers(count: int) -> Generator[Workers, None, None]:
    with Pool("test", count) as pool, pool.lane("test") as lane:
        yield lane


def worked(count: int, stage: Callable[[Workers], Iterable[Any]]) -> Generator[Any, None, None]:
    """Yield what a stage gives that has `count` workers until it ends or is closed."""
    with own_workers(count) as workers:
        items = stage(workers)
        try:
            yield from items
        finally:
            if isinstance(items, Generator):
                items.close()
