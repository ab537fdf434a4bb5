"""A pool of threads that many jobs share, each by its weight."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any, Self

from lumaloom.services.pools.lane import Lane, Task
from lumaloom.services.pools.load import Load
from lumaloom.services.pools.statistics import PoolStatistics

# Seconds without work after which a thread ends.
_PATIENCE = 10.0
# Seconds that work has at the end of the process.
_LAST = 5.0
# Tasks of a lane that may wait, where it does not say.
_ROOM = 256


# All pools of the process.
_ALIVE: weakref.WeakSet[Pool] = weakref.WeakSet()


class Pool:
    """Threads, started when there is work for them, that serve lanes: the highest priority first, equals fairly.

    Among lanes of one priority the next task is of the one whose tasks had the least time so far for its weight; a
    lane that had nothing to do gets no credit for that. Lower priorities wait as long as a higher one has tasks.

    Args:
        name: for statistics and the names of the threads.
        size: threads. Lanes that are wider get more.
        niceness: how much the threads yield to others, 0 to 19, where the system can tell threads apart.
        load: tells whether cores are idle; lanes are then widened. None leaves them as they were made.
        patience: seconds without work after which a thread ends.
        clock: seconds that never go backwards, by which tasks are timed.
    """

    def __init__(
        self,
        name: str,
        size: int,
        *,
        niceness: int = 0,
        load: Load | None = None,
        patience: float = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.size = name, size
        self._niceness, self._load, self._patience, self._clock = niceness, load, patience, clock
        self._lanes: list[Lane] = []
        self._reached: dict[int, float] = {}  # by priority: how far the lanes were served that had work
        self._numbers = count(1)
        self._closed = False
        self._done = self._failed = self._dropped = 0
        self._seconds = self._waited = 0.0
        self._begin()
        _ALIVE.add(self)

    def _begin(self) -> None:
        """Begin without threads: at first, and in the child of a fork, which has none of its parent's."""
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # a task may be ready
        self._moved = threading.Condition(self._lock)  # there may be room, or nothing left
        self._threads: set[threading.Thread] = set()
        self._under_way: dict[Task[Any], Lane] = {}
        self._idle = 0
        for lane in self._lanes:
            lane.running = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drain()

    def lane(
        self,
        name: str,
        *,
        width: int | None = None,
        most: int | None = None,
        weight: float = 1.0,
        priority: int = 0,
        room: int = _ROOM,
    ) -> Lane:
        """Open a lane.

        Args:
            name: of the job, or of whatever else it is for.
            width: tasks of it that may run at once; None for as many as the pool has threads.
            most: how wide it may get while cores are idle; None for the size of the pool.
            weight: its share among lanes of the same priority, above 0.
            priority: higher goes first.
            room: tasks that may wait.

        Raises:
            RuntimeError: the pool is closed.
        """
        width = self.size if width is None else width
        most = max(self.size if most is None else most, width)
        made = Lane(self, name, width=width, most=most, weight=weight, priority=priority, room=room)
        with self._lock:
            if self._closed:
                raise RuntimeError(f"pool {self.name} is closed")
            self._lanes.append(made)
        return made

    def take(self, lane: Lane, task: Task[Any], *, patient: bool) -> bool:
        """Queue a task of a lane; where there is no room wait for it, or return False. Lanes call it."""
        with self._lock:
            while patient and lane in self._lanes and len(lane.tasks) >= lane.room:
                self._moved.wait()
            if self._closed or lane not in self._lanes or len(lane.tasks) >= lane.room:
                if patient:
                    raise RuntimeError(f"pool {self.name}: {lane.name} is closed")
                self._dropped += 1
                return False
            if not lane.tasks and not lane.running:
                lane.served = max(lane.served, self._reached.get(lane.priority, 0.0))
            task.since = self._clock()
            lane.tasks.append(task)
            self._adapt()
            self._staff()
        return True

    def leave(self, lane: Lane) -> list[Future[Any]]:
        """Drop a lane and the tasks of it that have not begun; return those that have. Lanes call it."""
        with self._lock:
            if lane in self._lanes:
                self._lanes.remove(lane)
            dropped, lane.tasks = list(lane.tasks), type(lane.tasks)()
            running: list[Future[Any]] = [task for task, owner in self._under_way.items() if owner is lane]
            self._dropped += len(dropped)
            self._moved.notify_all()
        for task in dropped:
            task.cancel()
        return running

    def drain(self, timeout: float | None = None) -> bool:
        """Take no more tasks, wait for those that there are, and end the threads.

        Args:
            timeout: seconds; what has not begun by then is cancelled, and what runs is left to itself. None waits
                for everything.

        Returns:
            Whether everything came to its end.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            self._closed = True
            self._work.notify_all()
            self._moved.notify_all()
            while any(lane.tasks or lane.running for lane in self._lanes) or self._under_way:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._moved.wait(left)
            lanes = list(self._lanes)
            late = bool(self._under_way) or any(lane.tasks for lane in lanes)
        for lane in lanes:
            self.leave(lane)
        with self._lock:
            self._work.notify_all()
            threads = [] if late else list(self._threads)
        for thread in threads:
            thread.join()
        return not late

    @property
    def statistics(self) -> PoolStatistics:
        """Counts of this moment."""
        with self._lock:
            return PoolStatistics(
                self.name,
                self.size,
                len(self._threads),
                sum(len(lane.tasks) for lane in self._lanes),
                len(self._under_way),
                self._done,
                self._failed,
                self._dropped,
                self._seconds,
                self._waited,
                tuple(lane.statistics for lane in self._lanes),
            )

    def _next(self) -> tuple[Lane, Task[Any]] | None:
        """Return the task that is to run now, begun; the lock is held."""
        while ready := [lane for lane in self._lanes if lane.is_ready]:
            lane = min(ready, key=lambda each: (-each.priority, each.ahead))
            self._reached[lane.priority] = max(self._reached.get(lane.priority, 0.0), lane.ahead)
            task = lane.tasks.popleft()
            self._moved.notify_all()
            if task.set_running_or_notify_cancel():
                lane.running += 1
                self._under_way[task] = lane
                self._waited += self._clock() - task.since
                return lane, task
            self._dropped += 1
        return None

    def _staff(self, taken: int = 0) -> None:
        """See to it that a thread takes what is ready, but for what is as good as taken; the lock is held."""
        ready = -taken + sum(min(len(lane.tasks), lane.width - lane.running) for lane in self._lanes if lane.is_ready)
        self._work.notify(max(min(ready, self._idle), 0))
        most = max([self.size, *(lane.width for lane in self._lanes)])
        for _ in range(min(ready - self._idle, most - len(self._threads))):
            thread = threading.Thread(
                target=self._serve, name=f"lumaloom-{self.name}_{next(self._numbers)}", daemon=True
            )
            self._threads.add(thread)
            thread.start()

    def _adapt(self) -> None:
        """Widen the lanes that have tasks waiting while cores are idle; the lock is held.

        Where none are, lanes that are wider than they were made give one back if they are not the only one.
        """
        idle = self._load.idle() if self._load else None
        if idle is None:
            return
        several = sum(bool(lane.tasks or lane.running) for lane in self._lanes) > 1
        for lane in self._lanes:
            if idle and lane.tasks and lane.running >= lane.width:
                lane.width = min(lane.width + idle, lane.most)
            elif not idle and several and lane.width > lane.least:
                lane.width -= 1

    def _serve(self) -> None:
        if self._niceness:
            with suppress(OSError, AttributeError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while True:
            with self._lock:
                while (found := self._next()) is None:
                    self._idle += 1
                    over = self._closed and not any(lane.tasks for lane in self._lanes)
                    woken = not over and self._work.wait(self._patience)
                    self._idle -= 1
                    if over or not (woken or any(lane.tasks for lane in self._lanes)):
                        self._threads.discard(threading.current_thread())
                        self._moved.notify_all()
                        return
            self._run(*found)
            del found

    def _run(self, lane: Lane, task: Task[Any]) -> None:
        task.run(lane.context(), partial(self._ended, lane, self._clock()))
        del task  # an error's traceback holds this function too

    def _ended(self, lane: Lane, begun: float, task: Task[Any], good: bool) -> None:
        seconds = self._clock() - begun
        with self._lock:
            del self._under_way[task]
            lane.running -= 1
            lane.seconds += seconds
            lane.served += seconds / lane.weight
            self._seconds += seconds
            lane.done, self._done = lane.done + good, self._done + good
            lane.failed, self._failed = lane.failed + (not good), self._failed + (not good)
            self._adapt()
            self._staff(taken=1)  # by this thread, which is free now
            self._moved.notify_all()
            if self._closed:
                self._work.notify_all()


@atexit.register
def _end() -> None:
    """End the threads of pools that nobody ended: code that runs while the process falls apart may crash it."""
    for pool in list(_ALIVE):
        pool.drain(_LAST)


def _after_fork() -> None:
    for pool in list(_ALIVE):
        pool._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
