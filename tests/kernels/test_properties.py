"""What must hold of a blur whatever the image."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lumaloom_kernels
from tests.kernels.arrays import DTYPES, TOLERANCE, TOP, noise

SIGMAS = st.one_of(st.floats(0, 12), st.floats(0, 200))
RADII = st.one_of(st.integers(0, 9), st.integers(0, 300))
STRENGTH = st.one_of(
    st.tuples(st.just("gaussian_blur"), st.one_of(SIGMAS, st.tuples(SIGMAS, SIGMAS))),
    st.tuples(st.just("box_blur"), st.one_of(RADII, st.tuples(RADII, RADII))),
)
SIZES = st.tuples(st.integers(1, 70), st.integers(1, 70))
CHANNELS = st.sampled_from([(), (1,), (2,), (3,), (4,)])
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)


def run(image: Any, how: tuple[str, Any], **options: Any) -> Any:
    return getattr(lumaloom_kernels, how[0])(image, how[1], **options)


def step(dtype: str) -> float:
    return 1e-5 if dtype == "float32" else 1.0


@EXAMPLES
@given(STRENGTH, SIZES, CHANNELS, st.sampled_from(DTYPES), st.floats(0, 1))
def test_a_constant_image_stays(how: Any, size: Any, channels: Any, dtype: str, level: float) -> None:
    for border in ("reflect101", "replicate"):
        image = np.full((*size, *channels), level * TOP[dtype], dtype)
        np.testing.assert_allclose(run(image, how, border=border), image, rtol=2e-6, atol=0)


@EXAMPLES
@given(STRENGTH, SIZES, st.sampled_from(DTYPES), st.integers(0, 1000))
def test_results_stay_in_the_range_of_the_source(how: Any, size: Any, dtype: str, seed: int) -> None:
    image = noise(size, dtype, seed)
    result = run(image, how).astype(float)
    assert result.min() >= image.min() - step(dtype)
    assert result.max() <= image.max() + step(dtype)


@EXAMPLES
@given(STRENGTH, SIZES, CHANNELS, st.sampled_from(DTYPES), st.integers(0, 1000))
def test_mirrored_images_give_mirrored_results(how: Any, size: Any, channels: Any, dtype: str, seed: int) -> None:
    image = noise((*size, *channels), dtype, seed)
    result = run(image, how).astype(float)
    rtol, atol = TOLERANCE[dtype]
    for axis in (0, 1):
        mirrored = run(np.ascontiguousarray(np.flip(image, axis)), how).astype(float)
        np.testing.assert_allclose(np.flip(mirrored, axis), result, rtol=2 * rtol, atol=2 * atol)


@EXAMPLES
@given(STRENGTH, SIZES, CHANNELS, st.sampled_from(DTYPES), st.integers(2, 9))
def test_channels_do_not_mix(how: Any, size: Any, channels: Any, dtype: str, seed: int) -> None:
    image = noise((*size, *channels), dtype, seed)
    result = run(image, how).reshape(*size, -1)
    planes = image.reshape(*size, -1)
    rtol, atol = TOLERANCE[dtype]
    for c in range(planes.shape[2]):
        alone = run(np.ascontiguousarray(planes[..., c]), how)
        np.testing.assert_allclose(result[..., c].astype(float), alone.astype(float), rtol=rtol, atol=atol)


@EXAMPLES
@given(STRENGTH, SIZES, st.sampled_from(DTYPES), st.integers(2, 9))
def test_threads_change_no_bit(how: Any, size: Any, dtype: str, threads: int) -> None:
    image = noise((*size, 3), dtype)
    assert run(image, how, threads=threads).tobytes() == run(image, how).tobytes()


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.9, 4.5, 6.0, 8.0, 10.0, 15.0])
def test_an_impulse_becomes_a_symmetric_bell_of_sum_one(sigma: float) -> None:
    size = 181
    image = np.zeros((size, size), np.float32)
    image[90, 90] = 1
    bell = lumaloom_kernels.gaussian_blur(image, sigma).astype(float)
    assert bell.sum() == pytest.approx(1, abs=2e-5)
    for other in (bell[::-1], bell[:, ::-1], bell.T):
        np.testing.assert_allclose(bell, other, rtol=1e-3, atol=1e-8)
    position = np.arange(size) - 90.0
    if sigma >= 1:  # below, the sampled bell is narrower than its name
        assert (bell.sum(0) * position**2).sum() == pytest.approx(sigma**2, rel=1e-3)


@pytest.mark.parametrize("radius", [1, 5, 6, 20])
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_impulse_becomes_a_flat_square(radius: int, dtype: str) -> None:
    image = np.zeros((60, 70, 3), dtype)
    image[30, 40, 1] = TOP[dtype]
    square = lumaloom_kernels.box_blur(image, radius)
    expected = np.zeros_like(square)
    mean = TOP[dtype] / (2 * radius + 1) ** 2
    level = mean if dtype == "float32" else round(mean)
    expected[30 - radius : 31 + radius, 40 - radius : 41 + radius, 1] = level
    np.testing.assert_allclose(square, expected, rtol=1e-6, atol=1e-12)
