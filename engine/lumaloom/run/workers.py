"""Many workers, one order: the unit of work is one frame on one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, wait
from typing import ParamSpec, Protocol, TypeVar

from lumaloom.run.deferred import Deferred

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class Workers(Protocol):
    """Threads that make calls; several stages and jobs may share them."""

    @property
    def width(self) -> int:
        """Calls that are made at once, now."""

    def submit(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a call made; one that is cancelled before it begins lets go of what it was called with."""


class Here:
    """No thread at all: a call is made where it is submitted."""

    width = 1

    def submit(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Make a call, and return its future, which is done."""
        future: Future[R] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as problem:
            future.set_exception(problem)
        try:
            return future
        finally:
            del future  # or the error's traceback would hold the error, and with it every frame below


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: Workers,
    limit: int,
    size: Callable[[T], int],
    skip: Callable[[T], bool] = lambda item: False,
) -> Generator[T | R, None, None]:
    """Yield `function(item)` for every item, in the order of the items, computed by `workers`.

    An error, of the function or of `items`, comes out in its turn, after the results before it; what is still
    running is then waited for and dropped. Closing the generator does the same, and closes `items`.

    Args:
        function: runs in a worker; the result must not depend on which.
        items: read in the caller's thread, only as far ahead as the bounds allow.
        workers: make the calls, at most twice as many under way or waiting for their turn as they are wide.
        limit: bytes of items under way or waiting for their turn; one may always be.
        size: bytes that an item and its result count for.
        skip: items that pass through as they are, without a worker.

    """
    # An entry is (future or None, item if it skips, bytes); packets wait here for the frames before them.
    waiting: deque[tuple[Future[R] | None, T | None, int]] = deque()
    under_way = frames = 0

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

    with Deferred(items) as source:
        try:
            for item in source:
                passes, weight = skip(item), size(item)
                while waiting and (under_way + weight > limit or (frames >= 2 * workers.width and not passes)):
                    yield oldest()
                waiting.append((None, item, weight) if passes else (workers.submit(function, item), None, weight))
                under_way += weight
                frames += not passes
                del item
                while waiting and (waiting[0][0] is None or waiting[0][0].done()):
                    yield oldest()
            while waiting:
                yield oldest()
            source.finish()
        finally:
            wait([future for future, _, _ in waiting if future is not None and not future.cancel()])
            waiting.clear()
