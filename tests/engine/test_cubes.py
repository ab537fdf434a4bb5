"""Costly runs as a look up in a cube: only where that is allowed, and no further off than is said."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Frame, Pointwise, keyframes
from lumaloom.frame import FORMATS, Timing
from lumaloom.graph import make_plan
from lumaloom.graph.fused import Fused
from lumaloom.pointwise import program
from lumaloom.pointwise.ir import reach
from lumaloom.pointwise.machine import has_wide_permutes
from lumaloom.pointwise.numpy_eval import evaluate
from lumaloom.pointwise.passes.cube_axes import Axes
from lumaloom.pointwise.passes.cubes import SIDES, Cube
from lumaloom.pointwise.reference import reference
from tests.cuda import fake_cupy
from tests.cuda.host_shim import compiler
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, same, spec


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Plan as for processors without AVX-512: with it, what is computed by pieces is faster than a cube."""
    monkeypatch.setattr(program, "has_wide_permutes", lambda: False)
    program._program.cache_clear()
    yield
    program._program.cache_clear()


def costly() -> list[Pointwise]:
    return [effects.stops(amount=0.4), effects.soft_vivid(amount=0.3), effects.power(value=1.2)]


def planned(chain: list[Any], name: str, error: float, after: str | None = None) -> Fused:
    formats = None if after is None else [FORMATS[after]]
    (step,) = make_plan(spec(name, 67, 35), chain, formats, table_error=error).steps
    assert isinstance(step.action, Fused)
    return step.action


def cube_of(fused: Fused) -> Cube | None:
    cube = fused.program.lowered.cube
    return cube if cube is None or cube.used else None


@pytest.mark.parametrize(
    ("name", "after"), [("yuv420p", "yuv420p"), ("gbrap12le", "gbrap12le"), ("yuv444p", "rgb48le"), ("rgb24", "nv12")]
)
def test_it_is_no_further_off_than_it_says(name: str, after: str) -> None:
    fused = planned(costly(), name, 12.0, after)
    cube = cube_of(fused)
    assert cube is not None
    assert 0 < cube.error * 255 <= 12
    assert str(cube) in fused.explain()
    src = noise(spec(name, 67, 35))
    found = fused.apply(src, fused.parts[-1].after, POOL)
    expected = Frame.allocate(found.spec, POOL, like=src)
    reference([effect.stage for effect in costly()], src, expected)
    peak = (1 << found.format.depth) - 1
    off = max(np.abs(a.astype(float) - b).max() / peak for a, b in zip(expected.planes, found.planes, strict=True))
    assert 0 < off <= cube.error * 1.05 + 1.5 / peak  # rounding, and colours that were not among those looked at
    if found.format.has_alpha:
        assert np.array_equal(found.planes[3], src.planes[3])


@pytest.mark.parametrize("name", ["yuv420p", "rgb24"])
def test_what_depends_on_the_place_is_computed_from_the_colours(name: str) -> None:
    fused = planned([*costly(), effects.grainy()], name, 8.0)
    cube = cube_of(fused)
    assert cube is not None
    ops = {here.op for part in fused.program.lowered.passes for here in reach(part.roots.values())}
    assert {"lookup3", "hash"} <= ops
    assert not ops & {"pow", "exp2"}
    src = noise(spec(name, 67, 35), timing=Timing(5, Fraction(1, 25), 1))
    found = fused.apply(src, fused.parts[-1].after, POOL)
    expected = Frame.allocate(found.spec, POOL, like=src)
    reference([effect.stage for effect in fused.effects], src, expected)
    off = max(np.abs(a.astype(float) - b).max() for a, b in zip(expected.planes, found.planes, strict=True))
    assert 0 < off <= 255 * cube.error * 1.05 + 1.5


