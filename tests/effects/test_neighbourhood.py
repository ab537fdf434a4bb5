"""Blur and box blur against SciPy and NumPy, on every format that they take."""

from __future__ import annotations

import numpy as np
import pytest

from tests.effects.definitions import FORMATS, SIZES, box, effect, gaussian, noise, rendered, spec, worst

TAKEN = pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.shift == 0])
BORDERS = pytest.mark.parametrize("border", ["reflect101", "replicate"])


@TAKEN
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_blur(name: str, width: int, height: int) -> None:
    src = noise(spec(name, width, height))
    out = rendered(effect("blur sigma=2.4"), src)
    assert out.spec == src.spec
    for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
        expected = gaussian(plane, 2.4 / 2**fmt.sub_x, 2.4 / 2**fmt.sub_y, "reflect101")
        assert worst(result, expected) <= 1
        assert result.max() <= src.format.peak


@BORDERS
@pytest.mark.parametrize("sigma", [0.3, 1, 6, 40])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "rgba", "gbrpf32le"])
def test_blur_at_every_strength(name: str, sigma: float, border: str) -> None:
    src = noise(spec(name, 65, 43))
    out = rendered(effect(f"blur sigma={sigma} border={border}"), src)
    for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
        expected = gaussian(plane, sigma / 2**fmt.sub_x, sigma / 2**fmt.sub_y, border)
        assert worst(result, expected) <= 1


@TAKEN
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_boxblur(name: str, width: int, height: int) -> None:
    """On subsampled planes the radius is divided, halves rounded up: 3 becomes 2."""
    src = noise(spec(name, width, height))
    out = rendered(effect("boxblur radius=3"), src)
    assert out.spec == src.spec
    for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
        expected = box(plane, 2 if fmt.sub_x else 3, 2 if fmt.sub_y else 3, "reflect101")
        assert worst(result, expected) <= 1


@BORDERS
@pytest.mark.parametrize(("radius", "chroma"), [(1, 1), (2, 1), (9, 5), (60, 30)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "rgba", "gbrpf32le"])
def test_boxblur_at_every_strength(name: str, radius: int, chroma: int, border: str) -> None:
    src = noise(spec(name, 37, 21))
    out = rendered(effect(f"boxblur radius={radius} border={border}"), src)
    for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
        expected = box(plane, chroma if fmt.sub_x else radius, chroma if fmt.sub_y else radius, border)
        assert worst(result, expected) <= 1


@pytest.mark.parametrize("call", ["blur sigma=3", "boxblur radius=5"])
@TAKEN
def test_an_even_picture_stays_as_it_is(call: str, name: str) -> None:
    src = noise(spec(name, 33, 17))
    for index, plane in enumerate(src.planes):
        plane[...] = 0.3 if src.format.is_float else (37 * (index + 1)) << (src.format.depth - 8)
    out = rendered(effect(call), src)
    for plane, result in zip(src.planes, out.planes, strict=True):
        if src.format.is_float:
            assert np.allclose(result, plane, rtol=1e-5)
        else:
            assert np.array_equal(result, plane)


@pytest.mark.parametrize("call", ["blur sigma=2", "boxblur radius=3", "resize width=20"])
def test_packed_ten_bits_are_left_to_the_planner(call: str) -> None:
    assert not effect(call).accepts(FORMATS["p010le"])
    assert all(effect(call).accepts(row) for row in FORMATS.values() if row.shift == 0)
