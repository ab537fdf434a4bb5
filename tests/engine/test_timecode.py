"""Positions as people write them, progress, errors and the choice of a device."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom import device, errors
from lumaloom.errors import DeviceError, UsageError, nearest
from lumaloom.jobs.progress import Progress
from lumaloom.jobs.timecode import Position, parse_position


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", Fraction(0)),
        ("1.5", Fraction(3, 2)),
        (".25", Fraction(1, 4)),
        ("90s", Fraction(90)),
        ("1500ms", Fraction(3, 2)),
        ("40us", Fraction(40, 1_000_000)),
        ("1:02.5", Fraction(125, 2)),
        ("01:02:03.001", Fraction(3723001, 1000)),
        ("100:00:00", Fraction(360000)),
        ("0:59", Fraction(59)),
        (" 7 ", Fraction(7)),
        (2, Fraction(2)),
        (0.1, Fraction(1, 10)),
        (1e-5, Fraction(1, 100_000)),
        (1e16, Fraction(10**16)),
        (Fraction(1001, 30000), Fraction(1001, 30000)),
    ],
)
def test_seconds(text: Any, seconds: Fraction) -> None:
    assert parse_position(text) == Position(seconds=seconds)


def test_frames_and_positions() -> None:
    assert parse_position("37f") == Position(frame=37)
    assert parse_position(Position(frame=3)) == Position(frame=3)


@pytest.mark.parametrize(
    "text", ["", "f", "-1", "1:60", "1:2:3:4", "1;2", "12.5f", "-3f", "1h", "nan", "1:", ":5", -1, -0.5, float("nan")]
)
def test_what_is_no_position(text: Any) -> None:
    with pytest.raises(UsageError) as caught:
        parse_position(text, "start")
    assert str(caught.value) == (
        f"start: expected [HH:]MM:SS[.m], seconds such as 1.5, 1500ms, or a frame such as 37f, got {text!r}"
    )


@given(st.fractions(0, 1000).map(lambda value: value.limit_denominator(1000)), st.integers(0, 50), st.integers(0, 59))
def test_clocks_are_exact(rest: Fraction, hours: int, minutes: int) -> None:
    millis = int(rest * 1000) % 60000
    text = f"{hours}:{minutes:02}:{millis // 1000:02}.{millis % 1000:03}"
    assert parse_position(text).seconds == hours * 3600 + minutes * 60 + Fraction(millis, 1000)


@given(st.floats(0, 1e9))
def test_floats_are_taken_as_written(value: float) -> None:
    assert parse_position(value).seconds == Fraction(str(value))


def test_progress() -> None:
    half = Progress(50, 100, 2.0, {"decode": 1.0})
    assert (half.fps, half.remaining) == (25.0, 2.0)
    assert Progress(0, 100, 1.0, {}).remaining is None
    assert Progress(5, None, 1.0, {}).remaining is None
    assert Progress(7, 5, 1.0, {}).remaining == 0
    assert Progress(0, None, 0.0, {}).fps == 0.0


def test_exit_codes() -> None:
    codes = {
        "LumaloomError": 1,
        "UsageError": 2,
        "ParameterError": 2,
        "UnknownEffectError": 2,
        "FormatError": 2,
        "InputError": 3,
        "OutputError": 1,
        "DeviceError": 1,
        "MemoryLimitError": 1,
        "CancelledError": 130,
    }
    assert {name: getattr(errors, name).exit_code for name in codes} == codes
    assert nearest("blr", ["blur", "flip"]) == "; did you mean 'blur'?"
    assert nearest("zzz", ["blur", "flip"]) == ""


def test_the_choice_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "gpus", lambda: "no NVIDIA driver was found")
    assert device.choose("cpu") == "cpu"
    assert device.choose("auto") == "cpu"
    with pytest.raises(DeviceError, match="device cuda can't be used: no NVIDIA driver was found; use --device cpu"):
        device.choose("cuda")
    with pytest.raises(UsageError, match="unknown device 'cud'; expected one of auto, cpu, cuda; did you mean 'cuda'"):
        device.choose("cud")
    monkeypatch.setattr(device, "gpus", lambda: (device.Gpu("GPU", 1 << 30, "9.0"),))
    assert (device.choose("auto"), device.choose("cuda"), device.choose("cpu")) == ("cuda", "cuda", "cpu")


def test_the_processor_is_described() -> None:
    found = device.cpu()
    assert found.model
    assert found.cores == device.cores() >= 1
