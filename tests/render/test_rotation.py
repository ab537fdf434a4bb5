"""A picture that players are told to turn: the tag stays, or the picture is turned as a player would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lumaloom
from tests.media import clips
from tests.render import reading

TURNS = pytest.mark.parametrize("degrees", [90, 180, 270])


def _source(folder: Path, degrees: int, fmt: str = "yuv420p") -> Path:
    return clips.make(folder / "in.mp4", count=2, fmt=fmt, rotation=degrees, options={"qp": "0", "preset": "ultrafast"})


@TURNS
def test_the_tag_stays_where_nothing_knows_left_from_right(tmp_path: Path, degrees: int) -> None:
    source, target = _source(tmp_path, degrees), tmp_path / "out.mp4"
    lumaloom.render(source, target, ["blur"])
    assert lumaloom.probe(target).video[0].rotation == lumaloom.probe(source).video[0].rotation == degrees


@TURNS
@pytest.mark.parametrize("fmt", ["yuv420p", "yuv444p"])
@pytest.mark.parametrize(("effects", "name"), [(["flip"], "out.mkv"), ([], "out.avi")])
def test_it_is_turned_as_a_player_would(tmp_path: Path, degrees: int, fmt: str, effects: list[str], name: str) -> None:
    source, target = _source(tmp_path, degrees, fmt), tmp_path / name
    lumaloom.render(source, target, effects, encoder="ffv1")
    for before, after in zip(reading.planes(source), reading.planes(target), strict=True):
        for plane, result in zip(before, after, strict=True):
            shown = np.rot90(plane, degrees // 90)
            assert np.array_equal(result, shown[:, ::-1] if effects else shown)
    assert not lumaloom.probe(target).video[0].rotation


def test_half_chroma_in_one_direction_is_turned_through_full_chroma(tmp_path: Path) -> None:
    source, target = _source(tmp_path, 90, "yuv422p"), tmp_path / "out.mkv"
    result = lumaloom.render(source, target, ["flip"], encoder="ffv1")
    assert result.frames == 2
    before, after = reading.planes(source)[0][0], reading.planes(target)[0][0]
    assert np.array_equal(after, np.rot90(before)[:, ::-1])


@TURNS
def test_what_lies_over_it_is_upright_as_it_is(tmp_path: Path, degrees: int) -> None:
    """A clip over another, both of which players turn."""
    source, target = _source(tmp_path, degrees), tmp_path / "out.mkv"
    lumaloom.render(source, target, ["exposure stops=-9", f"overlay file={source}"], encoder="ffv1")
    assert not lumaloom.probe(target).video[0].rotation
    for before, after in zip(reading.planes(source), reading.planes(target), strict=True):
        assert np.abs(after[0].astype(int) - np.rot90(before[0], degrees // 90)).max() <= 2
