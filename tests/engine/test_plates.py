"""Noise from a plate: near a normal distribution, without a pattern, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Param, normal, pointwise
from lumaloom.errors import TraceError
from lumaloom.frame import Frame, Timing
from lumaloom.graph import make_plan
from lumaloom.pointwise.machine import has_permutes
from lumaloom.pointwise.pieced import Pieced
from lumaloom.pointwise.program import FixedVariant, program
from lumaloom.pointwise.reference import reference
from tests.cuda import fake_cupy
from tests.cuda.host_shim import compiler
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, spec
from tests.engine.test_pointwise import differences, worst

HEIGHT, WIDTH = 700, 900


def drawn(key: int, count: int = 1, width: int = WIDTH, height: int = HEIGHT) -> Any:
    y, x = np.mgrid[:height, :width] + 0.5
    return np.stack(normal(count, x, y, width, height, key))


def together(a: Any, b: Any) -> float:
    """Return the correlation in standard deviations of what chance gives."""
    return float(abs((a * b).mean()) * np.sqrt(a.size))


def test_it_is_near_a_normal_distribution() -> None:
    found = drawn(5, 3)
    assert abs(found.mean()) < 5 / np.sqrt(found.size)
    assert found.std() == pytest.approx(1, abs=0.004)
    assert (found**4).mean() == pytest.approx(2.97, abs=0.05)
    assert abs((found**3).mean()) < 0.01
    assert 2.9 < np.abs(found).max() < 3.05
    for sigma, share in ((1, 0.3173), (2, 0.0455)):
        assert (np.abs(found) > sigma).mean() == pytest.approx(share, abs=1 / 64)


def test_it_has_no_pattern() -> None:
    """Neither between neighbours nor between channels, frames, seeds or sizes."""
    first, second, third = found = drawn(7, 3)
    for dy, dx in ((0, 1), (0, 2), (0, 4), (0, 16), (0, 64), (1, 0), (1, 1), (2, 0), (3, 5)):
        assert together(first[: HEIGHT - dy, : WIDTH - dx], first[dy:, dx:]) < 5, (dy, dx)
    assert max(together(first, second), together(first, third), together(second, third)) < 5
    for key in (8, 9, 7 + (1 << 40)):
        assert together(found, drawn(key, 3)) < 5
    assert together(first[:, :-1], drawn(7, 1, WIDTH - 1)[0]) < 5
    assert len({drawn(key, 1, 8, 8).tobytes() for key in range(500)}) == 500
    assert np.array_equal(drawn(7, 3), found)


def test_what_is_asked_for_later_changes_nothing() -> None:
    before = drawn(3, 1, 40, 30)
    drawn(3, 3, 2500, 2000)
    assert np.array_equal(drawn(3, 1, 40, 30), before)


def grained(name: str = "rgb24", frame: int = 0) -> tuple[Any, Frame, Frame]:
    chain = [effects.stops(), effects.filmy(), effects.cubic()]
    src = noise(spec(name, 66, 18), timing=Timing(frame, Fraction(1, 25), 1))
    return chain, src, Frame.allocate(src.spec, POOL, like=src)


def test_frames_read_other_rows_and_nothing_else_is_new() -> None:
    """Polynomials are neither sought nor tables laid out again for every frame's noise."""
    chain, src, _ = grained()
    stages = [effect.stage for effect in chain]
    for variant in program(stages, src.spec, src.spec).variants:
        ready = [variant.settled.of(stages, grained(frame=frame)[1]) for frame in range(3)]
        if ready[0] is None:
            continue
        plates, others = [], []
        for found in ready:
            assert found is not None
            plates.append([table.ctypes.data for table in found[1] if table.ndim == 3])
            others.append([id(table) for table in found[1] if table.ndim != 3])
        assert len({tuple(each) for each in plates}) == 3
        assert len({tuple(each) for each in others}) == 1
        if isinstance(variant.settled, Pieced):
            assert variant.settled._spans.cache_info().misses <= 1


@pytest.mark.skipif(not has_permutes(), reason="the code is for processors with AVX2")
@pytest.mark.parametrize("name", ["yuv420p", "rgb24", "yuv422p10le"])
def test_runs_in_fixed_point_have_noise_too(name: str) -> None:
    chain = [effects.power(value=1.4), effects.filmy(), effects.warm(amount=0.2), effects.filmy(seed=9)]
    stages = [effect.stage for effect in chain]
    for size in ((67, 35), (7, 5), (1, 1)):
        for frame in (0, 9):
            src = noise(spec(name, *size), timing=Timing(frame, Fraction(1, 25), 1))
            first = program(stages, src.spec, src.spec).variants[0]
            assert isinstance(first, FixedVariant)
            assert first.settled.of(stages, src) is not None
            assert differences(chain, src, src.spec) <= 1
    assert first.settled._found.cache_info().currsize == 3  # one a size, at any time


@pytest.mark.skipif(compiler() is None, reason="g++ is not there")
def test_a_gpu_gets_the_plate_once() -> None:
    with fake_cupy.installed() as cupy:
        for frame in range(3):
            chain, src, out = grained("gbrp", frame)
            stages = [effect.stage for effect in chain]
            source, target = (each.with_planes(tuple(map(cupy.asarray, each.planes))) for each in (src, out))
            before = cupy.calls.count("asarray")
            program(stages, src.spec, src.spec).run(stages, source, target)
            assert (cupy.calls.count("asarray") > before) == (frame == 0)
            found = out.with_planes(tuple(map(cupy.asnumpy, target.planes)))
            reference(stages, src, out)
            assert worst(out, found) <= 1


def test_what_can_not_be_read_from_a_plate_is_refused() -> None:
    @pointwise(space="luma")
    def finer(v: Any, *, x: Any, y: Any, width: Any, height: Any) -> Any:
        """Noise at another place."""
        return v + normal(1, x / 2, y, width, height)[0]

    @pointwise(space="luma")
    def chosen(v: Any, *, x: Any, y: Any, width: Any, height: Any, amount: float = Param(1.0)) -> Any:
        """Noise by the pixel."""
        return v + amount * normal(1, x, y, width, height, v)[0]

    with pytest.raises(TraceError, match="normal expected the pixel's own x and y; use noise for other places"):
        make_plan(spec("gray"), [finer()])
    with pytest.raises(TraceError, match="normal is chosen once per frame by parameters, not by pixels"):
        make_plan(spec("gray"), [chosen()])
