"""Effects of a project file: text, or tables with parameters and keyframes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lumaloom.effect import Effect, keyframes, parse_call
from lumaloom.errors import ParameterError, UsageError
from lumaloom.jobs.project import checking
from lumaloom.jobs.project.project import placed
from lumaloom.plugins import Registry
from lumaloom.pointwise.pictures import Picture


def effect_text(call: str | Mapping[str, Any], registry: Registry, folder: Path, where: str) -> str:
    """Return the written form of an effect, all of its parameters checked.

    Args:
        call: text such as `blur sigma=5`, or a table: `name`, and parameters, of which numbers may be keyframes,
            `{ keys = { 0s = 0, 2s = [1.5, "ease-out"] }, easing = "linear" }`.
        registry: the effects that there are.
        folder: what the names of files are relative to.
        where: of the call, for messages.

    Raises:
        UsageError: malformed, an unknown effect, or bad parameters.
    """
    try:
        name, values = parse_call(call) if isinstance(call, str) else _table(call, where)
        if name not in registry.effects:
            raise registry.unknown(name)
        effect = registry.effects[name]
        return repr(effect(**{key: _placed(effect, key, value, folder) for key, value in values.items()}))
    except UsageError as problem:
        text = str(problem)
        raise type(problem)(text if text.startswith(where) else f"{where}: {text}") from None


def _table(call: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    name, *rest = parse_call(call["name"]) if isinstance(call.get("name"), str) else ("", {})
    if not name or rest != [{}]:
        raise UsageError(f"expected a table with the effect's name and its parameters, got {dict(call)!r}")
    parameters = {key: value for key, value in call.items() if key != "name"}
    return name, {key: _value(value, f"{where}.{key}") for key, value in parameters.items()}


def _value(value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        return value
    found = checking.keys(value, where)
    try:
        return keyframes(dict(found.keys.items()), found.easing)
    except ParameterError as problem:
        raise ParameterError(f"{where}: {problem}") from None


def _placed(effect: type[Effect], name: str, value: Any, folder: Path) -> Any:
    """Return a value; the name of a file, which parameters called `file` and pictures are, with the folder before."""
    spec = effect.params.get(name)
    is_file = spec is not None and (spec.type is Picture or name == "file")
    return placed(folder, value) if is_file and isinstance(value, str) and value else value
