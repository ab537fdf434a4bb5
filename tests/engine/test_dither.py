"""Ordered dither where samples lose depth, and rows of interlaced frames that share chroma."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Frame, FrameSpec
from lumaloom.frame import FORMATS, ChromaLocation, Colour
from lumaloom.graph import make_plan
from lumaloom.pointwise.dither import pattern
from lumaloom.pointwise.program import program
from lumaloom.pointwise.reference import reference
from lumaloom.pointwise.stage import Stage
from tests.cuda import fake_cupy
from tests.cuda.host_shim import compiler
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, same, spec
from tests.engine.test_pointwise import worst

WARM, LIFT, GRAINY = (make().stage for make in (effects.warm, effects.lift, effects.grainy))
CENTER, TOPLEFT, BOTTOM = ChromaLocation.CENTER, ChromaLocation.TOPLEFT, ChromaLocation.BOTTOM
on_cuda = pytest.mark.skipif(compiler() is None, reason="g++ is not there")
DEVICES = ["cpu", pytest.param("cuda", marks=on_cuda)]


def after(stages: list[Stage], src: Frame, to: FrameSpec, dither: bool, device: str = "cpu") -> Frame:
    out = Frame.allocate(to, POOL, like=src)
    if device == "cpu":
        program(stages, src.spec, to, dither).run(stages, src, out)
        return out
    with fake_cupy.installed() as cupy:
        source, target = (frame.with_planes(tuple(map(cupy.asarray, frame.planes))) for frame in (src, out))
        program(stages, src.spec, to, dither).run(stages, source, target)
        for plane, made in zip(out.planes, target.planes, strict=True):
            plane[...] = cupy.asnumpy(made)
    return out


@pytest.mark.parametrize("device", DEVICES)
def test_dithered_code_is_the_definition(device: str) -> None:
    cases = [("yuv420p10le", "yuv420p", [LIFT]), ("yuv422p16le", "nv12", [WARM]), ("gbrpf32le", "yuva420p", [])]
    for before, to, stages in [*cases, ("p010le", "rgb24", [WARM]), ("gbrapf32le", "rgba", [WARM])]:
        for size in ((37, 20), (67, 35), (1, 1)) if device == "cpu" else ((37, 20),):
            src = noise(spec(before, *size))
            expected = Frame.allocate(spec(to, *size), POOL, like=src)
            reference(stages, src, expected, dither=True)
            found = after(stages, src, expected.spec, True, device)
            assert worst(expected, found) <= 1
            # Only what falls on the edge of rounding may differ: a pattern that is off by a pixel would everywhere.
            assert max((a != b).mean() for a, b in zip(expected.planes, found.planes, strict=True)) < 0.05


def test_means_of_a_ramp_keep_the_depth_that_samples_lose() -> None:
    """Over 8 x 8 samples the mean is within 1/64 of a step; without dither it is up to half a step off."""
    src = noise(spec("gray16le", 256 * 8, 8))
    codes = np.arange(256).repeat(8) * 31 + 20000
    src.planes[0][...] = codes
    exact = codes[::8] * (219 / 56064) + 16 - 4096 * 219 / 56064
    for dither, limit in ((True, 1 / 64), (False, 0.5)):
        samples = after([], src, spec("gray", 256 * 8, 8), dither).planes[0].astype(float)
        means = samples.reshape(8, 256, 8).mean(axis=(0, 2))
        off = np.abs(means - exact).max()
        assert off <= limit + 1e-3
        assert dither or off > 0.45
    plain = after([], src, spec("gray", 256 * 8, 8), False).planes[0]
    assert np.abs(samples - plain).max() <= 1


def test_the_pattern() -> None:
    """Bayer's matrix: every rank once, and in every quarter nearly the same sum."""
    ranks = np.rint((pattern() + 0.5) * 64 - 0.5).astype(int)
    assert sorted(ranks.ravel()) == list(range(64))
    assert pattern().sum() == 0
    assert ranks[:2, :2].tolist() == [[0, 32], [48, 16]]
    assert max(abs(pattern()[k : k + 4, j : j + 4].sum()) for k in (0, 4) for j in (0, 4)) <= 16 * 1.5 / 64


