"""Runs in 16-bit fixed point: the code does what it is computed to do, and that is near enough or not chosen."""

from __future__ import annotations

from operator import le
from typing import Any

import numpy as np
import pytest

from lumaloom.effect import Frame, pointwise
from lumaloom.pointwise import machine
from lumaloom.pointwise.fixed import ALLOWED, ALLOWED_MEAN, NEAR, Fixed
from lumaloom.pointwise.fixed_numbers import Attempt
from lumaloom.pointwise.ir import Node, const, make, node
from lumaloom.pointwise.lower import lower, now
from lumaloom.pointwise.machine import has_permutes, has_wide_permutes
from lumaloom.pointwise.passes.fixed import UnsuitableError, in_words
from lumaloom.pointwise.passes.fixed_curves import WORD, Shape, by_table, fitted, shapes, span
from lumaloom.pointwise.program import FixedVariant, Program, program
from lumaloom.pointwise.quick import in_steps
from lumaloom.pointwise.reference import reference
from tests.engine import pointwise_effects as effects
from tests.engine.frames import POOL, noise, spec
from tests.engine.test_pointwise import differences, worst

pytestmark = pytest.mark.skipif(not has_permutes(), reason="the code is for processors with AVX2")

R, G = node("input", (), "raw r"), node("input", (), "raw g")


@pointwise
def lowest(r: Any, g: Any, b: Any) -> Any:
    """Mix with the lowest channel, by a choice that is the same on both sides, and the distance between two."""
    low = np.minimum(np.minimum(r, g), b)
    more = np.where(low < 0.25, 0.25 + 0 * low, low)
    return r + 0.25 * (np.maximum(r, g) - low) * b, more * more + 0.1 * np.abs(g - b), -b + 1.0 - low


CHAINS: dict[str, list[Any]] = {
    "a grade": [effects.vivid(), effects.power(), effects.curve(), effects.stops(), effects.warm()],
    "light": [effects.warm(amount=0.3), effects.stops(amount=0.4)],
    "steep": [effects.vivid(), effects.power(value=0.8), effects.balance()],
    "choices": [effects.power(value=1.2), lowest(), effects.curve()],
    "dark": [effects.warm(amount=0.1), effects.stops(amount=-2.0), effects.power(value=0.9)],
}


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    name, features = machine.processor()
    fewer = ",".join(word for word in features.split(",") if "avx512" not in word)
    monkeypatch.setattr(machine, "processor", lambda: ("haswell" if fewer != features else name, fewer))


