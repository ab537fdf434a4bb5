"""Sobel, Scharr and Laplace against their definitions."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

import lumaloom_kernels
from lumaloom_kernels import _checks, _registry, laplacian, scharr, sobel
from tests.kernels.arrays import DTYPES, SWEPT, bits, check, layouts, noise

NAMES = ("sobel", "scharr", "laplacian")
SHAPES = ((1, 1), (1, 37), (41, 1), (7, 5), (333, 201), (40, 70, 3), (3, 130, 4), (9, 300, 2))
BORDERS = ("reflect101", "replicate", "constant")
MIDDLE = {"uint8": 128, "uint16": 32768, "float32": 0}


def cases(name: str) -> list[dict[str, Any]]:
    high = {"scale": 0.3, "high": 100.0}
    more = (
        [{**high, "offset": 3.5}]
        if name == "laplacian"
        else [{**high, "offset": 16.25}, {**high, "axis": "x", "offset": 50.0}]
    )
    return [*_registry.load(name).CASES, *more]


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("name", NAMES)
def test_matches_the_reference(name: str, dtype: str) -> None:
    kernel, reference = getattr(lumaloom_kernels, name), _registry.load(name).reference
    for number, shape in enumerate(SHAPES):
        for border in BORDERS:
            image = (bits if number % 2 else noise)(shape, dtype, number)
            for case in cases(name):
                result = kernel(image, **case, border=border)
                check(result, reference(image, **case, border=border), (shape, border, case))
                if number == 4 and dtype != "float32":  # the step of the tolerance is for values near a half
                    assert (result != reference(image, **case, border=border)).mean() < 0.05
                for threads in (2, 5):
                    again = kernel(image, **case, border=border, threads=threads)
                    assert again.tobytes() == result.tobytes(), (shape, threads)


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("name", NAMES)
def test_any_layout(name: str, dtype: str) -> None:
    kernel = getattr(lumaloom_kernels, name)
    image = noise((23, 71, 3), dtype)
    expected = kernel(image)
    for layout, view in layouts(image):
        assert kernel(image, out=view) is view
        np.testing.assert_array_equal(view, expected, f"out {layout}")
        view[...] = image
        np.testing.assert_array_equal(kernel(view), expected, f"src {layout}")
    for height, width in ((19, 29), (1, 200), (40, 3)):
        frame = np.full((height + 2, width + 40, 3), 77, dtype)
        kernel(noise((height, width, 3), dtype), out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (frame == 77).all()


def test_opencv_agrees() -> None:
    image = noise((70, 90, 3), "uint8")
    border = cv2.BORDER_REFLECT_101
    for axis, x in (("x", 1), ("y", 0)):
        other = cv2.Sobel(image, cv2.CV_8U, x, 1 - x, delta=128, borderType=border)
        np.testing.assert_array_equal(sobel(image, axis), other)  # type: ignore[arg-type]
        other = cv2.Scharr(image, cv2.CV_8U, x, 1 - x, delta=128, borderType=border)
        np.testing.assert_array_equal(scharr(image, axis), other)  # type: ignore[arg-type]
    np.testing.assert_array_equal(laplacian(image), cv2.Laplacian(image, cv2.CV_8U, delta=128, borderType=border))


def test_scipy_agrees() -> None:
    image = noise((70, 90), "float32")
    exact = image.astype(float)
    for axis, number in (("x", 1), ("y", 0)):
        other = ndimage.sobel(exact, number, mode="mirror")
        np.testing.assert_allclose(sobel(image, axis), other, rtol=1e-4, atol=1e-5)  # type: ignore[arg-type]
    np.testing.assert_allclose(laplacian(image), ndimage.laplace(exact, mode="mirror"), rtol=1e-4, atol=1e-5)


@settings(deadline=None)  # under load
@given(st.sampled_from(DTYPES), st.integers(0, 99), st.sampled_from(NAMES))
def test_a_turned_image_has_turned_edges(dtype: str, seed: int, name: str) -> None:
    kernel = getattr(lumaloom_kernels, name)
    image = noise((13, 75), dtype, seed)
    unit = {"scale": 1 / 32}
    turned = kernel(np.ascontiguousarray(np.rot90(image)), **unit)
    check(np.rot90(kernel(image, **unit)), turned.astype(dtype))
    if name == "laplacian":
        return
    # the derivative downwards is the one to the right of the image turned over its diagonal
    down = kernel(image, "y", **unit)
    check(kernel(np.ascontiguousarray(image.T), "x", **unit).T, down)
    # and mirrored it changes its sign
    mirrored = kernel(np.ascontiguousarray(image[::-1]), "y", **unit)[::-1].astype(float)
    assert abs(mirrored - MIDDLE[dtype] + down - MIDDLE[dtype]).max() <= (1e-6 if dtype == "float32" else 1)


@pytest.mark.parametrize("dtype", SWEPT)
def test_even_pictures_have_no_edges_and_ramps_even_ones(dtype: str) -> None:
    even = np.full((9, 40, 3), 50, dtype)
    ramp = np.broadcast_to((2 * np.arange(40)).astype(dtype), (9, 40)).copy()
    for kernel, total in ((sobel, 8), (scharr, 32)):
        assert (kernel(even) == 0).all()
        assert (kernel(even, "x") == MIDDLE[dtype]).all()
        assert (kernel(ramp)[:, 1:-1] == 2 * total).all()
        assert (kernel(ramp, "x", scale=1 / total)[:, 1:-1] == MIDDLE[dtype] + 2).all()
        assert (kernel(ramp, "y") == MIDDLE[dtype]).all()
    assert (laplacian(ramp)[:, 1:-1] == MIDDLE[dtype]).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_finite_stays_near(name: str) -> None:
    image = noise((30, 200), "float32")
    kernel = getattr(lumaloom_kernels, name)
    clean = kernel(image)
    image[15, 100] = np.nan
    result = kernel(image)
    assert np.isnan(result[15, 101])
    result[14:17, 99:102] = clean[14:17, 99:102] = 0
    np.testing.assert_array_equal(result, clean)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("scale", "1", _checks.KindError),
        ("scale", True, _checks.KindError),
        ("scale", float("nan"), _checks.ParameterError),
        ("scale", 1e7, _checks.ParameterError),
        ("offset", float("inf"), _checks.ParameterError),
        ("high", 256, _checks.ParameterError),
        ("high", 0.5, _checks.ParameterError),
        ("border", None, _checks.ParameterError),
        ("threads", 1.5, _checks.KindError),
        ("out", np.zeros((4, 5), np.uint16), _checks.OutputError),
    ],
)
def test_parameters(name: str, option: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^{option}: expected .*, got "):
        getattr(lumaloom_kernels, name)(np.zeros((4, 5), np.uint8), **{option: value})


@pytest.mark.parametrize("kernel", [sobel, scharr])
def test_axes(kernel: Any) -> None:
    image = np.zeros((4, 5), np.uint8)
    for axis in ("z", 0, "xy", ["x"]):
        with pytest.raises(_checks.ParameterError, match=r"^axis: expected .*, got "):
            kernel(image, axis)
    cupy_array = type("ndarray", (), {"__module__": "cupy", "dtype": np.dtype(np.uint8), "ndim": 2, "shape": (4, 5)})
    with pytest.raises(_checks.KindError, match="no CUDA variant yet"):
        kernel(cupy_array())
