"""PSNR, and mean and standard deviation, against their definitions."""

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import _checks, mean_std, psnr
from lumaloom_kernels.mean_std import reference as moments_reference
from lumaloom_kernels.psnr import reference
from tests.kernels.arrays import DTYPES, TOP, layouts, noise

SHAPES = [(1, 1), (1, 37), (41, 1), (7, 5), (333, 201), (9, 300, 1), (91, 257, 3), (2, 40000, 3)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_match_reference(dtype: str) -> None:
    for shape in SHAPES:
        a, b = noise(shape, dtype, 1), noise(shape, dtype, 2)
        assert psnr(a, b) == pytest.approx(reference(a, b), abs=1e-6), shape
        assert psnr(a, b, threads=3) == psnr(a, b)
        assert psnr(a, b, peak=100) == pytest.approx(reference(a, b, peak=100), abs=1e-6)
        for got, expected in zip(mean_std(a), moments_reference(a), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * TOP[dtype], err_msg=str(shape))
        for one, many in zip(mean_std(a), mean_std(a, threads=3), strict=True):
            assert one.tobytes() == many.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_layout(dtype: str) -> None:
    a, b = noise((45, 83, 3), dtype, 1), noise((45, 83, 3), dtype, 2)
    ratio, moments = psnr(a, b), np.concatenate(mean_std(a))
    for name, array in layouts(a):
        array[...] = a
        assert psnr(array, b) == pytest.approx(ratio, abs=1e-9), name
        np.testing.assert_allclose(np.concatenate(mean_std(array)), moments, rtol=1e-9, err_msg=name)


@settings(deadline=None)
@given(st.sampled_from(["uint8", "uint16"]), st.integers(1, 300), st.integers(1, 9), st.integers(0, 9))
def test_whole_numbers_are_exact(dtype: str, width: int, height: int, level: int) -> None:
    flat = np.full((height, width), TOP[dtype] - level, dtype)
    mean, std = mean_std(flat)
    assert (mean.tolist(), std.tolist()) == ([TOP[dtype] - level], [0.0])
    assert psnr(flat, flat) == math.inf
    if level:
        brighter = flat + level
        assert psnr(flat, brighter.astype(dtype)) == pytest.approx(20 * math.log10(TOP[dtype] / level), abs=1e-9)


def test_sums_do_not_overflow() -> None:
    white = np.full((1, 1 << 21), 255, np.uint8)
    assert psnr(white, np.zeros_like(white)) == pytest.approx(0, abs=1e-12)
    assert mean_std(white)[0] == 255
    white16 = np.full((3, 1 << 20), 65535, np.uint16)
    white16[1] = 0
    assert psnr(white16, np.zeros_like(white16)) == pytest.approx(10 * math.log10(1.5), abs=1e-12)
    assert mean_std(white16)[0] == 43690


def test_what_is_not_finite() -> None:
    a = noise((9, 80), "float32")
    b = a.copy()
    b[3, 4] = np.nan
    assert math.isnan(psnr(a, b))
    assert np.isnan(mean_std(b)).all()
    b[3, 4] = np.inf
    assert psnr(a, b) == -math.inf
    assert np.isnan(mean_std(b)).all()


def test_agree_with_opencv() -> None:
    for dtype in DTYPES:
        a, b = noise((48, 60, 3), dtype, 1), noise((48, 60, 3), dtype, 2)
        assert psnr(a, b) == pytest.approx(cv2.PSNR(a, b, TOP[dtype]), abs=1e-6)
        for got, expected in zip(mean_std(a), cv2.meanStdDev(a), strict=True):
            np.testing.assert_allclose(got, expected.ravel(), rtol=1e-6)


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"a": IMAGE.astype(np.int16)}, _checks.DtypeError, "a: expected dtype"),
        ({"b": IMAGE[:4]}, _checks.ShapeError, "b: expected shape"),
        ({"b": IMAGE.astype(np.uint16)}, _checks.DtypeError, "b: expected dtype uint8"),
        ({"peak": 0}, _checks.ParameterError, "peak: expected a number above 0"),
        ({"peak": float("nan")}, _checks.ParameterError, "peak: expected a number above 0"),
        ({"peak": "255"}, _checks.KindError, "peak: expected a number"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        psnr(**{"a": IMAGE, "b": IMAGE, **arguments})
    assert "\n" not in str(caught.value)
    with pytest.raises(_checks.ShapeError, match="src: expected at least one row"):
        mean_std(IMAGE[:0])
