"""Plans: the fewest and most lossless conversions, nothing that changes nothing."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param, PixelFormat, TemporalEffect
from lumaloom.errors import FormatError, ParameterError, PluginError
from lumaloom.frame import FORMATS, Colour, Matrix, Model, Range
from lumaloom.frame.cost import conversion_cost
from lumaloom.graph import Conversion, make_plan
from lumaloom.graph.negotiate import Accepts, negotiate
from lumaloom.plugins import default_registry
from tests.engine.frames import POOL, noise, same, spec


class Needs(Effect):
    """Takes some formats only."""

    name = "needs"
    kind = Kind.POINTWISE
    formats: str = Param("")
    idle: bool = Param(False)

    def accepts(self, fmt: PixelFormat) -> bool:
        return fmt.name in self.formats.split()

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.idle

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source


class OnCpu(Needs):
    """Runs on the CPU alone."""

    name = "oncpu"
    devices = ("cpu",)


def effect(text: str) -> Effect:
    return default_registry().create(text)


def formats(*names: str) -> list[PixelFormat]:
    return [FORMATS[name] for name in names]


def conversions(plan: Any) -> list[str]:
    return [step.action.target.name for step in plan.steps if isinstance(step.action, Conversion)]


@pytest.mark.parametrize("row", [row for row in FORMATS.values() if row.shift == 0], ids=str)
def test_nothing_is_converted_where_everybody_takes_the_source(row: PixelFormat) -> None:
    plan = make_plan(spec(row.name), [effect("blur sigma=3"), effect("flip")], [row, *FORMATS.values()])
    assert conversions(plan) == []
    assert [step.name for step in plan.steps] == ["blur", "flip"]
    assert make_plan(spec(row.name), [], None).steps == ()
    assert make_plan(spec(row.name), [], None).output == spec(row.name)


@pytest.mark.parametrize(
    ("source", "sink", "chosen"),
    [
        ("yuv420p", ["yuv444p", "yuv420p10le", "nv12"], "nv12"),
        ("yuv420p10le", ["yuv420p", "yuv444p10le", "gbrp10le"], "yuv444p10le"),
        ("yuv422p", ["yuv420p", "yuv444p"], "yuv444p"),
        ("rgba", ["rgb24", "bgra", "yuva444p"], "bgra"),
        ("rgb24", ["yuv420p", "yuv444p"], "yuv444p"),
        ("yuva420p", ["yuv420p", "yuva444p10le"], "yuva444p10le"),
        ("gray", ["yuv420p", "rgb24"], "yuv420p"),
        ("p010le", ["yuv420p", "yuv420p10le"], "yuv420p10le"),
        ("gbrpf32le", ["rgb24", "rgb48le"], "rgb48le"),
        ("yuv444p12le", ["yuv420p12le", "yuv444p10le"], "yuv420p12le"),
        ("yuv420p", ["gray", "rgb24"], "rgb24"),
    ],
)
def test_an_encoder_gets_the_format_that_loses_least(source: str, sink: list[str], chosen: str) -> None:
    plan = make_plan(spec(source), [], formats(*sink))
    assert conversions(plan) == [chosen]
    assert plan.output.format.name == chosen


def test_p010_is_unpacked_for_effects_and_stays_ten_bits() -> None:
    plan = make_plan(spec("p010le"), [effect("blur")], formats("yuv420p", "yuv420p10le", "p010le"))
    assert conversions(plan) == ["yuv420p10le"]


def _taker(stage: frozenset[str]) -> Accepts:
    return lambda fmt: fmt.name in stage


names = st.sampled_from(sorted(FORMATS))
choices = st.lists(names, min_size=1, max_size=4).map(lambda found: frozenset(found))


@given(names, st.lists(choices, max_size=3))
@settings(max_examples=150, deadline=None)
def test_no_other_path_costs_less(source: str, stages: list[frozenset[str]]) -> None:
    found = negotiate(FORMATS[source], [_taker(stage) for stage in stages])
    assert len(found) == len(stages)
    assert all(fmt.name in stage for fmt, stage in zip(found, stages, strict=True))

    def cost(path: Any) -> float:
        return sum(conversion_cost(a, b) for a, b in itertools.pairwise([FORMATS[source], *path]))

    best = min(cost([FORMATS[name] for name in path]) for path in itertools.product(*stages))
    assert cost(found) == pytest.approx(best)


@given(names, names)
def test_converting_costs_and_staying_does_not(first: str, second: str) -> None:
    cost = conversion_cost(FORMATS[first], FORMATS[second])
    assert (cost == 0) is (first == second)
    assert cost >= 0


def test_losses_are_ordered() -> None:
    """Colour before bits, bits before alpha, alpha before chroma, chroma before the model."""
    ten = FORMATS["yuva444p10le"]
    order = ["yuv444p10le", "yuva444p", "gray10le"]
    assert sorted(order, key=lambda name: conversion_cost(ten, FORMATS[name])) == order
    order = ["gbrap10le", "yuva420p10le", "yuv420p10le"]
    assert sorted(order, key=lambda name: conversion_cost(ten, FORMATS[name])) == order


def test_a_chain_that_nothing_suits_is_an_error() -> None:
    with pytest.raises(FormatError, match=r"needs takes no pixel format: its accepts\(\) has to allow one"):
        make_plan(spec("yuv420p"), [Needs(formats="nothing")], formats("yuv420p"))
    with pytest.raises(FormatError, match="no pixel format suits the chain from yuv420p"):
        make_plan(spec("yuv420p"), [], [])


def fails(*_: Any) -> Any:
    return {}["nothing"]


@pytest.mark.parametrize(
    ("method", "answer", "message"),
    [
        ("accepts", fails, "KeyError: 'nothing'"),
        ("is_identity", fails, "KeyError: 'nothing'"),
        ("fitted", fails, "KeyError: 'nothing'"),
        ("output", fails, "KeyError: 'nothing'"),
        ("output", lambda self, spec: None, "output() has to return a FrameSpec with whole numbers from 1"),
        ("output", lambda self, spec: replace(spec, width=spec.width / 2), "got 16.0x16 gray"),
        ("output", lambda self, spec: replace(spec, height=-1), "got 32x-1 gray"),
        ("window", fails, "KeyError: 'nothing'"),
        ("window", lambda self: 2, "window() has to return how many frames before and how many after"),
        ("window", lambda self: (-1, 2), "got (-1, 2)"),
    ],
)
def test_an_authors_mistake_names_effect_file_and_line(method: str, answer: Any, message: str) -> None:
    base, values = (TemporalEffect, {}) if method == "window" else (Needs, {"formats": "gray"})
    body = {"__doc__": "Go wrong.", "name": "wrong", "render_window": fails, method: answer}
    wrong: Any = type("Wrong", (base,), body)
    with pytest.raises(PluginError) as caught:
        assert make_plan(spec("gray"), [wrong(**values)]).window
    line = answer.__code__.co_firstlineno + (answer is fails)
    assert str(caught.value).startswith(f"wrong: {__file__}:{line}: ")
    assert message in str(caught.value)


def test_effects_that_change_nothing_are_left_out_with_their_conversions() -> None:
    for chain in (
        [effect("blur sigma=0")],
        [effect("brightness amount=0"), effect("boxblur radius=0"), effect("resize"), effect("crop")],
        [Needs(formats="gbrp", idle=True)],
        [effect("flip"), Needs(formats="gbrpf32le", idle=True), effect("flip")],
        [effect("resize width=32 height=16"), effect("crop x=0 y=0 width=32 height=16")],
    ):
        plan = make_plan(spec("yuv420p"), chain, formats("yuv420p"))
        assert conversions(plan) == []
        assert [step.name for step in plan.steps] == (["flip", "flip"] if len(chain) == 3 else [])


def test_an_effect_is_idle_by_the_frames_that_reach_it() -> None:
    """A resize to the source's size is no identity after a crop, and one to the crop's size is."""
    plan = make_plan(spec("yuv420p"), [effect("crop width=16 x=0"), effect("resize width=32 height=16")])
    assert [step.name for step in plan.steps] == ["crop", "resize"]
    plan = make_plan(spec("yuv420p"), [effect("crop width=16 x=0"), effect("resize width=16 height=16")])
    assert [step.name for step in plan.steps] == ["crop"]


@pytest.mark.parametrize(
    ("source", "call", "path"),
    [
        ("yuv420p", "crop x=2 y=2 width=9 height=7", []),
        ("yuv420p", "crop width=9", []),
        ("yuv420p", "crop x=1 y=2 width=8", ["yuv444p", "yuv420p"]),
        ("yuv420p10le", "crop x=2 y=1", ["yuv422p10le", "yuv420p10le"]),
        ("yuv422p", "crop x=2 y=1", []),
        ("yuv422p", "crop x=1 y=1", ["yuv444p", "yuv422p"]),
        ("nv12", "crop x=1", ["yuv444p", "nv12"]),
        ("yuva420p", "crop x=1 y=1", ["yuva444p", "yuva420p"]),
        ("yuv444p", "crop x=1 y=1", []),
        ("rgb24", "crop x=3 y=5", []),
        ("gray10le", "crop x=3 y=5", []),
    ],
)
def test_crop_between_chroma_samples_goes_through_full_chroma(source: str, call: str, path: list[str]) -> None:
    plan = make_plan(spec(source), [effect(call)], formats(source))
    assert conversions(plan) == path
    assert [step.name for step in plan.steps] == (["convert", "crop", "convert"] if path else ["crop"])


def test_an_odd_crop_is_exact_in_luma() -> None:
    frame = noise(spec("yuv420p", 33, 17))
    plan = make_plan(frame.spec, [effect("crop x=3 y=1 width=20 height=11")], formats("yuv420p"))
    result = frame
    for step in plan.steps:
        result = step.apply(result, POOL)
    assert np.array_equal(result.planes[0], frame.planes[0][1:12, 3:23])
    assert result.spec == plan.output


def test_parameters_that_do_not_fit_the_frames() -> None:
    with pytest.raises(ParameterError, match="crop: x=20 width=20 does not fit a picture of 32 pixels"):
        make_plan(spec("gray"), [effect("crop x=20 width=20")])
    with pytest.raises(ParameterError, match="height=17 does not fit a picture of 16 pixels"):
        make_plan(spec("gray"), [effect("crop height=17")])
    with pytest.raises(ParameterError):  # fits the source, not what the first effect makes of it
        make_plan(spec("gray"), [effect("resize width=16 height=8"), effect("crop x=0 width=17")])


def test_devices_split_a_plan_into_runs() -> None:
    chain = [effect("blur"), OnCpu(formats="yuv420p"), effect("flip"), effect("crop x=1")]
    plan = make_plan(spec("yuv420p"), chain, formats("yuv420p"), "cuda")
    assert [(run.device, [step.name for step in run.steps]) for run in plan.runs] == [
        ("cuda", ["blur"]),
        ("cpu", ["oncpu"]),
        ("cuda", ["flip"]),
        ("cpu", ["convert"]),
        ("cuda", ["crop"]),
        ("cpu", ["convert"]),
    ]
    assert [run.device for run in make_plan(spec("yuv420p"), chain, None, "cpu").runs] == ["cpu"]


def test_a_plan_describes_itself() -> None:
    plan = make_plan(spec("nv12"), [effect("blur sigma=2.5"), effect("crop x=2 width=8")], formats("rgb24"), "cuda")
    assert plan.describe() == [
        "blur sigma=2.5 border=reflect101 on cuda: 32x16 nv12",
        "crop width=8 height=0 x=2 y=-1 on cuda: 8x16 nv12",
        "convert to rgb24 on cpu: 8x16 rgb24",
    ]


def test_steps_follow_on_each_other() -> None:
    chain = [effect("crop x=1 width=21"), effect("resize width=64"), effect("blur"), effect("brightness")]
    plan = make_plan(spec("yuv420p", sar=Fraction(4, 3)), chain, formats("yuv420p10le"))
    assert plan.steps[0].before == plan.source
    for first, second in itertools.pairwise(plan.steps):
        assert first.after == second.before
    assert plan.output == plan.steps[-1].after
    assert plan.output.format.name == "yuv420p10le"


@pytest.mark.parametrize("call", ["crop y=0 height=500", "resize height=500"])
def test_an_untagged_picture_keeps_its_colours_when_its_height_changes(call: str) -> None:
    """720 rows and more are read as BT.709, fewer as BT.601: the reading of the source has to be pinned."""
    source = spec("yuv444p", 64, 1080)
    plan = make_plan(source, [effect(call)], None)
    assert plan.output.colour == Colour(Matrix.BT709)
    assert make_plan(spec("yuv444p", 64, 500), [effect("resize height=1080")]).output.colour == Colour(Matrix.SMPTE170M)
    tagged = replace(source, colour=Colour(Matrix.BT2020_NCL, range=Range.FULL))
    assert make_plan(tagged, [effect(call)]).output.colour == tagged.colour
    assert make_plan(replace(source, format=FORMATS["rgb24"]), [effect(call)]).output.colour == Colour()
    assert make_plan(source, [effect("crop y=0 height=800")]).output.colour == Colour()
    if call.startswith("crop"):
        frame = noise(source)
        cut = plan.steps[0].apply(frame, POOL)
        assert cut.spec == plan.output
        assert same(cut.to_rgb(), frame.to_rgb().with_planes((frame.to_rgb().planes[0][:500],), height=500))


def test_tags_that_differ_from_the_plan_stay_with_their_frame() -> None:
    plan = make_plan(spec("yuv420p"), [effect("flip"), effect("crop width=16"), Needs(formats="yuv420p")])
    frame = noise(replace(spec("yuv420p"), interlaced=True, colour=Colour(range=Range.FULL)))
    result = frame
    for step in plan.steps:
        result = step.apply(result, POOL)
    assert result.spec == replace(plan.output, interlaced=True, colour=Colour(range=Range.FULL))


def test_long_chains_are_planned_quickly() -> None:
    rng = random.Random(1)
    kinds = [row.name for row in FORMATS.values() if row.model is not Model.GRAY]
    chain = [Needs(formats=" ".join(rng.sample(kinds, 5))) for _ in range(40)]
    plan = make_plan(spec("yuv420p"), chain, formats("yuv420p"))
    assert sum(step.name == "needs" for step in plan.steps) == 40
