"""Many workers, one order: the unit of work is one frame on one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
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

    An error, of the function or of `items`, comes out in its turn, after the results before it; what is still
    running is then waited for and dropped. Closing the generator does the same, and closes `items`.

    Args:
        function: runs in a worker; the result must not depend on which.
        items: read in the caller's thread, only as far ahead as the bounds allow.
        workers: number of threads, at least 1.
        limit: bytes of items under way or waiting for their turn; one may always be.
        size: bytes that an item and its result count for.
        skip: items that pass through as they are, without a worker.

    """
    pool = ThreadPoolExecutor(
        workers, thread_name_prefix="lumaloom-worker", initializer=_enter, initargs=(copy_context(),)
    )
    # An entry is (future or None, item if it skips, bytes); packets wait here for the frames before them.
    waiting: deque[tuple[Future[R] | None, T | None, int]] = deque()
    under_way = frames = 0
    failure: Exception | None = None

    def oldest() -> T | R:
        nonlocal under_way, frames
        future, item, weight = waiting.popleft()
        under_way -= weight
        if future is None:
            return item  # type: ignore[return-value]  # set whenever the future is not
        frames -= 1
        try:
            return future.result()
        finally:
            del future  # or its error's traceback would hold the error, and with it every frame below

    source = iter(items)
    try:
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception as problem:
                failure = problem
                break
            passes, weight = skip(item), size(item)
            while waiting and (under_way + weight > limit or (frames >= 2 * workers and not passes)):
                yield oldest()
            waiting.append((None, item, weight) if passes else (pool.submit(function, item), None, weight))
            under_way += weight
            frames += not passes
            del item
            while waiting and (waiting[0][0] is None or waiting[0][0].done()):
                yield oldest()
        while waiting:
            yield oldest()
        if failure is not None:
            raise failure
    finally:
        failure = None
        pool.shutdown(wait=True, cancel_futures=True)
        waiting.clear()
        if isinstance(items, Generator):
            items.close()


def _enter(context: Context) -> None:
    """Make current in a worker what is current where the work comes from, such as a trace."""
    for variable, value in context.items():
        variable.set(value)
