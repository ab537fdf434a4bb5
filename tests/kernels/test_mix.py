"""Mix against its definition, and the properties that it promises."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom_kernels import _checks, _mix_cpu, mix
from lumaloom_kernels.mix import CASES, reference
from tests.kernels.arrays import DTYPES, check, layouts, noise

SHAPES = [(1, 1), (1, 37), (41, 1), (7, 5), (3, 65, 1), (9, 70, 2), (333, 201), (91, 257, 3), (5, 7, 4)]


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "float"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_matches_reference(dtype: str, fixed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fixed:
        monkeypatch.setattr(_mix_cpu, "has_fixed_point", lambda: False)
    for shape in SHAPES:
        a, b = noise(shape, dtype, 1), noise(shape, dtype, 2)
        for case in (*CASES, {"amount": 0.0}, {"amount": 1.0}, {"amount": 1 / 3}):
            result, expected = mix(a, b, **case), reference(a, b, **case)
            check(result, expected, (shape, case))
            if dtype != "float32":
                assert (result != expected).mean() <= max(0.1, 20 / result.size)
            for threads in (1, 2, 5):
                assert mix(a, b, **case, threads=threads).tobytes() == result.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    a, b = noise((45, 83, 3), dtype, 1), noise((45, 83, 3), dtype, 2)
    expected = mix(a, b, 0.3)
    for name, array in layouts(a):
        assert mix(a, b, 0.3, out=array) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = a
        np.testing.assert_array_equal(mix(array, b, 0.3), expected, name)
        array[...] = b
        np.testing.assert_array_equal(mix(a, array, 0.3), expected, name)
    frame = np.full((47, 93, 3), 77, dtype)
    for start in range(9):
        mix(a, b, 0.3, out=frame[1:-1, start : start + 83])
        np.testing.assert_array_equal(frame[1:-1, start : start + 83], expected)
        frame[1:-1, start : start + 83] = 77
        assert (frame == 77).all()


@given(st.floats(0, 1), st.sampled_from(DTYPES), st.integers(0, 99))
def test_lies_between_the_two_and_keeps_what_is_equal(amount: float, dtype: str, seed: int) -> None:
    a, b = noise((9, 71), dtype, seed), noise((9, 71), dtype, seed + 1)
    result = mix(a, b, amount).astype(float)
    slack = 1e-6 if dtype == "float32" else 0
    assert (result >= np.minimum(a, b) - slack).all()
    assert (result <= np.maximum(a, b) + slack).all()
    np.testing.assert_allclose(mix(a, a, amount), a, rtol=2e-7)
    check(mix(b, a, 1 - amount), mix(a, b, amount))


def test_ends_are_exact_whatever_the_other_image_holds() -> None:
    a, b = noise((4, 70), "float32"), np.full((4, 70), np.nan, np.float32)
    np.testing.assert_array_equal(mix(a, b, 0), a)
    np.testing.assert_array_equal(mix(b, a, 1), a)
    assert np.isnan(mix(a, b, 0.5)).all()


def test_agrees_with_opencv() -> None:
    for dtype in DTYPES:
        a, b = noise((48, 60, 3), dtype, 1), noise((48, 60, 3), dtype, 2)
        check(mix(a, b, 0.3), cv2.addWeighted(a, 0.7, b, 0.3, 0))


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"a": IMAGE.astype(np.int16)}, _checks.DtypeError, "a: expected dtype"),
        ({"b": IMAGE.astype(np.uint16)}, _checks.DtypeError, "b: expected dtype uint8"),
        ({"b": IMAGE[:4]}, _checks.ShapeError, "b: expected shape"),
        ({"b": None}, _checks.KindError, "b: expected"),
        ({"amount": 1.01}, _checks.ParameterError, "amount: expected a number from 0 to 1"),
        ({"amount": float("nan")}, _checks.ParameterError, "amount: expected"),
        ({"amount": "1"}, _checks.KindError, "amount: expected"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
        ({"out": IMAGE[:4]}, _checks.OutputError, "out: expected shape"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        mix(**{"a": np.ones_like(IMAGE), "b": IMAGE, "amount": 0.5, **arguments})
    assert "\n" not in str(caught.value)
