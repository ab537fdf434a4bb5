"""Arrays of any strides go in and out; memory that is not the result's is left alone."""

from typing import Any

import numpy as np
import pytest

import lumaloom_kernels
from tests.kernels.arrays import DTYPES, layouts, noise
from tests.kernels.conftest import Device

BLURS = (
    ("gaussian_blur", 1.3),
    ("gaussian_blur", 9.0),
    ("gaussian_blur", (0.0, 15.0)),
    ("box_blur", 2),
    ("box_blur", (9, 11)),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "strength"), BLURS)
@pytest.mark.parametrize("shape", [(23, 31, 3), (23, 31), (6, 90, 4)])
def test_any_layout(device: Device, name: str, strength: Any, shape: tuple[int, ...], dtype: str) -> None:
    blur = getattr(lumaloom_kernels, name)
    image = noise(shape, dtype)
    expected = device.get(blur(device.put(image), strength))
    for layout, view in layouts(image, device.module):
        view[...] = device.put(image)
        before = device.get(view).copy()
        result = device.get(blur(view, strength))
        np.testing.assert_array_equal(result, expected, err_msg=f"src {layout}")
        np.testing.assert_array_equal(device.get(view), before, err_msg=f"src {layout} was written")
    for layout, out in layouts(image, device.module):
        assert blur(device.put(image), strength, out=out) is out
        np.testing.assert_array_equal(device.get(out), expected, err_msg=f"out {layout}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "strength"), BLURS)
def test_bytes_around_the_output_are_untouched(device: Device, name: str, strength: Any, dtype: str) -> None:
    for height, width in ((19, 29), (1, 200), (40, 3)):
        frame = device.module.full((height + 2, width + 40, 3), 77, dtype)
        image = device.put(noise((height, width, 3), dtype))
        getattr(lumaloom_kernels, name)(image, strength, out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (device.get(frame) == 77).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "strength"), [*BLURS, ("gaussian_blur", 40.0), ("box_blur", 60)])
def test_threads_change_no_bit(name: str, strength: Any, dtype: str) -> None:
    blur = getattr(lumaloom_kernels, name)
    for shape in ((301, 67, 3), (5, 40)):
        image = noise(shape, dtype)
        if dtype == "float32":  # so wide a range that the order of a sum shows
            image = 10 ** (16 * image - 8)
        one = blur(image, strength)
        for threads in (1, 2, 3, 7, 64):
            assert blur(image, strength, threads=threads).tobytes() == one.tobytes(), (shape, threads)


def test_calls_from_many_threads_do_not_meet() -> None:
    from concurrent.futures import ThreadPoolExecutor

    images = [noise((120, 90, 3), dtype, seed) for seed in range(4) for dtype in DTYPES]
    expected = [lumaloom_kernels.gaussian_blur(image, 7.0).tobytes() for image in images]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            results = pool.map(lambda image: lumaloom_kernels.gaussian_blur(image, 7.0, threads=2), images)
            assert [result.tobytes() for result in results] == expected


def test_working_memory_too_large_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    from lumaloom_kernels import _scratch

    image = noise((900, 1500, 3), "float32")
    expected = [lumaloom_kernels.gaussian_blur(image, sigma) for sigma in (5.0, 40.0)]
    monkeypatch.setattr(_scratch, "KEPT_BYTES", 0)
    monkeypatch.setattr(_scratch, "_kept", _scratch._Kept())
    for sigma, result in zip((5.0, 40.0), expected, strict=True):
        np.testing.assert_array_equal(lumaloom_kernels.gaussian_blur(image, sigma), result)


def test_read_only_source() -> None:
    image = noise((20, 20), "uint8")
    expected = lumaloom_kernels.gaussian_blur(image, 2.0)
    image.flags.writeable = False
    np.testing.assert_array_equal(lumaloom_kernels.gaussian_blur(image, 2.0), expected)


@pytest.mark.parametrize(("name", "strength", "reach"), [("gaussian_blur", 2.0, 10), ("box_blur", 9, 9)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_stays_near(name: str, strength: Any, reach: int, value: float) -> None:
    image = noise((80, 90), "float32")
    clean = getattr(lumaloom_kernels, name)(image, strength)
    image[40, 30] = value
    result = getattr(lumaloom_kernels, name)(image, strength)
    assert not np.isfinite(result[40, 30])
    near = np.zeros(image.shape, bool)
    near[40 - reach : 41 + reach, 30 - reach : 31 + reach] = True
    np.testing.assert_allclose(result[~near], clean[~near], rtol=1e-6)
