"""The bilateral filter against its definition, and the properties that it promises."""

from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _bilateral_curve, _checks, _registry, bilateral_filter
from lumaloom_kernels.bilateral_filter import reference
from tests.kernels.arrays import DTYPES, SHAPES, SWEPT, TOP, bits, check, layouts, noise, scene

BORDERS = ("reflect101", "replicate", "constant")
EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True)
# radius, share of white, sigma_space: kept weights, weights worked out where they are used, hardly any weight
STRENGTHS: tuple[tuple[Any, float, Any], ...] = (
    (1, 0.1, 0.7),
    (3, 1.0, 2.0),
    (7, 0.08, 1e6),
    (9, 0.3, 4.0),
    (2, 1e-6, 1.0),
    ((2, 4), 0.3, (1.0, 3.0)),
    ((0, 5), 0.3, 2.0),
)


def strength(values: tuple[Any, float, Any], dtype: str) -> tuple[Any, float, Any]:
    return values[0], values[1] * TOP[dtype], values[2]


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", SWEPT)
def test_any_shape_and_strength(dtype: str, border: Any) -> None:
    for shape, channels, values in product(SHAPES, ((), (3,)), STRENGTHS):
        image = bits((*shape, *channels), dtype) // 2 + noise((*shape, *channels), dtype) // 4
        image = image.astype(dtype)
        expected = reference(image, *strength(values, dtype), border=border)
        result = bilateral_filter(image, *strength(values, dtype), border=border)
        check(result, expected, (shape, channels, values))
        again = bilateral_filter(image, *strength(values, dtype), border=border, threads=3)
        assert again.tobytes() == result.tobytes()


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_number_of_channels(channels: int) -> None:
    image = scene((45, 333, channels), "uint8")
    check(bilateral_filter(image, 3, 40, 2), reference(image, 3, 40, 2))


@pytest.mark.parametrize("channels", [(), (3,)])
def test_differences_at_which_fixed_point_errs_most(channels: tuple[int, ...]) -> None:
    """Windows whose pixels all differ by one amount from the centre, or do not at all: errors of weights add up."""
    random = np.random.default_rng(3)
    for radius, color, space in ((7, 75.0, 5.0), (7, 25.0, 1e6), (3, 1.5, 2.0), (7, 200.0, 4.0)):
        side = 2 * radius + 1
        steps = np.repeat(np.arange(256), side)
        centre = (np.indices((side, len(steps)))[1] % side == radius) & (np.arange(side)[:, None] == radius)
        for chosen in (1, random.random(centre.shape) < 0.5, np.arange(side)[:, None] < radius):
            level = np.where(centre, 0, steps * chosen).astype(np.uint8)
            image = np.zeros((*level.shape, *channels), np.uint8)
            image[...] = level.reshape(*level.shape, *[1] * len(channels))
            check(
                bilateral_filter(image, radius, color, space), reference(image, radius, color, space), (radius, color)
            )
            check(bilateral_filter(255 - image, radius, color, space), reference(255 - image, radius, color, space))


def test_the_bound_of_fixed_point_sees_every_error() -> None:
    """It is below a step where the arithmetic is used, and beyond where weights are too many or too coarse."""
    ones = np.exp(-np.arange(1, 75) / 50)
    for tables in (True, False):
        good = _bilateral_curve.curve(75.0, 1, ones.tobytes(), tables)
        assert 0 < good.error < 0.98
        assert _bilateral_curve.curve(75.0, 1, np.tile(ones, 4).tobytes(), tables).error > good.error
    wide = _bilateral_curve.curve(75.0, 3, ones.tobytes(), True)
    assert len(wide.numbers) == 5 * _bilateral_curve.LANES  # the polynomial: a table ends before so wide a range does


@pytest.mark.parametrize("dtype", SWEPT)
def test_any_layout(dtype: str) -> None:
    image = noise((23, 31, 3), dtype)
    values = strength((2, 0.3, 1.5), dtype)
    expected = bilateral_filter(image, *values)
    for name, array in layouts(image):
        array[...] = image
        np.testing.assert_array_equal(bilateral_filter(array, *values), expected, name)
        np.testing.assert_array_equal(array, image)
        assert bilateral_filter(image, *values, out=array) is array
        np.testing.assert_array_equal(array, expected, name)
    frame = np.full((25, 71, 3), 77, dtype)
    bilateral_filter(image, *values, out=frame[1:-1, 20:-20])
    frame[1:-1, 20:-20] = 77
    assert (frame == 77).all()


@EXAMPLES
@given(st.sampled_from(DTYPES), st.integers(0, 8), st.floats(0.001, 10), st.floats(0.1, 50), st.integers(0, 99))
def test_stays_in_the_range_and_keeps_even_images(
    dtype: str, radius: int, share: float, space: float, seed: int
) -> None:
    image = noise((13, 37), dtype, seed)
    slack = 1e-6 if dtype == "float32" else 0
    result = bilateral_filter(image, radius, share * TOP[dtype], space)
    assert image.min() - slack <= result.min() <= result.max() <= image.max() + slack
    even = np.full_like(image, image[0, 0])
    np.testing.assert_allclose(bilateral_filter(even, radius, share * TOP[dtype], space), even, rtol=1e-6)
    for axis in (0, 1):  # sums are taken in another order, so floats may differ in their last bits
        turned = bilateral_filter(np.flip(image, axis), radius, share * TOP[dtype], space)
        check(np.flip(turned, axis), result)


