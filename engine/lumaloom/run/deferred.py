"""Items whose error waits: a stage that holds some back gives those first, and the error after them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Deferred(Iterator[T], Generic[T]):
    """Iterates items to their end or their error, which `finish` raises; the end of its `with` block closes them."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items, self._source = items, iter(items)
        self._failure: Exception | None = None

    def __next__(self) -> T:
        try:
            return next(self._source)
        except StopIteration:
            raise
        except Exception as problem:
            self._failure = problem
        raise StopIteration

    def finish(self) -> None:
        """Raise the error at which the items ended, if it was one."""
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # or the error's traceback would hold the error, and with it every frame below

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._failure = None
        if isinstance(self._items, Generator):
            self._items.close()
