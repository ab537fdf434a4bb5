"""RGB to hue, saturation and value and back, against the definitions."""

import colorsys
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lumaloom_kernels import _checks, hsv_to_rgb, rgb_to_hsv
from lumaloom_kernels.hsv_to_rgb import reference as rgb_reference
from lumaloom_kernels.rgb_to_hsv import reference as hsv_reference
from tests.kernels.arrays import DTYPES, TOP, check, layouts, noise

SHAPES = [(1, 1, 3), (1, 37, 3), (41, 1, 4), (7, 5, 3), (33, 201, 4), (95, 333, 3)]


def colours(shape: tuple[int, ...], dtype: str, seed: int = 0) -> NDArray[Any]:
    """Any colours, with black, grey, pure and equal ones among them."""
    image = noise(shape, dtype, seed)
    flags = np.random.default_rng(seed + 1).integers(0, 6, shape[:2])
    image[flags == 0, 1] = image[flags == 0, 0]
    image[flags == 1, :3] = image[flags == 1, :1]
    image[flags == 2, 2] = 0
    image[0, 0, :3] = 0
    return image


def on_circle(result: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    """Return the result with hue beside the expected one where they are on two sides of a full turn."""
    moved = result.astype(np.float64)
    turn = TOP[result.dtype.name] + (result.dtype.kind != "f")
    moved[..., 0] += np.rint((expected[..., 0] - moved[..., 0]) / turn) * turn
    return moved


@pytest.mark.parametrize("dtype", DTYPES)
def test_match_references(dtype: str) -> None:
    rtol, atol = (1e-4, 1e-5) if dtype == "float32" else (0, 1)
    for number, shape in enumerate(SHAPES):
        src = colours(shape, dtype, number)
        result, expected = rgb_to_hsv(src), hsv_reference(src)
        assert result.dtype == src.dtype
        np.testing.assert_allclose(on_circle(result, expected), expected.astype(float), rtol=rtol, atol=atol)
        assert dtype == "float32" or (result != expected).mean() <= 0.02 + 1 / result.size
        assert (result[..., 0] < (1 if dtype == "float32" else TOP[dtype] + 1)).all()
        assert rgb_to_hsv(src, threads=3).tobytes() == result.tobytes()
        for coded in (result, src):
            check(hsv_to_rgb(coded), rgb_reference(coded), shape)
            assert hsv_to_rgb(coded, threads=3).tobytes() == hsv_to_rgb(coded).tobytes()
        np.testing.assert_array_equal(result[..., 3:], src[..., 3:])


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    src = colours((45, 83, 3), dtype)
    for kernel in (rgb_to_hsv, hsv_to_rgb):
        expected = kernel(src)
        for name, array in layouts(src):
            assert kernel(src, out=array) is array
            np.testing.assert_array_equal(array, expected, name)
            array[...] = src
            np.testing.assert_array_equal(kernel(array), expected, name)
        frame = np.full((47, 93, 3), 77, dtype)
        kernel(src, out=frame[1:-1, 4:87])
        np.testing.assert_array_equal(frame[1:-1, 4:87], expected)
        frame[1:-1, 4:87] = 77
        assert (frame == 77).all()


@settings(deadline=None)
@given(st.integers(0, 999), st.sampled_from(["uint16", "float32"]))
def test_there_and_back(seed: int, dtype: str) -> None:
    src = colours((3, 70, 3), dtype, seed)
    slack = 3e-6 if dtype == "float32" else 4
    np.testing.assert_allclose(hsv_to_rgb(rgb_to_hsv(src)).astype(float), src.astype(float), atol=slack)


def test_known_colours_and_the_standard_library() -> None:
    src = colours((4, 80, 3), "float32")
    theirs = np.array([[colorsys.rgb_to_hsv(*map(float, pixel)) for pixel in row] for row in src])
    np.testing.assert_allclose(rgb_to_hsv(src), theirs, atol=2e-6)
    back = np.array([[colorsys.hsv_to_rgb(*map(float, pixel)) for pixel in row] for row in src])
    np.testing.assert_allclose(hsv_to_rgb(src), back, atol=2e-6)
    almost_red = np.full((1, 64, 3), (255, 0, 1), np.uint8)
    assert rgb_to_hsv(almost_red)[0, 0].tolist() == [0, 255, 255]
    turns = np.array([[[-0.75, 1, 1], [0.25, 1, 1], [3.25, 1, 1]]], np.float32)
    np.testing.assert_allclose(hsv_to_rgb(turns), [[[0.5, 1, 0]] * 3])


def test_agrees_with_opencv() -> None:
    src = colours((48, 60, 3), "uint8")
    theirs = cv2.cvtColor(src, cv2.COLOR_RGB2HSV_FULL)
    result = rgb_to_hsv(src)
    np.testing.assert_allclose(on_circle(theirs, result), result.astype(float), atol=1)
    assert abs(hsv_to_rgb(result).astype(int) - cv2.cvtColor(result, cv2.COLOR_HSV2RGB_FULL)).max() <= 8  # its error


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(value: float) -> None:
    for kernel, reference in ((rgb_to_hsv, hsv_reference), (hsv_to_rgb, rgb_reference)):
        src = np.full((1, 80, 4), 0.5, np.float32)
        for channel in range(4):
            src[0, channel, channel] = value
        result = kernel(src)
        assert np.isnan(result[0, :3, :3]).all()
        assert np.isfinite(result[0, 3, :3]).all()
        np.testing.assert_array_equal(np.isnan(result), np.isnan(reference(src)))


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize("kernel", [rgb_to_hsv, hsv_to_rgb])
@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE[..., 0]}, _checks.ShapeError, r"src: expected shape \(H, W, 3\)"),
        ({"src": IMAGE[..., :2]}, _checks.ShapeError, r"src: expected shape \(H, W, 3\)"),
        ({"src": IMAGE.astype(np.int16)}, _checks.DtypeError, "src: expected dtype"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
        ({"out": IMAGE}, _checks.OutputError, "memory apart"),
        ({"out": IMAGE[:4]}, _checks.OutputError, "out: expected shape"),
    ],
)
def test_errors(kernel: Any, arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        kernel(**{"src": IMAGE, **arguments})
    assert "\n" not in str(caught.value)
