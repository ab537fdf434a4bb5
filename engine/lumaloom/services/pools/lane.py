"""A lane: one job's tasks in a pool, first come, first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import Context, copy_context
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from lumaloom.services.pools.statistics import LaneStatistics

if TYPE_CHECKING:
    from lumaloom.services.pools.pool import Pool

P = ParamSpec("P")
R = TypeVar("R")


class Task(Future[R]):
    """A call that waits for its turn; one that is cancelled lets go of what it was called with."""

    def __init__(self, call: Callable[[], R]) -> None:
        super().__init__()
        self.call: Callable[[], R] | None = call
        self.since = 0.0

    def cancel(self) -> bool:
        """Cancel it unless it runs or is done; return whether it is cancelled."""
        if not super().cancel():
            return False
        self.call = None
        return True

    def run(self, context: Context, ended: Callable[[Task[R], bool], None]) -> None:
        """Run the call, which was begun by `set_running_or_notify_cancel`.

        Args:
            context: what is current for it.
            ended: told before anybody who waits for the result; the flag says whether it raised nothing.
        """
        call, self.call = self.call, None
        assert call is not None
        try:
            result = context.run(call)
        except BaseException as problem:  # whatever it is, it is the caller's who waits for it, not the pool's
            ended(self, False)
            self.set_exception(problem)
            del self  # or the error's traceback would hold the error, and with it every frame below
        else:
            ended(self, True)
            self.set_result(result)


class Lane:
    """Hands tasks to a pool, which gives every lane its share. Made by `Pool.lane`; closed by `with` or `close`.

    Tasks begin in the order in which they were submitted, and run with what was current, such as a trace, where the
    lane was made. What a task raises comes out of its future and disturbs nothing else.

    Attributes:
        name: of the job, or of whatever else it is for.
        width: tasks that may run at once. The pool may widen it while cores are idle, and narrows it again.
    """

    def __init__(
        self, pool: Pool, name: str, *, width: int, most: int, weight: float, priority: int, room: int
    ) -> None:
        self.name, self.weight, self.priority, self.room = name, weight, priority, room
        self.width = self.least = width
        self.most = most
        self.tasks: deque[Task[Any]] = deque()
        self.running = self.done = self.failed = 0
        self.seconds = 0.0
        # Seconds over weight that it was given or forgiven: the pool serves the lane that is furthest behind.
        self.served = 0.0
        self._pool = pool
        self._context = copy_context()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a call made; waits where as many tasks wait already as there is room for.

        Raises:
            RuntimeError: the lane or its pool is closed.
        """
        task = Task(partial(function, *args, **kwargs))
        self._pool.take(self, task, patient=True)
        return task

    def offer(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R] | None:
        """Have a call made if there is room; return None where there is none, or the pool is closed."""
        task = Task(partial(function, *args, **kwargs))
        return task if self._pool.take(self, task, patient=False) else None

    def close(self) -> None:
        """Cancel what has not begun, and wait for what has; nothing can be submitted afterwards."""
        wait(self._pool.leave(self))

    def context(self) -> Context:
        """Return what is current for a task: a copy, because several run at once."""
        return self._context.copy()

    @property
    def ahead(self) -> float:
        """How far it was served, with what runs now at its usual length."""
        usual = self.seconds / (self.done + self.failed) if self.done + self.failed else 0.0
        return self.served + self.running * usual / self.weight

    @property
    def is_ready(self) -> bool:
        """Whether a task may begin."""
        return bool(self.tasks) and self.running < self.width

    @property
    def statistics(self) -> LaneStatistics:
        """Counts of this moment."""
        return LaneStatistics(
            self.name,
            self.priority,
            self.weight,
            self.width,
            len(self.tasks),
            self.running,
            self.done,
            self.failed,
            self.seconds,
        )
