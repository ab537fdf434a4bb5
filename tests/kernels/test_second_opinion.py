"""Two other libraries agree: SciPy in float64 and OpenCV, with the tolerance stated at each."""

import cv2
import numpy as np
import pytest
from scipy import ndimage

import lumaloom_kernels
from tests.kernels.arrays import scene


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0, 4.0, 5.0, 8.0, 10.0, 20.0])
def test_gaussian_and_scipy(sigma: float) -> None:
    # SciPy cuts off where it is told to: five sigma, like the definition; "mirror" is reflect101
    image = scene((150, 190), "float32")
    other = ndimage.gaussian_filter(image.astype(float), sigma, mode="mirror", radius=int(np.ceil(5 * sigma)))
    np.testing.assert_allclose(lumaloom_kernels.gaussian_blur(image, sigma), other, rtol=1e-4, atol=1e-5)
    image = scene((150, 190), "uint16")
    other = ndimage.gaussian_filter(image.astype(float), sigma, mode="mirror", radius=int(np.ceil(5 * sigma)))
    assert abs(lumaloom_kernels.gaussian_blur(image, sigma) - other).max() <= 1.5


@pytest.mark.parametrize("sigma", [0.8, 1.0, 2.0, 5.0, 10.0])
def test_gaussian_and_opencv(sigma: float) -> None:
    # OpenCV has weights of 8 bits for 8-bit images: it is itself up to 2 steps from the definition
    image = scene((150, 190, 3), "uint8")
    size = 2 * int(np.ceil(5 * sigma)) + 1
    other = cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101)
    assert abs(lumaloom_kernels.gaussian_blur(image, sigma).astype(int) - other).max() <= 3


@pytest.mark.parametrize("radius", [1, 3, 7, 15])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_box_and_opencv(radius: int, dtype: str) -> None:
    image = scene((150, 190, 3), dtype)
    size = 2 * radius + 1
    for border, flag in (("reflect101", cv2.BORDER_REFLECT_101), ("replicate", cv2.BORDER_REPLICATE)):
        other = cv2.blur(image, (size, size), borderType=flag)
        result = lumaloom_kernels.box_blur(image, radius, border=border)
        assert abs(result.astype(int) - other).max() <= 1
