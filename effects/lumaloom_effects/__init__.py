"""The built-in effects: every `Effect` defined in a file of this folder, through the same hook as any plugin."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from lumaloom.effect import Effect, hookimpl


@hookimpl
def lumaloom_effects() -> list[type[Effect]]:
    """Return the effects of all files in this folder, in the order of the files' names, save those named `_...`."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return [
        value
        for module in modules
        for word, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Effect) and value.__module__ == module.__name__
        if not word.startswith("_")
    ]
