"""Services as they live: made when first asked for, ended in reverse."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from types import TracebackType
from typing import Any, Self, TypeVar

from lumaloom.composition.graph import Graph, Scope

_log = logging.getLogger("lumaloom")

T = TypeVar("T")


class Container:
    """The services of one engine, or of one job of it; safe with many threads.

    Args:
        graph: what there is to be had.
        parent: has the services that live longer.
    """

    def __init__(self, graph: Graph, parent: Container | None = None) -> None:
        self.graph, self._parent = graph, parent
        self._scope = Scope.ENGINE if parent is None else Scope.JOB
        self._made: dict[Any, Any] = {}
        self._ends: list[Generator[Any, None, None]] = []
        self._lock = threading.RLock()  # making a service asks for others

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def job(self) -> Container:
        """Return the container of a new job."""
        return Container(self.graph, self)

    def get(self, kind: type[T]) -> T:
        """Return a service; what it is made from is made first.

        Raises:
            LookupError: there is none of that type, or it lives shorter than this container. What the service
                itself raises comes as it is.
        """
        found = self.graph.services.get(kind)
        if found is None or found.scope > self._scope:
            raise LookupError(f"the {self._scope.name.lower()} has no service {kind.__name__}")
        if found.scope < self._scope and self._parent is not None:
            return self._parent.get(kind)
        with self._lock:
            if kind not in self._made:
                made = found.make(**{name: self.get(need) for name, need in found.needs.items()})
                if isinstance(made, Generator):
                    self._ends.append(made)
                    made = next(made)
                self._made[kind] = made
            return self._made[kind]  # type: ignore[no-any-return]  # what makes it is declared to make that type

    def close(self) -> None:
        """End all services, the last made first; a failure in one is logged and keeps none from its end."""
        while self._ends:
            try:
                next(self._ends.pop(), None)
            except Exception as problem:
                _log.warning("a service failed to end: %s: %s", type(problem).__name__, problem)
        self._made.clear()
