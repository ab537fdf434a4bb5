"""Functions of one value as polynomials by pieces: which there are, how near they are, and where they do not do."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Frame, pointwise
from lumaloom.frame import Colour, Timing, Transfer
from lumaloom.pointwise import machine
from lumaloom.pointwise.ir import Node, const, make, node, reach
from lumaloom.pointwise.lower import lower, now
from lumaloom.pointwise.machine import has_permutes, has_wide_permutes
from lumaloom.pointwise.passes.pieces import fitted
from lumaloom.pointwise.passes.regions import ARGUMENT, Function, separated
from lumaloom.pointwise.pieced import Pieced
from lumaloom.pointwise.program import Program, program
from lumaloom.pointwise.reference import reference
from lumaloom.pointwise.spaces import to_code, to_light
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, spec
from tests.engine.test_pointwise import differences, worst
from tests.engine.test_pointwise_code import aligned, by_code

R, G = node("input", (), "raw r"), node("input", (), "raw g")
WIDE = pytest.mark.skipif(not has_wide_permutes(), reason="the code is for processors with AVX-512")


def power(base: Node, exponent: float) -> Node:
    return make("pow", make("max", base, const(0)), const(exponent))


def pieces(roots: list[Node]) -> list[Node]:
    return [here for here in reach(separated(roots, 16, 2, 32, True)) if here.op == "pieces"]


def test_functions_in_a_row_are_one() -> None:
    mixed = make("add", R, make("mul", G, const(0.5)))
    lit = power(make("add", power(mixed, 2.2), const(0.1)), 0.45)
    (found,) = pieces([make("mul", lit, const(3.0))])
    assert found.args[0] is mixed
    function: Any = found.args[1].data
    assert function.root is power(make("add", power(ARGUMENT, 2.2), const(0.1)), 0.45)


def test_channels_share_a_table() -> None:
    both = make("add", power(R, 0.7), power(G, 0.7))
    first, second = pieces([both])
    assert {first.args[0], second.args[0]} == {R, G}
    assert first.args[1] is second.args[1]


def test_what_jumps_is_no_such_function() -> None:
    stepped = make("floor", make("mul", power(R, 0.4), const(7.0)))
    within, after = pieces([power(stepped, 0.3)])
    assert within.args[0] is R
    assert after.args[0].op == "floor"


def test_what_is_cheap_is_left_as_it_is() -> None:
    assert not pieces([make("max", R, const(0.5))])


SHAPES: dict[str, tuple[Callable[[Any], Any], float, float, float]] = {
    "a root from nothing": (lambda v: np.sqrt(np.maximum(v, 0)), -1.0, 2.0, 1.5e-3),
    "light": (to_light(Transfer.BT709), -1.5, 2.5, 1e-5),
    "code": (to_code(Transfer.BT709), -9.0, 9.0, 1e-4),
    "clipped": (lambda v: np.clip(v, 0, 1) ** 1.5, -2.0, 3.0, 3e-5),
    "a line": (lambda v: 2 * v - 1, -1.0, 1.0, 1e-6),
    "the same everywhere": (lambda v: 0.25 + 0 * v, 0.0, 1.0, 1e-6),
    "one point": (lambda v: np.exp(v), 0.5, 0.5, 1e-5),
}


@pytest.mark.skipif(not has_permutes(), reason="the code is for processors with AVX2")
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("degree", "entries", "less"), [(2, 32, 1), (3, 32, 4), (4, 32, 4), (3, 16, 0.2)])
def test_code_is_as_near_as_the_fit_says(name: str, degree: int, entries: int, less: float) -> None:
    if entries == 32 and not has_wide_permutes():
        pytest.skip("the code is for processors with AVX-512")
    function, low, high, most = SHAPES[name]
    fit = fitted(function, low, high, degree, entries)
    assert fit.error <= most / less
    places = np.resize(np.concatenate([np.linspace(low, high, 60001), np.geomspace(1e-6, 1, 5000) * high]), 1 << 16)
    places = places.clip(low, high).astype(np.float32)
    given = Function(power(ARGUMENT, 0.5), degree, entries)
    given.capped = True
    found = by_code("pieces", places, table=aligned(fit.table), function=given)
    exact = function(places.astype(np.float64))
    assert np.abs(found - exact).max() <= fit.error + 4e-6
    assert np.abs(found - exact).max() >= fit.error / 10 or fit.error < 1e-6


def test_what_no_polynomial_follows_is_said() -> None:
    rough = np.random.default_rng(1).random(4097)
    assert fitted(lambda v: np.interp(v, np.linspace(0, 1, 4097), rough), 0, 1, 3, dense=True).error > 0.1
    with np.errstate(all="ignore"):
        assert fitted(np.log, -1.0, 1.0, 3).error == np.inf


def by_floats(code: Program) -> list[Any]:
    """Return those of a run's codes that have pieces in floats."""
    return [variant for variant in code.variants if isinstance(variant.settled, Pieced)]


