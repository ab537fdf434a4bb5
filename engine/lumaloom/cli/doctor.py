"""`lumaloom doctor`."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from lumaloom.cli.output import amount, console, dump, fields, heading, table

if TYPE_CHECKING:
    from rich.console import Console

_HD = 1920 * 1080
_LIBRARIES = ("av", "numpy", "numba", "llvmlite", "cupy-cuda13x", "pluggy", "cyclopts", "rich", "dishka", "msgspec")
_TELEMETRY = ("opentelemetry-sdk", "structlog")


def doctor(*, graph: bool = False, json: bool = False) -> None:
    """Show what this machine has and what Lumaloom makes of it.

    Args:
        graph: Show the engine's services instead: how long each lives, and what it is made from.
        json: Print JSON.

    """
    if graph:
        _show_graph(json)
        return
    found = examine()
    if json:
        dump(found)
    else:
        _show(console(), found)


def examine() -> dict[str, Any]:
    """Return everything that is worth knowing when something does not work, JSON-ready."""
    import av

    from lumaloom import __version__
    from lumaloom.cli.effects import failures
    from lumaloom.cli.kernel_cache import kernel_cache
    from lumaloom.composition.overrides import offered, permitted
    from lumaloom.device import cpu, gpus
    from lumaloom.media.encoders import available
    from lumaloom.memory import default_limit
    from lumaloom.memory.sources import available_memory
    from lumaloom.plugins import default_registry
    from lumaloom.services.settings import load

    processor, devices, registry = cpu(), gpus(), default_registry()
    folder, problem = kernel_cache()
    allowed = permitted(load().settings.plugin_services)
    plugins: dict[str, list[str]] = {}
    for name, origin in sorted(registry.origins.items()):
        plugins.setdefault(origin, []).append(name)
    return {
        "lumaloom": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "libraries": {name: _version(name) for name in (*_LIBRARIES, *_TELEMETRY)},
        "cpu": {"model": processor.model, "features": list(processor.features), "cores": processor.cores},
        "threads": _threads(),
        "memory": {"total": _total_memory(), "available": available_memory(), "pool_limit": default_limit()},
        "gpus": []
        if isinstance(devices, str)
        else [
            {"name": gpu.name, "memory": gpu.memory, "compute_capability": gpu.compute_capability} for gpu in devices
        ],
        "no_gpu_because": devices if isinstance(devices, str) else None,
        "ffmpeg": {
            "version": str(getattr(av, "ffmpeg_version_info", "")),
            **{name: ".".join(map(str, numbers)) for name, numbers in sorted(av.library_versions.items())},
        },
        "encoders": [row.label for row in available()],
        "kernel_cache": {
            "folder": None if folder is None else str(folder),
            "writable": folder is not None,
            "problem": problem or None,
        },
        "plugins": plugins,
        "plugin_failures": failures(registry),
        "service_plugins": {name: name in allowed for name in sorted(offered())},
    }


def _threads() -> dict[str, Any]:
    """Return how the cores are divided, and what that follows from."""
    from dataclasses import asdict

    from lumaloom.cgroup import cpu_limit
    from lumaloom.composition import Engine
    from lumaloom.device import allowed_cores
    from lumaloom.media.encoders import available
    from lumaloom.services.pools import Budget, Pools, Work
    from lumaloom.services.settings import Settings

    encoder = next((row for row in available() if row.name == "libx264"), available()[0])
    with Engine() as engine:
        budget, settings = engine.get(Budget), engine.get(Settings)
        pools = {each.name: each.size for each in engine.get(Pools).statistics()}
    works = {
        "decoding": Work(_HD),
        "an effect": Work(_HD, 1),
        f"an effect, {encoder.label}": Work(_HD, 1, encoder.work, encoder.has_threads),
    }
    shares = {name: asdict(budget.shares(work)) for name, work in works.items()}
    return {
        "machine": os.cpu_count() or 1,
        "allowed": allowed_cores(),
        "quota": cpu_limit(),
        "usable": budget.cores,
        "jobs": budget.jobs,
        "set": settings.threads,
        "memory": budget.memory,
        "pools": pools,
        "shares": shares,
    }


def _show_graph(json: bool) -> None:
    from dataclasses import asdict

    from lumaloom.composition import Engine

    with Engine() as engine:
        services = engine.container.services()
    if json:
        dump([asdict(each) for each in services])
    else:
        rows = [(each.name, each.scope.lower(), ", ".join(each.needs)) for each in services]
        table(console(), ("service", "lives as long as", "made from"), rows)


def _cores(threads: dict[str, Any]) -> str:
    """Say how many cores are used, and what keeps it from being all of them."""
    limits = []
    if threads["allowed"] < threads["machine"]:
        limits.append(f"{threads['allowed']} allowed by its affinity")
    if threads["quota"] is not None:
        limits.append(f"a quota of {threads['quota']:g}")
    return f"{threads['usable']} of {threads['machine']}{': ' if limits else ''}{', '.join(limits)}"


def _show_threads(out: Console, threads: dict[str, Any]) -> None:
    heading(out, "Threads")
    pools = ", ".join(f"{name} {size}" for name, size in threads["pools"].items())
    if threads["set"]:
        rows = [("each stage", f"{threads['set']}, as the setting `threads` says")]
    else:
        rows = [
            (name, ", ".join(f"{stage} {count}" for stage, count in shares.items() if count))
            for name, shares in threads["shares"].items()
        ]
    beside = "one render" if threads["jobs"] == 1 else f"{threads['jobs']} renders side by side"
    why = f"1080p, for {beside} on {threads['usable']} cores and up to {amount(threads['memory'])} of frames"
    fields(out, [("pools", pools), *rows, ("", f"{why}; by what each costs, one at least")])


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _total_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _show(out: Console, found: dict[str, Any]) -> None:
    libraries = ", ".join(f"{name} {number or 'absent'}" for name, number in found["libraries"].items())
    ffmpeg = dict(found["ffmpeg"])
    heading(out, f"Lumaloom {found['lumaloom']}")
    fields(out, [("python", found["python"]), ("system", found["system"]), ("libraries", libraries)])
    heading(out, "Machine")
    memory, cache = found["memory"], found["kernel_cache"]
    gpus = [f"{g['name']}, {amount(g['memory'])}, compute {g['compute_capability']}" for g in found["gpus"]]
    fields(
        out,
        [
            ("cpu", found["cpu"]["model"]),
            ("features", " ".join(found["cpu"]["features"]) or "none known"),
            ("cores", _cores(found["threads"])),
            ("memory", f"{amount(memory['available'])} available of {amount(memory['total'])}"),
            ("frame pool", f"up to {amount(memory['pool_limit'])}"),
            ("gpu", "\n".join(gpus) or f"none: {found['no_gpu_because']}"),
            ("kernel cache", "\n".join(filter(None, (cache["folder"], cache["problem"])))),
        ],
    )
    _show_threads(out, found["threads"])
    heading(out, f"FFmpeg {ffmpeg.pop('version')}")
    fields(
        out,
        [
            ("libraries", ", ".join(f"{name} {number}" for name, number in ffmpeg.items())),
            ("encoders", ", ".join(found["encoders"])),
        ],
    )
    heading(out, "Plugins")
    rows = [(origin, ", ".join(names)) for origin, names in found["plugins"].items()]
    broken = [(failure["plugin"], f"left out: {failure['reason']}") for failure in found["plugin_failures"]]
    services = [
        (name, "replaces services" if may else f"offers services; --set plugin_services={name} permits them")
        for name, may in found["service_plugins"].items()
    ]
    fields(out, [*rows, *broken, *services] or [("none", "no plugin is installed; effects come from plugins")])
