"""Means of 3 by 3 pixels in rows that are long enough to be followed down the image."""

import numpy as np
import pytest

from lumaloom_kernels import box_blur
from lumaloom_kernels.box_blur import reference
from tests.kernels.arrays import DTYPES, check, noise


@pytest.mark.parametrize("dtype", DTYPES)
def test_means_of_nine(dtype: str) -> None:
    for shape in ((1, 300), (2, 301), (41, 250), (19, 77, 3), (9, 67, 4)):
        image = noise(shape, dtype)
        image[0] = image.max()
        for border in ("reflect101", "replicate", "constant"):
            result, expected = box_blur(image, 1, border=border), reference(image, 1, border=border)  # type: ignore[arg-type]
            check(result, expected, (shape, border))
            if dtype != "float32":
                np.testing.assert_array_equal(result, expected, str((shape, border)))
        assert box_blur(image, 1, border="constant", threads=3).tobytes() == result.tobytes()


def test_every_sum_of_bytes() -> None:
    """From 0 to 9 * 255, each by a window of its own."""
    sums = np.arange(9 * 255 + 1)
    windows = [np.clip(sums - 255 * number, 0, 255) for number in range(9)]
    columns = np.stack([windows[number::3] for number in range(3)], axis=-1).reshape(3, -1).astype(np.uint8)
    middle = box_blur(columns, 1)[1, 1::3]
    np.testing.assert_array_equal(middle, (2 * sums + 9) // 18)
    with np.errstate(invalid="ignore"):
        hole = np.zeros((20, 90), np.float32)
        hole[9, 40] = np.nan
        assert np.isnan(box_blur(hole, 1)).sum() == 9