def test_an_edge_stays_and_noise_goes() -> None:
    random = np.random.default_rng(1)
    clean = np.where(np.indices((60, 60))[1] < 30, 60, 190)
    noisy = np.clip(clean + random.normal(0, 6, clean.shape), 0, 255).astype(np.uint8)
    result = bilateral_filter(noisy, 5, 30, 3)
    assert np.std(result - clean.astype(float)) < np.std(noisy - clean.astype(float)) / 3
    assert (abs(result.astype(int) - clean) < 20).all()


def test_channels_are_one_colour() -> None:
    """A gray edge in one channel alone holds the others back too."""
    image = np.full((20, 20, 3), 100, np.uint8)
    image[:, 10:, 0] = 220
    image[::2, :, 1] = 110
    alone = bilateral_filter(np.ascontiguousarray(image[..., 1]), 3, 12, 5)
    joint = bilateral_filter(image, 3, 12, 5)
    assert (joint[5:15, :, 0] == image[5:15, :, 0]).all()
    assert abs(alone[5:15].astype(int) - joint[5:15, :, 1]).max() <= 1


@pytest.mark.parametrize("radius", [2, 9])
def test_floats_that_are_not_finite_count_nowhere_and_stay(radius: int) -> None:
    image = noise((24, 40, 3), "float32")
    image[3, 4, 1], image[10, 20, 0], image[10, 21, 2], image[23, 39, 0] = np.nan, np.inf, -np.inf, 3e38
    result = bilateral_filter(image, radius, 0.4, 3)
    check(result, reference(image, radius, 0.4, 3))
    for place in ((3, 4), (10, 20), (10, 21), (23, 39)):
        np.testing.assert_array_equal(result[place], image[place])
    image[~np.isfinite(image)] = 0
    assert np.isfinite(np.delete(result.reshape(-1, 3), [3 * 40 + 4, 10 * 40 + 20, 10 * 40 + 21], 0)).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("shape", [(90, 130), (90, 130, 3)])
def test_opencv_agrees(shape: tuple[int, ...], dtype: str) -> None:
    # OpenCV has its weights from tables, for floats with 4096 entries a channel between which it interpolates
    image = scene(shape, dtype)
    for radius, color, space, border in ((1, 0.2, 1.0, "replicate"), (4, 0.1, 3.0, "reflect101"), (8, 0.5, 4.0, None)):
        flag = {"replicate": cv2.BORDER_REPLICATE, "reflect101": cv2.BORDER_REFLECT_101}.get(str(border))
        other = cv2.bilateralFilter(
            image, 2 * radius + 1, color * TOP[dtype], space, borderType=cv2.BORDER_CONSTANT if flag is None else flag
        )
        mine = bilateral_filter(image, radius, color * TOP[dtype], space, border=border or "constant")  # type: ignore[arg-type]
        assert abs(mine.astype(float) - other).max() <= (1 if dtype == "uint8" else 2e-4)


IMAGE = np.zeros((8, 9, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE.astype(np.float64)}, _checks.DtypeError, "src: expected dtype"),
        ({"src": IMAGE[:0]}, _checks.ShapeError, "src: expected at least"),
        ({"radius": 101}, _checks.ParameterError, "radius: expected a whole number from 0 to 100, got 101"),
        ({"radius": -1}, _checks.ParameterError, "radius: expected"),
        ({"radius": 1.0}, _checks.KindError, "radius: expected a whole number"),
        ({"radius": True}, _checks.KindError, "radius: expected a whole number"),
        ({"sigma_color": 0}, _checks.ParameterError, "sigma_color: expected a number from 1e-06"),
        ({"sigma_color": float("nan")}, _checks.ParameterError, "sigma_color: expected"),
        ({"sigma_space": float("inf")}, _checks.ParameterError, "sigma_space: expected"),
        ({"sigma_space": (1.0, 0)}, _checks.ParameterError, "sigma_space: expected a number from 1e-06"),
        ({"sigma_space": "3"}, _checks.KindError, "sigma_space: expected a number"),
        ({"border": "wrap"}, _checks.ParameterError, "border: expected"),
        ({"threads": 0}, _checks.ParameterError, "threads: expected"),
        ({"out": IMAGE[:4]}, _checks.OutputError, "out: expected shape"),
        ({"out": IMAGE}, _checks.OutputError, "out: expected memory apart"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        bilateral_filter(**{"src": IMAGE, "radius": 1, "sigma_color": 10, "sigma_space": 2, **arguments})
    assert "\n" not in str(caught.value)


def test_there_is_no_cuda_variant_yet() -> None:
    with pytest.raises(_checks.KindError, match="no CUDA variant"):
        _registry.load("bilateral_filter").gpu(None, None, (1, 1), 1.0, (1.0, 1.0), "replicate")
