"""The pointwise compiler against its definition: compiled code, fused and alone, and NumPy agree."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Frame, FrameSpec, Param, Pointwise, pointwise
from lumaloom.frame import FORMATS, ChromaLocation, Colour, Matrix, Model, Range, Timing, Transfer
from lumaloom.graph import make_plan
from lumaloom.graph.fused import Fused
from lumaloom.pointwise.program import program
from lumaloom.pointwise.reference import reference
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, spec

SIZES = ((67, 35), (64, 34), (7, 5), (1, 1), (33, 1))


def differences(chain: list[Pointwise], src: Frame, after: FrameSpec) -> float:
    """Return the greatest difference between code and definition: steps, or parts of 1e-5 + 1e-4 of the value."""
    stages = [effect.stage for effect in chain]
    expected, found = (Frame.allocate(after, POOL, like=src) for _ in range(2))
    reference(stages, src, expected)
    program(stages, src.spec, after).run(stages, src, found)
    return worst(expected, found)


def worst(expected: Frame, found: Frame) -> float:
    result = 0.0
    for a, b in zip(expected.planes, found.planes, strict=True):
        off = np.abs(a.astype(np.float64) - b)
        off = off / (1e-5 + 1e-4 * np.abs(a)) if a.dtype == np.float32 else off / (1 << expected.format.shift)
        assert np.isfinite(off).all()
        result = max(result, float(off.max()))
    return result


def taken(effect: Pointwise, name: str) -> bool:
    return effect.accepts(FORMATS[name])


@pytest.mark.parametrize("name", FORMATS)
def test_every_effect_in_every_format(name: str) -> None:
    for make in effects.EVERY:
        effect = make()
        if taken(effect, name):
            src = noise(spec(name, 67, 35), timing=Timing(5, Fraction(1, 25), 1))
            assert differences([effect], src, src.spec) <= 1, make


@pytest.mark.parametrize("name", ["yuv420p", "nv12", "yuv422p10le", "rgb24", "gbrapf32le", "gray", "yuva444p12le"])
@pytest.mark.parametrize("size", SIZES)
def test_every_size(name: str, size: tuple[int, int]) -> None:
    src = noise(spec(name, *size))
    for make in (effects.lift, effects.wave, effects.warm, effects.grainy, effects.filmy):
        if taken(make(), name):
            assert differences([make()], src, src.spec) <= 1


@pytest.mark.parametrize("name", ["gbrpf32le", "rgb48le"])
def test_any_exponent(name: str) -> None:
    """One program serves them all: those that its polynomials are for, and those beyond; black stays black."""

    @pointwise(space="any")
    def raised(v: Any, *, exponent: float = Param(1.0)) -> Any:
        """Raise to a power."""
        return np.power(np.maximum(v, 0), exponent)

    src = noise(spec(name, 66, 20))
    for plane in src.planes:
        plane[0] = 0
    for exponent in (0.01, 0.02, 0.3, 1.5, 4.0, 9.0, 100.0):
        assert differences([raised(exponent=exponent)], src, src.spec) <= 1, exponent


@pytest.mark.parametrize("matrix", [Matrix.BT709, Matrix.BT2020_NCL])
@pytest.mark.parametrize("tag", [Range.LIMITED, Range.FULL])
def test_black_is_nothing_to_the_bit(matrix: Matrix, tag: Range) -> None:
    """A root of what a matrix leaves of black would be seen."""
    src = noise(spec("yuv444p16le", 66, 4, Colour(matrix, range=tag)))
    for plane, black in zip(src.planes, (0 if tag is Range.FULL else 4096, 32768, 32768), strict=True):
        plane[...] = black
    assert all(map(np.array_equal, src.planes, rendered(effects.power(value=0.5), src).planes))


@pytest.mark.parametrize("location", ChromaLocation)
@pytest.mark.parametrize("name", ["yuv420p", "p010le"])
def test_chroma_sites(location: ChromaLocation, name: str) -> None:
    for width in (66, 33):
        src = noise(spec(name, width, 35, Colour(chroma=location)))
        assert differences([effects.warm(), effects.balance()], src, src.spec) <= 1
        assert differences([effects.vivid()], src, src.spec) <= 1


@pytest.mark.parametrize("matrix", Matrix)
@pytest.mark.parametrize("tag", Range)
def test_matrices_and_ranges(matrix: Matrix, tag: Range) -> None:
    for name in ("yuv420p", "yuv444p10le"):
        src = noise(spec(name, 66, 20, Colour(matrix, range=tag)))
        assert differences([effects.warm()], src, src.spec) <= 1


@pytest.mark.parametrize("transfer", Transfer)
def test_transfers(transfer: Transfer) -> None:
    for name in ("yuv444p10le", "rgb24", "gbrpf32le"):
        src = noise(spec(name, 66, 20, Colour(transfer=transfer)))
        assert differences([effects.stops()], src, src.spec) <= 1


def test_chroma_that_nothing_changes_comes_through_to_the_bit() -> None:
    for location in ChromaLocation:
        src = noise(spec("yuv420p", 66, 34, Colour(chroma=location)))
        for make in (effects.lift, effects.wave):
            assert all(map(np.array_equal, src.planes[1:], rendered(make(), src).planes[1:]))
        for name, plane in (("warm", 0.0), ("balance", 6500.0)):
            effect = effects.warm(amount=plane) if name == "warm" else effects.balance(kelvin=plane, tint=0)
            assert all(map(np.array_equal, src.planes, rendered(effect, src).planes))


def rendered(effect: Pointwise, src: Frame) -> Frame:
    out = Frame.allocate(effect.output(src.spec), POOL, like=src)
    effect.render(src, out)
    return out


def test_an_effect_that_does_nothing_is_left_out() -> None:
    for name in ("yuv420p", "rgb24"):
        assert make_plan(spec(name), [effects.warm(amount=0), effects.vivid(amount=1)]).steps == ()


def test_conversions_are_folded_in() -> None:
    plan = make_plan(spec("yuv420p"), [effects.warm(), effects.power()], [FORMATS["rgb48le"]])
    (step,) = plan.steps
    assert isinstance(step.action, Fused)
    assert step.action.folded == ("convert to rgb48le",)
    assert plan.output.format.name == "rgb48le"
    assert step.name == "warm+power"
    src = noise(spec("yuv420p", 66, 34))
    assert differences([effects.warm(), effects.power()], src, step.after_of(src.spec)) <= 4


@pytest.mark.parametrize("before", ["yuv420p", "yuv422p10le", "yuv444p", "rgb24", "p010le", "gray"])
@pytest.mark.parametrize("after", ["yuv420p10le", "yuv422p", "yuv444p16le", "gbrpf32le", "nv12"])
def test_every_subsampling_into_every_other(before: str, after: str) -> None:
    for location in (ChromaLocation.LEFT, ChromaLocation.CENTER, ChromaLocation.TOPLEFT):
        src = noise(spec(before, 66, 18, Colour(chroma=location)))
        for make in (effects.wave, effects.warm):
            if taken(make(), before):
                assert differences([make()], src, spec(after, 66, 18, Colour(chroma=location))) <= 1


@pytest.mark.parametrize("size", [(67, 35), (7, 5), (1, 1)])
def test_conversions_of_odd_sizes(size: tuple[int, int]) -> None:
    """Where one side has halved chroma and the other has not, the last row and column go on."""
    for before, after in (
        ("yuv420p", "rgb24"),
        ("rgb24", "yuv420p"),
        ("yuv444p10le", "nv12"),
        ("yuv422p", "yuv420p16le"),
    ):
        src = noise(spec(before, *size))
        for make in (effects.warm, effects.grainy, effects.filmy):
            assert differences([make()], src, spec(after, *size)) <= 1, (before, after)


def test_gray_becomes_colour_where_an_effect_needs_it() -> None:
    src = noise(spec("gray", 40, 20))
    plan = make_plan(src.spec, [effects.wave(), effects.warm()])
    (step,) = plan.steps
    out = step.apply(src, POOL)
    assert out.format.model is not Model.GRAY
    assert out.spec == plan.output


def test_frames_keep_their_tags_and_times() -> None:
    plan = make_plan(spec("yuv420p", 40, 20), [effects.warm(), effects.vivid()])
    tagged = spec("yuv420p", 40, 20, Colour(Matrix.BT2020_NCL, range=Range.FULL), interlaced=True)
    src = noise(tagged, timing=Timing(77, Fraction(1, 90000), 3003))
    src.side_data = (("A53_CC", b"cc"),)
    out = plan.steps[0].apply(src, POOL)
    assert (out.spec, out.timing, out.side_data) == (tagged, src.timing, src.side_data)
    expected = Frame.allocate(tagged, POOL, like=src)
    reference([effects.warm().stage, effects.vivid().stage], src, expected)
    assert worst(expected, out) <= 1


def test_other_numbers_compile_nothing() -> None:
    src = noise(spec("yuv420p", 40, 20)).spec
    codes = {program([effects.warm(amount=a).stage], src, src) for a in (0.1, 0.2, 1.0)}
    assert len(codes) == 1
    assert len({program([effects.masked(swap=s).stage], src, src) for s in (True, False)}) == 2


def test_not_a_number_becomes_black() -> None:
    plan = make_plan(spec("gbrpf32le", 40, 8), [effects.lift()], [FORMATS["gbrp"]])
    src = noise(spec("gbrpf32le", 40, 8))
    for plane in src.planes:
        plane[...] = np.nan
    assert all((plane == 0).all() for plane in plan.steps[0].apply(src, POOL).planes)
