"""Medians are exact: every bit is the reference's, whichever method finds them."""

from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

import lumaloom_kernels
from lumaloom_kernels import _checks, _median_networks
from lumaloom_kernels.median_blur import gpu, reference
from tests.kernels.arrays import DTYPES, SWEPT, layouts, noise
from tests.kernels.test_morphology import BORDERS, pixels, same

median_blur = lumaloom_kernels.median_blur
EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True)
METHODS = (0, 1, 2, 3, 4, (1, 2), (0, 3))  # a copy, three networks, and counts or ranks


@pytest.mark.parametrize("side", _median_networks.MEDIANS)
def test_networks_find_the_median_of_all_zeros_and_ones(side: int) -> None:
    """And so of all values; a column in order is known by its number of ones."""
    ones = np.indices((side + 1,) * side, np.int8).reshape(side, -1)
    wires = [np.packbits(ones[column] >= side - rank) for rank in range(side) for column in range(side)]
    pairs, middle = _median_networks.MEDIANS[side]
    for low, high in pairs:
        wires[low], wires[high] = wires[low] & wires[high], wires[low] | wires[high]
    np.testing.assert_array_equal(wires[middle], np.packbits(ones.sum(axis=0) > side * side // 2))


@pytest.mark.parametrize("count", _median_networks.SORTS)
def test_networks_sort_all_zeros_and_ones(count: int) -> None:
    values = np.indices((2,) * count).reshape(count, -1)
    wires = list(values)
    for low, high in _median_networks.SORTS[count]:
        wires[low], wires[high] = np.minimum(wires[low], wires[high]), np.maximum(wires[low], wires[high])
    np.testing.assert_array_equal(wires, np.sort(values, axis=0))


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("border", BORDERS)
def test_any_shape_and_radius(border: Any, dtype: str) -> None:
    shapes = ((1, 1), (1, 37), (41, 1), (7, 5), (2, 70), (23, 101))
    for shape, channels, radius in product(shapes, ((), (1,), (3,), (4,)), METHODS):
        image = pixels((*shape, *channels), dtype)
        expected = reference(image, radius, border=border)
        same(median_blur(image, radius, border=border), expected, (shape, channels, radius))
        same(median_blur(image, radius, border=border, threads=3), expected, (shape, channels, radius, "threads"))


@pytest.mark.parametrize("dtype", SWEPT)
def test_more_than_one_strip_or_tile(dtype: str) -> None:
    for shape, radius in (((5, 2600), 1), ((7, 1700, 4), 2), ((9, 1100, 3), 3), ((4, 1900), 4), ((140, 150), (7, 9))):
        image = noise(shape, dtype)
        same(median_blur(image, radius), reference(image, radius), (shape, radius))


@pytest.mark.parametrize("dtype", SWEPT)
def test_any_layout(dtype: str) -> None:
    for shape, radius in product(((23, 31, 3), (6, 90), (9, 4, 2)), (1, 4, 0)):
        image = noise(shape, dtype)
        expected = median_blur(image, radius)
        for layout, view in layouts(image):
            view[...] = image
            same(np.ascontiguousarray(median_blur(view, radius)), expected, layout)
            np.testing.assert_array_equal(view, image)
        for layout, out in layouts(image):
            assert median_blur(image, radius, out=out) is out
            same(np.ascontiguousarray(out), expected, layout)
        frame = np.full((shape[0] + 2, shape[1] + 40, *shape[2:]), 77, dtype)
        median_blur(image, radius, out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (frame == 77).all()


IMAGES = st.builds(
    pixels, st.tuples(st.integers(1, 40), st.integers(1, 90)), st.sampled_from(DTYPES), st.integers(0, 99)
)
RADII = st.one_of(st.integers(0, 3), st.tuples(st.integers(0, 30), st.integers(0, 30)), st.integers(4, 60))


@EXAMPLES
@given(IMAGES, RADII, st.sampled_from(BORDERS[:2]))
def test_mirrored_and_negative_images(image: Any, radius: Any, border: Any) -> None:
    expected = median_blur(image, radius, border=border)
    mirrored = np.ascontiguousarray(image[::-1, ::-1])
    same(np.ascontiguousarray(median_blur(mirrored, radius, border=border)[::-1, ::-1]), expected)
    negative = -image if image.dtype.kind == "f" else ~image
    same(median_blur(negative, radius, border=border), -expected if image.dtype.kind == "f" else ~expected)


@pytest.mark.parametrize("level", [0, 77, 255])
@pytest.mark.parametrize("radius", [1, 2, 3, 9, 150])
def test_an_even_image_stays_and_specks_go(radius: int, level: int) -> None:
    image = np.full((40, 50, 3), level, np.uint8)
    same(median_blur(image, radius), image)
    speckled = image.copy()
    speckled[10, 10], speckled[20, 30, 1] = 255 - level, 3
    same(median_blur(speckled, radius), image)


@pytest.mark.parametrize(("radius", "dtype"), [*product((1, 2), DTYPES), (3, "uint8"), (15, "uint8"), (100, "uint8")])
def test_opencv_agrees(radius: int, dtype: str) -> None:
    image = noise((150, 190, 3), dtype)
    same(median_blur(image, radius, border="replicate"), cv2.medianBlur(image, 2 * radius + 1))


@pytest.mark.parametrize("dtype", SWEPT)
@pytest.mark.parametrize("radius", [3, (5, 2)])
def test_scipy_agrees(radius: Any, dtype: str) -> None:
    image = noise((60, 70), dtype)
    rx, ry = radius if isinstance(radius, tuple) else (radius, radius)
    same(median_blur(image, radius), ndimage.median_filter(image, (2 * ry + 1, 2 * rx + 1), mode="mirror"))


def test_errors() -> None:
    image = np.zeros((8, 9, 3), np.uint8)
    for radius in (-1, 1001, (1, -1), (1, 2, 3), ()):
        with pytest.raises(_checks.ParameterError, match=r"^radius: expected .*, got "):
            median_blur(image, radius)  # type: ignore[arg-type]
    for kind in (1.0, float("nan"), "3", None, True):
        with pytest.raises(_checks.KindError, match=r"^radius: expected "):
            median_blur(image, kind)  # type: ignore[arg-type]
    with pytest.raises(_checks.DtypeError, match=r"^src: "):
        median_blur(image.astype(np.float64), 1)
    with pytest.raises(_checks.ShapeError, match=r"^src: "):
        median_blur(image[:, :0], 1)
    with pytest.raises(_checks.ParameterError, match=r"^border: "):
        median_blur(image, 1, border="wrap")  # type: ignore[arg-type]
    with pytest.raises(_checks.OutputError, match=r"^out: expected memory apart from src"):
        median_blur(image, 1, out=image)
    with pytest.raises(_checks.KindError, match="no CUDA variant"):
        gpu(None, None, (1, 1), "replicate")
