"""Kernels of several frames: the weighted mean, the median, and the mean of what stays the same."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom_kernels import (
    _checks,
    _frame_blend_cpu,
    frame_blend,
    mix,
    temporal_denoise,
    temporal_median,
)
from lumaloom_kernels.frame_blend import reference as blend_reference
from lumaloom_kernels.temporal_denoise import reference as denoise_reference
from lumaloom_kernels.temporal_median import reference as median_reference
from tests.kernels.arrays import DTYPES, TOP, check, layouts, noise

SHAPES = [(1, 1), (1, 37), (41, 1), (7, 5), (9, 70), (33, 201, 3), (20, 130, 2)]


def frames(count: int, shape: tuple[int, ...], dtype: str) -> list[Any]:
    return [noise(shape, dtype, seed) for seed in range(count)]


@pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "float"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_frame_blend(dtype: str, fixed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fixed:
        monkeypatch.setattr(_frame_blend_cpu, "has_fixed_point", lambda: False)
    for shape in SHAPES:
        for count, weights in ((1, None), (2, [3, 1]), (3, None), (5, [1, 2, 0, 2, 1e-3]), (16, None), (17, None)):
            images = frames(count, shape, dtype)
            result = frame_blend(images, weights)
            check(result, blend_reference(images, weights), (shape, count))
            assert frame_blend(images, weights, threads=3).tobytes() == result.tobytes()
    level = images[0]
    np.testing.assert_allclose(frame_blend([level] * 7, range(7)), level, rtol=1e-6)  # type: ignore[arg-type]
    check(frame_blend(images[:2], [0.75, 0.25]), mix(images[0], images[1], 0.25))


@pytest.mark.parametrize("count", [3, 5])
@pytest.mark.parametrize("dtype", DTYPES)
def test_temporal_median(dtype: str, count: int) -> None:
    for shape in SHAPES:
        images = frames(count, shape, dtype)
        result = temporal_median(images)
        np.testing.assert_array_equal(result, median_reference(images))
        assert temporal_median(images[::-1], threads=3).tobytes() == result.tobytes()
    values = np.array([0, 1, 2, 2, TOP[dtype]], dtype)
    every = np.stack(np.meshgrid(*[values] * count), axis=-1).reshape(1, -1, count)
    images = [np.ascontiguousarray(every[..., k]) for k in range(count)]
    np.testing.assert_array_equal(temporal_median(images), median_reference(images))


@pytest.mark.parametrize("dtype", DTYPES)
def test_temporal_denoise(dtype: str) -> None:
    for shape in SHAPES:
        for count, centre in ((1, None), (2, 0), (3, None), (5, 4)):
            images = frames(count, shape, dtype)
            result = temporal_denoise(images, 0.3 * TOP[dtype], centre=centre)
            check(result, denoise_reference(images, 0.3 * TOP[dtype], centre=centre), (shape, count))
            again = temporal_denoise(images, 0.3 * TOP[dtype], centre=centre, threads=3)
            assert again.tobytes() == result.tobytes()
    flat = np.full((9, 70), TOP[dtype] / 2, dtype)
    np.testing.assert_array_equal(temporal_denoise([flat, flat, flat], 1e-6), flat)
    far = (flat + TOP[dtype] / 4).astype(dtype)
    np.testing.assert_array_equal(temporal_denoise([far, flat, far], 0.2 * TOP[dtype]), flat)


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(DTYPES), st.integers(1, 5), st.floats(0.01, 2), st.integers(0, 99))
def test_what_is_made_lies_between(dtype: str, count: int, threshold: float, seed: int) -> None:
    images = [noise((3, 71), dtype, seed + number) for number in range(count)]
    low, high = np.min(images, axis=0).astype(float), np.max(images, axis=0).astype(float)
    slack = 1e-6 if dtype == "float32" else 0
    for result in (frame_blend(images), temporal_denoise(images, threshold * TOP[dtype])):
        assert (result >= low - slack).all()
        assert (result <= high + slack).all()


def test_what_is_not_finite() -> None:
    images = frames(3, (2, 70), "float32")
    clean = [image.copy() for image in images]
    images[0][0, 3], images[1][1, 4], images[2][0, 5] = np.nan, np.inf, -np.inf
    blended = frame_blend(images)
    assert (~np.isfinite(blended)).sum() == 3
    np.testing.assert_array_equal(frame_blend(images, [0, 0, 1])[1], images[2][1])
    denoised = temporal_denoise(images, 0.2)
    assert denoised[1, 4] == np.inf
    expected = temporal_denoise(clean, 0.2)
    expected[1, 4], expected[0, 3] = np.inf, temporal_denoise(clean[1:], 0.2, centre=0)[0, 3]
    expected[0, 5] = temporal_denoise(clean[:2], 0.2)[0, 5]
    np.testing.assert_allclose(denoised, expected, rtol=1e-6)
    assert np.isfinite(temporal_median([images[0], *clean[1:]])).all()


@pytest.mark.parametrize("name", ["blend", "median", "denoise"])
def test_any_layout(name: str) -> None:
    denoise = partial(temporal_denoise, threshold=60)
    kernel: Any = {"blend": frame_blend, "median": temporal_median, "denoise": denoise}[name]
    images = frames(3, (45, 83, 3), "uint8")
    expected = kernel(images)
    for layout, array in layouts(images[0]):
        assert kernel(images, out=array) is array
        np.testing.assert_array_equal(array, expected, layout)
        array[...] = images[1]
        np.testing.assert_array_equal(kernel([images[0], array, images[2]]), expected, layout)
    frame = np.full((47, 93, 3), 77, np.uint8)
    kernel(images, out=frame[1:-1, 5:88])
    frame[1:-1, 5:88] = 77
    assert (frame == 77).all()


IMAGE = np.zeros((8, 6, 3), np.uint8)
THREE = [IMAGE, IMAGE.copy(), IMAGE.copy()]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: frame_blend(IMAGE), _checks.KindError, "frames: expected a list or tuple"),  # type: ignore[arg-type]
        (lambda: frame_blend([]), _checks.ParameterError, "frames: expected 1 to 64 frames, got 0"),
        (lambda: frame_blend([IMAGE, IMAGE[:4]]), _checks.ShapeError, r"frames\[1\]: expected shape"),
        (lambda: frame_blend([IMAGE, IMAGE.astype(float)]), _checks.DtypeError, r"frames\[1\]: expected dtype"),
        (lambda: frame_blend([IMAGE, None]), _checks.KindError, r"frames\[1\]: expected"),
        (lambda: frame_blend(THREE, [1, 2]), _checks.ShapeError, "weights: expected shape"),
        (lambda: frame_blend(THREE, [1, -1, 2]), _checks.ParameterError, "weights: expected numbers of at least 0"),
        (lambda: frame_blend(THREE, [0, 0, 0]), _checks.ParameterError, "weights: expected"),
        (lambda: frame_blend(THREE, [1, 1, np.nan]), _checks.ParameterError, "weights: expected finite"),
        (lambda: frame_blend(THREE, out=THREE[2]), _checks.OutputError, "memory apart"),
        (lambda: frame_blend(THREE, threads=0), _checks.ParameterError, "threads"),
        (lambda: temporal_median(THREE[:2]), _checks.ParameterError, "frames: expected 3 or 5 frames, got 2"),
        (lambda: temporal_median(THREE, out=THREE[1]), _checks.OutputError, "memory apart"),
        (lambda: temporal_denoise(THREE, 0), _checks.ParameterError, "threshold: expected"),
        (lambda: temporal_denoise(THREE, float("nan")), _checks.ParameterError, "threshold: expected"),
        (lambda: temporal_denoise(THREE, 3, centre=3), _checks.ParameterError, "centre: expected a frame from 0 to 2"),
        (lambda: temporal_denoise(THREE, 3, centre=1.0), _checks.KindError, "centre"),  # type: ignore[arg-type]
        (lambda: temporal_denoise(THREE, 3, out=IMAGE[:2]), _checks.OutputError, "out: expected shape"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
