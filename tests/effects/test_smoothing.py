"""The bilateral filter and motion blur against their definitions in float64, on every format that they take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import ndimage  # type: ignore[import-untyped]

from tests.effects.definitions import FORMATS, MODES, SIZES, by_channel, effect, noise, rendered, spec, worst

TAKEN = pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.shift == 0])


def bilateral(colour: Any, radius: tuple[int, int], reach: float, sigma: tuple[float, float]) -> Any:
    """Filter pixels whose channels are one colour."""
    (rx, ry), (sx, sy) = radius, sigma
    around = np.pad(colour, ((ry, ry), (rx, rx), (0, 0)), "reflect")
    total, weights = np.zeros(colour.shape), np.zeros((*colour.shape[:2], 1))
    for y in range(-ry, ry + 1):
        for x in range(-rx, rx + 1):
            if math.hypot(x / rx, y / ry) > 1 + 1e-9:
                continue
            other = around[ry + y : ry + y + colour.shape[0], rx + x : rx + x + colour.shape[1]]
            far = abs(other - colour).sum(axis=2, keepdims=True) / reach
            weight = np.exp(-(far**2 + (x / sx) ** 2 + (y / sy) ** 2) / 2)
            total, weights = total + weight * other, weights + weight
    return total / weights


@TAKEN
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_bilateral(name: str, width: int, height: int) -> None:
    """On subsampled planes the radius 3 becomes 2; chroma and RGB are one colour each, whatever the layout."""
    src = noise(spec(name, width, height))
    out = rendered(effect("bilateral radius=3 color=0.4 sigma=1.5"), src)
    assert out.spec == src.spec
    black, white = src.spec.levels
    found: dict[str, tuple[Any, Any, Any]] = {}
    for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
        for i, channel in enumerate(fmt.channels):
            found[channel] = (plane, result, fmt) if plane.ndim == 2 else (plane[..., i], result[..., i], fmt)
    for group in ("y", "uv", "rgb"):
        if group[0] not in found:
            continue
        colour = np.stack([found[channel][0] for channel in group], axis=-1).astype(np.float64)
        fmt = found[group[0]][2]
        radius = 2 if fmt.sub_x else 3, 2 if fmt.sub_y else 3
        sigma = 1.5 / 2**fmt.sub_x, 1.5 / 2**fmt.sub_y
        expected = bilateral(colour, radius, 0.4 * (white - black), sigma)
        for i, channel in enumerate(group):
            assert worst(found[channel][1], expected[..., i]) <= 1
    if "a" in found:
        assert np.array_equal(found["a"][0], found["a"][1])


def line(x: float, y: float) -> Any:
    """Return the weights of a line that reaches ``x`` to the right and ``y`` up from its middle."""
    if abs(y) > abs(x):
        return line(-y, -x).T
    half = max(abs(x), 0.5)
    size = math.ceil(half) + 1
    kernel = np.zeros((2 * size + 1, 2 * size + 1))
    for i in range(-size, size + 1):
        part = min(max(half + 0.5 - abs(i), 0), 1)
        for j in range(-size, size + 1):
            kernel[size + j, size + i] = part * max(1 - abs(j + i * y / x), 0) if x else part * (j == 0)
    return kernel / kernel.sum()


@TAKEN
@pytest.mark.parametrize(("length", "angle", "border"), [(9, 25, "reflect101"), (20, 90, "replicate")])
def test_motionblur(name: str, length: float, angle: float, border: str) -> None:
    """On subsampled planes the line is as much shorter, and turned where one side alone is subsampled."""
    turn = math.radians(angle)
    for width, height in SIZES:
        src = noise(spec(name, width, height))
        out = rendered(effect(f"motionblur length={length} angle={angle} border={border}"), src)
        assert out.spec == src.spec
        for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
            x, y = length * math.cos(turn) / 2 / 2**fmt.sub_x, length * math.sin(turn) / 2 / 2**fmt.sub_y
            kernel = line(x, y)
            expected = by_channel(plane, lambda c, k=kernel: ndimage.correlate(c, k, mode=MODES[border]))
            assert worst(result, expected) <= 1


def test_motionblur_goes_where_it_points() -> None:
    src = noise(spec("gray", 41, 41))
    src.planes[0][...] = 0
    src.planes[0][20, 20] = 255
    for angle, (y, x) in {0: (20, 23), 90: (17, 20), 45: (18, 22), 135: (18, 18), -45: (22, 22)}.items():
        result = rendered(effect(f"motionblur length=9 angle={angle}"), src).planes[0]
        assert result[y, x] > 20
        assert result[40 - y, 40 - x] == result[y, x]


@pytest.mark.parametrize("call", ["bilateral", "motionblur"])
def test_packed_ten_bits_are_left_to_the_planner(call: str) -> None:
    assert not effect(call).accepts(FORMATS["p010le"])
