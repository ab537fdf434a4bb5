"""Resize, crop and flip: planes against their definitions, and what they say comes out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.effect import ParameterError
from lumaloom.frame import ChromaLocation, Colour, Frame
from lumaloom.graph import make_plan
from tests.effects.definitions import FORMATS, POOL, SIZES, effect, noise, rendered, resized, same, spec, worst

ALL = pytest.mark.parametrize("name", list(FORMATS))
TAKEN = pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.shift == 0])
TARGETS = ((17, 9), (50, 35), (3, 2), (32, 16))


# Where halved chroma sits, in chroma samples right of and below the centre of its cell (H.273).
OFFSETS = {
    "UNSPECIFIED": (-0.25, 0),
    "LEFT": (-0.25, 0),
    "CENTER": (0, 0),
    "TOPLEFT": (-0.25, -0.25),
    "BOTTOM": (0, 0.25),
}


@TAKEN
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_resize(name: str, width: int, height: int) -> None:
    """A sample of chroma stays over the luma that it belongs to, on odd sizes too."""
    _check_resize(noise(spec(name, width, height)), OFFSETS["UNSPECIFIED"])


@pytest.mark.parametrize("location", OFFSETS)
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "nv12", "yuva420p"])
def test_resize_keeps_chroma_where_it_sits(name: str, location: str) -> None:
    tagged = replace(spec(name, 32, 18), colour=Colour(chroma=ChromaLocation[location]))
    _check_resize(noise(tagged), OFFSETS[location])


def _check_resize(src: Frame, sited: tuple[float, float]) -> None:
    for new_width, new_height in TARGETS:
        scale = src.width / new_width, src.height / new_height
        after = replace(src.spec, width=new_width, height=new_height)
        past = [  # the kernel follows a chroma grid for one sample past the plane
            new[axis] * scale[1 - axis] - old[axis]
            for new, old in zip(after.shapes, src.spec.shapes, strict=True)
            for axis in (0, 1)
        ]
        if max(past) > 0.75 or max(scale) > 4:
            continue
        for kind in ("bilinear", "bicubic", "lanczos", "area"):
            out = rendered(effect(f"resize width={new_width} height={new_height} filter={kind}"), src)
            assert out.spec == after
            for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
                offset = sited[0] if fmt.sub_x else 0.0, sited[1] if fmt.sub_y else 0.0
                expected = resized(plane, result.shape, scale, kind, offset)
                if not src.format.is_float:
                    expected = expected.clip(0, src.format.peak)
                assert worst(result, expected) <= 1


@TAKEN
def test_resize_nearest_takes_samples(name: str) -> None:
    src = noise(spec(name, 33, 17))
    out = rendered(effect("resize width=50 height=9 filter=nearest"), src)
    for plane, result in zip(src.planes, out.planes, strict=True):
        columns = np.minimum((np.arange(result.shape[1]) + 0.5) * 33 / 50, plane.shape[1] - 1).astype(int)
        rows = np.minimum((np.arange(result.shape[0]) + 0.5) * 17 / 9, plane.shape[0] - 1).astype(int)
        assert np.array_equal(result, plane[rows][:, columns])


@pytest.mark.parametrize("name", ["yuv420p10le", "gbrp12le", "gray10le", "gray"])
@pytest.mark.parametrize("kind", ["bicubic", "lanczos"])
def test_resize_does_not_overshoot_the_depth(name: str, kind: str) -> None:
    src = noise(spec(name, 40, 40))
    for plane in src.planes:
        plane[...] = 0
        plane[:, plane.shape[1] // 2 :] = src.format.peak
    out = rendered(effect(f"resize width=93 filter={kind}"), src)
    assert {plane.max() for plane in out.planes} == {src.format.peak}


@pytest.mark.parametrize(
    ("call", "name", "size"),
    [
        ("resize width=64", "rgb24", (64, 36)),
        ("resize height=18", "rgb24", (32, 18)),
        ("resize width=100", "yuv444p", (100, 56)),
        ("resize width=50", "yuv420p", (50, 28)),
        ("resize width=51", "yuv420p", (51, 28)),
        ("resize height=25", "yuv420p", (44, 25)),
        ("resize width=1", "yuv420p", (1, 2)),
        ("resize width=1", "gray", (1, 1)),
        ("resize width=10 height=90", "yuv420p", (10, 90)),
        ("resize", "yuv420p", (128, 72)),
    ],
)
def test_resize_follows_the_other_side(call: str, name: str, size: tuple[int, int]) -> None:
    out = effect(call).output(spec(name, 128, 72))
    assert (out.width, out.height) == size
    assert effect(call).is_identity(spec(name, 128, 72)) is (size == (128, 72))


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 4000), st.fractions(0, 8))
@settings(deadline=None)
def test_resize_keeps_the_display_aspect_of_oblong_pixels(
    width: int, height: int, new_width: int, new_height: int, sar: Fraction
) -> None:
    source = spec("gray", width, height, sar=sar)
    out = effect(f"resize width={new_width} height={new_height}").output(source)
    if sar in (0, 1):
        assert out.sar == sar
    else:
        assert Fraction(new_width, new_height) * out.sar == Fraction(width, height) * sar


@ALL
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("axis", ["horizontal", "vertical", "both"])
def test_flip(name: str, width: int, height: int, axis: str) -> None:
    src = noise(spec(name, width, height))
    flip = effect(f"flip axis={axis}")
    assert flip.accepts(src.format)
    view, out = flip.view(src), rendered(flip, src)
    assert view is not None
    assert view.spec == out.spec == src.spec
    assert same(view, out)
    for plane, seen, result in zip(src.planes, view.planes, out.planes, strict=True):
        expected = plane
        if axis != "vertical":
            expected = np.fliplr(expected)
        if axis != "horizontal":
            expected = np.flipud(expected)
        assert np.array_equal(result, expected)
        assert np.shares_memory(seen, plane)
    again = flip.view(view)
    assert again is not None
    assert same(again, src)


@ALL
def test_crop(name: str) -> None:
    src = noise(spec(name, 33, 17))
    for x, y, width, height in ((0, 0, 33, 16), (4, 2, 9, 7), (32, 16, 1, 1), (2, 0, 31, 17), (6, 6, 2, 2)):
        crop = effect(f"crop x={x} y={y} width={width} height={height}")
        assert crop.accepts(src.format)
        view, out = crop.view(src), rendered(crop, src)
        assert view is not None
        assert view.spec == out.spec == replace(src.spec, width=width, height=height)
        assert same(view, out)
        for (fmt, plane), result in zip(src.items(), out.planes, strict=True):
            top, left = y >> fmt.sub_y, x >> fmt.sub_x
            bottom, right = -(-(y + height) >> fmt.sub_y), -(-(x + width) >> fmt.sub_x)
            assert np.array_equal(result, plane[top:bottom, left:right])


@pytest.mark.parametrize(
    ("call", "name", "rectangle"),
    [
        ("crop width=10 height=4", "gray", (11, 6, 10, 4)),
        ("crop width=10 height=4", "yuv420p", (10, 6, 10, 4)),
        ("crop width=10 height=4", "yuv422p", (10, 6, 10, 4)),
        ("crop width=12 height=7", "yuv420p", (10, 4, 12, 7)),
        ("crop x=4", "gray", (4, 0, 29, 17)),
        ("crop x=4 y=3", "gray", (4, 3, 29, 14)),
        ("crop y=3 height=2", "gray", (0, 3, 33, 2)),
        ("crop", "yuv420p", (0, 0, 33, 17)),
        ("crop x=0 y=0 width=33 height=17", "yuv420p", (0, 0, 33, 17)),
    ],
)
def test_what_crop_leaves_out(call: str, name: str, rectangle: tuple[int, int, int, int]) -> None:
    source, crop = spec(name, 33, 17), effect(call)
    assert crop.rectangle(source) == rectangle  # type: ignore[attr-defined]
    assert crop.is_identity(source) is (rectangle == (0, 0, 33, 17))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("crop width=34", "crop: x=0 width=34 does not fit a picture of 33 pixels"),
        ("crop x=33", "crop: x=33 width=0 does not fit a picture of 33 pixels"),
        ("crop y=10 height=8", "crop: y=10 height=8 does not fit a picture of 17 pixels"),
    ],
)
def test_a_crop_outside_the_picture(call: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make_plan(spec("gray", 33, 17), [effect(call)])


@pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.subsampling != (0, 0)])
def test_crop_takes_only_offsets_on_the_chroma_grid(name: str) -> None:
    sub_x, sub_y = FORMATS[name].subsampling
    for x, y in ((1, 0), (0, 1), (3, 3), (2, 4)):
        fits = x % (1 << sub_x) == 0 and y % (1 << sub_y) == 0
        assert effect(f"crop x={x} y={y}").accepts(FORMATS[name]) is fits


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_chain_of_views_is_numpys(data: st.DataObject) -> None:
    """Crops and flips in any order, without touching a sample, end where NumPy's slices end."""
    width, height = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    frame = noise(spec("rgb24", width, height))
    expected = frame.planes[0]
    chain = []
    for _ in range(data.draw(st.integers(1, 5))):
        if data.draw(st.booleans()):
            axis = data.draw(st.sampled_from(["horizontal", "vertical", "both"]))
            chain.append(effect(f"flip axis={axis}"))
            expected = expected[:: -1 if axis != "horizontal" else 1, :: -1 if axis != "vertical" else 1]
        else:
            x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
            width, height = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
            chain.append(effect(f"crop x={x} y={y} width={width} height={height}"))
            expected = expected[y : y + height, x : x + width]
    plan = make_plan(frame.spec, chain)
    result = frame
    for step in plan.steps:
        result = step.apply(result, POOL)
    assert np.array_equal(result.planes[0], expected)
    assert np.shares_memory(result.planes[0], frame.planes[0])
    assert (result.width, result.height) == (plan.output.width, plan.output.height) == (width, height)
