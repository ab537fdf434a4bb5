"""Unsharp masking against its definition, on every way that it takes."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, gaussian_blur, unsharp_mask
from lumaloom_kernels.unsharp_mask import CASES, reference
from tests.kernels.arrays import DTYPES, SWEPT, TOP, bits, check, layouts, noise

SHAPES = ((1, 1), (1, 37), (41, 1), (7, 5), (133, 201), (40, 70, 3), (3, 130, 4), (9, 300, 2))
BORDERS = ("reflect101", "replicate", "constant")
# fixed point, float32, a shrunk image; each with a coarse and a fine blur
STRENGTHS = (
    (0.0, 1.0),
    (0.6, 1.5),
    (2.4, 4.0),
    (3.4, 10.0),
    (5.0, 1.5),
    (9.0, 10.0),
    ((0.0, 2.0), 1.0),
    ((1.0, 12.0), 3.0),
)


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize(("sigma", "amount"), STRENGTHS)
def test_matches_the_reference(sigma: Any, amount: float, dtype: str) -> None:
    for number, shape in enumerate(SHAPES):
        image = (bits if number % 2 else noise)(shape, dtype, number)
        border: Any = BORDERS[number % 3]
        more: Any = ({}, {"threshold": 0.1 * TOP[dtype]}, {"high": int(0.8 * TOP[dtype]) or 0.5})[number % 3]
        result = unsharp_mask(image, sigma, amount, **more, border=border)
        expected = reference(image, sigma, amount, **more, border=border)
        if dtype == "float32":  # the tolerance is the blur's, times the amount
            np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5 * max(1, amount))
            assert result.dtype == expected.dtype
        else:
            check(result, expected, (shape, border, more))
        for threads in (2, 5):
            again = unsharp_mask(image, sigma, amount, **more, border=border, threads=threads)
            assert again.tobytes() == result.tobytes(), (shape, threads)


@pytest.mark.parametrize(("sigma", "amount"), STRENGTHS)
def test_integers_are_rounded_to_the_nearest(sigma: Any, amount: float) -> None:
    image = noise((90, 120, 3), "uint8") // 8 + 112  # so even that little of it is clipped
    distance = unsharp_mask(image, sigma, amount).astype(float) - reference(image, sigma, amount)
    assert (distance == 0).mean() > 0.85
    assert abs(distance.mean()) < 0.05


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("sigma", [1.5, 8.0])
def test_any_layout(sigma: float, dtype: str) -> None:
    image = noise((23, 71, 3), dtype)
    expected = unsharp_mask(image, sigma, 1.2)
    for layout, view in layouts(image):
        assert unsharp_mask(image, sigma, 1.2, out=view) is view
        np.testing.assert_array_equal(view, expected, f"out {layout}")
        view[...] = image
        np.testing.assert_array_equal(unsharp_mask(view, sigma, 1.2), expected, f"src {layout}")
        np.testing.assert_array_equal(view, image, f"src {layout} was written")
    for height, width in ((19, 29), (1, 200), (40, 3)):
        frame = np.full((height + 2, width + 40, 3), 77, dtype)
        unsharp_mask(noise((height, width, 3), dtype), sigma, 1.2, out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (frame == 77).all()


@settings(deadline=None)  # under load
@given(st.floats(0, 12), st.floats(0, 4), st.sampled_from(DTYPES), st.integers(0, 99))
def test_details_below_the_threshold_stay(sigma: float, amount: float, dtype: str, seed: int) -> None:
    image = noise((9, 71), dtype, seed)
    for nothing in ({"amount": 0}, {"amount": amount, "threshold": 1.01 * TOP[dtype]}):
        np.testing.assert_array_equal(unsharp_mask(image, sigma, **nothing), image)
    even = np.full((5, 70), 0.7 * TOP[dtype], dtype)
    np.testing.assert_allclose(unsharp_mask(even, sigma, amount), even, rtol=1e-5)


@pytest.mark.parametrize(("sigma", "amount"), [(1.0, 0.7), (2.0, 1.5), (6.0, 2.0)])
def test_it_is_made_of_the_blur(sigma: float, amount: float) -> None:
    # OpenCV's way: the blur is rounded first, so its error of half a step comes in times the amount
    image = noise((70, 90, 3), "uint8")
    mixed = cv2.addWeighted(image, 1 + amount, gaussian_blur(image, sigma), -amount, 0)
    assert abs(unsharp_mask(image, sigma, amount) - mixed.astype(float)).max() <= 1 + amount


@pytest.mark.parametrize("sigma", [2.0, 9.0])
def test_what_is_not_finite_stays_near(sigma: float) -> None:
    image = noise((60, 300), "float32")
    clean = unsharp_mask(image, sigma, 1.0)
    image[30, 150] = np.nan
    result = unsharp_mask(image, sigma, 1.0)
    assert np.isnan(result[30, 150])
    far = abs(np.arange(300) - 150) > 10 * sigma
    np.testing.assert_array_equal(result[:, far], clean[:, far])


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("sigma", -1, _checks.ParameterError),
        ("sigma", "2", _checks.KindError),
        ("amount", -0.1, _checks.ParameterError),
        ("amount", 101, _checks.ParameterError),
        ("amount", float("nan"), _checks.ParameterError),
        ("amount", None, _checks.KindError),
        ("threshold", -1, _checks.ParameterError),
        ("threshold", float("inf"), _checks.ParameterError),
        ("high", 256, _checks.ParameterError),
        ("border", "wrap", _checks.ParameterError),
        ("threads", 0, _checks.ParameterError),
        ("out", np.zeros((4, 5, 1), np.uint8), _checks.OutputError),
    ],
)
def test_parameters(name: str, value: Any, error: type[Exception]) -> None:
    arguments: dict[str, Any] = {"sigma": 1.0, "amount": 1.0, name: value}
    with pytest.raises(error, match=rf"^{name}: expected .*, got "):
        unsharp_mask(np.zeros((4, 5), np.uint8), **arguments)


def test_cupy_arrays_are_refused() -> None:
    cupy_array = type("ndarray", (), {"__module__": "cupy", "dtype": np.dtype(np.uint8), "ndim": 2, "shape": (4, 5)})
    with pytest.raises(_checks.KindError, match="no CUDA variant yet"):
        unsharp_mask(cupy_array(), **CASES[0])
