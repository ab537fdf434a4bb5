"""The effects that are there, by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import FrameType
from typing import Any

import pluggy
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lumaloom.effect import API_VERSION, GROUP, Effect, Hooks, Kind, parse_call
from lumaloom.errors import PluginError, UnknownEffectError, UsageError, nearest, told

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """A plugin, or one of its effects, that was left out, and why."""

    plugin: str
    reason: str


class Registry:
    """Effects by name, from any number of plugins.

    One broken plugin never takes the others away: it is listed in `failures`.
    """

    def __init__(self) -> None:
        self.effects: dict[str, type[Effect]] = {}
        self.origins: dict[str, str] = {}
        self.failures: list[PluginFailure] = []

    def discover(self) -> None:
        """Load every plugin installed in the entry point group `lumaloom.effects`.

        The built-in effects come first and the others in the order of their names: who comes first keeps a name.
        """
        for entry in sorted(entry_points(group=GROUP), key=_rank):
            distribution = entry.dist.name if entry.dist else ""
            try:
                self.add_plugin(entry.load(), f"{entry.name} ({distribution})" if distribution else entry.name)
            except (Exception, SystemExit) as problem:  # a stranger's code: what it raises is its failure, not ours
                package = entry.module.partition(".")[0]
                reason = told(problem, lambda frame, own=package: _package(frame) == own)  # type: ignore[misc]
                self.failures.append(PluginFailure(entry.name, reason))

    def add_plugin(self, plugin: Any, origin: str) -> None:
        """Take the effects that a plugin's hook returns; those that break the contract go to `failures`.

        Raises:
            PluginError: it has no such hook, or one that returns no list. What its own code raises comes as it is.

        """
        manager = pluggy.PluginManager("lumaloom")
        manager.add_hookspecs(Hooks)
        manager.register(plugin)
        try:
            manager.check_pending()
        except pluggy.PluginValidationError as problem:
            raise PluginError(f"{problem}; the hook is the function lumaloom_effects") from None
        if not manager.hook.lumaloom_effects.get_hookimpls():
            raise PluginError(f"{origin} has no function lumaloom_effects marked with lumaloom.effect.hookimpl")
        returned = manager.hook.lumaloom_effects() or [None]  # pluggy leaves None out
        for effects in returned:
            if not isinstance(effects, Iterable):
                raise PluginError(
                    f"{origin}: function lumaloom_effects has to return a list of effects, got {effects!r}"
                )
            for effect in effects:
                try:
                    self.add(effect, origin)
                except PluginError as problem:
                    self.failures.append(PluginFailure(origin, str(problem)))

    def add(self, effect: type[Effect], origin: str = "this program") -> None:
        """Take one effect class.

        Raises:
            PluginError: it breaks the contract, needs another API version, or its name is taken.

        """
        check(effect)
        if effect.name in self.effects:
            there = f"is already there from {self.origins[effect.name]}; give it another name"
            raise PluginError(f"effect {effect.name!r} of {origin} {there}")
        self.effects[effect.name] = effect
        self.origins[effect.name] = origin

    def create(self, call: str | Effect, values: Mapping[str, Any] | None = None) -> Effect:
        """Return an effect from text such as `blur sigma=5`, or from a name and values; an `Effect` is returned as is.

        Raises:
            UsageError: unknown name (the nearest is named), malformed text or bad parameters.

        """
        if isinstance(call, Effect):
            return call
        if isinstance(call, type) and issubclass(call, Effect):
            raise UsageError(f"expected an effect, got the class {call.__name__}; call it: {call.__name__}()")
        if not isinstance(call, str):
            raise UsageError(f"expected an effect or text such as 'blur sigma=5', got {call!r}")
        name, words = parse_call(call)
        if name not in self.effects:
            raise self.unknown(name)
        return self.effects[name](**{**words, **(values or {})})

    def unknown(self, name: str) -> UnknownEffectError:
        """Return the error of a name that no effect has: it names the effect known by that word, else the nearest."""
        meant = [effect.name for effect in self.effects.values() if name.lower() in effect.also]
        hint = f"; did you mean {meant[0]!r}?" if meant else nearest(name, self.effects)
        if broken := ", ".join(sorted({failure.plugin for failure in self.failures})):
            hint += f"; of {broken} something was left out, and `lumaloom effects` says why"
        return UnknownEffectError(f"unknown effect {name!r}{hint or '; `lumaloom effects` lists them'}")

    def create_all(self, calls: Iterable[str | Effect]) -> tuple[Effect, ...]:
        """Return `create` of every call.

        Raises:
            UsageError: as `create` does; or one text came where a list of them was expected.

        """
        if isinstance(calls, str):
            raise UsageError(f"expected a list of effects, got the text {calls!r}; write [{calls!r}]")
        return tuple(self.create(call) for call in calls)


def check(effect: type[Effect]) -> None:
    """Raise PluginError, with the reason, unless `effect` keeps the authoring contract."""
    if not (isinstance(effect, type) and issubclass(effect, Effect)):
        raise PluginError(f"expected a subclass of lumaloom.effect.Effect, got {effect!r}")
    where = f"{effect.__module__}.{effect.__qualname__}"
    if not _NAME.fullmatch(str(getattr(effect, "name", ""))):
        raise PluginError(f"{where}: name has to be lower case letters, digits and underscores")
    if missing := sorted(effect.__abstractmethods__):
        raise PluginError(f"{where}: {' and '.join(missing)}() is not defined")
    if not isinstance(kind := getattr(effect, "kind", None), Kind):
        raise PluginError(f"{where}: kind has to be one of lumaloom.effect.Kind, got {kind!r}")
    if not effect.summary():
        raise PluginError(f"{where}: a docstring is missing; its first line is shown to users")
    try:
        fits = SpecifierSet(str(effect.api)).contains(API_VERSION)
    except InvalidSpecifier:
        raise PluginError(f"{where}: api {effect.api!r} is no version range such as '>=1.0,<2'") from None
    if not fits:
        raise PluginError(f"{where}: needs lumaloom.effect {effect.api}, this is {API_VERSION}")


def _rank(entry: EntryPoint) -> tuple[bool, str]:
    return (entry.dist is None or entry.dist.name != "lumaloom"), entry.name


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


@cache
def default_registry() -> Registry:
    """Return the registry of everything installed, loaded once."""
    registry = Registry()
    registry.discover()
    return registry