@pytest.mark.parametrize("name", ["yuv420p", "yuv444p10le", "gbrp"])
@pytest.mark.parametrize("side", SIDES)
def test_places_in_a_cube_are_those_of_its_points(name: str, side: int) -> None:
    axes = Axes(spec(name))
    points = axes.codes(side)
    found = evaluate(axes.places(side), dict(zip(axes.inputs, points, strict=True)))
    steps = np.linspace(0, 1, side)
    for place, expected in zip(found, np.meshgrid(steps, steps, steps, indexing="ij"), strict=True):
        np.testing.assert_allclose(place, expected, atol=1e-9)
    top = (1 << spec(name).format.depth) - 1
    codes = np.random.default_rng(1).uniform(0, top, (3, 4096))
    for place in evaluate(axes.places(side), dict(zip(axes.inputs, codes, strict=True))):
        assert place.min() >= -1e-9
        assert place.max() <= 1 + 1e-9


def test_what_is_refused_says_why() -> None:
    fused = planned(costly(), "yuv420p", 0.001)
    assert cube_of(fused) is None
    assert any(line.startswith("computed, as more is asked than a cube of 65") for line in fused.explain())


def test_its_corners_are_exact() -> None:
    chain = [effects.stops(amount=-0.4), *costly()[1:]]  # so that white is on a slope
    fused, src = planned(chain, "rgb24", 255.0, "gbrpf32le"), noise(spec("rgb24", 67, 35))
    src.planes[0][...] = np.where(src.planes[0] < 128, 0, 255)
    found = fused.apply(src, fused.parts[-1].after, POOL)
    expected = Frame.allocate(found.spec, POOL, like=src)
    reference([effect.stage for effect in chain], src, expected)
    for one, other in zip(found.planes, expected.planes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(compiler() is None, reason="g++ is not there")
def test_cuda_looks_up_the_same() -> None:
    fused, src = planned(costly(), "yuv420p", 4.0), noise(spec("yuv420p", 67, 35))
    found = fused.apply(src, src.spec, POOL)
    with fake_cupy.installed() as cupy:
        source, target = (
            frame.with_planes(tuple(map(cupy.asarray, frame.planes))) for frame in (src, found.copy(POOL))
        )
        fused.program.run([effect.stage for effect in costly()], source, target)
        planes = [cupy.asnumpy(plane) for plane in target.planes]
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(found.planes, planes, strict=True)) <= 1


def test_the_smallest_that_is_exact_enough() -> None:
    first = cube_of(planned(costly(), "rgb24", 255.0))
    assert first is not None
    assert first.side == SIDES[0]
    second = cube_of(planned(costly(), "rgb24", 255 * first.error * 0.99))
    assert second is not None
    assert second.side > first.side
    assert second.error < first.error
    assert cube_of(planned(costly(), "rgb24", 0.0001)) is None
    assert len({cube_of(planned([effects.stops(amount=a), *costly()], "rgb24", 9.0)) for a in (0.1, 1.5)}) == 2


def test_only_where_it_is_allowed_and_pays() -> None:
    src = noise(spec("yuv420p", 67, 35))
    exact, allowed = planned(costly(), "yuv420p", 0.0), planned(costly(), "yuv420p", 9.0)
    assert cube_of(exact) is None
    assert exact.program.lowered.cube is None
    assert not same(exact.apply(src, src.spec, POOL), allowed.apply(src, src.spec, POOL))
    moving = [*costly(), effects.stops(amount=keyframes({0: 0.0, 1: 1.0}))]
    for chain, name in (
        ([effects.warm()], "rgb24"),  # cheap
        ([effects.power(), effects.curve(), effects.power(value=2.2), effects.curve(power=2.2)], "rgb24"),  # by channel
        (costly(), "gbrpf32le"),  # codes without end
        (moving, "yuv420p"),
    ):
        assert cube_of(planned(chain, name, 20.0)) is None


@pytest.mark.skipif(not has_wide_permutes(), reason="the code is for processors with AVX-512")
def test_what_is_faster_computed_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "has_wide_permutes", has_wide_permutes)
    program._program.cache_clear()
    chain = [effects.stops(), effects.vivid(), effects.power(value=1.2), effects.vivid(), effects.curve()]
    fused = planned(chain, "yuv420p", 9.0)
    assert cube_of(fused) is None
    assert any(line.startswith("computed, as this processor does it faster") for line in fused.explain())
