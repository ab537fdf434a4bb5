"""`lumaloom cache`."""

from __future__ import annotations

from typing import Literal

from lumaloom.cli.output import amount, dump
from lumaloom.errors import counted


def cache(action: Literal["info", "clear", "verify"] = "info", /, *, json: bool = False) -> None:
    """Show, empty or check what is kept on disk between runs.

    Args:
        action: info shows where the cache is and how full, and what segments of renders have of it; clear empties it;
            verify reads every entry and drops what is damaged.
        json: Print JSON.

    """
    from dataclasses import asdict

    from lumaloom.cache import DiskCache
    from lumaloom.cli.output import console, fields
    from lumaloom.composition import Engine
    from lumaloom.jobs.segments.keys import KIND as SEGMENTS

    with Engine() as engine:
        store = engine.get(DiskCache)
    if action == "verify":
        found = asdict(store.verify())
        if json:
            dump(found)
        else:
            fields(console(), found.items())
        return
    before = store.stats
    if action == "clear":
        store.clear()
    stats, (segments, nbytes) = store.stats, store.totals(SEGMENTS)
    if json:
        dump(
            {
                "folder": stats.folder,
                "entries": stats.entries,
                "bytes": stats.nbytes,
                "limit": stats.limit,
                "segments": {"entries": segments, "bytes": nbytes},
            }
        )
    elif action == "clear":
        fields(console(), [("cleared", f"{counted(before.entries, 'entries')}, {amount(before.nbytes)}")])
    else:
        used = f"{stats.entries}, {amount(stats.nbytes)} of {amount(stats.limit)}"
        of_renders = f"{segments}, {amount(nbytes)}" if segments else ""
        fields(console(), [("folder", stats.folder), ("entries", used), ("segments", of_renders)])
