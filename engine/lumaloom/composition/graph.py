"""The graph of services: what each is made from, how long it lives, and that all of it can be made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, get_args, get_origin

from lumaloom.errors import LumaloomError


class GraphError(LumaloomError):
    """Services can't be made as they are declared; the message shows the path."""


class Scope(IntEnum):
    """How long a service lives; the higher, the shorter."""

    ENGINE = 1
    JOB = 2


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        kind: its type, under which others ask for it.
        scope: how long it lives.
        make: a class, or a function; a generator function ends the service after its `yield`.
        needs: types of the services that it is made from, by the names of the arguments of `make`.
    """

    kind: Any
    scope: Scope
    make: Callable[..., Any]
    needs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its type's."""
        return name_of(self.kind)


def service(make: Callable[..., Any], scope: Scope, kind: Any = None) -> Service:
    """Declare a service by what makes it.

    Args:
        make: a class, or a function; its arguments without a default are services, told by their annotations.
        scope: how long it lives.
        kind: None for the class itself, or for what the function says that it returns.

    Raises:
        GraphError: an argument has no annotation.
    """
    try:
        signature = inspect.signature(make, eval_str=True)
    except ValueError:  # a class of an extension, which has no signature
        signature = inspect.Signature()
    needs = {}
    for name, parameter in signature.parameters.items():
        if parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            if parameter.annotation is parameter.empty:
                raise GraphError(f"{name_of(make)}: argument {name!r} has no annotation that says which service it is")
            needs[name] = parameter.annotation
    if kind is None:
        kind = make if inspect.isclass(make) else signature.return_annotation
        if get_origin(kind) in (Iterator, Generator):
            kind = get_args(kind)[0]
    return Service(kind, scope, make, needs)


class Graph:
    """All services of an engine, by type, those that live longest first.

    Raises:
        GraphError: one is missing, depends on itself, or on one that lives shorter than it.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        self.services = {each.kind: each for each in sorted(services, key=lambda each: each.scope)}
        whole: set[Any] = set()
        for kind in self.services:
            self._check(kind, (), whole)

    def _check(self, kind: Any, path: tuple[Any, ...], whole: set[Any]) -> None:
        if kind in whole:
            return
        way = " -> ".join(map(name_of, (*path, kind)))
        if kind not in self.services:
            raise GraphError(f"no service {name_of(kind)}, which is needed: {way}")
        if kind in path:
            raise GraphError(f"a service needs itself: {way}")
        found = self.services[kind]
        if path and found.scope > (user := self.services[path[-1]]).scope:
            lives = f"{found.name} lives as long as a {found.scope.name.lower()}"
            raise GraphError(f"{lives}, {user.name} as long as the {user.scope.name.lower()}: {way}")
        for need in found.needs.values():
            self._check(need, (*path, kind), whole)
        whole.add(kind)

    def replaced(self, makers: Mapping[Any, Callable[..., Any]]) -> Graph:
        """Return the graph with other makers of some services, each in the scope of the usual one.

        Raises:
            TypeError: there is no such service.
            GraphError: the graph can't be made any more.
        """
        services = dict(self.services)
        for kind, make in makers.items():
            if kind not in services:
                known = ", ".join(sorted(each.name for each in services.values()))
                raise TypeError(f"no service {name_of(kind)}; there are {known}")
            services[kind] = service(make, services[kind].scope, kind)
        return Graph(services.values())


def name_of(kind: Any) -> str:
    """Return the name of a type or a function."""
    return getattr(kind, "__name__", None) or str(kind)
