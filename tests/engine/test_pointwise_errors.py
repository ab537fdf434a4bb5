"""What authors are told: their file, their line, and what to write instead."""

from __future__ import annotations

import functools
import inspect
import math
import operator
import re
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Param, lookup, lookup3d, pointwise, table, uniform
from lumaloom.errors import PluginError, TraceError
from lumaloom.graph import make_plan
from lumaloom.plugins import Registry
from lumaloom.pointwise import trace
from lumaloom.testing import check_effect
from tests.engine.frames import spec


@uniform
def half(value: float) -> float:
    return value / 2


@table
def broken(value: float) -> Any:
    return np.zeros((3, 3))


MISTAKES = {
    "branch": (lambda r, g, b: (r if r > 0.5 else g, g, b), "np.where"),
    "max": (lambda r, g, b: (max(r, g), g, b), "np.maximum"),
    "and": (lambda r, g, b: (np.where(r > 0 and g > 0, r, g), g, b), "&"),
    "loop": (lambda r, g, b: (sum(v for v in r), g, b), "channels"),
    "len": (lambda r, g, b: (r * len(r), g, b), "width"),
    "float": (lambda r, g, b: (math.sqrt(r), g, b), "numpy's functions"),
    "int": (lambda r, g, b: (int(r), g, b), "np.floor"),
    "round": (lambda r, g, b: (round(r), g, b), "np.rint"),
    "index": (lambda r, g, b: (r[0], g, b), "lookup"),
    "mean": (lambda r, g, b: (np.mean(r), g, b), "numpy.mean"),
    "reduce": (lambda r, g, b: (np.add.reduce(r), g, b), "numpy.add.reduce"),
    "array": (lambda r, g, b: (r * np.ones(3), g, b), "an array"),
    "text": (lambda r, g, b: ("r", g, b), "got str"),
    "pixels to the host": (lambda r, g, b: (half(r), g, b), "takes parameters, not pixels"),
    "kind of table": (lambda r, g, b: lookup3d(np.arange(3.0), r, g, b), "a cube for lookup3d"),
    "shape of a table": (lambda r, g, b: (lookup(np.zeros((2, 2)), r), g, b), "expected a finite table"),
    "count": (lambda r, g, b: (r, g), "expected 3 channels back from the function, got 2"),
    "in place": (lambda r, g, b: (operator.iadd(r, 1), g, b), "changing it in place, as by += and *="),
    "its own": (lambda r, g, b: (r / {}["nothing"], g, b), "KeyError"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_name_file_and_line(name: str) -> None:
    function, words = MISTAKES[name]
    function.__name__, function.__doc__ = "wrong", "Go wrong."
    effect = pointwise(function)()
    with pytest.raises(TraceError) as caught:
        make_plan(spec("rgb24"), [effect])
    message = str(caught.value)
    line = inspect.getsourcelines(function)[1]
    if name != "shape of a table":
        assert f"{__file__}:{line}" in message
    assert message.startswith("wrong: ")
    assert words in message
    assert "\n" not in message


def test_a_table_that_is_none() -> None:
    @pointwise
    def wrong(r: Any, g: Any, b: Any, *, value: float = Param(1.0)) -> Any:
        """Go wrong."""
        return lookup(broken(value), r), g, b

    with pytest.raises(TraceError, match=r"broken: expected a finite table of shape .*, got \(3, 3\)"):
        make_plan(spec("rgb24"), [wrong()])


def test_signatures() -> None:
    def of(source: str, **options: Any) -> str:
        scope: dict[str, Any] = {"Param": Param}
        exec(source, scope)
        with pytest.raises(PluginError) as caught:
            pointwise(**options)(scope["f"])
        return str(caught.value)

    assert "has 3 channels, the function takes 2" in of("def f(r, g): pass")
    assert "has 4 channels, the function takes 3" in of("def f(r, g, b): pass", alpha=True)
    assert "amount is neither a channel, nor Param(...)" in of("def f(v, *, amount=1): pass", space="luma")
    assert "rest is neither a channel" in of("def f(*rest): pass", space="luma")
    assert "space 'hsv' is none of" in of("def f(r, g, b): pass", space="hsv")
    assert "1: f: parameter 'render': effects have an attribute of that name" in of(
        "def f(v, *, render=Param(1)): pass", space="any"
    )


def test_the_functions_that_there_are_are_listed() -> None:
    operators = {"add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "negative", "positive"}
    operators |= {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "invert"}
    operators |= {"bitwise_and", "bitwise_or", "bitwise_xor"}
    listed = set(re.findall(r"\w+", (pointwise.__doc__ or "").partition("functions of NumPy:")[2].partition(".\n")[0]))
    there_are = trace._UFUNCS.keys() | {function.__name__ for function in trace._FUNCTIONS}
    assert listed - {"around"} == there_are - operators - {"around"}  # NumPy's around is called round


def test_what_is_no_function() -> None:
    with pytest.raises(PluginError, match=r"expected a function of pixels, got functools\.partial"):
        pointwise(functools.partial(lambda r, g, b, k: (r, g, b), k=1))


def test_a_list_of_channels_is_as_good_as_a_tuple() -> None:
    @pointwise
    def swapped(r: Any, g: Any, b: Any) -> Any:
        """Swap."""
        return [b, g, r]

    check_effect(swapped(), formats=["rgb24"], sizes=[(8, 2)])


def test_called_with_channels_it_is_its_own_definition() -> None:
    @pointwise
    def tint(r: Any, g: Any, b: Any, *, x: Any, amount: float = Param(0.5, min=0, max=1)) -> Any:
        """Tint."""
        return r + amount * x, g, b

    array = np.arange(3.0)
    assert tint(array, array, array, x=2.0)[0].tolist() == [1, 2, 3]
    assert tint(array, array, array, x=2.0, amount=1)[0].tolist() == [2, 3, 4]
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'x'"):
        tint(array, array, array)
    assert repr(tint(amount=0.25)) == "tint amount=0.25"
    with pytest.raises(TypeError, match=r"tint takes the channels r, g, b, or none .*, got 1; parameters go by"):
        tint(0.5)
    with pytest.raises(Exception, match="tint: amount expects a number from 0 to 1"):
        tint(amount=2)


def test_a_strangers_effect_fuses_with_others() -> None:
    from lumaloom.effect import hookimpl
    from tests.engine.pointwise_effects import warm

    @pointwise(name="strangers_own")
    def twice(r: Any, g: Any, b: Any) -> Any:
        """Call another effect and go on."""
        r, g, b = warm(r, g, b, amount=0.5)
        return 2 * r, 2 * g, 2 * b

    class Plugin:
        @hookimpl
        def lumaloom_effects(self) -> list[Any]:
            return [twice]

    registry = Registry()
    registry.add_plugin(Plugin(), "elsewhere")
    assert not registry.failures
    (step,) = make_plan(spec("yuv420p"), [warm(), registry.create("strangers_own"), warm()]).steps
    assert step.name == "warm+strangers_own+warm"
