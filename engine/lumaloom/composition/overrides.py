"""Services that plugins bring in place of the usual ones, where the user permits it.

A plugin offers them through the entry point group `lumaloom.services`: a function that returns, for each type of
service, what makes it, as in `Engine(replace=...)`. A service sees every job, so nothing of a plugin is even loaded
unless the setting `plugin_services` names its entry point.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from lumaloom.composition.graph import Graph
from lumaloom.plugins import PluginFailure

GROUP = "lumaloom.services"


def offered() -> dict[str, EntryPoint]:
    """Return the plugins that offer services, by name; none is loaded."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def permitted(setting: str) -> list[str]:
    """Return the names in the setting `plugin_services`."""
    return [name.strip() for name in setting.split(",") if name.strip()]


def overridden(graph: Graph, names: list[str]) -> tuple[Graph, list[PluginFailure]]:
    """Return the graph with the services of some plugins, the later winning, and what went wrong.

    A plugin that fails, or whose services can't work, leaves the graph as it was.
    """
    failures: list[PluginFailure] = []
    found = offered() if names else {}
    for name in names:
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            failures.append(PluginFailure(name, f"no plugin of that name offers services; there are: {known}"))
            continue
        try:
            graph = graph.replaced(found[name].load()())
        except (Exception, SystemExit) as problem:  # a stranger's code: what it raises is its failure, not ours
            failures.append(PluginFailure(name, f"services left out: {type(problem).__name__}: {problem}"))
    return graph, failures
