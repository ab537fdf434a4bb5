"""Keyframes: their text, what lies between keys, and effects whose parameters change over time."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lumaloom
from lumaloom.effect import Effect, Frame, Keyframes, Kind, Param, ParameterError, keyframes, parse_call
from lumaloom.effect.easing import NAMES, easing_of
from lumaloom.effect.keyframes import read_keyframes
from lumaloom.frame import Timing
from lumaloom.graph import make_plan
from lumaloom.plugins import default_registry
from tests.engine.frames import POOL, noise, spec
from tests.media import clips


class Moving(Effect):
    """An effect whose numbers move."""

    name = "moving"
    kind = Kind.POINTWISE

    amount: float = Param(0.5, min=0, max=2)
    count: int = Param(3, min=1, max=10)
    label: str = Param("a")
    mode: Literal["x", "y"] = Param("x")

    def render(self, src: Frame, out: Frame) -> None:
        for target in out.planes:
            target[...] = self.count


def seconds(time: float) -> Timing:
    return Timing(round(time * 1000), Fraction(1, 1000), 40)


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [
        ("0s:0 2s:1.5 4s:0", 1, 0.75),
        ("0s:0 2s:1.5 4s:0", 3, 0.75),
        ("0:0,2:1.5, 4:0", 2, 1.5),
        ("1s:0.25 2s:1", 0, 0.25),
        ("1s:0.25 2s:1", 9, 1),
        ("500ms:0 1500ms:1", 1, 0.5),
        ("1:00:0 1:02.5:1", 61.25, 0.5),
        ("1:00:00:0 1:00:02:1", 3601, 0.5),
        ("0:0 hold 2:1", 1.999, 0),
        ("0:0 hold 2:1", 2, 1),
        ("0:0 ease-in-out 2:1", 1, 0.5),
        ("0:0 ease-in 1:1", 0.5, 0.3153),
        ("0:0 ease-out 1:1", 0.5, 0.6847),
        ("0:0 ease 1:1", 0.5, 0.8024),
        ("0:0 cubic-bezier(0, 0, 1, 1) 1:1", 0.3, 0.3),
        ("0:1", 5, 1),
    ],
)
def test_values_between_keys(text: str, at: float, value: float) -> None:
    assert Moving(amount=text).at(seconds(at)).amount == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("name", [*NAMES, "cubic-bezier(0.2,-1.5,0.7,3)"])
def test_easings_start_at_0_and_end_at_1(name: str) -> None:
    easing = easing_of(name)
    assert (easing(0), easing(1)) == (0, 1)
    assert easing_of(easing.text).text == easing.text


def test_a_bezier_is_the_curve_of_its_points() -> None:
    s = np.linspace(0, 1, 200)
    x1, y1, x2, y2 = 0.3, -0.4, 0.1, 1.7
    curve = [3 * (1 - s) ** 2 * s * a + 3 * (1 - s) * s * s * b + s**3 for a, b in ((x1, x2), (y1, y2))]
    easing = easing_of(f"cubic-bezier({x1},{y1},{x2},{y2})")
    assert [easing(x) for x in curve[0]] == pytest.approx(curve[1].tolist(), abs=1e-9)


def test_the_python_form() -> None:
    keys = keyframes({0: 0.0, 2: (1.5, "hold"), "4s": 0}, easing="ease-in-out")
    assert str(keys) == "0s:0 ease-in-out 2s:1.5 hold 4s:0"
    moving = Moving(amount=keys, count=4)
    assert moving.animated
    assert moving.at(seconds(3)).amount == 1.5
    assert repr(moving) == "moving amount='0s:0 ease-in-out 2s:1.5 hold 4s:0' count=4 label=a mode=x"
    assert moving.values["amount"] == 0
    assert isinstance(moving.settings["amount"], Keyframes)


def test_frames_count_by_their_duration() -> None:
    moving = Moving(count="10f:1 19f:10")
    for frame, wanted in ((0, 1), (10, 1), (13, 4), (19, 10), (40, 10)):
        assert moving.at(Timing(frame * 40, Fraction(1, 1000), 40)).count == wanted
    assert moving.at(Timing(13, Fraction(1, 25))).count == 4  # no duration: a tick is a frame


def test_whole_numbers_stay_whole_and_overshoot_stays_within_bounds() -> None:
    moving = Moving(count="0:1 cubic-bezier(0.3,-3,0.7,4) 1:10", amount="0:0 cubic-bezier(0.3,-3,0.7,4) 1:2")
    seen = [moving.at(seconds(k / 50)) for k in range(51)]
    assert {type(one.count) for one in seen} == {int}
    assert (min(one.count for one in seen), max(one.count for one in seen)) == (1, 10)
    assert (min(one.amount for one in seen), max(one.amount for one in seen)) == (0, 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"amount": "0:0 1:3"}, "moving: amount expects a number from 0 to 2, got '3'"),
        ({"amount": "0:0 1:nan"}, "moving: amount expects a number from 0 to 2, got 'nan'"),
        ({"amount": keyframes({0: 5})}, "moving: amount expects a number from 0 to 2, got 5"),
        ({"count": "0:1 1:2.5"}, "moving: count expects a whole number from 1 to 10, got '2.5'"),
        ({"amount": "0:0 bounce 1:1"}, "moving: amount: easing expects linear, hold, ease"),
        ({"amount": "0:0 easein 1:1"}, "did you mean 'ease-in'?"),
        ({"amount": "ease-in 0:0"}, "moving: amount: expected a key such as 2s:1.5 where 'ease-in' stands in"),
        ({"amount": "0:0 hold hold 1:1"}, "expected a key such as 2s:1.5 where 'hold' stands in"),
        ({"amount": "0:0 1:1 hold"}, "expected a key after the last easing of '0:0 1:1 hold'"),
        ({"amount": "1:0 0:1"}, "expected keys in the order of their times, got '1:0 0:1'"),
        ({"amount": "1:0 1:1"}, "expected one key at each time, got '1:0 1:1'"),
        ({"amount": "0:0 9f:1"}, "expected all times in seconds or all in frames, got '0:0 9f:1'"),
        ({"amount": "0:0 1:1", "count": "0f:1 2f:2"}, "moving: expected the times of all keys in seconds or all in"),
        ({"amount": "-1:0"}, "expected a time such as 2s, 1500ms, 1:02.5 or 37f, got '-1'"),
        ({"amount": "1:2s:0"}, "expected a time such as 2s"),
        ({"amount": "1.5f:0"}, "expected a time such as 2s"),
        ({"amount": "0:0 cubic-bezier(2,0,0,0) 1:1"}, "cubic-bezier(x1,y1,x2,y2) with x from 0 to 1, got"),
        ({"amount": "0:0 cubic-bezier(a,0,0,0) 1:1"}, "cubic-bezier(x1,y1,x2,y2) with x from 0 to 1, got"),
        ({"amount": " ".join(f"{k}:0" for k in range(5000))}, "expected 1 to 4096 keys such as 2s:1.5, got 5000"),
        ({"label": keyframes({0: 1})}, "moving: label expects text, got keyframes; only numbers take them"),
        ({"mode": "0:x"}, "moving: mode expects one of x, y, got '0:x'"),
    ],
)
def test_what_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Moving(**values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_keys_are_refused() -> None:
    with pytest.raises(ParameterError, match="expected 1 to 4096 keys"):
        keyframes({})
    with pytest.raises(ParameterError, match="got '5'"):
        keyframes({0: 1, 1: 2}, easing="5")


@given(
    st.dictionaries(
        st.floats(0, 1e5).map(lambda number: round(number, 3)),
        st.tuples(st.floats(0, 2), st.sampled_from([*NAMES, "cubic-bezier(0.25,-2.0,1.0,0.5)"])),
        min_size=1,
        max_size=6,
    ),
    st.floats(0, 1e5),
)
def test_the_text_makes_the_same_again(keys: dict[float | str, Any], time: float) -> None:
    first = keyframes(keys)
    again = read_keyframes(str(first))
    assert again.times == first.times
    assert again.with_values(tuple(map(float, again.values)))(time) == first(time)
    moving = Moving(amount=first)
    assert repr(Moving(**parse_call(repr(moving))[1])) == repr(moving)
    assert math.isfinite(moving.at(Timing(1, Fraction(1))).amount)


def test_a_plan_renders_each_frame_as_of_its_time() -> None:
    what = spec("gray")
    plan = make_plan(what, [Moving(count="0:1 1:10")])
    for time, wanted in ((0, 1), (1 / 3, 4), (2, 10)):
        src = noise(what)
        src.timing = Timing(round(time * 3000), Fraction(1, 3000), 1)
        assert (plan.steps[0].apply(src, POOL).planes[0] == wanted).all()


def test_a_plan_asks_for_what_every_moment_needs() -> None:
    create = default_registry().create
    what = spec("yuv420p")
    # Left out only where it never does anything.
    assert not make_plan(what, [create("blur sigma='0:0 3:0'")]).steps
    assert make_plan(what, [create("blur sigma='0:0 1:4 2:0'")]).steps
    # Odd offsets on the way need chroma at every pixel.
    pan = make_plan(what, [create("crop width=16 height=8 y=0 x='0:0 1:16'")])
    assert [str(step.after.format) for step in pan.steps] == ["yuv444p", "yuv444p"]
    src = noise(what, timing=Timing(1, Fraction(1, 16), 1))
    for step in pan.steps:
        src = step.apply(src, POOL)
    assert (src.width, src.height) == (16, 8)
    with pytest.raises(ParameterError, match=r"crop: width can't be animated so: frames would be .* keep one size"):
        make_plan(what, [create("crop x=0 y=0 height=8 width='0:8 1:16'")])


def test_a_render_with_keyframes(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mp4", count=10)
    lumaloom.render(source, tmp_path / "out.mkv", ["brightness amount='0f:0 hold 5f:1'"], encoder="ffv1")
    with lumaloom.open(source) as before, lumaloom.open(tmp_path / "out.mkv") as after:
        for number in (0, 4, 5, 9):
            lit = after[number].planes[0].astype(int) - before[number].planes[0]
            assert (lit == 0).all() if number < 5 else lit.min() >= 20


@pytest.mark.parametrize("keys", ["0f:0 hold 2f:1", "0s:0 hold 80ms:1"])
def test_time_begins_with_what_is_rendered(keys: str, tmp_path: Path) -> None:
    """A range and a slice count from their own first frame, a file that begins late from its own."""
    source = clips.make(tmp_path / "in.mp4", count=10)
    late, effect = clips.remux(source, tmp_path / "late.ts"), f"brightness amount='{keys}'"
    for path, start in ((source, 0), (source, 4), (late, 0)):
        lumaloom.render(
            path, tmp_path / "out.mkv", [effect], encoder="ffv1", start=f"{start}f" if start else None, overwrite=True
        )
        with lumaloom.open(path) as before, lumaloom.open(tmp_path / "out.mkv") as after:
            moved = before[start:].apply(effect)
            for number in range(4):
                assert np.array_equal(moved[number].planes[0], after[number].planes[0])
                assert np.array_equal(moved[number:][0].planes[0], after[number].planes[0]), "slices change no frame"
                same = np.array_equal(before[start + number].planes[0], after[number].planes[0])
                assert same == (number < 2)
