"""One thread that works ahead: the only place where a stage of the path gets a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextvars import copy_context
from typing import TypeVar

from lumaloom.run.meter import Depth

T = TypeVar("T")


class _StopProducingError(Exception):
    """Raised in the producer's thread when nobody wants its items any more."""


class _ByteQueue:
    """A queue between two threads, bounded in bytes; one item always fits."""

    def __init__(self, limit: int, depth: Depth) -> None:
        self.limit, self.depth = limit, depth
        self.items: deque[tuple[object, int]] = deque()
        self.stopped = False
        self.changed = threading.Condition()

    def put(self, item: object, size: int) -> None:
        with self.changed:
            while self.items and self.depth.nbytes + size > self.limit and not self.stopped:
                self.changed.wait()
            if self.stopped:
                raise _StopProducingError
            self.items.append((item, size))
            self.depth.items += 1
            self.depth.nbytes += size
            self.changed.notify_all()

    def get(self) -> object:
        with self.changed:
            while not self.items:
                self.changed.wait()
            item, size = self.items.popleft()
            self.depth.items -= not isinstance(item, _End)
            self.depth.nbytes -= size
            self.changed.notify_all()
            return item

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.items.clear()
            self.depth.items = self.depth.nbytes = 0
            self.changed.notify_all()


class _End:
    """Last item of a queue: the producer is through, with or without an error."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def prefetch(
    items: Iterable[T],
    *,
    limit: int,
    size: Callable[[T], int],
    name: str = "prefetch",
    depth: Depth | None = None,
) -> Generator[T, None, None]:
    """Yield `items`, which are made in a thread of their own, up to `limit` bytes ahead.

    What `items` raises is raised here, after everything that came before it. The thread starts with the first
    item asked for; closing this generator then stops it, closes `items` in it, and waits for both.

    Args:
        items: the stage to run ahead; a generator is closed at the end.
        limit: bytes that may wait; one item may always wait, however large.
        size: bytes of an item.
        name: of the thread.
        depth: kept up to date with what waits.

    """
    queue = _ByteQueue(limit, depth or Depth())

    def produce() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                queue.put(item, size(item))
                del item  # the queue owns it now: a reference here would keep one more frame alive
        except _StopProducingError:
            pass
        except BaseException as problem:  # carried to the consumer, whatever it is
            error = problem
        finally:
            try:
                if isinstance(items, Generator):
                    items.close()
            except BaseException as problem:
                error = error or problem
            with queue.changed:
                queue.items.append((_End(error), 0))
                queue.changed.notify_all()
            error = None  # its traceback holds this function: the two would keep each other, and frames, alive

    # What is current in the consumer's context, such as a trace, is current in the producer's thread too.
    thread = threading.Thread(target=copy_context().run, args=(produce,), name=f"lumaloom-{name}", daemon=True)
    thread.start()
    try:
        while True:
            next_one = [queue.get()]
            if isinstance(next_one[0], _End):
                break
            yield next_one.pop()  # type: ignore[misc]  # everything but _End came from `items`; none is kept here
        end = next_one.pop()
        if isinstance(end, _End) and end.error is not None:
            try:
                raise end.error
            finally:
                del end  # or the error's traceback would hold the error
    finally:
        queue.stop()
        thread.join()
