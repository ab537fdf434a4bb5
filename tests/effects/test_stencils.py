"""Sharpen, convolve and edges against SciPy and NumPy, on every format that they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage  # type: ignore[import-untyped]

from lumaloom.effect import Frame, ParameterError
from lumaloom.frame import Colour, Model, Range
from tests.effects.definitions import FORMATS, SIZES, channels, effect, gaussian, noise, rendered, spec, worst

TAKEN = pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.shift == 0])
RANGES = (Range.LIMITED, Range.FULL)
MATRIX = "1 -2 0.5; 0 3 -1; 0.25 0 1"


def levels(src: Frame) -> tuple[float, float]:
    row = src.format
    if row.is_float:
        return 0.0, 1.0
    if src.spec.colour.range is Range.FULL:
        return 0.0, 2.0**row.depth - 1
    return 16.0 * 2 ** (row.depth - 8), 235.0 * 2 ** (row.depth - 8)


def compare(src: Frame, out: Frame, wanted: Any, steps: float = 1) -> None:
    """Compare channel by channel with ``wanted(channel, plane format, name)``; None stands for what came."""
    assert out.spec == src.spec
    for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
        for name, before, after in zip(fmt.channels, channels(plane), channels(result), strict=True):
            expected = wanted(before.astype(np.float64), fmt, name)
            if expected is None:
                assert np.array_equal(before, after), name
                continue
            if not src.format.is_float:
                expected = expected.clip(0, src.format.peak)
            assert worst(after, expected) <= steps, name
            assert src.format.is_float or after.max() <= src.format.peak


@TAKEN
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_sharpen(name: str, width: int, height: int) -> None:
    for number, (chroma, threshold) in enumerate(((False, 0), (True, 0.1))):
        src = noise(spec(name, width, height, Colour(range=RANGES[number])))
        black, white = levels(src)
        least = threshold * (white - black)

        def wanted(plane: Any, fmt: Any, channel: str, chroma: bool = chroma, least: float = least) -> Any:
            if channel == "a" or (channel in "uv" and not chroma):
                return None
            detail = plane - gaussian(plane, 1.3 / 2**fmt.sub_x, 1.3 / 2**fmt.sub_y, "reflect101")
            return plane + 1.5 * np.sign(detail) * np.maximum(abs(detail) - least, 0)

        call = f"sharpen sigma=1.3 amount=1.5 chroma={chroma} threshold={threshold}"
        compare(src, rendered(effect(call), src), wanted, 2 if src.format.is_float else 1)


@TAKEN
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_convolve(name: str, width: int, height: int) -> None:
    matrix = np.array([[float(word) for word in row.split()] for row in MATRIX.split(";")])
    for number, (chroma, divisor, bias) in enumerate(((True, 0, 0), (False, 8, 0.25), (True, -4, 0.5))):
        src = noise(spec(name, width, height, Colour(range=RANGES[number % 2])))
        black, white = levels(src)
        weights = matrix / (divisor or matrix.sum())

        def wanted(
            plane: Any, fmt: Any, channel: str, chroma: bool = chroma, weights: Any = weights, bias: float = bias,
            black: float = black, white: float = white, depth: int = src.format.depth,
        ) -> Any:  # fmt: skip
            if channel == "a" or (channel in "uv" and not chroma):
                return None
            zero = 2.0 ** (depth - 1) if channel in "uv" else black
            light = 0 if channel in "uv" else bias * (white - black)
            return zero + ndimage.correlate(plane - zero, weights, mode="mirror") + light

        call = f"convolve matrix='{MATRIX}' divisor={divisor} bias={bias} chroma={chroma}"
        compare(src, rendered(effect(call), src), wanted)


@TAKEN
@pytest.mark.parametrize("operator", ["sobel", "scharr"])
def test_edges(name: str, operator: str) -> None:
    side, centre = (1, 2) if operator == "sobel" else (3, 10)
    matrix = np.outer((side, centre, side), (-1, 0, 1)) / (2 * side + centre)
    for number, (width, height) in enumerate(SIZES):
        src = noise(spec(name, width, height, Colour(range=RANGES[number % 2])))
        black, _ = levels(src)

        def wanted(plane: Any, fmt: Any, channel: str, black: float = black, row: Any = src.format) -> Any:
            if channel == "a":
                return None
            if channel in "uv" and row.model is not Model.RGB:
                return np.full(plane.shape, 2.0 ** (row.depth - 1))
            x, y = (ndimage.correlate(plane, weights, mode="mirror") for weights in (matrix, matrix.T))
            return black + 0.75 * np.hypot(x, y)

        compare(src, rendered(effect(f"edges operator={operator} strength=0.75"), src), wanted)


@TAKEN
def test_an_even_picture_stays_or_has_no_edges(name: str) -> None:
    src = noise(spec(name, 33, 17))
    for index, plane in enumerate(src.planes):
        plane[...] = 0.3 if src.format.is_float else (37 * (index + 1)) << (src.format.depth - 8)
    for call in ("sharpen", f"convolve matrix='{MATRIX}'"):
        for plane, result in zip(src.planes, rendered(effect(call), src).planes, strict=True):
            assert worst(result, plane.astype(np.float64)) <= (1 if src.format.is_float else 0)
    black, _ = src.spec.levels
    for (fmt, plane), result in zip(src.items(), rendered(effect("edges"), src).planes, strict=True):
        for channel, before, after in zip(fmt.channels, channels(plane), channels(result), strict=True):
            neutral = 2 ** (src.format.depth - 1) if channel in "uv" else black
            assert (after == (before if channel == "a" else neutral)).all()


def test_the_matrix_lies_over_the_picture_as_written() -> None:
    src = noise(spec("gray", 20, 10))
    out = rendered(effect("convolve matrix='0 0 1'"), src).planes[0]
    assert np.array_equal(out[:, :-1], src.planes[0][:, 1:])


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ("1 2", "an odd number of rows"),
        ("1 2 3; 4 5 6", "an odd number of rows"),
        ("1 2 3; 4 5; 6", "got 3 of 1 and 2 and 3 weights"),
        ("", "an odd number of rows"),
        ("1 x 3", "expects numbers, got 'x'"),
        ("nan", "below 1e30"),
        ("1e39", "below 1e30"),
        ("1e308 1e308 1e308", "below 1e30"),
    ],
)
def test_matrices_that_are_none(matrix: str, says: str) -> None:
    divisor = 1 if "e39" in matrix else 0
    with pytest.raises(ParameterError, match=f"^convolve: matrix .*{says}") as caught:
        effect(f"convolve matrix='{matrix}' divisor={divisor}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", ["sharpen", "convolve", "edges"])
def test_packed_ten_bits_and_other_devices_are_left_to_the_planner(call: str) -> None:
    assert not effect(call).accepts(FORMATS["p010le"])
    assert effect(call).devices == ("cpu",)
