"""How each service is made. What a service needs are the types of its constructor's or factory's arguments.

One more service is one more function, and its name in `ENGINE` or `JOB`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Literal, NewType

from lumaloom.cache import DiskCache, default_folder, opened
from lumaloom.device import Machine
from lumaloom.errors import OutputError, UsageError
from lumaloom.jobs import CacheEvicted, PluginFailed, PluginLoaded, Preparer, Renderer
from lumaloom.jobs.execution import Executor, LocalExecutor
from lumaloom.memory import BufferPool, default_limit
from lumaloom.plugins import PluginFailure, Registry, default_registry
from lumaloom.run import Meter
from lumaloom.services.clock import Clock
from lumaloom.services.events import Event, EventBus, JsonlSink, Queue
from lumaloom.services.pools import Budget, Pools
from lumaloom.services.settings import Resolved, Settings
from lumaloom.services.telemetry import Exporters, Telemetry

_log = logging.getLogger("lumaloom")

# Seconds that the work in the pools has at the end of an engine.
_PATIENCE = 10.0

# What an engine is made with: a bus of the caller's or None, and plugins whose services were left out.
GivenBus = NewType("GivenBus", object)
LeftOut = NewType("LeftOut", list[PluginFailure])


def settings(resolved: Resolved) -> Settings:
    """The settings that hold."""
    return resolved.settings


def events(given: GivenBus, settings: Settings) -> Iterator[EventBus]:
    """The caller's bus, or one that ends with the engine; with the log and the file of events where they are wanted."""
    bus = given if isinstance(given, EventBus) else EventBus()
    with ExitStack() as stack:
        if settings.log != "off":
            stack.enter_context(_logged(settings, settings.log, bus))
        if settings.events_file is not None:
            try:
                sink = stack.enter_context(JsonlSink(settings.events_file))
            except OSError as error:
                raise OutputError(f"events_file: {settings.events_file}: {error.strerror}") from None
            written = bus.subscribe(Event, sink, queue=Queue(when_full="block"))
            stack.callback(written.cancel)
            stack.callback(written.finish, 5)
        yield bus
    if not isinstance(given, EventBus):
        bus.close()


def _logged(settings: Settings, form: Literal["console", "json"], bus: EventBus) -> AbstractContextManager[object]:
    try:
        from lumaloom.telemetry.logs import logging_to
    except ImportError as error:
        raise UsageError(f"log: {error}; pip install 'lumaloom[telemetry]'") from None
    return logging_to(form, settings.log_level, settings.log_file, bus)


def disk_cache(settings: Settings, events: EventBus) -> Iterator[DiskCache]:
    """What is kept between runs; one for each folder in a process, which ends with it, and tells every engine."""
    cache = opened(settings.cache_dir or default_folder(), settings.cache_limit)

    def evicted(entries: int, nbytes: int) -> None:
        events.emit(CacheEvicted(cache="disk", entries=entries, nbytes=nbytes))

    with cache.watching(evicted):
        yield cache


def telemetry(
    settings: Settings, events: EventBus, cache: DiskCache, machine: Machine, exporters: Exporters
) -> Iterator[Telemetry]:
    """Nothing, unless it is switched on or its pages are."""
    if not settings.telemetry and settings.serve_metrics is None:
        yield Telemetry()
    else:
        try:
            from lumaloom.composition.observing import observing
        except ImportError as error:
            raise UsageError(f"telemetry: {error}; pip install 'lumaloom[telemetry]'") from None
        with observing(settings, events, cache, machine, exporters) as telemetry:
            yield telemetry


def budget(machine: Machine, settings: Settings) -> Budget:
    """Divides the cores among renders and their stages."""
    memory = settings.memory_limit * settings.jobs if settings.memory_limit else machine.memory() // 2
    return Budget(machine.cores(), memory, settings.jobs)


def pools(machine: Machine, settings: Settings, telemetry: Telemetry) -> Iterator[Pools]:
    """Threads that all jobs share; what waits in them at the end has some seconds left.

    Processes side by side have their part of the cores each: none sees which of them the others leave idle.
    """
    side_by_side = settings.jobs if settings.executor == "processes" else 1
    made = Pools(max(machine.cores() // side_by_side, 1))
    telemetry.watch_pools(made.statistics)
    yield made
    if not made.drain(_PATIENCE):
        _log.warning("pools: work was left undone after %g s", _PATIENCE)


def plugins(events: EventBus, left_out: LeftOut) -> Registry:
    """The effects that are installed; found once for all engines of a process, told to each."""
    registry = default_registry()
    for origin in sorted(set(registry.origins.values())):
        effects = (name for name, home in registry.origins.items() if home == origin)
        events.emit(PluginLoaded(plugin=origin, effects=tuple(sorted(effects))))
    for failure in (*registry.failures, *left_out):
        events.emit(PluginFailed(plugin=failure.plugin, reason=failure.reason))
    return registry


def executor(settings: Settings, events: EventBus, telemetry: Telemetry) -> Executor:
    """Runs the renders of a project, and segments of a render."""
    if settings.executor in (None, "local"):
        return LocalExecutor(settings.jobs, telemetry)
    if settings.executor == "processes":
        from lumaloom.jobs.execution.processes import ProcessExecutor

        return ProcessExecutor(settings.jobs, telemetry, events)
    try:
        from lumaloom.jobs.execution.dask import DaskExecutor
    except ImportError as error:
        raise UsageError(f"executor: {error}; pip install 'lumaloom[cluster]'") from None
    return DaskExecutor(settings.cluster, telemetry, events)


def pool(settings: Settings) -> BufferPool:
    """Host buffers."""
    return BufferPool(settings.memory_limit or default_limit())


def meter(telemetry: Telemetry, pool: BufferPool) -> Iterator[Meter]:
    """Counters of the stages."""
    with telemetry.watching(pool) as meter:
        yield meter


ENGINE = (Clock, Machine, Exporters, settings, events, disk_cache, telemetry, budget, pools, plugins, executor)
JOB = (Preparer, Renderer, pool, meter)
