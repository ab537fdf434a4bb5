"""Grain and temporal denoising on every format that they take."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Frame, TemporalEffect
from lumaloom.frame import ChromaLocation, Colour, Range, Timing
from lumaloom.graph import make_plan
from lumaloom.graph.fused import Fused, stages_of
from lumaloom.pointwise.reference import reference
from tests.effects.definitions import FORMATS, POOL, channels, effect, noise, rendered, same, spec
from tests.effects.test_stencils import levels
from tests.engine.test_pointwise import worst

TAKEN = pytest.mark.parametrize("name", [row.name for row in FORMATS.values() if row.shift == 0])


def flat(name: str, width: int, height: int, pts: int = 0) -> Frame:
    """Mid gray, so that no noise is clipped; alpha too."""
    frame = noise(spec(name, width, height, Colour(range=Range.LIMITED)), timing=Timing(pts, Fraction(1, 25)))
    for plane in frame.planes:
        plane[...] = 0.5 if frame.format.is_float else 1 << (frame.format.depth - 1)
    return frame


def deviations(src: Frame, out: Frame) -> dict[str, Any]:
    """Return what was added to each channel, as part of the way from black to white."""
    black, white = levels(src)
    return {
        name: (after.astype(np.float64) - before) / (white - black)
        for (fmt, plane), result in zip(src.items(), out.planes, strict=True)
        for name, before, after in zip(fmt.channels, channels(plane), channels(result), strict=True)
    }


@TAKEN
def test_grain_is_as_strong_as_it_says(name: str) -> None:
    src = flat(name, 200, 160)
    added = deviations(src, rendered(effect("grain strength=0.05 chroma=0.02"), src))
    for channel, noise_ in added.items():
        wanted = 0 if channel == "a" else 0.02 if channel in "uv" else 0.05
        assert noise_.std() == pytest.approx(wanted, rel=0.06), channel
        assert abs(noise_.mean()) < 0.002
    independent = [noise_.ravel() for channel, noise_ in added.items() if channel not in "a" and noise_.size == 32000]
    for place, first in enumerate(independent):
        for second in independent[place + 1 :]:
            assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_grain_is_new_in_every_frame_and_the_same_in_every_render() -> None:
    call = effect("grain strength=0.1 seed=4")
    first, second = (flat("yuv420p", 64, 40, pts) for pts in (1, 2))
    assert same(rendered(call, first), rendered(call, first))
    assert not same(rendered(call, first), rendered(call, second))
    assert not same(rendered(call, first), rendered(effect("grain strength=0.1 seed=5"), first))
    again = flat("yuv420p", 64, 40)
    again.timing = Timing(3600, Fraction(1, 90000))  # the same moment in another time base
    assert same(rendered(call, again), rendered(call, first))


def test_grain_leaves_chroma_alone_unless_told() -> None:
    src = flat("yuva420p", 33, 17)
    out = rendered(effect("grain strength=0.1"), src)
    assert [np.array_equal(a, b) for a, b in zip(src.planes, out.planes, strict=True)] == [False, True, True, True]
    assert effect("grain strength=0 chroma=0.5").is_identity(spec("rgb24"))
    assert not effect("grain strength=0 chroma=0.5").is_identity(spec("yuv420p"))


def test_grain_is_one_of_a_run() -> None:
    """A chain of ten colour effects is one pass, by its definition."""
    calls = [
        "exposure stops=0.2",
        "contrast",
        "gamma value=1.1",
        "levels black=0.02",
        "sepia amount=0.2",
        "vibrance",
        "hue",
    ]
    chain = [effect(call) for call in (*calls, "grain strength=0.1 chroma=0.05", "saturation", "vignette")]
    chain += [effect("grain strength='0s:0.1 1s:0.3'")]
    for name, location in (("yuv420p", ChromaLocation.CENTER), ("p010le", ChromaLocation.LEFT), ("rgb24", None)):
        src = noise(
            spec(name, 35, 19, Colour(chroma=location or ChromaLocation.LEFT)), timing=Timing(9, Fraction(1, 25))
        )
        (step,) = make_plan(src.spec, chain).steps
        assert isinstance(step.action, Fused)
        expected = Frame.allocate(src.spec, POOL, like=src)
        reference(stages_of(step.action.parts, src.spec, src.timing), src, expected)
        assert worst(expected, step.apply(src, POOL)) <= 1


def denoised(call: str, window: list[Frame]) -> Frame:
    what = effect(call)
    assert isinstance(what, TemporalEffect)
    before, _ = what.window()
    out = Frame.allocate(window[0].spec, POOL, like=window[before])
    what.render_window(window, out)
    return out


@TAKEN
def test_denoise_is_its_definition(name: str) -> None:
    window = []
    for number in range(5):
        frame = flat(name, 33, 17, number)
        rng = np.random.default_rng(number)
        for plane in frame.planes:
            unit = 0.2 if frame.format.is_float else 0.2 * (1 << frame.format.depth)
            plane[...] = (plane + rng.uniform(-unit, unit, plane.shape)).astype(plane.dtype)
        window.append(frame)
    out = denoised("denoise radius=2 threshold=0.25", window)
    black, white = levels(window[0])
    limit = 0.25 * (white - black)
    for place, (fmt, result) in enumerate(zip(out.format.planes, out.planes, strict=True)):
        stack = np.stack([frame.planes[place] for frame in window]).astype(np.float64)
        difference = stack - stack[2]
        weight = np.maximum(0, 1 - (difference / limit) ** 2)
        expected = stack[2] + (weight * difference).sum(0) / weight.sum(0)
        if fmt.channels[-1] == "a":
            expected[(..., -1) if expected.ndim == 3 else ...] = stack[2][(..., -1) if expected.ndim == 3 else ...]
        assert np.abs(result - expected).max() <= (1e-5 if out.format.is_float else 1)
    assert out.pts == 2


@pytest.mark.parametrize("name", ["yuv420p", "rgb48le", "gbrpf32le"])
def test_denoise_quietens_what_stands_still_and_smears_no_cut(name: str) -> None:
    window = []
    for number in range(5):
        frame = flat(name, 120, 80, number)
        unit = 1.0 if frame.format.is_float else float(frame.format.peak)
        rng = np.random.default_rng(number)
        for plane in frame.planes:
            scene = plane * (0.5 if number < 3 else 1.5)  # a cut after the third frame
            plane[...] = (scene + rng.normal(0, 0.01 * unit, plane.shape)).astype(plane.dtype)
        window.append(frame)
    out = denoised("denoise radius=2 threshold=0.08", window)
    for before, after in zip(window[2].planes, out.planes, strict=True):
        assert after.std() < 0.75 * before.std()  # of three frames the mean would have 0.58
        assert abs(after.astype(float).mean() - before.astype(float).mean()) < 0.02 * before.mean()
    assert effect("denoise threshold=0").is_identity(spec(name))
