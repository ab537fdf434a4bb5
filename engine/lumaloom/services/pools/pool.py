"""A pool of threads that many jobs share, each by its weight."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from lumaloom.services.pools.lane import Lane, Task
from lumaloom.services.pools.load import Load
from lumaloom.services.pools.statistics import PoolStatistics

# Seconds without work after which a thread ends.
_PATIENCE = 10.0
# Tasks of a lane that may wait, where it does not say.
_ROOM = 256


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
    """

    def __init__(
        self, name: str, size: int, *, niceness: int = 0, load: Load | None = None, patience: float = _PATIENCE
    ) -> None:
        self.name, self.size = name, size
        self._niceness, self._load, self._patience = niceness, load, patience
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # a task may be ready
        self._moved = threading.Condition(self._lock)  # there may be room, or nothing left
        self._lanes: list[Lane] = []
        self._under_way: dict[Task[Any], Lane] = {}
        self._threads: set[threading.Thread] = set()
        self._reached: dict[int, float] = {}  # by priority: how far the lanes were served that had work
        self._idle = 0
        self._closed = False
        self._done = self._failed = self._dropped = 0
        self._seconds = self._waited = 0.0

    def lane(
        self, name: str, *, width: int | None = None, weight: float = 1.0, priority: int = 0, room: int = _ROOM
    ) -> Lane:
        """Open a lane.

        Args:
            name: of the job, or of whatever else it is for.
            width: tasks of it that may run at once; None for as many as the pool has threads.
            weight: its share among lanes of the same priority, above 0.
            priority: higher goes first.
            room: tasks that may wait.

        Raises:
            RuntimeError: the pool is closed.
        """
        width = self.size if width is None else width
        made = Lane(self, name, width=width, most=max(self.size, width), weight=weight, priority=priority, room=room)
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
                self._waited += time.monotonic() - task.since
                return lane, task
            self._dropped += 1
        return None

    def _staff(self) -> None:
        """See to it that a thread takes what is ready; the lock is held."""
        ready = sum(min(len(lane.tasks), lane.width - lane.running) for lane in self._lanes if lane.is_ready)
        self._work.notify(min(ready, self._idle))
        most = max([self.size, *(lane.width for lane in self._lanes)])
        for _ in range(min(ready - self._idle, most - len(self._threads))):
            thread = threading.Thread(target=self._serve, name=f"lumaloom-{self.name}", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _adapt(self) -> None:
        """Widen the lanes that have tasks waiting while cores are idle, and narrow them again; the lock is held."""
        step = self._load.step() if self._load else 0
        for lane in self._lanes if step else ():
            if step < 0 or (lane.tasks and lane.running >= lane.width):
                lane.width = min(max(lane.width + step, lane.least), lane.most)

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
        begun = time.monotonic()
        good = task.run(lane.context())
        seconds = time.monotonic() - begun
        with self._lock:
            del self._under_way[task]
            lane.running -= 1
            lane.seconds += seconds
            lane.served += seconds / lane.weight
            self._seconds += seconds
            lane.done, self._done = lane.done + good, self._done + good
            lane.failed, self._failed = lane.failed + (not good), self._failed + (not good)
            self._adapt()
            self._staff()
            self._moved.notify_all()
            if self._closed:
                self._work.notify_all()
