"""Where settings come from: defaults, a TOML file, the environment, the command line; the later wins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lumaloom.errors import UsageError, nearest
from lumaloom.services.settings.model import Settings

PREFIX = "LUMALOOM_"
# Variables of that prefix that are no settings: the file's path, and those of debugging and of the tests.
_OTHERS = frozenset(PREFIX + name for name in ("CONFIG", "DEBUG", "MEDIA", "REQUIRE_GPU"))
DEFAULT, COMMAND_LINE = "default", "command line"
_NAMES = tuple(each.name for each in fields(Settings))


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and where each came from: `default`, a path, a variable's name, or `command line`."""

    settings: Settings
    origins: Mapping[str, str]


def config_path(environment: Mapping[str, str] | None = None) -> Path:
    """Return the path of the settings file: LUMALOOM_CONFIG, else `lumaloom/config.toml` in the user's folder."""
    environment = os.environ if environment is None else environment
    if asked := environment.get(PREFIX + "CONFIG"):
        return Path(asked)
    base = environment.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "lumaloom" / "config.toml"


def load(given: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Resolved:
    """Return the settings that hold.

    Args:
        given: from the command line or a program, which wins over all others.
        environment: variables; None for those of this process. An empty one is as good as none.

    Raises:
        UsageError: an unknown key, the nearest is named; a bad value; or a file that can't be read.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_NAMES, DEFAULT)
    for found, origin in (_from_file(environment), _from_environment(environment), _from_command_line(given or {})):
        values.update(found)
        origins.update(origin)
    if not values:
        return Resolved(Settings(), origins)
    from lumaloom.services.settings.checking import checked

    elsewhere = {name: origin for name, origin in origins.items() if origin != COMMAND_LINE}
    return Resolved(checked(values, elsewhere), origins)


_Found = tuple[dict[str, Any], dict[str, str]]


def _from_file(environment: Mapping[str, str]) -> _Found:
    path = config_path(environment)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if environment.get(PREFIX + "CONFIG"):
            raise UsageError(f"{path}: no such file; LUMALOOM_CONFIG names it") from None
        return {}, {}
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    import tomllib

    try:
        values = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no TOML: {error}") from None
    for name in values:
        _check(name, f"{path}: ")
    return values, dict.fromkeys(values, str(path))


def _from_environment(environment: Mapping[str, str]) -> _Found:
    names = {PREFIX + name.upper(): name for name in _NAMES}
    found = {key: text for key, text in environment.items() if key.startswith(PREFIX) and text and key not in _OTHERS}
    for key in found:
        if key not in names:
            raise UsageError(f"{key}: no setting has that name{nearest(key, names)}")
    return {names[key]: text for key, text in found.items()}, {names[key]: key for key in found}


def _from_command_line(given: Mapping[str, Any]) -> _Found:
    for name in given:
        _check(name, "")
    return dict(given), dict.fromkeys(given, COMMAND_LINE)


def _check(name: str, where: str) -> None:
    if name not in _NAMES:
        hint = nearest(name, _NAMES) or "; `lumaloom config show` lists them"
        raise UsageError(f"{where}no setting {name!r}{hint}")