def first(code: Program) -> FixedVariant:
    (found,) = (variant for variant in code.variants if isinstance(variant, FixedVariant))
    assert found is code.variants[0]
    return found


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("chain", CHAINS)
def test_code_makes_the_words_that_were_looked_at(chain: str, wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if wide and not has_wide_permutes():
        pytest.skip("the code is for processors with AVX-512BW")
    if not wide:
        narrow(monkeypatch)
    stages = [effect.stage for effect in CHAINS[chain]]
    run = Fixed(in_steps(lower(stages, spec("gbrp", 16), spec("gbrp", 16))), 32 if wide else 16)
    colours = run.colours({(-1, "width"): 0.0, (-1, "height"): 0.0})
    src = Frame.allocate(spec("gbrp", len(colours["raw r"]), 1), POOL)
    for letter, plane in zip("gbr", src.planes, strict=True):
        plane[0] = colours[f"raw {letter}"]
    code = Program(lower(stages, src.spec, src.spec))
    variant = first(code)
    values = {**now(stages), (-1, "width"): float(src.width), (-1, "height"): 1.0}
    if variant.settled.at(values) is None:
        assert (wide, chain) == (False, "steep")
        return
    code.variants = [variant]
    found = Frame.allocate(src.spec, POOL, like=src)
    code.run(stages, src, found)
    fixed: Fixed = variant.settled
    seen = fixed.seen({name: values[name] for name in [*now(stages), (-1, "width"), (-1, "height")]})
    for near in NEAR:
        attempt = Attempt(fixed, values, seen, near)
        if all(map(le, attempt.error(), (ALLOWED, ALLOWED_MEAN))):
            break
    letters = [letter for part in fixed.lowered.passes for letter in part.roots]
    for letter, words in zip(letters, attempt.made(), strict=True):
        np.testing.assert_array_equal(found.planes["gbr".index(letter)][0], (words >> attempt.shift).clip(0, 255))


@pytest.mark.parametrize("name", ["yuv420p", "nv12", "rgb24", "bgra", "gray", "yuv422p10le", "yuva444p", "p010le"])
def test_chains_are_done_so_on_formats(name: str) -> None:
    src = noise(spec(name, 150, 19))
    stages = [effect.stage for effect in CHAINS["a grade"]]
    code = program(stages, src.spec, src.spec)
    if name != "gray":  # which is a table
        assert first(code).settled.of(stages, src) is not None
    assert differences(CHAINS["a grade"], src, src.spec) <= 1


@pointwise
def corners(r: Any, g: Any, b: Any, *, x: Any, y: Any, width: Any, height: Any) -> Any:
    """Darken the corners, and a gradient, of light."""
    gain = 1 - 0.5 * np.minimum(np.hypot(x / width - 0.5, y / height - 0.5), 0.6) ** 2
    return r**1.2 * gain, g**1.2 * gain + 0.1 * x / width, b**1.2 * gain + 0.1 * np.sin(4 * y / height)


@pytest.mark.parametrize("size", [(150, 19), (7, 3), (131, 64)])
@pytest.mark.parametrize("name", ["yuv420p", "rgb24", "yuv422p"])
def test_places_are_those_of_the_pixels(name: str, size: tuple[int, int]) -> None:
    src = noise(spec(name, *size))
    chain = [effects.power(value=0.9), corners()]
    stages = [effect.stage for effect in chain]
    assert first(program(stages, src.spec, src.spec)).settled.of(stages, src) is not None
    assert differences(chain, src, src.spec) <= 1


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("name", ["yuv420p", "rgb24"])
def test_processors_with_narrower_registers_have_smaller_tables(
    chain: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch)
    src = noise(spec(name, 70, 9))
    stages = [effect.stage for effect in CHAINS[chain]]
    code = Program(lower(stages, src.spec, src.spec))
    variant = first(code)
    assert {shape.entries for shape in variant.settled.shapes} == {16, 8}
    code.variants = [variant, code.variants[-1]]
    expected, found = (Frame.allocate(src.spec, POOL, like=src) for _ in range(2))
    reference(stages, src, expected)
    code.run(stages, src, found)
    assert worst(expected, found) <= 1


@pytest.mark.parametrize("shape", [*shapes(64), *shapes(16)], ids=str)
def test_pieces_are_where_words_look_for_them(shape: Shape) -> None:
    def bent(v: Any) -> Any:
        return 0.4 * v + 0.1 * v * v

    whole = span(bent, -1.0, 1.0, 1.0, 64)
    assert (whole.start, whole.stop, whole.fine) == (-1, 1, False)
    curve = fitted(bent, whole, shape, 0)
    table = np.rint(curve.powers.T * WORD).astype(np.int16)
    words = np.arange(-WORD, WORD, dtype=np.int32)
    off = np.abs(by_table(table, words, shape) - WORD * bent(words / WORD))
    assert off.max() <= curve.error * WORD + 2.5
    assert curve.error <= 4e-3


def test_where_a_function_is_level_it_may_be_cut_off() -> None:
    found = span(lambda v: np.clip(v, 0.0, 1.0) ** 1.1, -2.0, 3.0, 1e-2, 64)
    assert (found.start, found.stop) == pytest.approx((0, 1), abs=1e-3)
    found = span(lambda v: np.maximum(v, 0.0), -2.0, 3.0, 1e-2, 64)
    assert (found.start, found.stop) == pytest.approx((0, 3), abs=1e-3)


def test_what_is_steep_somewhere_has_finer_pieces_there() -> None:
    found = span(lambda v: np.cbrt(v), -1.0, 3.0, 1e-3, 64)
    assert found.fine
    assert found.middle == pytest.approx(0, abs=0.02)
    coarse = fitted(np.cbrt, found, Shape(64, 2), 0).error
    assert fitted(np.cbrt, found, Shape(64, 2, fine=4), 0).error < coarse


def test_what_words_do_not_do_is_said() -> None:
    for root in (make("div", R, G), make("floor", R), node("hash", (R, G, R, G))):
        with pytest.raises(UnsuitableError):
            in_words([make("add", root, const(0.5))])


def test_parameters_decide() -> None:
    src = noise(spec("rgb24", 70, 9))
    for value, done in ((1.2, True), (0.5, False)):
        chain = [effects.vivid(), effects.power(value=value), effects.warm(amount=0.2)]
        stages = [effect.stage for effect in chain]
        assert (first(program(stages, src.spec, src.spec)).settled.of(stages, src) is not None) == done
        assert differences(chain, src, src.spec) <= 1
    assert first(program(stages, src.spec, src.spec)).lowered.before == src.spec


def test_sums_that_may_leave_words_are_cut_off() -> None:
    """Only functions' arguments are meant to; what saturates by chance would be a wrong picture, never a wild one."""
    src = noise(spec("yuv420p", 70, 10))
    stages = [effect.stage for effect in CHAINS["a grade"]]
    variant = first(program(stages, src.spec, src.spec))
    ready = variant.settled.of(stages, src)
    assert ready is not None
    assert ready.way is not None
    assert len(ready.way.cut) < 20
    assert "sadd.sat" in variant.text(ready.way), "at least where arguments of functions are doubled"


def test_any_node_can_be_a_place() -> None:
    x: Node = node("input", (), "x")
    words = in_words([make("add", make("mul", R, make("mul", x, x)), const(0.5))])
    (column,) = words.places
    assert column.op == "column"
    assert words.places[column] is make("mul", x, x)
