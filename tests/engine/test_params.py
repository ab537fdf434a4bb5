"""Parameters of effects: types, ranges, messages, schema, and the written form."""

from __future__ import annotations

import shlex
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom.effect import REQUIRED, Effect, Frame, Kind, Param, ParameterError, parse_call
from lumaloom.errors import PluginError, UsageError


class Sample(Effect):
    """An effect with a parameter of every type.

    More about it.
    """

    name = "sample"
    kind = Kind.POINTWISE

    amount: float = Param(0.5, min=0, max=2, unit="stops", help="How much.")
    count: int = Param(3, min=1)
    exact: bool = Param(False)
    label: str = Param("none")
    mode: Literal["soft", "hard"] = Param("soft", help="Which way.")
    low: float = Param(0.0, max=10)

    def render(self, src: Frame, out: Frame) -> None:
        """Do nothing."""


class Strict(Sample):
    """One more parameter, which has to be given, and another default."""

    name = "strict"
    size: int = Param(unit="px", min=0, max=2_000_000)
    count: int = Param(8, max=9)


def refuse(effect: type[Effect], **values: Any) -> str:
    with pytest.raises(ParameterError) as caught:
        effect(**values)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "given_", "value"),
    [
        ("amount", "1.25", 1.25),
        ("amount", " 2e0 ", 2.0),
        ("amount", 1, 1.0),
        ("amount", Fraction(1, 4), 0.25),
        ("amount", np.float32(0.5), 0.5),
        ("count", "12", 12),
        ("count", "1e3", 1000),
        ("count", 7.0, 7),
        ("count", np.int16(5), 5),
        ("count", "9007199254740993", 9007199254740993),
        ("exact", "yes", True),
        ("exact", "OFF", False),
        ("exact", 1, True),
        ("exact", True, True),
        ("label", "a=b c", "a=b c"),
        ("label", "", ""),
        ("mode", "hard", "hard"),
    ],
)
def test_values_are_read_as_their_type(name: str, given_: Any, value: Any) -> None:
    result = getattr(Sample(**{name: given_}), name)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("name", "given_", "message"),
    [
        ("amount", "much", "sample: amount expects a number from 0 to 2 stops, got 'much'"),
        ("amount", "nan", "sample: amount expects a number from 0 to 2 stops, got 'nan'"),
        ("amount", float("inf"), "sample: amount expects a number from 0 to 2 stops, got inf"),
        ("amount", -0.001, "sample: amount expects a number from 0 to 2 stops, got -0.001"),
        ("amount", "2.5", "sample: amount expects a number from 0 to 2 stops, got '2.5'"),
        ("amount", True, "sample: amount expects a number from 0 to 2 stops, got True"),
        ("amount", None, "sample: amount expects a number from 0 to 2 stops, got None"),
        ("amount", [1], "sample: amount expects a number from 0 to 2 stops, got [1]"),
        ("count", 0, "sample: count expects a whole number of at least 1, got 0"),
        ("count", "1.5", "sample: count expects a whole number of at least 1, got '1.5'"),
        ("count", 5.5, "sample: count expects a whole number of at least 1, got 5.5"),
        ("count", Fraction(11, 2), "sample: count expects a whole number of at least 1, got Fraction(11, 2)"),
        ("count", np.float32(5.5), "sample: count expects a whole number of at least 1, got np.float32(5.5)"),
        ("count", "1e400", "sample: count expects a whole number of at least 1, got '1e400'"),
        ("count", True, "sample: count expects a whole number of at least 1, got True"),
        ("exact", "maybe", "sample: exact expects true or false, got 'maybe'"),
        ("exact", 2, "sample: exact expects true or false, got 2"),
        ("label", 5, "sample: label expects text, got 5"),
        ("mode", "hart", "sample: mode expects one of soft, hard, got 'hart'; did you mean 'hard'?"),
        ("mode", 5, "sample: mode expects one of soft, hard, got 5"),
        ("low", 11, "sample: low expects a number of at most 10, got 11"),
        (
            "amont",
            1,
            "sample: no parameter 'amont'; did you mean 'amount'? (it has: amount, count, exact, label, mode, low)",
        ),
    ],
)
def test_bad_values_are_named_with_what_was_expected(name: str, given_: Any, message: str) -> None:
    assert refuse(Sample, **{name: given_}) == message


def test_a_missing_value_is_named() -> None:
    assert refuse(Strict) == "strict: size is missing; it expects a whole number from 0 to 2000000 px"


def test_parameters_are_inherited_and_overridden() -> None:
    assert list(Strict.params) == ["amount", "count", "exact", "label", "mode", "low", "size"]
    assert (Strict(size=4).count, Sample().count) == (8, 3)
    assert Strict(size=4, count=0).count == 0  # its own bounds, not those of the base
    assert "at most 9" in refuse(Strict, size=4, count=10)


def test_parameters_of_every_base_are_taken() -> None:
    class Seeded(Effect):
        """A mixin."""

        seed: int = Param(1)

    class Both(Sample, Seeded):
        """Two bases, nothing of its own."""

        name = "both"

    assert {"seed", "amount"} <= set(Both.params)
    assert Both(seed="4").seed == 4
    assert "seed" not in Sample.params


