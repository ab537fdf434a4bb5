"""The graph of services, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dishka import Container, DependencyKey
from dishka.registry import Registry


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        name: its type.
        scope: `ENGINE` or `JOB`: how long it lives.
        needs: names of the services that it is made from, in the order of its arguments.
        maker: what makes it, a class or a function.
    """

    name: str
    scope: str
    needs: tuple[str, ...]
    maker: str


def services(container: Container) -> list[Service]:
    """Return all services of a container, those that live longest first, in the order of their declaration."""
    found: list[Service] = []
    registry: Registry | None = container.registry
    while registry is not None:
        for key, factory in registry.factories.items():
            if not _is_service(key):
                continue
            needs = (_name(need) for need in (*factory.dependencies, *factory.kw_dependencies.values()))
            maker = getattr(factory.source, "__qualname__", None) or _name(key)
            found.append(Service(_name(key), registry.scope.name, tuple(needs), maker))
        registry = registry.child_registry
    return found


def _is_service(key: DependencyKey) -> bool:
    """Leave out what the container registers for itself."""
    return str(getattr(key.type_hint, "__module__", "")).partition(".")[0] != "dishka"


def _name(key: DependencyKey) -> str:
    hint: Any = key.type_hint
    return getattr(hint, "__name__", None) or str(hint)
