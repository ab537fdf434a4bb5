"""Motion blur against its definition, and the properties that it promises."""

from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, _registry, box_blur, motion_blur
from lumaloom_kernels.motion_blur import MAX_LENGTH, line_kernel, reference
from tests.kernels.arrays import DTYPES, SHAPES, SWEPT, TOP, bits, check, layouts, noise, scene

BORDERS = ("reflect101", "replicate", "constant")
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
# direct and running sums of either axis, few and many taps, both sides of the diagonal
LINES = ((0, 10), (2.5, 0), (3, 90), (26, 0), (31.4, 90), (90, 180), (5, 30), (21, 45), (17, 110), (64, -71), (300, 3))
ANGLES = st.one_of(st.floats(-400, 400), st.integers(-8, 8).map(lambda k: 45 * k))
LENGTHS = st.floats(0, 60)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", SWEPT)
def test_any_shape_and_line(dtype: str, border: Any) -> None:
    for shape, channels, line in product(SHAPES, ((), (3,)), LINES):
        image = bits((*shape, *channels), dtype)
        result = motion_blur(image, *line, border=border)
        check(result, reference(image, *line, border=border), (shape, channels, line))
        again = motion_blur(image, *line, border=border, threads=3)
        assert again.tobytes() == result.tobytes()


