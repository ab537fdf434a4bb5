"""Jobs in this engine: they share its pools, its caches and its budget of cores."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext

from lumaloom.jobs.execution.executor import Job, Renders
from lumaloom.jobs.execution.side import Call, Place, SideBySide
from lumaloom.jobs.result import RenderResult


class _Here:
    def __init__(self, engine: Renders) -> None:
        self._engine = engine

    def render(self, call: Call, job: Job, cancel: threading.Event) -> RenderResult | None:
        return call(self._engine, job, cancel)


class LocalExecutor(SideBySide):
    """Renders in threads of this process, as many at a time as the setting `jobs` says."""

    def place(self, engine: Renders) -> AbstractContextManager[Place]:
        """Return this engine."""
        return nullcontext(_Here(engine))
