"""Services wired together by dishka; loaded with the first engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from threading import RLock
from types import TracebackType
from typing import Any, Self, TypeVar

import dishka
from dishka.entities.marker import HasContext
from dishka.exception_base import DishkaError
from dishka.exceptions import CycleDependenciesError, ExitError, GraphMissingFactoryError, NoFactoryError
from dishka.provider.exceptions import MissingHintsError
from dishka.registry import Registry

from lumaloom.composition.providers import ENGINE, JOB
from lumaloom.errors import GraphError

_log = logging.getLogger("lumaloom")

T = TypeVar("T")


class Scope(dishka.BaseScope):
    """How long a service lives; the process has none itself, but the usual graph, which is checked once."""

    PROCESS = dishka.new_scope("PROCESS")
    ENGINE = dishka.new_scope("ENGINE")
    JOB = dishka.new_scope("JOB")


@dataclass(frozen=True, slots=True)
class Service:
    """One service, to be looked at.

    Attributes:
        name: its type's.
        scope: `ENGINE` or `JOB`: how long it lives.
        needs: names of the services that it is made from, in the order of its arguments.
        maker: what makes it, a class or a function.
    """

    name: str
    scope: str
    needs: tuple[str, ...]
    maker: str


class Container:
    """The services of one engine, or of one job of it: made when first asked for, ended in reverse, thread-safe."""

    def __init__(self, container: dishka.Container) -> None:
        self._container = container

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def job(self) -> Container:
        """Return the container of a new job."""
        return Container(self._container(lock_factory=RLock))

    def get(self, kind: type[T]) -> T:
        """Return a service; what it is made from is made first.

        Raises:
            LookupError: there is none of that type, or it lives shorter than this container. What the service
                itself raises comes as it is.
        """
        try:
            return self._container.get(kind)
        except NoFactoryError:
            scope = self._container.scope.name.lower()
            raise LookupError(f"the {scope} has no service {_name(kind)}") from None

    def close(self) -> None:
        """End all services, the last made first; a failure in one is logged and keeps none from its end."""
        try:
            self._container.close()
        except ExitError as problems:
            for problem in problems.exceptions:
                _log.warning("a service failed to end: %s: %s", type(problem).__name__, problem)

    def services(self) -> list[Service]:
        """Return all services, those that live longest first, in the order of their declaration."""
        found: list[Service] = []
        registry: Registry | None = self._container.registry
        while registry is not None:
            for key, made in registry.factories.items():
                if key.type_hint is dishka.Container or isinstance(key.type_hint, HasContext):  # dishka's own
                    continue
                needs = (_name(need.type_hint) for need in (*made.dependencies, *made.kw_dependencies.values()))
                maker = f"{made.source.__module__}.{made.source.__qualname__}"
                found.append(Service(_name(key.type_hint), registry.scope.name, tuple(needs), maker))
            registry = registry.child_registry
        return found


def wired(given: Mapping[Any, Any], replace: Mapping[Any, Callable[..., Any]]) -> Container:
    """Return the services of an engine; that all of them can be made is checked.

    Args:
        given: what the engine is made with, by type.
        replace: other makers of some services, each in the scope of the usual one.

    Raises:
        TypeError: there is no such service to be replaced.
        GraphError: a service is missing, depends on itself, or on one that lives shorter than it.
    """
    root = _made(tuple(given), replace) if replace else _usual(tuple(given))
    return Container(root(context=dict(given), lock_factory=RLock))


@cache
def _usual(given: tuple[Any, ...]) -> dishka.Container:
    return _made(given, {})


def _made(given: tuple[Any, ...], replace: Mapping[Any, Callable[..., Any]]) -> dishka.Container:
    """Return the graph, checked, from which engines are made."""
    engine, job, own = dishka.Provider(Scope.ENGINE), dishka.Provider(Scope.JOB), dishka.Provider()
    for kind in given:
        engine.from_context(kind)
    for provider, makers in ((engine, ENGINE), (job, JOB)):
        for make in makers:
            provider.provide(make)
    scopes = {made.provides.type_hint: made.scope for part in (engine, job) for made in part.factories}
    scopes |= dict.fromkeys(given, Scope.ENGINE)
    try:
        for kind, make in replace.items():
            if kind not in scopes:
                raise TypeError(f"no service {_name(kind)}; there are {', '.join(sorted(map(_name, scopes)))}")
            own.provide(make, provides=kind, scope=scopes[kind])
        return dishka.make_container(engine, job, own, scopes=Scope, lock_factory=RLock)
    except DishkaError as problem:
        raise GraphError(_refusal(problem)) from None


def _refusal(problem: DishkaError) -> str:
    """Return one line that shows the path."""
    if isinstance(problem, MissingHintsError):
        return (
            f"{_name(problem.source)}: argument {problem.missing[0]!r} has no annotation that says which service it is"
        )
    if isinstance(problem, CycleDependenciesError):
        circle = [each.provides.type_hint for each in problem.path]
        return f"a service needs itself: {_way(*circle, circle[0])}"
    if not isinstance(problem, GraphMissingFactoryError):
        return " ".join(str(problem).split())
    missing, user = _name(problem.requested.type_hint), problem.path[-1]
    way = _way(*(each.provides.type_hint for each in problem.path), problem.requested.type_hint)
    if problem.suggest_other_scopes:  # with two scopes, only a service of the engine can miss one of a job
        return f"{missing} lives as long as a job, {_name(user.provides.type_hint)} as long as the engine: {way}"
    return f"no service {missing}, which is needed: {way}"


def _way(*kinds: Any) -> str:
    return " -> ".join(map(_name, kinds))


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)
