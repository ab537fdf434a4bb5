"""Counts in words."""

from __future__ import annotations

import pytest

from lumaloom.errors import counted
from lumaloom.media.losses import Losses


@pytest.mark.parametrize(
    ("number", "things", "words"),
    [
        (2, "files", "2 files"),
        (1, "files", "1 file"),
        (1, "damaged frames", "1 damaged frame"),
        (1, "entries", "1 entry"),
    ],
)
def test_one_is_singular(number: int, things: str, words: str) -> None:
    assert counted(number, things) == words


@pytest.mark.parametrize(
    ("count", "declared", "words"),
    [(1, None, "1 frame is"), (0, None, "0 frames are"), (1, 30, "1 of 30 frames is"), (1, 1, "1 of 1 frame is")],
)
def test_frames_that_are_readable(count: int, declared: int | None, words: str) -> None:
    assert Losses(frames_readable=count, frames_declared=declared).readable() == words
