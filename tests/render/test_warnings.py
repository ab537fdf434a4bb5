"""What a render can't keep is said, and only that."""

from __future__ import annotations

from pathlib import Path

import lumaloom
from tests.media import clips


def test_bits_that_the_encoder_cannot_hold(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mkv", "ffv1", 2, fmt="yuv420p10le")
    result = lumaloom.render(source, tmp_path / "out.webm", encoder="vp9")
    assert result.warnings == ("yuv420p10le converted to yuv420p loses depth (10 to 8 bits)",)


def test_a_detour_through_full_chroma_loses_nothing(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mp4", count=2)
    result = lumaloom.render(source, tmp_path / "out.mp4", ["crop x=3 y=5 width=32 height=32"])
    assert any("convert" in step for step in result.steps)
    assert result.warnings == ()
