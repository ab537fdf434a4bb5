"""Tables of a project file checked by msgspec; one line for everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, get_type_hints

from msgspec import Struct, ValidationError, convert
from msgspec import inspect as kinds

from lumaloom.errors import UsageError, nearest
from lumaloom.jobs.project.model import Defaults, Keys, ProjectFile, Render

_PLAIN: dict[type[kinds.Type], str] = {
    kinds.AnyType: "anything",
    kinds.IntType: "an integer",
    kinds.FloatType: "a number",
    kinds.StrType: "text",
    kinds.BoolType: "true or false",
}


def check_file(values: Mapping[str, Any], where: str) -> None:
    """Check what stands at the top of a file.

    Raises:
        UsageError: an unknown key, or one that holds something else than tables.
    """
    _known(values, ProjectFile, where)
    if not _tables(values.get("render")):
        raise UsageError(f"{where}: expected a [[render]] with input and output")
    if not _tables([values.get("defaults", {})]):
        raise UsageError(f"{where}: defaults: expected a table, as in [defaults]")


def _tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def defaults(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the values of `[defaults]`, checked.

    Raises:
        UsageError: an unknown key, or a bad value.
    """
    return _checked(values, Defaults, where)


def render(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the values of a `[[render]]`, checked.

    Raises:
        UsageError: an unknown key, or a bad value.
    """
    return _checked(values, Render, where)


def keys(values: Mapping[str, Any], where: str) -> Keys:
    """Return keyframes, checked.

    Raises:
        UsageError: an unknown key, or a bad value.
    """
    given = values.get("keys")
    if isinstance(given, dict) and any(isinstance(value, dict) for value in given.values()):
        raise UsageError(f'{where}.keys: a time with a point needs quotes, "0.5s" = 2; or write it as 500ms = 2')
    found = _checked(values, Keys, where)
    if "keys" not in found:
        raise UsageError(f"{where}: keys are missing; expected {{ keys = {{ 0s = 0, 2s = 1.5 }} }}")
    return Keys(**found)


def _known(values: Mapping[str, Any], model: type[Struct], where: str) -> None:
    known = model.__struct_fields__
    for name in values:
        if name not in known:
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise UsageError(f"{where}: no key {name!r}{hint}")


def _checked(values: Mapping[str, Any], model: type[Struct], where: str) -> dict[str, Any]:
    _known(values, model, where)
    hints, found = get_type_hints(model, include_extras=True), {}
    for name, value in values.items():
        given = value.isoformat() if isinstance(value, time) else value  # TOML reads 00:01:02 as a time of day
        try:
            found[name] = convert(given, hints[name])
        except ValidationError:
            kind = kinds.type_info(hints[name])
            choices = [each for part in _parts(kind) if isinstance(part, kinds.LiteralType) for each in part.values]
            hint = nearest(str(given), map(str, choices))
            if isinstance(given, str) and any(isinstance(part, kinds.ListType) for part in _parts(kind)):
                hint = f"; write [{given!r}]"
            raise UsageError(f"{where}.{name}: expected {_expected(kind)}, got {given!r}{hint}") from None
    return found


def _parts(kind: kinds.Type) -> list[kinds.Type]:
    """Return what a key may hold, without what only describes it."""
    if isinstance(kind, kinds.Metadata):
        return _parts(kind.type)
    if isinstance(kind, kinds.UnionType):
        return [part for each in kind.types for part in _parts(each)]
    return [kind]


def _expected(kind: kinds.Type) -> str:
    """Say what a key may hold."""
    return " or ".join(_words(part) for part in _parts(kind))


def _words(kind: kinds.Type) -> str:
    if isinstance(kind, kinds.LiteralType):
        *others, last = map(repr, kind.values)
        return f"{', '.join(others)} or {last}"
    if isinstance(kind, kinds.ListType):
        return f"a list, each of them {_expected(kind.item_type)}"
    if isinstance(kind, kinds.TupleType):
        return f"[{', '.join(map(_expected, kind.item_types))}]"
    if isinstance(kind, kinds.DictType):
        return "a table" if isinstance(kind.value_type, kinds.AnyType) else f"a table of {_expected(kind.value_type)}"
    words = _PLAIN[type(kind)]
    if isinstance(kind, kinds.IntType | kinds.FloatType) and kind.ge is not None:
        words += f" of at least {kind.ge}" if kind.le is None else f" from {kind.ge} to {kind.le}"
    return words
