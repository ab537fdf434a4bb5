"""Settings checked by pydantic; loaded where somebody sets one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, Field, ValidationError, create_model

from lumaloom.errors import UsageError
from lumaloom.services.settings.model import Settings


def checked(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    """Return the settings with some values, which may be text, in place of their defaults.

    Raises:
        UsageError: a value is of the wrong type or out of range; says where it came from, by `origins`.
    """
    try:
        found = _model().model_validate(values)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        name = str(first["loc"][0])
        expected = first["msg"].replace("Input should be", "expected")
        message = f"{name}: {expected[:1].lower()}{expected[1:]}, got {first['input']!r} (from {origins[name]})"
        raise UsageError(message) from None
    return Settings(**{name: getattr(found, name) for name in values})


@cache
def _model() -> type[BaseModel]:
    hints = get_type_hints(Settings)
    found: dict[str, Any] = {
        each.name: (hints[each.name], Field(each.default, **each.metadata["limits"])) for each in fields(Settings)
    }
    return create_model("Settings", **found)
