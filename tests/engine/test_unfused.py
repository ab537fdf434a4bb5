"""One pass for a chain, one pass per effect, and NumPy: all the same, whatever the frames at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumaloom.effect import Effect, Frame, FrameSpec, Pointwise, pointwise
from lumaloom.frame import FORMATS, ChromaLocation, Colour, Matrix, PixelFormat, Pool, Range, Timing, Transfer
from lumaloom.graph import Plan, make_plan
from lumaloom.graph.fused import Fused, stages_of
from lumaloom.plugins import default_registry
from lumaloom.pointwise.reference import reference
from tests.cuda import fake_cupy
from tests.cuda.host_shim import compiler
from tests.effects.test_contract import CALLS
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, spec
from tests.engine.test_pointwise import worst

# Neither jumps nor is steep: the roundings of float32 stay below a step of 16 bits after ten of them too.
GENTLE: dict[Any, tuple[str, float, float]] = {
    effects.warm: ("amount", 0.0, 1.0),
    effects.power: ("value", 0.8, 1.4),
    effects.vivid: ("amount", 0.0, 1.4),
    effects.soft_vivid: ("amount", 0.0, 0.4),
    effects.stops: ("amount", -1.0, 0.5),
    effects.wave: ("amount", 0.0, 0.2),
    effects.lift: ("amount", 0.0, 1.0),
    effects.grainy: ("amount", 0.0, 0.4),
    effects.filmy: ("amount", 0.0, 0.1),
    effects.balance: ("kelvin", 4500.0, 9000.0),
    effects.curve: ("power", 0.8, 1.4),
    effects.cubic: ("power", 0.8, 1.4),
    effects.turned: ("degrees", -180.0, 180.0),
    effects.opaque: ("amount", 0.0, 1.0),
}
STEEP = ("posterize", "threshold", "scanlines", "chromakey", "lumakey", "contrast")
BUILT_IN = sorted(
    CALLS[name]
    for name, kind in default_registry().effects.items()
    if name in CALLS and (issubclass(kind, Pointwise) or name == "grain") and name not in STEEP
)


def made(make: Any, share: float) -> Pointwise:
    name, low, high = GENTLE[make]
    return make(**{name: low + share * (high - low)})  # type: ignore[no-any-return]


own = st.builds(made, st.sampled_from(list(GENTLE)), st.floats(0, 1))
built_in = st.sampled_from(BUILT_IN).map(lambda call: default_registry().create(call))


@dataclass(frozen=True)
class Ends:
    """The frames at both ends of a chain."""

    before: FrameSpec
    after: PixelFormat

    @property
    def source(self) -> Frame:
        return noise(self.before, timing=Timing(5, Fraction(1, 25), 1))


def ends(before: str, after: str, size: tuple[int, int], colour: Colour, interlaced: bool) -> Ends:
    return Ends(FrameSpec(FORMATS[before], *size, colour, interlaced=interlaced), FORMATS[after])


colours = st.builds(
    Colour,
    st.sampled_from(Matrix),
    transfer=st.sampled_from(Transfer),
    range=st.sampled_from(Range),
    chroma=st.sampled_from(ChromaLocation),
)
names = st.sampled_from(sorted(FORMATS))
both_ends = st.builds(ends, names, names, st.sampled_from([(66, 20), (35, 19)]), colours, st.booleans())


def through(plan: Plan, src: Frame, pool: Pool = POOL) -> Frame:
    for step in plan.steps:
        assert src.spec == step.before
        src = step.apply(src, pool)
        assert src.spec == step.after
    return src


def check(chain: list[Any], between: Ends, dither: bool = False) -> list[str]:
    """Compare the three ways, and return what they were planned as without fusing."""
    src, formats = between.source, [between.after]
    fused, apart = (make_plan(src.spec, chain, formats, fuse=fuse, dither=dither) for fuse in (True, False))
    if not any(isinstance(part.action, Effect) for part in fused.parts):
        return []
    (step,) = fused.steps
    assert isinstance(step.action, Fused)
    assert list(map(repr, apart.parts)) == list(map(repr, fused.parts))
    assert len(apart.steps) == len(step.action.effects)
    defined = Frame.allocate(fused.output, POOL, like=src)
    reference(stages_of(step.action.parts, src.spec, src.timing), src, defined, dither)
    one, each = through(fused, src), through(apart, src)
    assert worst(defined, one) <= 1
    assert worst(defined, each) <= 1
    assert worst(one, each) <= 1
    return [step.after.format.name for step in apart.steps]


@given(st.lists(own, min_size=2, max_size=10), both_ends)
@settings(max_examples=4, derandomize=True, deadline=None)
def test_random_chains(chain: list[Pointwise], between: Ends) -> None:
    check(chain, between)


@pytest.mark.slow
@given(st.lists(own | built_in, min_size=2, max_size=10), both_ends, st.booleans())
@settings(max_examples=60, deadline=None)
def test_more_random_chains(chain: list[Pointwise], between: Ends, dither: bool) -> None:
    check(chain, between, dither)


def test_what_lies_between_passes() -> None:
    """Every space that colour may be in, values beyond black and white, opacity that both ends lack, light below 0."""

    @pointwise(space="linear")
    def dark(r: Any, g: Any, b: Any) -> Any:
        """Take light away."""
        return r - 0.5, g - 0.5, b - 0.5

    @pointwise(space="linear")
    def bright(r: Any, g: Any, b: Any) -> Any:
        """Give it back."""
        return r + 0.5, g + 0.5, b + 0.5

    @pointwise(alpha=True)
    def shown(r: Any, g: Any, b: Any, a: Any) -> Any:
        """Show how opaque a picture is."""
        return r * a, g * a, b * a, a

    chain = [effects.lift(amount=1), dark(), bright(), effects.opaque(), effects.vivid(amount=3), shown()]
    colour = Colour(Matrix.SMPTE170M, transfer=Transfer.GAMMA22, range=Range.FULL)
    found = check(chain, ends("yuv422p12le", "rgb24", (35, 19), colour, False))
    assert found == ["yuvaf32", "linearaf32", "linearaf32", "rgbaf32", "yuvaf32", "rgb24"]
    found = check([effects.lift(), effects.power(), effects.wave()], ends("gray", "gray16le", (35, 19), colour, False))
    assert found == ["yf32", "yf32", "gray16le"]


@pytest.mark.parametrize("location", [ChromaLocation.CENTER, ChromaLocation.BOTTOMLEFT, ChromaLocation.TOP])
def test_what_lies_beyond_odd_sizes_decides_about_chroma(location: ChromaLocation) -> None:
    for name, interlaced in (("yuv420p", False), ("nv12", True)):
        what = ends(name, name, (35, 19), Colour(chroma=location), interlaced)
        check([effects.warm(), effects.grainy(amount=0.4), effects.filmy(), effects.vivid()], what)


def test_tags_and_time_change_on_the_way() -> None:
    registry = default_registry()
    calls = [
        "exposure stops='0s:0 1s:2'",
        "colorspace primaries=bt2020 matrix=bt2020 transfer=pq",
        "fade start=-1",
        "hue",
    ]
    chain = [registry.create(call) for call in (*calls, "saturation amount='0s:1 1s:3'")]
    check(chain, ends("yuv420p", "yuv420p10le", (66, 20), Colour(Matrix.BT709, transfer=Transfer.BT709), True))
    tagged = noise(spec("yuv420p", colour=Colour(Matrix.BT2020_NCL, range=Range.FULL), interlaced=True))
    results = []
    for fuse in (True, False):  # frames of one stream may differ from what was planned for
        out = tagged
        for step in make_plan(spec("yuv420p"), chain, None, fuse=fuse).steps:
            out = step.apply(out, POOL)
        results.append(out)
    assert results[0].spec == results[1].spec
    assert worst(*results) <= 1


def test_depth_is_lost_and_dithered_at_the_end_alone() -> None:
    for before in ("yuv420p", "yuv420p10le"):
        found = check([effects.lift(), effects.warm()], ends(before, "yuv420p", (35, 19), Colour(), False), dither=True)
        assert len(found) == 2


@pytest.mark.skipif(compiler() is None, reason="g++ is not there")
def test_passes_on_a_gpu_are_the_same() -> None:
    src = ends("yuv420p", "yuv420p", (35, 19), Colour(chroma=ChromaLocation.CENTER), False).source
    chain = [effects.filmy(), effects.grainy()]
    plan = make_plan(src.spec, chain, None, "cuda", fuse=False)
    assert [step.device for step in plan.steps] == ["cuda", "cuda"]
    expected = through(make_plan(src.spec, chain), src)
    with fake_cupy.installed() as cupy:
        pool: Any = SimpleNamespace(acquire=lambda size: cupy.empty(size, np.uint8))
        out = through(plan, src.with_planes(tuple(map(cupy.asarray, src.planes))), pool)
        found = src.with_planes(tuple(map(cupy.asnumpy, out.planes)))
    assert worst(expected, found) <= 1


def test_it_is_said() -> None:
    plan = make_plan(spec("yuv420p"), [effects.warm(), effects.vivid()], [FORMATS["rgb24"]], fuse=False)
    first, second = (step.action for step in plan.steps)
    assert isinstance(first, Fused)
    assert isinstance(second, Fused)
    assert first.explain()[0] == "1 effect in a pass of its own: warm amount=0.8"
    assert second.explain()[:2] == ["1 effect in a pass of its own: vivid amount=1.4", "folded in: convert to rgb24"]
    assert plan.describe()[0] == "warm amount=0.8 on cpu: 32x16 rgbf32"