def test_it_is_off_unless_asked_for_and_where_no_depth_is_lost() -> None:
    src = noise(spec("yuv420p10le", 64, 36))

    def planned(effects: list[Any], to: str, dither: bool) -> Frame:
        (step,) = make_plan(src.spec, effects, [FORMATS[to]], dither=dither).steps
        return step.apply(src, POOL)

    for chain in ([effects.warm()], [effects.lift(), effects.vivid()]):
        assert not same(planned(chain, "yuv420p", True), planned(chain, "yuv420p", False))
        for to in ("yuv420p10le", "yuv422p12le"):
            assert same(planned(chain, to, True), planned(chain, to, False))
    (step,) = make_plan(src.spec, [], [FORMATS["yuv420p"]], dither=True).steps
    assert repr(step.action) == "convert to yuv420p with dither"
    assert "samples lose depth: ordered dither" in step.action.explain()  # type: ignore[union-attr]
    assert step.name == "convert"
    opaque = noise(spec("gbrapf32le", 32, 16))
    first, second = (after([WARM], opaque, spec("rgba"), dither).planes[0] for dither in (True, False))
    assert np.array_equal(first[..., 3], second[..., 3])
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("location", [CENTER, TOPLEFT, BOTTOM])
def test_fields_of_interlaced_frames_are_pictures_of_their_own(location: ChromaLocation, device: str) -> None:
    """Every field, taken out and rendered as a progressive frame, gives the rows that it has in the whole."""
    for before, to in (("yuv420p", "yuv420p"), ("nv12", "yuv422p10le"), ("rgb24", "yuv420p")):
        for height in (20, 4) if device == "cpu" else (20,):
            colour = Colour(chroma=location)
            src = noise(spec(before, 37, height, colour, interlaced=True))
            whole = after([WARM], src, spec(to, 37, height, colour, interlaced=True), False, device)
            for field in (0, 1):
                part = Frame(spec(before, 37, height // 2, colour), tuple(plane[field::2] for plane in src.planes))
                wanted = after([WARM], part, spec(to, 37, height // 2, colour), False)
                found = Frame(wanted.spec, tuple(plane[field::2] for plane in whole.planes))
                assert worst(wanted, found) <= (0 if device == "cpu" else 1)


def test_conversions_of_interlaced_frames_keep_fields_apart() -> None:
    """Chroma of one field is red, of the other blue: no row gets any of the other's."""
    src = noise(spec("yuv420p", 32, 16, interlaced=True))
    for plane, values in zip(src.planes, ((81, 41), (90, 240), (240, 110)), strict=True):
        plane[::2], plane[1::2] = values
    (step,) = make_plan(src.spec, [], [FORMATS["rgb24"]]).steps
    assert repr(step.action) == "convert to rgb24 by fields"
    rgb = step.apply(src, POOL).planes[0].astype(int)
    assert np.abs(rgb[::2] - (255, 0, 0)).max() <= 2
    assert np.abs(rgb[1::2] - (0, 0, 255)).max() <= 2
    assert step.apply(src, POOL).spec.interlaced
    (plain,) = make_plan(spec("yuv422p", 32, 16, interlaced=True), [], [FORMATS["rgb24"]]).steps
    assert repr(plain.action) == "convert to rgb24"


def test_places_and_chroma_of_interlaced_frames_are_the_definition() -> None:
    for name, height in (("yuv420p", 20), ("yuv420p", 18), ("yuv422p", 20), ("gray", 20)):
        src = noise(spec(name, 37, height, interlaced=True))
        stages = [LIFT] if name == "gray" else [GRAINY, WARM]
        expected = Frame.allocate(src.spec, POOL, like=src)
        reference(stages, src, expected)
        assert worst(expected, after(stages, src, src.spec, False)) <= 1
        progressive = Frame(spec(name, 37, height), src.planes)
        plain = after(stages, progressive, progressive.spec, False)
        assert same(plain, after(stages, src, src.spec, False)) == (name != "yuv420p" or height == 18)
