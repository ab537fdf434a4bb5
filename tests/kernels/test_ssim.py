"""SSIM against its definition and scikit-image."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from benchmarks import compositing_peers
from lumaloom_kernels import _checks, gaussian_blur, ssim
from lumaloom_kernels.ssim import reference
from tests.kernels.arrays import DTYPES, TOP, layouts, noise

SHAPES = [(11, 11), (11, 37), (41, 11), (12, 15), (33, 201, 3), (31, 300, 4), (20, 70, 2), (24, 1100)]


def pair(shape: tuple[int, ...], dtype: str, strength: float = 0.05) -> tuple[Any, Any]:
    smooth = gaussian_blur(noise(shape, "float32"), 2.0)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    noisy = np.clip(smooth + strength * (noise(shape, "float32", 1) - 0.5), 0, 1)
    return (smooth * TOP[dtype]).astype(dtype), (noisy * TOP[dtype]).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_matches_reference(dtype: str) -> None:
    for shape in SHAPES:
        for strength in (0.05, 0.5):
            a, b = pair(shape, dtype, strength)
            value = ssim(a, b)
            assert value == pytest.approx(reference(a, b), abs=1e-5), shape
            assert ssim(a, b, peak=0.7 * TOP[dtype]) == pytest.approx(reference(a, b, peak=0.7 * TOP[dtype]), abs=1e-5)
            assert {ssim(a, b, threads=threads) for threads in (1, 2, 3, 7)} == {value}
            assert ssim(a, a) == 1
    for level in (0.0, 0.5, 1.0):  # nothing but rounding is left of the variance
        flat = np.full((40, 50), level * TOP[dtype], dtype)
        other = np.full((40, 50), 0.9 * level * TOP[dtype], dtype)
        assert ssim(flat, other) == pytest.approx(reference(flat, other), abs=1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_agrees_with_scikit_image(dtype: str) -> None:
    a, b = pair((64, 80, 3), dtype)
    options = {"gaussian_weights": True, "use_sample_covariance": False, "sigma": 1.5}
    theirs = structural_similarity(a, b, data_range=TOP[dtype], channel_axis=2, **options)
    assert ssim(a, b) == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_blocks_match_the_definition(dtype: str) -> None:
    channels = {"uint8": ((), (3,)), "uint16": ((),), "float32": ((4,),)}[dtype]
    for size in ((8, 8), (9, 31), (43, 33), (24, 300)):
        for some in channels:
            a, b = pair((*size, *some), dtype, 0.2)
            value = ssim(a, b, window="block")
            assert value == pytest.approx(reference(a, b, window="block"), abs=1e-6), size
            half = 0.5 * TOP[dtype]
            expected = reference(a, b, peak=half, window="block")
            assert ssim(a, b, peak=half, window="block") == pytest.approx(expected, abs=1e-6)
            assert {ssim(a, b, window="block", threads=threads) for threads in (1, 2, 5)} == {value}
            assert ssim(np.asfortranarray(a), np.repeat(b, 2, 1)[:, ::2], window="block") == value
            assert ssim(a, a, window="block") == 1
    extremes = np.full((24, 70), 0, dtype), np.full((24, 70), TOP[dtype], dtype)
    extremes[0][:, ::2] = TOP[dtype]  # the largest moments that there are
    assert ssim(*extremes, window="block") == pytest.approx(reference(*extremes, window="block"), abs=1e-6)


def test_blocks_are_ffmpegs() -> None:
    a, b = pair((70, 92), "uint8", 0.3)
    call = compositing_peers.pair_of((a, b), "ssim", "", 1)
    assert call is not None
    theirs: Any = call()
    assert ssim(a, b, window="block") == pytest.approx(float(theirs.metadata["lavfi.ssim.All"]), abs=2e-6)


def test_blocks_of_what_is_not_finite() -> None:
    for value in (np.nan, np.inf):
        a, b = pair((24, 40, 4), "float32")
        b[15, 33, 1] = value
        assert math.isnan(ssim(a, b, window="block"))


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(DTYPES), st.integers(11, 40), st.integers(11, 90), st.integers(0, 99))
def test_symmetric_and_bounded(dtype: str, height: int, width: int, seed: int) -> None:
    a, b = noise((height, width), dtype, seed), noise((height, width), dtype, seed + 1)
    value = ssim(a, b)
    assert -1 <= value <= 1
    assert ssim(b, a) == pytest.approx(value, abs=1e-6)
    assert ssim(a[::-1, ::-1], b[::-1, ::-1]) == pytest.approx(value, abs=1e-6)
    top = np.array(TOP[dtype], dtype)
    assert ssim((top - a).astype(dtype), a) < 0.1


def test_any_layout() -> None:
    a, b = pair((45, 83, 3), "uint8")
    expected = ssim(a, b)
    for name, array in layouts(a):
        array[...] = a
        assert ssim(array, b) == expected, name


def test_what_is_not_finite() -> None:
    a, b = pair((30, 70), "float32")
    b[15, 33] = np.nan
    assert math.isnan(ssim(a, b))
    b[15, 33] = np.inf
    assert math.isnan(ssim(a, b))


IMAGE = np.zeros((18, 16, 3), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"a": IMAGE.astype(np.int16)}, _checks.DtypeError, "a: expected dtype"),
        ({"b": IMAGE[:4]}, _checks.ShapeError, "b: expected shape"),
        ({"b": IMAGE.astype(np.uint16)}, _checks.DtypeError, "b: expected dtype uint8"),
        ({"a": IMAGE[:10], "b": IMAGE[:10]}, _checks.ShapeError, "a: expected at least 11 rows and columns"),
        ({"a": IMAGE[:, :10], "b": IMAGE[:, :10]}, _checks.ShapeError, "a: expected at least 11"),
        ({"a": IMAGE[:7], "b": IMAGE[:7], "window": "block"}, _checks.ShapeError, "a: expected at least 8 rows"),
        ({"window": "box"}, _checks.ParameterError, "window: expected one of gaussian, block, got 'box'"),
        ({"window": 8}, _checks.ParameterError, "window: expected one of"),
        ({"peak": 0}, _checks.ParameterError, "peak: expected a number above 0"),
        ({"peak": "255"}, _checks.KindError, "peak: expected a number"),
        ({"threads": 0}, _checks.ParameterError, "threads"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        ssim(**{"a": IMAGE, "b": IMAGE, **arguments})
    assert "\n" not in str(caught.value)
