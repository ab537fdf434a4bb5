"""Conversions of pixel formats against the formulas of ITU-R BT.601, BT.709 and BT.2020.

swscale computes with few bits and takes 255 of 256 for white at higher depths, so RGB is compared as parts of
the range from black to white, within 0.6/255 between formats of 8 bits and 1.6/255 where one has more, and YUV within
2 steps of 8 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lumaloom.frame import FORMATS, Colour, Frame, FrameSpec, Matrix, Model, Range
from lumaloom.frame.convert import convert, converted_spec
from tests.engine.frames import POOL, noise, same, spec

# Kr and Kb.
WEIGHTS = {
    Matrix.SMPTE170M: (0.299, 0.114),
    Matrix.BT470BG: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020_NCL: (0.2627, 0.0593),
}
Picture = np.ndarray[Any, np.dtype[np.float64]]


def to_yuv(rgb: Picture, matrix: Matrix) -> Picture:
    kr, kb = WEIGHTS[matrix]
    luma = kr * rgb[..., 0] + (1 - kr - kb) * rgb[..., 1] + kb * rgb[..., 2]
    return np.stack([luma, (rgb[..., 2] - luma) / (2 - 2 * kb), (rgb[..., 0] - luma) / (2 - 2 * kr)], axis=-1)


def to_rgb(yuv: Picture, matrix: Matrix) -> Picture:
    kr, kb = WEIGHTS[matrix]
    red, blue = yuv[..., 0] + (2 - 2 * kr) * yuv[..., 2], yuv[..., 0] + (2 - 2 * kb) * yuv[..., 1]
    return np.stack([red, (yuv[..., 0] - kr * red - kb * blue) / (1 - kr - kb), blue], axis=-1)


def quantised(values: Picture, name: str, full: bool) -> list[np.ndarray[Any, Any]]:
    """Return code values of Y (0 to 1), Cb and Cr (-0.5 to 0.5)."""
    row = FORMATS[name]
    unit, peak = 1 << (row.depth - 8), (1 << row.depth) - 1
    luma, chroma = values[..., 0], values[..., 1:]
    if full:
        codes = [luma * peak, *(chroma[..., i] * peak + 128 * unit for i in (0, 1))]
    else:
        codes = [16 * unit + 219 * unit * luma, *(128 * unit + 224 * unit * chroma[..., i] for i in (0, 1))]
    return [np.rint(code).clip(0, peak).astype(row.dtype) for code in codes]


def read(frame: Frame) -> Picture:
    """Return the picture of a 4:4:4 or RGB frame as RGB, black 0 and white 1."""
    row, colour = frame.format, frame.spec.colour.resolved(frame.format.model, frame.height)
    peak = 1.0 if row.is_float else (1 << row.depth) - 1
    if row.model is Model.RGB:
        return frame.to_numpy()[..., :3].astype(np.float64) / peak
    unit = 1 << (row.depth - 8)
    luma, cb, cr = (plane.astype(np.float64) for plane in frame.planes[:3])
    if colour.range is Range.FULL:
        yuv = [luma / peak, (cb - 128 * unit) / peak, (cr - 128 * unit) / peak]
    else:
        yuv = [(luma - 16 * unit) / (219 * unit), (cb - 128 * unit) / (224 * unit), (cr - 128 * unit) / (224 * unit)]
    return to_rgb(np.stack(yuv, axis=-1), colour.matrix)


def tolerance(*names: str) -> float:
    return (0.6 if all(FORMATS[name].depth == 8 for name in names) else 1.6) / 255


def yuv_frame(name: str, matrix: Matrix, tag: Range) -> Frame:
    """Return random colours, all of which RGB can show."""
    frame = Frame.allocate(spec(name, 48, 40, Colour(matrix, range=tag)), POOL)
    rgb = np.random.default_rng(5).random((40, 48, 3))
    for plane, codes in zip(frame.planes, quantised(to_yuv(rgb, matrix), name, tag is Range.FULL), strict=False):
        plane[...] = codes
    if frame.format.has_alpha:
        frame.planes[3][...] = frame.format.peak
    return frame


@pytest.mark.parametrize("matrix", WEIGHTS, ids=lambda matrix: matrix.name)
@pytest.mark.parametrize("tag", [Range.LIMITED, Range.FULL], ids=lambda tag: tag.name)
@pytest.mark.parametrize("source", ["yuv444p", "yuv444p10le", "yuv444p16le", "yuva444p"])
@pytest.mark.parametrize("target", ["rgb24", "bgra", "gbrp", "gbrp10le", "rgb48le", "gbrapf32le"])
def test_yuv_to_rgb(source: str, target: str, matrix: Matrix, tag: Range) -> None:
    frame = yuv_frame(source, matrix, tag)
    result = convert(frame, FORMATS[target])
    assert (result.spec.colour.matrix, result.spec.colour.range) == (Matrix.RGB, Range.FULL)
    assert np.abs(read(result) - read(frame).clip(0, 1)).max() <= tolerance(source, target)


@pytest.mark.parametrize("height", [40, 720])
@pytest.mark.parametrize("source", ["rgb24", "gbrp", "rgba", "gbrp12le", "rgb48le", "gbrpf32le"])
@pytest.mark.parametrize("target", ["yuv444p", "yuv444p10le", "yuva444p16le"])
def test_rgb_to_yuv(source: str, target: str, height: int) -> None:
    """The matrix follows the height, and what comes out is tagged with what was used."""
    frame = noise(spec(source, 24, height))
    result = convert(frame, FORMATS[target])
    assert result.spec.colour.matrix is (Matrix.BT709 if height >= 720 else Matrix.SMPTE170M)
    assert result.spec.colour.range is Range.LIMITED
    expected = quantised(to_yuv(read(frame), result.spec.colour.matrix), target, full=False)
    for plane, codes in zip(result.planes, expected, strict=False):
        step = 1 << (FORMATS[target].depth - 8)
        assert np.abs(plane.astype(np.int64) - codes).max() <= 2 * step


@pytest.mark.parametrize("name", ["yuv444p", "yuv444p10le", "yuv420p", "gray", "gray10le"])
@pytest.mark.parametrize("tag", [Range.LIMITED, Range.FULL, Range.UNSPECIFIED], ids=lambda tag: tag.name)
def test_black_and_white_stay_black_and_white(name: str, tag: Range) -> None:
    frame = noise(spec(name, 16, 16, Colour(range=tag)))
    for level, expected in zip(frame.spec.levels, (0, 255), strict=True):
        for index, plane in enumerate(frame.planes):
            plane[...] = level if index == 0 else 1 << (frame.format.depth - 1)
        assert (convert(frame, FORMATS["rgb24"]).planes[0] == expected).all()


GRAYS = ["gray", "gray10le", "gray12le", "gray16le", "grayf32le"]


@pytest.mark.parametrize("tag", [Range.LIMITED, Range.FULL, Range.UNSPECIFIED], ids=lambda tag: tag.name)
@pytest.mark.parametrize("source", GRAYS)
@pytest.mark.parametrize("target", GRAYS)
def test_gray_keeps_its_levels_in_every_depth(source: str, target: str, tag: Range) -> None:
    frame = noise(spec(source, 64, 32, Colour(range=tag)))
    result = convert(frame, FORMATS[target])
    assert result.spec.colour == frame.spec.colour
    (black, white), (low, high) = frame.spec.levels, result.spec.levels
    expected = (frame.planes[0].astype(np.float64) - black) / (white - black) * (high - low) + low
    if result.format.is_float:
        assert np.allclose(result.planes[0], expected, atol=1e-5)
    else:
        assert np.abs(result.planes[0] - expected.clip(0, result.format.peak)).max() <= 0.51


@pytest.mark.parametrize("tag", [Range.LIMITED, Range.FULL, Range.UNSPECIFIED], ids=lambda tag: tag.name)
@pytest.mark.parametrize(
    ("gray", "yuv"), [("gray", "yuv420p"), ("gray10le", "yuv422p10le"), ("gray16le", "yuv444p16le"), ("gray", "nv12")]
)
def test_luma_passes_between_gray_and_yuv_as_it_is(gray: str, yuv: str, tag: Range) -> None:
    frame = noise(spec(gray, 33, 17, Colour(range=tag)))
    wide = convert(frame, FORMATS[yuv])
    assert np.array_equal(wide.planes[0], frame.planes[0])
    assert all((plane == 1 << (wide.format.depth - 1)).all() for plane in wide.planes[1:])
    assert wide.spec.colour == frame.spec.colour
    back = convert(wide, FORMATS[gray])
    assert same(back, frame)
    assert back.spec == frame.spec


@pytest.mark.parametrize("target", GRAYS)
def test_rgb_to_gray_is_luma(target: str) -> None:
    frame = noise(spec("rgb24", 32, 16))
    result = convert(frame, FORMATS[target])
    low, high = result.spec.levels
    seen = (result.planes[0].astype(np.float64) - low) / (high - low)
    assert np.abs(seen - to_yuv(read(frame), Matrix.SMPTE170M)[..., 0]).max() <= 1.6 / 255
    assert result.spec.colour.range is Range.LIMITED


@pytest.mark.parametrize("tag", [Range.LIMITED, Range.UNSPECIFIED], ids=lambda tag: tag.name)
def test_more_bits_and_back_is_exact_in_limited_range(tag: Range) -> None:
    for narrow, wide in (("yuv420p", "yuv420p10le"), ("yuv422p", "yuv422p16le"), ("yuv444p10le", "yuv444p16le")):
        frame = noise(spec(narrow, 33, 17, Colour(range=tag)))
        more = convert(frame, FORMATS[wide])
        shift = FORMATS[wide].depth - FORMATS[narrow].depth
        for before, after in zip(frame.planes, more.planes, strict=True):
            assert np.array_equal(before.astype(np.uint32) << shift, after)
        assert same(convert(more, FORMATS[narrow]), frame)
        assert more.spec.colour == frame.spec.colour


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuva420p", "nv12"])
@pytest.mark.parametrize(("width", "height"), [(32, 16), (33, 17), (7, 5), (1, 1)])
def test_chroma_of_even_colour_survives_every_resolution(name: str, width: int, height: int) -> None:
    frame = noise(spec(name, width, height))
    values = {"y": 100, "u": 90, "v": 170, "a": 60}
    for fmt, plane in frame.items():
        for index, channel in enumerate(fmt.channels):
            value = values[channel] << (frame.format.depth - 8)
            plane[..., index if plane.ndim == 3 else slice(None)] = value
    full = convert(frame, FORMATS["yuv444p10le" if frame.format.depth == 10 else "yuva444p"])
    for channel, plane in zip("yuva", full.planes, strict=False):
        if channel in frame.format.channels:
            assert (plane == values[channel] << (frame.format.depth - 8)).all()
        else:
            assert (plane == full.format.peak).all()  # opaque
    assert same(convert(full, frame.format), frame)


def test_alpha_follows_the_depth_in_full_range() -> None:
    frame = noise(spec("yuva444p", 16, 16))
    for target, factor in (("rgba", 1.0), ("yuva444p10le", 1023 / 255), ("gbrapf32le", 1 / 255)):
        alpha = convert(frame, FORMATS[target]).to_numpy()[..., 3]
        assert np.abs(alpha / factor - frame.planes[3]).max() <= (0 if target == "rgba" else 1.3)
    opaque = convert(noise(spec("yuv444p", 16, 16)), FORMATS["rgba64le"])
    assert (opaque.planes[0][..., 3] == 65535).all()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("yuv420p", "rgb24"),
        ("yuva420p", "rgba"),
        ("yuv420p10le", "rgb48le"),
        ("gbrapf32le", "rgba64le"),
        ("gray", "rgb24"),
    ],
)
def test_to_rgb_keeps_depth_and_alpha(source: str, expected: str) -> None:
    frame = noise(spec(source, 33, 17))
    result = frame.to_rgb()
    assert result.format.name == expected
    assert result.spec.colour.resolved(Model.RGB, 17).range is Range.FULL
    assert result.to_numpy().shape == (17, 33, 4 if "a" in expected else 3)


def test_every_pair_of_rows_converts_and_leaves_its_source_alone() -> None:
    for source in FORMATS.values():
        frame = noise(spec(source.name, 18, 10))
        before = [plane.copy() for plane in frame.planes]
        for target in FORMATS.values():
            result = convert(frame, target)
            assert result.spec == converted_spec(frame.spec, target)
            assert [plane.shape for plane in result.planes] == list(result.spec.shapes)
            assert {plane.dtype for plane in result.planes} == {target.dtype}
        assert all(np.array_equal(a, b) for a, b in zip(frame.planes, before, strict=True))
        assert convert(frame, source) is frame


@pytest.mark.parametrize("name", ["rgb24", "gbrp10le", "rgba64le"])
def test_rgb_becomes_float_and_comes_back_exactly(name: str) -> None:
    row = FORMATS[name]
    frame = Frame.allocate(FrameSpec(row, 37, 21), POOL)
    random = np.random.default_rng(3)
    for plane in frame.planes:
        plane[...] = random.integers(0, int(row.peak) + 1, plane.shape)
    lit = convert(frame, FORMATS["gbrapf32le"])
    green = frame.planes[0] if row.planes[0].channels == "g" else frame.planes[0][..., 1]
    assert np.abs(lit.planes[0] - green / row.peak).max() < 1e-7
    if not row.has_alpha:
        assert (lit.planes[3] == 1).all()
    back = convert(lit, row)
    assert all(np.array_equal(first, second) for first, second in zip(frame.planes, back.planes, strict=True))
    lit.planes[0][0, :3] = (2, -1, np.nan)
    cut = convert(lit, row)
    green = cut.planes[0] if row.planes[0].channels == "g" else cut.planes[0][..., 1]
    assert green[0, :3].tolist() == [row.peak, 0, 0]
