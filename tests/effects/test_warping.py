"""Rotate and warp: planes against SciPy's interpolation, where chroma sits, sizes, colours and errors."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import ndimage  # type: ignore[import-untyped]

from lumaloom.effect import Frame, ParameterError
from lumaloom.frame import ChromaLocation, Colour, Matrix, Range
from lumaloom.graph import make_plan
from tests.effects.definitions import FORMATS, SIZES, channels, effect, noise, rendered, spec, worst
from tests.effects.test_geometry import OFFSETS

TAKEN = pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.shift == 0])
MODES = {"fill": "grid-constant", "edge": "nearest", "mirror": "mirror"}
FULL = Colour(matrix=Matrix.BT709, range=Range.FULL)
BLACK = {"y": 16 / 256, "u": 0.5, "v": 0.5, "r": 0, "g": 0, "b": 0, "a": 1}  # of 2 ** depth; alpha of the peak


def compare(src: Frame, out: Frame, place: Any, border: str, offset: tuple[float, float]) -> None:
    """Compare with samples taken at ``place(x, y)``, which leads from pixels of the result to those of the source."""
    for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
        y, x = np.indices(result.shape[:2], np.float64)
        step = 1 << fmt.sub_x, 1 << fmt.sub_y
        lie = tuple(step[axis] * (0.5 + offset[axis] * (step[axis] > 1)) - 0.5 for axis in (0, 1))
        u, v = place(step[0] * x + lie[0], step[1] * y + lie[1])
        where = (v - lie[1]) / step[1], (u - lie[0]) / step[0]
        for letter, before, after in zip(fmt.channels, channels(plane), channels(result), strict=True):
            full = float(src.format.peak) if letter == "a" else 2.0**src.format.depth
            black = float(letter == "a") if src.format.is_float else full * BLACK[letter]
            expected = ndimage.map_coordinates(
                before.astype(np.float64), where, order=1, mode=MODES[border], cval=black
            )
            steps = 2 if src.format.is_float else 0.55  # half of them is rounding
            assert worst(after, expected) <= steps, (fmt, letter)


def turned(src: Frame, out: Frame, degrees: float, sar: float = 1) -> Any:
    """Turn clockwise from the result to the source, as rows grow downwards."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def place(x: Any, y: Any) -> Any:
        x, y = (x - (out.width - 1) / 2) * sar, y - (out.height - 1) / 2
        return (cosine * x - sine * y) / sar + (src.width - 1) / 2, sine * x + cosine * y + (src.height - 1) / 2

    return place


@TAKEN
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_rotate(name: str, width: int, height: int) -> None:
    src = noise(spec(name, width, height))
    for degrees, expand, border in ((27.3, False, "fill"), (-100, True, "fill"), (205.5, False, "edge")):
        out = rendered(effect(f"rotate angle={degrees} expand={expand} border={border}"), src)
        compare(src, out, turned(src, out, degrees), border, OFFSETS["UNSPECIFIED"])


@pytest.mark.parametrize("location", OFFSETS)
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "nv12", "yuva420p"])
def test_chroma_stays_over_its_luma(name: str, location: str) -> None:
    tags = Colour(chroma=ChromaLocation[location])
    src = noise(replace(spec(name, 32, 18), colour=tags, sar=Fraction(4, 3)))
    out = rendered(effect("rotate angle=33 expand=true border=mirror"), src)
    compare(src, out, turned(src, out, 33, 4 / 3), "mirror", OFFSETS[location])
    out = rendered(effect("warp matrix='0.9 0.2 3; -0.1 1.1 2; 0.001 0.002 1' inverse=true"), src)

    def place(x: Any, y: Any) -> Any:
        depth = 0.001 * x + 0.002 * y + 1
        return (0.9 * x + 0.2 * y + 3) / depth, (-0.1 * x + 1.1 * y + 2) / depth

    compare(src, out, place, "fill", OFFSETS[location])


@TAKEN
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_exact(name: str, turns: int) -> None:
    src = noise(spec(name, 33, 17, sar=Fraction(4, 3)))
    what = effect(f"rotate angle={90 * turns - 360} expand=true")
    even = src.format.subsampling[0] == src.format.subsampling[1]
    assert what.accepts(src.format) is (even or turns == 2)
    if not what.accepts(src.format):
        return
    out = rendered(what, src)
    size = (17, 33, Fraction(3, 4)) if turns % 2 else (33, 17, Fraction(4, 3))
    assert (out.width, out.height, out.spec.sar) == size
    for plane, result in zip(src.planes, out.planes, strict=True):
        assert np.array_equal(result, np.rot90(plane, turns))
    assert effect("rotate angle=720").is_identity(src.spec)


def test_a_quarter_turn_in_a_frame_that_stays_moves_pixels_too() -> None:
    src = noise(spec("rgb24", 32, 18))
    out = rendered(effect("rotate angle=90"), src)
    assert np.array_equal(out.planes[0][:, 7:25], np.rot90(src.planes[0])[7:25])
    assert not out.planes[0][:, :7].any()


@pytest.mark.parametrize(
    ("call", "name", "size"),
    [
        ("rotate angle=45", "gray", (100, 50)),
        ("rotate angle=45 expand=true", "gray", (107, 107)),
        ("rotate angle=45 expand=true", "yuv420p", (108, 108)),
        ("rotate angle=-30 expand=true", "gray", (112, 94)),
        ("rotate angle=90 expand=true", "yuv444p", (50, 100)),
    ],
)
def test_the_size_that_fits(call: str, name: str, size: tuple[int, int]) -> None:
    out = effect(call).output(spec(name, 100, 50))
    assert (out.width, out.height) == size


