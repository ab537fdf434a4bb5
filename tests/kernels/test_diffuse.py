"""Error diffusion to a palette."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lumaloom_kernels import _checks, diffuse
from lumaloom_kernels.diffuse import reference
from tests.kernels.arrays import layouts, scene

PALETTES = {count: np.random.default_rng(count).integers(0, 256, (count, 3), np.uint8) for count in (1, 2, 16, 256)}


def picture(height: int, width: int, channels: int = 3) -> Any:
    """Noise above, a smooth part below."""
    image = np.random.default_rng(7).integers(0, 256, (height, width, channels), np.uint8)
    image[height // 2 :, :, :3] = image[height // 2 :, :, :3] // 8 + 100
    return image


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (11, 1), (2, 2), (13, 29)])
@pytest.mark.parametrize("count", PALETTES)
def test_it_is_what_the_definition_says(height: int, width: int, count: int) -> None:
    image = picture(height, width)
    np.testing.assert_array_equal(diffuse(image, PALETTES[count]), reference(image, PALETTES[count]))


@pytest.mark.parametrize("hole", [None, 0, 255])
def test_holes(hole: int | None) -> None:
    image, palette = picture(14, 19, 4), PALETTES[16]
    result = diffuse(image, palette, hole=hole)
    np.testing.assert_array_equal(result, reference(image, palette, hole=hole))
    if hole == 255:
        np.testing.assert_array_equal(result == 255, image[..., 3] < 128)


def test_any_layout() -> None:
    image = picture(12, 21)
    expected = diffuse(image, PALETTES[16])
    for name, copy in layouts(image):
        copy[...] = image
        np.testing.assert_array_equal(diffuse(copy, PALETTES[16]), expected, name)


def test_neighbours_have_the_mean_of_the_picture() -> None:
    image = scene((96, 128, 3), "uint8") // 2 + 60
    palette = np.stack(np.meshgrid(*[(0, 80, 170, 255)] * 3), -1).reshape(-1, 3).astype(np.uint8)
    error = palette[diffuse(image, palette)].astype(float) - image
    boxes = error.reshape(12, 8, 16, 8, 3).mean((1, 3))
    assert np.abs(boxes).max() < 8
    assert np.abs(boxes).mean() < 2


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: diffuse(np.zeros((2, 2, 3), np.uint16), PALETTES[2]), _checks.DtypeError, "src: expected dtype uint8"),
        (lambda: diffuse(np.zeros((2, 2), np.uint8), PALETTES[2]), _checks.ShapeError, "src: expected shape"),
        (lambda: diffuse(picture(2, 2), [[0, 0, 0]]), _checks.KindError, "palette: expected a NumPy"),  # type: ignore[arg-type]
        (lambda: diffuse(picture(2, 2), PALETTES[2].astype(int)), _checks.DtypeError, "palette: expected dtype"),
        (lambda: diffuse(picture(2, 2), PALETTES[2][:, :2]), _checks.ShapeError, "palette: expected shape"),
        (lambda: diffuse(picture(2, 2), PALETTES[2][:0]), _checks.ShapeError, "N from 1 to 256"),
        (lambda: diffuse(picture(2, 2), PALETTES[2], hole=256), _checks.ParameterError, "hole: expected 0 to 255"),
        (lambda: diffuse(picture(2, 2), PALETTES[2], hole=True), _checks.KindError, "hole: expected a whole number"),
    ],
)
def test_what_it_refuses(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