GRADE = [
    effects.vivid(),
    effects.power(),
    effects.turned(degrees=9.0),
    effects.curve(),
    effects.stops(),
    effects.warm(),
]


@WIDE
@pytest.mark.parametrize("name", ["yuv420p", "rgb24", "p010le", "yuv444p12le"])
def test_a_grade_is_done_so(name: str) -> None:
    src = noise(spec(name, 150, 18))
    stages = [effect.stage for effect in GRADE]
    code = program(stages, src.spec, src.spec)
    assert any(variant.settled.of(stages, src) for variant in by_floats(code))
    assert code.by_pieces(now(stages))[0] > 0
    assert differences(GRADE, src, src.spec) <= 1
    assert not any(variant.steady for variant in program(stages, src.spec, spec("gbrpf32le")).variants)


@WIDE
def test_parameters_that_they_do_not_do_for_are_computed_otherwise() -> None:
    src = noise(spec("rgb24", 66, 20))
    for chain, fits in (
        ([effects.vivid(), effects.power(value=1.2), effects.balance()], True),
        ([effects.vivid(), effects.power(value=1.2), effects.rounded(levels=64), effects.vivid()], False),
    ):
        stages = [effect.stage for effect in chain]
        code = program(stages, src.spec, src.spec)
        assert (by_floats(code)[0].settled.of(stages, src) is not None) == fits
        assert differences(chain, src, src.spec) <= 1


@WIDE
def test_what_changes_with_time_leaves_the_other_tables() -> None:
    @pointwise
    def fading(r: Any, g: Any, b: Any, *, t: Any, frame: Any) -> Any:
        """Darken, a little less in every other frame."""
        share = np.clip(t / 2, 0, 1) + 0.1 * (frame % 2)
        return r * share, g * share, b * share

    chain = [effects.vivid(), effects.power(value=1.2), fading(), effects.stops()]
    stages = [effect.stage for effect in chain]
    tables = []
    for pts in (0, 25, 36, 300):
        src = noise(spec("yuv420p", 66, 20), timing=Timing(pts, Fraction(1, 25), 1))
        ready = by_floats(program(stages, src.spec, src.spec))[0].settled.of(stages, src)
        assert ready is not None
        tables.append(ready[1])
        assert differences(chain, src, src.spec) <= 1
    assert any(map(np.array_equal, tables[0], tables[-1])), "what comes before it"
    assert program(stages, src.spec, src.spec, allowed=0.03).lowered.cube is None


def test_black_is_as_near_as_other_colours() -> None:
    """Where a power is infinitely steep the least error of light is a large one of codes."""
    src = noise(spec("yuv444p12le", 66, 20, Colour(transfer=Transfer.GAMMA22)))
    for plane, black in zip(src.planes, (256, 2048, 2048), strict=True):
        plane[:8] = black
    effect = effects.balanced_light()
    code = Program(lower([effect.stage], src.spec, src.spec))
    expected, found = (Frame.allocate(src.spec, POOL, like=src) for _ in range(2))
    reference([effect.stage], src, expected)
    for variant in code.variants:
        if variant.settled.of([effect.stage], src) is not None:
            vars(code)["variants"] = [variant]
            code.run([effect.stage], src, found)
            assert worst(expected, found) <= 1


@pytest.mark.skipif(not has_permutes(), reason="the code is for processors with AVX2")
def test_processors_with_narrower_registers_have_fewer_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    name, features = machine.processor()
    fewer = ",".join(word for word in features.split(",") if "avx512" not in word)
    monkeypatch.setattr(machine, "processor", lambda: ("haswell" if fewer != features else name, fewer))
    src = noise(spec("yuv420p", 66, 20))
    stages = [effect.stage for effect in (effects.vivid(), effects.power(value=1.2), effects.stops(amount=0.2))]
    code = Program(lower(stages, src.spec, src.spec))
    code.variants = first, *_ = by_floats(code)
    assert first.settled.of(stages, src) is not None
    assert {table.data.entries for table in first.lowered.tables} == {16}
    expected, found = (Frame.allocate(src.spec, POOL, like=src) for _ in range(2))
    reference(stages, src, expected)
    code.run(stages, src, found)
    assert worst(expected, found) <= 1