def test_a_picture_too_large() -> None:
    with pytest.raises(ParameterError, match="rotate: expand makes a picture of"):
        make_plan(spec("gray", 32768, 32768), [effect("rotate angle=45 expand=true")])


@pytest.mark.parametrize(
    ("name", "tags", "fill", "values"),
    [
        ("rgb24", Colour(), "ff8000", {"r": 255, "g": 128, "b": 0}),
        ("bgra", Colour(), "#ff800040", {"r": 255, "g": 128, "b": 0, "a": 64}),
        ("gbrap12le", Colour(), "transparent", {"r": 0, "g": 0, "b": 0, "a": 0}),
        ("gbrpf32le", Colour(), "white", {"r": 1, "g": 1, "b": 1}),
        ("gray", Colour(), "white", {"y": 235}),
        ("gray", Colour(range=Range.FULL), "white", {"y": 255}),
        ("grayf32le", Colour(), "white", {"y": 1}),
        ("yuv420p", Colour(), "red", None),
        ("yuv420p", Colour(matrix=Matrix.SMPTE170M), "ff0000", {"y": 81, "u": 90, "v": 240}),
        ("nv12", Colour(matrix=Matrix.BT709), "ff0000", {"y": 63, "u": 102, "v": 240}),
        ("yuva444p10le", FULL, "0000ff80", {"y": 74, "u": 1023, "v": 465, "a": 514}),
    ],
)  # fmt: skip
def test_colours(name: str, tags: Colour, fill: str, values: dict[str, float] | None) -> None:
    """A picture moved out of its frame leaves the colour behind."""
    if values is None:
        with pytest.raises(ParameterError, match="warp: fill expects black, white, transparent or a colour"):
            effect(f"warp matrix='1 0 999; 0 1 0' fill={fill}")
        return
    src = noise(spec(name, 33, 17, tags))
    for call in (f"warp matrix='1 0 999; 0 1 0' fill={fill}", f"rotate angle=45 expand=true fill={fill}"):
        out = rendered(effect(call), src)
        for (fmt, _), result in zip(src.items(), out.planes, strict=True):
            for letter, channel in zip(fmt.channels, channels(result), strict=True):
                assert abs(float(channel[0, 0]) - values[letter]) <= (1e-6 if src.format.is_float else 1), letter


def test_grayf_black_is_zero() -> None:
    src = noise(spec("grayf32le", 33, 17))
    assert not rendered(effect("warp matrix='1 0 999; 0 1 0'"), src).planes[0].any()


def test_corners_go_where_they_are_sent() -> None:
    src = spec("gray", 40, 20)
    assert effect("warp corners='0 0; 40 0; 40 20; 0 20'").is_identity(src)
    points = np.array([(4, 1), (36, -3), (44, 22), (-2, 17)])
    text = "; ".join(f"{x} {y}" for x, y in points)
    forward = np.linalg.inv(effect(f"warp corners='{text}'").back(src))  # type: ignore[attr-defined]
    for (x, y), point in zip([(-0.5, -0.5), (39.5, -0.5), (39.5, 19.5), (-0.5, 19.5)], points, strict=True):
        u, v, depth = forward @ (x, y, 1)
        np.testing.assert_allclose((u / depth + 0.5, v / depth + 0.5), point, atol=1e-9)
    frame = noise(src)
    mirrored = rendered(effect("warp corners='40 0; 0 0; 0 20; 40 20'"), frame)
    assert np.array_equal(mirrored.planes[0], frame.planes[0][:, ::-1])


@pytest.mark.parametrize("name", ["yuv420p10le", "gbrp12le", "gray10le"])
def test_bicubic_does_not_overshoot_the_depth(name: str) -> None:
    src = noise(spec(name, 40, 40))
    for plane in src.planes:
        plane[...] = 0
        plane[:, plane.shape[1] // 2 :] = src.format.peak
    out = rendered(effect("rotate angle=10 interpolation=bicubic border=edge"), src)
    assert {plane.max() for plane in out.planes} == {src.format.peak}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("warp matrix=''", "warp: matrix expects 2 or 3 rows of 3 numbers"),
        ("warp corners='0 0; 1 0; 1 1; 0 1' matrix='1 0 0; 0 1 0'", "got both"),
        ("warp matrix='1 0; 0 1'", "warp: matrix expects 2 or 3 rows of 3 numbers"),
        ("warp matrix='1 0 x; 0 1 0'", "warp: matrix expects numbers, got 'x'"),
        ("warp matrix='1 0 0; 2 0 0'", "warp: matrix expects one that does not flatten"),
        ("warp matrix='1 0 nan; 0 1 0'", "warp: matrix expects numbers within"),
        ("warp corners='0 0; 1 0; 1 1'", "warp: corners expects 4 rows of 2 numbers"),
        ("warp corners='0 0; 9 9; 9 0; 0 9'", "convex shape"),
        ("warp corners='0 0; 5 0; 9 0; 0 9'", "convex shape"),
        ("warp corners='0 0; 9 0; 3 3; 0 9'", "convex shape"),
        ("warp corners='0 0; 0 0; 0 0; 0 0'", "convex shape"),
        ("warp corners='0 0; 9 0; 9 9; 0 9' inverse=true", "inverse belongs to a matrix"),
        ("rotate angle=nan", "rotate: angle"),
        ("rotate angle=1e9", "rotate: angle"),
        ("rotate angle=5 fill=f80", "rotate: fill expects"),
        ("rotate angle=5 border=wrap", "rotate: border"),
    ],
)
def test_errors(call: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        make_plan(spec("gray", 33, 17), [effect(call)])
    assert "\n" not in str(caught.value)
