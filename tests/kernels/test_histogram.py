"""Histograms against their definition."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, histogram
from lumaloom_kernels.histogram import reference
from tests.kernels.arrays import DTYPES, TOP, bits, layouts, noise, scene

SHAPES = [(1, 1), (1, 37), (41, 1), (7, 5), (333, 201), (9, 300, 1), (91, 257, 3), (5, 70, 4)]


@pytest.mark.parametrize("bins", [1, 16, 256])
@pytest.mark.parametrize("dtype", DTYPES)
def test_matches_reference(dtype: str, bins: int) -> None:
    for shape in SHAPES:
        for make in (noise, bits):
            src = make(shape, dtype)
            result = histogram(src, bins)
            np.testing.assert_array_equal(result, reference(src, bins), str(shape))
            assert result.dtype == np.int64
            for threads in (2, 5):
                np.testing.assert_array_equal(histogram(src, bins, threads=threads), result)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    image = noise((45, 83, 3), dtype)
    expected = histogram(image)
    for name, array in layouts(image):
        array[...] = image
        np.testing.assert_array_equal(histogram(array), expected, name)


@settings(deadline=None)
@given(st.sampled_from(DTYPES), st.integers(1, 99), st.integers(1, 9), st.integers(0, 8))
def test_every_sample_counts_once(dtype: str, width: int, height: int, power: int) -> None:
    image = scene((height, width, 2), dtype)
    fine, coarse = histogram(image), histogram(image, 1 << power)
    assert fine.sum(1).tolist() == [width * height] * 2
    np.testing.assert_array_equal(fine.reshape(2, 1 << power, -1).sum(2), coarse)
    np.testing.assert_array_equal(histogram(image[::-1, ::-1]), fine)


def test_values_beyond_the_bins() -> None:
    src = np.array([[-1, -np.inf, 0, 0.25, 0.999, 1, 7, np.inf, np.nan]], np.float32)
    assert histogram(src, 4).tolist() == [[3, 1, 0, 4]]
    assert histogram(src, 3).tolist() == [[4, 0, 4]]


def test_agrees_with_opencv_and_numpy() -> None:
    for dtype, bins in (("uint8", 256), ("uint16", 65536)):
        src = noise((48, 60, 3), dtype)
        for c in range(3):
            theirs = cv2.calcHist([src], [c], None, [bins], [0, TOP[dtype] + 1]).ravel()
            np.testing.assert_array_equal(histogram(src, bins)[c], theirs)
            np.testing.assert_array_equal(histogram(src, bins)[c], np.bincount(src[..., c].ravel(), minlength=bins))


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"src": IMAGE.astype(np.int16)}, _checks.DtypeError, "src: expected dtype"),
        ({"bins": 0}, _checks.ParameterError, "bins: expected 1 to 256 for uint8"),
        ({"bins": 512}, _checks.ParameterError, "bins: expected 1 to 256 for uint8"),
        ({"bins": 100}, _checks.ParameterError, "bins: expected a power of two"),
        ({"bins": 16.0}, _checks.KindError, "bins: expected a whole number"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        histogram(**{"src": IMAGE, **arguments})
    assert "\n" not in str(caught.value)
