"""Services that plugins bring in place of the usual ones, where the user permits it.

A plugin offers them through the entry point group `lumaloom.services`: a function that returns, for each type of
service, what makes it, as in `Engine(replace=...)`. A service sees every job, so nothing of a plugin is even loaded
unless the setting `plugin_services` names its entry point.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from lumaloom.plugins import PluginFailure

GROUP = "lumaloom.services"


def offered() -> dict[str, EntryPoint]:
    """Return the plugins that offer services, by name; none is loaded."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def permitted(setting: str) -> list[str]:
    """Return the names in the setting `plugin_services`."""
    return [name.strip() for name in setting.split(",") if name.strip()]


def overridden(
    names: list[str], check: Callable[[dict[type, Callable[..., Any]]], object]
) -> tuple[dict[type, Callable[..., Any]], list[PluginFailure]]:
    """Return what makes the services of some plugins, the later winning, and what went wrong.

    A plugin that fails, or whose services can't work beside those before it, brings none.

    Args:
        names: of the plugins.
        check: raises where the engine can't be made with these services.
    """
    makers: dict[type, Callable[..., Any]] = {}
    failures: list[PluginFailure] = []
    found = offered()
    for name in names:
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            failures.append(PluginFailure(name, f"no plugin of that name offers services; there are: {known}"))
            continue
        try:
            together = {**makers, **found[name].load()()}
            check(together)
            makers = together
        except (Exception, SystemExit) as problem:  # a stranger's code: what it raises is its failure, not ours
            failures.append(PluginFailure(name, f"services left out: {type(problem).__name__}: {problem}"))
    return makers, failures
