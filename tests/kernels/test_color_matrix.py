"""Colour matrices, and gray as one row of them, against their definitions."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, _matrix, color_matrix, rgb_to_gray
from lumaloom_kernels.color_matrix import CASES, reference
from lumaloom_kernels.rgb_to_gray import WEIGHTS
from lumaloom_kernels.rgb_to_gray import reference as gray_reference
from tests.kernels.arrays import DTYPES, TOP, check, layouts, noise

SIZES = [(1, 1), (1, 37), (41, 1), (7, 5), (9, 70), (333, 201)]
WIDE = np.array([[1.5, -0.5, 0.25, 0.1], [0, 1, 0, 0], [7, -3, -2, 0], [0.25, 0.25, 0.25, 0.25]])


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "float"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_matches_reference(dtype: str, fixed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fixed:
        monkeypatch.setattr(_matrix, "has_fixed_point", lambda: False)
    for size in SIZES:
        for channels, cases in ((3, CASES), (4, ({"matrix": WIDE, "offset": [TOP[dtype] / 4, 0, 1, -1]},))):
            src = noise((*size, channels), dtype)
            for case in cases:
                result: Any = color_matrix(src, **case)
                check(result, reference(src, **case), (size, case))
                assert color_matrix(src, **case, threads=3).tobytes() == result.tobytes()
            for matrix in WEIGHTS:
                result, expected = rgb_to_gray(src, matrix), gray_reference(src, matrix)
                check(result, expected, (size, matrix))
                if dtype != "float32":
                    assert (result != expected).mean() <= max(0.1, 20 / result.size)
                assert rgb_to_gray(src, matrix, threads=2).tobytes() == result.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    image = noise((45, 83, 3), dtype)
    expected, gray = color_matrix(image, **CASES[0]), rgb_to_gray(image)
    for name, array in layouts(image):
        assert color_matrix(image, **CASES[0], out=array) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = image
        np.testing.assert_array_equal(color_matrix(array, **CASES[0]), expected, name)
        np.testing.assert_array_equal(rgb_to_gray(array), gray, name)
    for name, array in layouts(gray):
        assert rgb_to_gray(image, out=array) is array
        np.testing.assert_array_equal(array, gray, name)


@settings(deadline=None)
@given(
    st.lists(st.floats(-8, 8), min_size=9, max_size=9),
    st.lists(st.floats(-300, 300), min_size=3, max_size=3),
    st.sampled_from(["uint8", "uint16"]),
)
def test_any_matrix(weights: list[float], offset: list[float], dtype: str) -> None:
    src = noise((5, 71, 3), dtype)
    matrix = np.reshape(weights, (3, 3))
    check(color_matrix(src, matrix, offset), reference(src, matrix, offset))


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_must_stay(dtype: str) -> None:
    src = noise((9, 71, 3), dtype)
    np.testing.assert_array_equal(color_matrix(src, np.eye(3)), src)
    np.testing.assert_array_equal(color_matrix(src, np.eye(3)[::-1]), src[..., ::-1])
    gray = np.repeat(noise((40, 71, 1), dtype), 3, axis=2)
    for matrix in WEIGHTS:
        np.testing.assert_allclose(rgb_to_gray(gray, matrix), gray[..., 0], rtol=2e-7)
    huge = color_matrix(src, np.eye(3) * 1e6, (-1e6, 0, 1e6))
    if dtype != "float32":
        assert (huge[..., 2] == TOP[dtype]).all()


def test_agrees_with_opencv() -> None:
    for dtype in DTYPES:
        src = noise((48, 60, 3), dtype)
        check(color_matrix(src, CASES[0]["matrix"]), cv2.transform(src, np.array(CASES[0]["matrix"])))
        check(rgb_to_gray(src), cv2.cvtColor(src, cv2.COLOR_RGB2GRAY))


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE.astype(np.int16)}, _checks.DtypeError, "src: expected dtype"),
        ({"src": IMAGE[..., :2]}, _checks.ShapeError, "src: expected shape"),
        ({"src": IMAGE[..., 0]}, _checks.ShapeError, "src: expected shape"),
        ({"matrix": np.eye(4)}, _checks.ShapeError, r"matrix: expected shape \(3, 3\)"),
        ({"matrix": np.eye(3) * np.nan}, _checks.ParameterError, "matrix: expected finite numbers"),
        ({"matrix": [[1, 2], [3]]}, _checks.KindError, "matrix: expected numbers"),
        ({"matrix": "sepia"}, _checks.KindError, "matrix: expected numbers"),
        ({"offset": [0, 0]}, _checks.ShapeError, "offset: expected shape"),
        ({"offset": [0, 0, 1e9]}, _checks.ParameterError, "offset: expected finite"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        color_matrix(**{"src": IMAGE, "matrix": np.eye(3), **arguments})
    assert "\n" not in str(caught.value)


def test_errors_of_gray() -> None:
    with pytest.raises(_checks.ParameterError, match="matrix: expected one of bt601"):
        rgb_to_gray(IMAGE, "bt470")
    with pytest.raises(_checks.ShapeError, match="src: expected shape"):
        rgb_to_gray(IMAGE[..., 0])
    with pytest.raises(_checks.OutputError, match=r"out: expected shape \(8, 6\)"):
        rgb_to_gray(IMAGE, out=IMAGE)
