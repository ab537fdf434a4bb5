"""Values as text that is the same for the same value in any process, for keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import partial
from hashlib import blake2b
from pathlib import PurePath
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from lumaloom.frame import PixelFormat


class UnknowableError(Exception):
    """A value that text can't stand for; the message is a few words that name it."""


def described(value: Any) -> str:
    """Return text that differs wherever values do.

    Numbers, texts, arrays, collections and dataclasses of these; functions by their code, their defaults and what they
    close over; classes and modules by name.

    Raises:
        UnknowableError: something else, such as an open file.

    """
    if (
        value is None
        or value is Ellipsis
        or isinstance(value, bool | int | float | complex | str | bytes | Fraction | PurePath | np.dtype)
    ):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, Enum):
        return f"{_name(type(value))}.{value.name}"
    if isinstance(value, PixelFormat):
        return f"format {value.name}"
    if isinstance(value, np.ndarray | np.generic):
        return f"array {value.dtype} {value.shape} {digest(value.tobytes())}"
    if isinstance(value, CodeType):
        return _code(value)
    if isinstance(value, FunctionType):
        return _function(value)
    if isinstance(value, type | ModuleType):
        return f"{type(value).__name__} {_name(value)}"
    return _collection(value)


def digest(data: bytes) -> str:
    """Return the hash of bytes."""
    return blake2b(data, digest_size=20).hexdigest()


def _collection(value: Any) -> str:
    name = _name(type(value))
    if isinstance(value, staticmethod | classmethod):
        return described(value.__func__)
    if isinstance(value, property):
        return described([value.fget, value.fset])
    if isinstance(value, partial):
        return f"{name}({described([value.func, value.args, value.keywords])})"
    if isinstance(value, Mapping):
        rows = sorted(f"{described(key)}: {described(each)}" for key, each in value.items())
    elif isinstance(value, set | frozenset):
        rows = sorted(map(described, value))
    elif isinstance(value, tuple | list):
        rows = [described(each) for each in value]
    elif is_dataclass(value):
        rows = [f"{field.name}={described(getattr(value, field.name))}" for field in fields(value)]
    else:
        raise UnknowableError(f"a {name}")
    return f"{name}({', '.join(rows)})"


def _function(value: FunctionType) -> str:
    cells = []
    for word, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
        try:
            content = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
        cells.append(f"{word}={described(content)}")
    given = described([value.__defaults__, value.__kwdefaults__ or {}]) if _has_plain_defaults(value) else ""
    return f"function {_name(value)}({_code(value.__code__)}, {given}, {', '.join(cells)})"


def _has_plain_defaults(value: FunctionType) -> bool:
    """Whether the defaults are values; those of pointwise effects are declarations of parameters."""
    return not any(hasattr(each, "bound_to") for each in (value.__kwdefaults__ or {}).values())


def _code(code: CodeType) -> str:
    consts = ", ".join(described(each) for each in code.co_consts)
    names = code.co_names + code.co_varnames + code.co_freevars
    return f"code {digest(code.co_code)} {names} ({consts})"


def home(module: str) -> str:
    """Return the name of a module, which for the program itself is the same in processes that it spawns."""
    return module.replace("__mp_main__", "__main__")


def _name(value: Any) -> str:
    name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
    return f"{home(getattr(value, '__module__', None) or '')}.{name}"
