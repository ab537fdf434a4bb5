"""Many workers, one order: the unit of work is one frame on one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int,
    limit: int,
    size: Callable[[T], int],
    skip: Callable[[T], bool] = lambda item: False,
) -> Generator[T | R, None, None]:
    """Yield `function(item)` for every item, in the order of the items, computed by `workers` threads.

    An error comes out in its turn, after the results before it; what is still running is then waited for and
    dropped. Closing the generator does the same, and closes `items`.

    Args:
        function: runs in a worker; the result must not depend on which.
        items: read in the caller's thread, only as far ahead as the bounds allow.
        workers: number of threads, at least 1.
        limit: bytes of items under way; one may always be.
        size: bytes that an item and its result count for.
        skip: items that pass through as they are, without a worker.

    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="lumaloom-worker")
    # An entry is (future or None, item if it skips, bytes); packets wait here for the frames before them.
    waiting: deque[tuple[Future[R] | None, T | None, int]] = deque()
    under_way = frames = 0

    def oldest() -> T | R:
        nonlocal under_way, frames
        future, item, weight = waiting.popleft()
        if future is None:
            return item  # type: ignore[return-value]  # set whenever the future is not
        under_way -= weight
        frames -= 1
        return future.result()

    try:
        for item in items:
            if skip(item):
                waiting.append((None, item, 0))
            else:
                weight = size(item)
                while frames and (under_way + weight > limit or frames >= 2 * workers):
                    yield oldest()
                waiting.append((pool.submit(function, item), None, weight))
                under_way += weight
                frames += 1
            del item
            while waiting and (waiting[0][0] is None or waiting[0][0].done()):
                yield oldest()
        while waiting:
            yield oldest()
    finally:
        for future, _, _ in waiting:
            if future is not None:
                future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)
        waiting.clear()
        if isinstance(items, Generator):
            items.close()