@pytest.mark.parametrize("dtype", SWEPT)
def test_any_number_of_channels_and_layout(dtype: str) -> None:
    for channels, line in product((1, 2, 4), ((40, 0), (40, 90), (9, 60))):
        image = noise((70, 33, channels), dtype)
        check(motion_blur(image, *line), reference(image, *line), (channels, line))
    image = noise((33, 45, 3), dtype)
    for line in ((30, 0), (30, 90), (8, 20)):
        expected = motion_blur(image, *line)
        for name, array in layouts(image):
            array[...] = image
            np.testing.assert_array_equal(motion_blur(array, *line), expected, name)
            assert motion_blur(image, *line, out=array) is array
            np.testing.assert_array_equal(array, expected, name)
        frame = np.full((35, 85, 3), 77, dtype)
        motion_blur(image, *line, out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (frame == 77).all()


@EXAMPLES
@given(LENGTHS, ANGLES)
def test_the_weights_are_those_of_a_line(length: float, angle: float) -> None:
    kernel = line_kernel(length, angle)
    assert (kernel >= 0).all()
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-9)
    y, x = np.nonzero(kernel)
    y, x = y - kernel.shape[0] // 2, x - kernel.shape[1] // 2
    turn = np.radians(angle)
    assert (abs(x * np.sin(turn) + y * np.cos(turn)) <= 1 + 1e-6).all(), "farther than a pixel from the line"
    assert (abs(x * np.cos(turn) - y * np.sin(turn)) <= length / 2 + 1.5).all(), "beyond its ends"
    spread = (kernel[y + kernel.shape[0] // 2, x + kernel.shape[1] // 2] * (x * x + y * y)).sum()
    assert abs(spread - length**2 / 12) < 0.5 + length / 12  # of a line of that length


@EXAMPLES
@given(LENGTHS, ANGLES, st.sampled_from(DTYPES), st.integers(0, 99))
def test_properties(length: float, angle: float, dtype: str, seed: int) -> None:
    image = noise((20, 41), dtype, seed)
    blurred = motion_blur(image, length, angle)
    check(motion_blur(image, length, angle + 180), blurred)
    check(motion_blur(image[::-1], length, -angle)[::-1], blurred)
    check(motion_blur(np.ascontiguousarray(image.T), length, 90 - angle).T, motion_blur(image, length, angle - 180))
    even = np.full_like(image, image[0, 0])
    check(motion_blur(even, length, angle), even)
    if dtype != "float32":
        np.testing.assert_array_equal(motion_blur(even, length, angle), even)
    dot = np.zeros((101, 101), dtype)
    dot[50, 50] = TOP[dtype]
    spread = motion_blur(dot, length, angle)
    kernel = line_kernel(length, angle)
    ry, rx = (side // 2 for side in kernel.shape)
    limit = 1e-6 if dtype == "float32" else 1
    part = spread[50 - ry : 51 + ry, 50 - rx : 51 + rx]
    assert abs(part - kernel[::-1, ::-1] * TOP[dtype]).max() <= limit


def test_the_longest_lines_stay_within_a_step() -> None:
    """Sums of a thousand products of float32, and of as many as 16 bits take: white, where rounding is worst."""
    for dtype, value in (("uint16", 65535), ("uint16", 60001), ("uint8", 255), ("uint8", 201)):
        even = np.full((9, 70), value, dtype)
        for angle in (1, 20, 45, 80):
            for length in (MAX_LENGTH, 249.0, 140.0):
                np.testing.assert_array_equal(motion_blur(even, length, angle), even)
    image = bits((150, 90), "uint8")
    for length in (140, 240, 260, 450):
        result, expected = motion_blur(image, length, 33), reference(image, length, 33)
        check(result, expected)
        assert abs(result.astype(float) - expected).mean() < 0.2
        assert abs((result.astype(float) - expected).mean()) < 0.1  # what products lose is given back


def test_an_odd_line_along_an_axis_is_a_box() -> None:
    image = noise((50, 60, 3), "uint8")
    for radius in (1, 4, 30):
        check(motion_blur(image, 2 * radius + 1, 0), box_blur(image, (radius, 0)))
        check(motion_blur(image, 2 * radius + 1, 90), box_blur(image, (0, radius)))


@pytest.mark.parametrize("line", [(7, 0), (50, 0), (50, 90), (9, 30)])
def test_floats_that_are_not_finite_reach_as_far_as_the_line(line: tuple[float, float]) -> None:
    image = noise((60, 90), "float32")
    image[30, 40] = np.nan
    result = motion_blur(image, *line)
    kernel = line_kernel(*map(float, line))
    ry, rx = (side // 2 for side in kernel.shape)
    expected = np.zeros(image.shape, bool)
    expected[30 - ry : 31 + ry, 40 - rx : 41 + rx] = kernel[::-1, ::-1] > 0
    np.testing.assert_array_equal(np.isnan(result), expected)
    clean = image.copy()
    clean[30, 40] = 0
    np.testing.assert_allclose(result[~expected], reference(clean, *line)[~expected], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", SWEPT)
def test_opencv_agrees(dtype: str) -> None:
    image = scene((120, 150, 3), dtype)
    for line in ((9, 0), (9, 33), (30, 90), (25, 120)):
        other = cv2.filter2D(image, -1, line_kernel(*map(float, line)), borderType=cv2.BORDER_REFLECT_101)
        check(motion_blur(image, *line), other)


IMAGE = np.zeros((8, 9, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE.astype(np.int8)}, _checks.DtypeError, "src: expected dtype"),
        ({"src": IMAGE[0, 0]}, _checks.ShapeError, "src: expected shape"),
        ({"length": 500.5}, _checks.ParameterError, "length: expected a number from 0 to 500, got 500.5"),
        ({"length": -1}, _checks.ParameterError, "length: expected"),
        ({"length": float("nan")}, _checks.ParameterError, "length: expected"),
        ({"length": None}, _checks.KindError, "length: expected a number"),
        ({"angle": float("inf")}, _checks.ParameterError, "angle: expected a finite number"),
        ({"angle": "0"}, _checks.KindError, "angle: expected a number"),
        ({"border": None}, _checks.ParameterError, "border: expected"),
        ({"threads": 1.5}, _checks.KindError, "threads: expected"),
        ({"out": IMAGE.astype(np.uint16)}, _checks.OutputError, "out: expected shape"),
        ({"out": IMAGE[::-1]}, _checks.OutputError, "out: expected memory apart"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        motion_blur(**{"src": IMAGE, "length": 5, "angle": 30, **arguments})
    assert "\n" not in str(caught.value)


def test_there_is_no_cuda_variant_yet() -> None:
    with pytest.raises(_checks.KindError, match="no CUDA variant"):
        _registry.load("motion_blur").gpu(None, None, 1.0, 1.0, "replicate")