def test_defaults_have_the_type_that_is_declared() -> None:
    assert type(Sample.params["low"].default) is float

    class Whole(Effect):
        """A float with a whole default."""

        name, kind = "whole", Kind.POINTWISE
        amount: float = Param(2)

        def render(self, src: Frame, out: Frame) -> None:
            """Do nothing."""

    assert type(Whole().amount) is float
    assert Whole.params["amount"].default == 2.0


@pytest.mark.parametrize(
    ("annotation", "param", "message"),
    [
        (list, Param([]), "is annotated"),
        (float | None, Param(1.0), "is annotated"),
        (Literal[1, 2], Param(1), "use float, int, bool, str or a Literal of texts"),
        (None, Param(1.0), "is annotated"),
        (str, Param("a", min=1), "'value' has bounds; only numbers do"),
        (Literal["a", "b"], Param("a", max=3), "'value' has bounds; only numbers do"),
        (float, Param(min=3, max=1), "parameter 'value': its min 3 is above its max 1"),
        (float, Param(5.0, max=1), "default: value expects a number of at most 1, got 5.0"),
        (int, Param(0.5), "default: value expects a whole number, got 0.5"),
        (Literal["a", "b"], Param("c"), "default: value expects one of a, b, got 'c'"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_the_authors_error(annotation: Any, param: Any, message: str) -> None:
    body = {"value": param, "__annotations__": {} if annotation is None else {"value": annotation}}
    with pytest.raises(PluginError, match=message):
        type("Wrong", (Effect,), body)


def test_a_parameter_takes_no_name_that_effects_need() -> None:
    with pytest.raises(PluginError, match="parameter 'values': effects have an attribute of that name"):
        type("Wrong", (Effect,), {"values": Param(1.0), "__annotations__": {"values": float}})


def test_the_schema_is_a_json_schema() -> None:
    import json

    schema = Strict.schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["type"] == "object"
    assert schema["title"] == "strict"
    assert schema["description"] == "One more parameter, which has to be given, and another default."
    assert schema["required"] == ["size"]
    assert schema["additionalProperties"] is False
    assert schema["properties"] == {
        "amount": {
            "type": "number",
            "default": 0.5,
            "minimum": 0,
            "maximum": 2,
            "x-unit": "stops",
            "description": "How much.",
        },
        "count": {"type": "integer", "default": 8, "maximum": 9},
        "exact": {"type": "boolean", "default": False},
        "label": {"type": "string", "default": "none"},
        "mode": {"type": "string", "default": "soft", "enum": ["soft", "hard"], "description": "Which way."},
        "low": {"type": "number", "default": 0.0, "maximum": 10},
        "size": {"type": "integer", "minimum": 0, "maximum": 2_000_000, "x-unit": "px"},
    }
    assert REQUIRED not in [fields.get("default") for fields in schema["properties"].values()]


@given(
    st.floats(0, 2),
    st.integers(1, 1 << 70),
    st.booleans(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.sampled_from(["soft", "hard"]),
)
def test_the_written_form_makes_the_same_effect_again(
    amount: float, count: int, exact: bool, label: str, mode: str
) -> None:
    first = Sample(amount=amount, count=count, exact=exact, label=label, mode=mode)
    name, words = parse_call(repr(first))
    assert name == "sample"
    assert Sample(**words).values == first.values
    assert repr(Sample(**words)) == repr(first)


def test_the_written_form_reads_well() -> None:
    assert repr(Strict(size=10, amount=1)) == ("strict amount=1 count=8 exact=False label=none mode=soft low=0 size=10")
    assert "label='my look.cube'" in repr(Sample(label="my look.cube"))


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=20), max_size=4))
def test_calls_are_split_as_a_shell_splits_them(values: dict[str, str]) -> None:
    text = " ".join(["name", *(shlex.quote(f"{key}={value}") for key, value in values.items())])
    assert parse_call(text) == ("name", values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lut file='my look.cube'", {"file": "my look.cube"}),
        ('lut file="my look.cube" amount=1', {"file": "my look.cube", "amount": "1"}),
        (r"lut file=my\ look.cube", {"file": "my look.cube"}),
        ("lut expr=a=b", {"expr": "a=b"}),
        ("lut empty=", {"empty": ""}),
        ("lut hash=#1", {"hash": "#1"}),
        ("  lut\n a=1 ", {"a": "1"}),
    ],
)
def test_quoting(text: str, values: dict[str, str]) -> None:
    assert parse_call(text) == ("lut", values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "effect '': expected a name, then key=value words, as in 'blur sigma=5'"),
        ("  ", "expected a name"),
        ("sigma=5", "effect 'sigma=5': expected a name"),
        ("blur 5", "effect 'blur 5': expected key=value, got '5'"),
        ("blur =5", "effect 'blur =5': expected key=value, got '=5'"),
        ("blur sigma=5 sigma=6", "effect 'blur sigma=5 sigma=6': sigma is given twice"),
        ("blur name='x", "no closing quotation; quote values as in a shell"),
        ("blur name=x\\", "no escaped character; quote values as in a shell"),
    ],
)
def test_malformed_calls(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_call(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
