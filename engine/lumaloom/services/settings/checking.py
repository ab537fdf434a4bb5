"""Settings checked by msgspec; loaded where somebody sets one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, ValidationError, convert

from lumaloom.errors import UsageError
from lumaloom.services.settings.model import Bytes, Settings

_WORD = re.compile(r"\w+")
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})\s*(?:([kmgtpe])(i?))?b?", re.IGNORECASE)
_WORDS = {"yes": True, "on": True, "no": False, "off": False}


def checked(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    """Return the settings with some values, which may be text, in place of their defaults.

    Raises:
        UsageError: a value is of the wrong type or out of range; says where it came from, where `origins` does.
    """
    hints = _hints()
    found: dict[str, Any] = {}
    for each in fields(Settings):
        if each.name in values:
            value, limits = values[each.name], each.metadata["limits"]
            kind, optional = _kind(hints[each.name])
            try:
                found[each.name] = _converted(value, kind, optional, limits)
            except ValidationError:
                expected = f"expected {_expected(kind, limits)}, got {value!r}"
                origin = f" (from {origins[each.name]})" if each.name in origins else ""
                raise UsageError(f"{each.name}: {expected}{origin}") from None
    return Settings(**found)


@cache
def _hints() -> dict[str, Any]:
    # The annotations are text; an engine that is made for each render would compile them every time.
    return get_type_hints(Settings)


def _kind(hint: Any) -> tuple[Any, bool]:
    """Return the type of a setting, and whether it may be None."""
    optional = type(None) in get_args(hint)
    return get_args(hint)[0] if optional else hint, optional


def _converted(value: Any, kind: Any, optional: bool, limits: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and kind is not Path:
        value = value.strip()
        value = _bytes(value) if kind is Bytes else _WORDS.get(value.lower(), value) if kind is bool else value
    plain: Any = int if kind is Bytes else kind
    plain = Annotated[plain, Meta(**limits)] if limits else plain
    found = convert(value, plain | None if optional else plain, strict=False, dec_hook=_path)
    return Bytes(found) if kind is Bytes and found is not None else found


def _bytes(text: str) -> int | str:
    """Return how many bytes a text such as `12`, `64 MB` or `1.5GiB` says, or the text where it says none."""
    size = _SIZE.fullmatch(text)
    if size is None:
        return text
    number, unit, binary = size.groups()
    if unit is None and "." not in number:
        return int(number)
    return int(float(number) * (1024 if binary else 1000) ** (" kmgtpe".index((unit or " ").lower())))


def _path(kind: type, value: Any) -> Any:
    """Make what msgspec can't: a path of what is one, or of its text."""
    if kind is Path and isinstance(value, str | os.PathLike):
        return Path(value)
    raise TypeError("no path")


def _expected(kind: Any, limits: Mapping[str, Any]) -> str:
    """Say what a setting may be."""
    if get_origin(kind) is Literal:
        *others, last = map(repr, get_args(kind))
        return f"{', '.join(others)} or {last}"
    if "pattern" in limits:
        *others, last = dict.fromkeys(_WORD.findall(limits["pattern"]))
        return f"{', '.join(others)} or {last}, or several with commas between"
    names = {
        int: "an integer",
        Bytes: "bytes, as a number or text such as 2GiB,",
        bool: "true or false",
        Path: "a path",
    }
    name = names.get(kind, "text")
    if "le" in limits:
        return f"{name} from {limits['ge']} to {limits['le']}"
    return f"{name} of at least {limits['ge']}" if "ge" in limits else name
