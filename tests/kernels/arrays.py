"""Test images, the memory layouts they come in, and the one table of tolerances."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

DTYPES = ("uint8", "uint16", "float32")
# For sweeps over many shapes: 16 bits, whose code differs from that of 8 and of floats in few places, take their turn
# among the long tests. `test_definitions` has them in the default run too.
SWEPT = ("uint8", pytest.param("uint16", marks=pytest.mark.slow), "float32")
TOP = {"uint8": 255, "uint16": 65535, "float32": 1}

# (relative, absolute) distance from a kernel's reference. Integers: one step, because the sum before
# rounding may lie on the other side of a half.
TOLERANCE = {"uint8": (0.0, 1.0), "uint16": (0.0, 1.0), "float32": (1e-4, 1e-5)}

SHAPES = ((1, 1), (1, 37), (41, 1), (7, 5), (2, 70), (64, 33))


def check(actual: NDArray[Any], expected: NDArray[Any], note: object = "") -> None:
    assert actual.shape == expected.shape, note
    assert actual.dtype == expected.dtype, note
    rtol, atol = TOLERANCE[expected.dtype.name]
    np.testing.assert_allclose(
        actual.astype(np.float64), expected.astype(np.float64), rtol=rtol, atol=atol, err_msg=str(note)
    )


def noise(shape: tuple[int, ...], dtype: str, seed: int = 0) -> NDArray[Any]:
    """Every value as likely as any other: what shrinking finds hardest, together with `bits`."""
    return (np.random.default_rng(seed).random(shape) * TOP[dtype]).astype(dtype)


def bits(shape: tuple[int, ...], dtype: str, seed: int = 0) -> NDArray[Any]:
    """Black and white pixels by chance."""
    return ((np.random.default_rng(seed).random(shape) > 0.5) * TOP[dtype]).astype(dtype)


def scene(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """A slanted edge, a checkerboard, a ramp and a single dot: smooth and sharp parts side by side."""
    height, width = shape[:2]
    y, x = np.indices((height, width))
    image = np.where(x + 2 * y > width, 1.0, x / max(width - 1, 1) / 2)
    image = np.where((y < height // 3) & (x < width // 3), (x + y) % 2, image)
    image[height * 3 // 4, width // 5] = 1
    if len(shape) == 3:
        image = np.stack([np.roll(image, c, axis=1) for c in range(shape[2])], axis=2)
    return (image * TOP[dtype]).astype(dtype)


def layouts(image: NDArray[Any], module: Any = np) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield empty arrays of the shape of ``image``, in all sorts of layouts, by name."""
    height, width = image.shape[:2]
    channels = image.shape[2:]

    def empty(*shape: int) -> Any:
        return module.zeros(shape, image.dtype)

    yield "packed", empty(*image.shape)
    yield "padded rows", empty(height, width + 13, *channels)[:, :width]
    yield "rows upside down", empty(height, width, *channels)[::-1]
    yield "every third row", empty(3 * height, width, *channels)[::3]
    yield "columns mirrored", empty(height, width, *channels)[:, ::-1]
    yield "every second column", empty(height, 2 * width, *channels)[:, ::2]
    yield "transposed", empty(width, height, *channels).swapaxes(0, 1)
    if channels:
        yield "channels of a wider image", empty(height, width, channels[0] + 1)[..., 1:]
        yield "channels mirrored", empty(height, width, channels[0])[..., ::-1]
        yield "planes", empty(channels[0], height, width).transpose(1, 2, 0)
