"""Typed parameters of effects: ranges, units, help, parsing and JSON schema."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args, get_origin

from lumaloom.effect.keyframes import Keyframes, read_keyframes
from lumaloom.errors import ParameterError, PluginError, nearest
from lumaloom.pointwise.pictures import Picture

REQUIRED: Final = object()

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter of an effect.

    Attributes:
        name: as written in `name=value`.
        type: float, int, bool, str, or `Picture` for the name of a picture or video.
        default: value when none is given, or `REQUIRED`.
        min, max: inclusive bounds of a number.
        unit: such as `px`, `degrees`, `stops`.
        help: one sentence.
        choices: the only values allowed, from a `Literal` annotation.
        example: a value that shows something, for help; one is made up where it is empty.

    """

    default: Any = REQUIRED
    min: float | None = None
    max: float | None = None
    unit: str = ""
    help: str = ""
    name: str = ""
    type: type = float
    choices: tuple[str, ...] = ()
    example: str = ""

    def bound_to(self, name: str, annotation: Any) -> ParamSpec:
        """Return this parameter with the name and type of the class attribute that it was assigned to.

        Raises:
            PluginError: a type that no parameter has, bounds that leave nothing, or a default outside of them.

        """
        choices: tuple[str, ...] = ()
        if get_origin(annotation) is Literal:
            choices, annotation = get_args(annotation), str
        if annotation not in _PARSERS or not all(isinstance(choice, str) for choice in choices):
            raise PluginError(
                f"parameter {name!r} is annotated {annotation!r}; use float, int, bool, str or a Literal of texts"
            )
        if annotation in (bool, str, Picture) and (self.min is not None or self.max is not None):
            raise PluginError(f"parameter {name!r} has bounds; only numbers do")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise PluginError(f"parameter {name!r}: its min {self.min} is above its max {self.max}")
        bound = replace(self, name=name, type=annotation, choices=choices)
        if self.default is REQUIRED:
            return bound
        try:
            return replace(bound, default=bound.parse(self.default, "default"))
        except ParameterError as problem:
            raise PluginError(f"parameter {name!r}: {problem}") from None

    def parse(self, value: Any, owner: str) -> Any:
        """Return `value`, text or a Python value, as this parameter's type.

        Args:
            value: what came.
            owner: whose parameter it is, for the message: `blur` gives "blur: sigma ...".

        Raises:
            ParameterError: wrong type, not finite, out of range or not one of the choices.

        """
        try:
            result = _PARSERS[self.type](value)
        except (TypeError, ValueError, OverflowError):
            raise ParameterError(f"{owner}: {self.name} expects {self.expects}, got {value!r}") from None
        if self.choices and result not in self.choices:
            raise ParameterError(
                f"{owner}: {self.name} expects {self.expects}, got {value!r}{nearest(str(value), self.choices)}"
            )
        if (self.min is not None and result < self.min) or (self.max is not None and result > self.max):
            raise ParameterError(f"{owner}: {self.name} expects {self.expects}, got {value!r}")
        return result

    def animation(self, value: Any, owner: str) -> Keyframes | None:
        """Return keyframes with values of this parameter's type where `value` is keyframes, or text of some; else None.

        Raises:
            ParameterError: malformed text, a value that `parse` does not take, or a parameter that is no number.

        """
        numeric = self.type in (float, int)
        if isinstance(value, str) and numeric and ":" in value:
            try:
                value = read_keyframes(value)
            except ParameterError as problem:
                raise ParameterError(f"{owner}: {self.name}: {problem}") from None
        if not isinstance(value, Keyframes):
            return None
        if not numeric:
            raise ParameterError(f"{owner}: {self.name} expects {self.expects}, got keyframes; only numbers take them")
        return value.with_values(tuple(self.parse(each, owner) for each in value.values))

    def kept(self, number: float) -> float:
        """Return a number on the way between two keys as this parameter's type, within its bounds."""
        low, high = (-math.inf if self.min is None else self.min), (math.inf if self.max is None else self.max)
        within = min(max(number, low), high)
        return round(within) if self.type is int else within

    @property
    def expects(self) -> str:
        """What a value has to be, for messages and help: `a number from 0 to 500 px`."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = _WORDS_FOR[self.type]
        if self.min is not None and self.max is not None:
            words += f" from {number_text(self.min)} to {number_text(self.max)}"
        elif self.min is not None:
            words += f" of at least {number_text(self.min)}"
        elif self.max is not None:
            words += f" of at most {number_text(self.max)}"
        return f"{words} {self.unit}".rstrip()

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of this parameter (draft 2020-12); the unit is in `x-unit`."""
        names = {float: "number", int: "integer", bool: "boolean", str: "string", Picture: "string"}
        fields = {
            "type": names[self.type],
            "default": None if self.default is REQUIRED else self.default,
            "minimum": self.min,
            "maximum": self.max,
            "enum": list(self.choices) or None,
            "examples": [self.example] if self.example else None,
            "x-unit": self.unit or None,
            "description": self.help or None,
        }
        return {key: value for key, value in fields.items() if value is not None}


def Param(  # noqa: N802 - reads as a type in a class body
    default: Any = REQUIRED,
    *,
    min: float | None = None,  # noqa: A002 - the words an author expects
    max: float | None = None,  # noqa: A002
    unit: str = "",
    help: str = "",  # noqa: A002
    example: str = "",
) -> Any:
    """Declare a parameter in the body of an effect class, as in `sigma: float = Param(2.0, min=0, unit="px")`.

    The annotation gives the type: float, int, bool, str, `Literal["a", "b"]` for a choice, or `Picture` in a
    pointwise effect. Without a default the parameter has to be given. `example` is what `lumaloom effects NAME` shows.
    """
    return ParamSpec(default, min, max, unit, help, example=example)


def _float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def number_text(number: float) -> str:
    """Return the shortest text that reads back as the same number: `6` for 6.0."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _int(value: Any) -> int:
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            return int(value)  # exact above 2**53 too
        except ValueError:
            pass  # text such as 1e3
    number = _float(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return _WORDS[str(value).lower()]
    except KeyError:
        raise ValueError from None


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_PARSERS: dict[Any, Callable[[Any], Any]] = {float: _float, int: _int, bool: _bool, str: _str, Picture: _str}
_WORDS_FOR: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "text",
    Picture: "the name of a picture or video file",
}
