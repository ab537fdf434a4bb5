"""What a render can't keep is said, and only that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lumaloom
from lumaloom.errors import FormatError, ParameterError
from tests.media import clips


def test_bits_that_the_encoder_cannot_hold(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mkv", "ffv1", 2, fmt="yuv420p10le")
    result = lumaloom.render(source, tmp_path / "out.webm", encoder="vp9")
    assert result.warnings == ("yuv420p10le converted to yuv420p loses depth (10 to 8 bits)",)


def test_a_detour_through_full_chroma_loses_nothing(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mp4", count=2)
    result = lumaloom.render(source, tmp_path / "out.mp4", ["crop x=3 y=5 width=32 height=32"], pixel_format="yuv420p")
    assert any("convert" in step for step in result.steps)
    assert result.warnings == ()


SEE_THROUGH = Path(__file__).parent.parent / "effects" / "over.png"


@pytest.mark.parametrize(
    ("output", "effects", "lost"),
    [
        ("out.mp4", ["opacity"], True),
        ("out.mp4", ["opacity amount='0s:1 1s:0'"], True),
        ("out.jpg", ["opacity", "crop width=32 height=32"], True),
        ("out.webm", ["opacity"], False),
        ("out.mp4", [f"background file={SEE_THROUGH}"], False),
        ("out.mp4", ["opacity", f"background file={SEE_THROUGH}"], True),
        ("out.mp4", ["opacity", "background file={source}"], False),
    ],
)
def test_opacity_that_an_effect_made_and_the_output_cannot_hold(
    tmp_path: Path, output: str, effects: list[str], lost: bool
) -> None:
    source = clips.make(tmp_path / "in.mp4", count=1)
    lumaloom.render(source, picture := tmp_path / "whole.png")
    effects = [effect.replace("{source}", str(picture)) for effect in effects]
    warnings = lumaloom.render(source, tmp_path / output, effects).warnings
    assert [" loses alpha; fill it with `background`" in line for line in warnings] == [True] * lost


def test_opacity_of_the_source(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mov", "png", 1, fmt="rgba")
    assert any("loses alpha" in line for line in lumaloom.render(source, tmp_path / "out.mp4").warnings)


def test_a_gif_without_a_hole_has_no_opacity_to_lose(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.gif", "gif", 2, fmt="rgb8")
    assert not any("alpha" in line for line in lumaloom.render(source, tmp_path / "out.mp4").warnings)


@pytest.mark.parametrize(
    ("given", "made", "warning"),
    [
        ({"effects": ["crop x=3 y=5 width=32 height=32"]}, "yuv444p", "as yuv444p: add --pixel-format yuv420p ("),
        ({"effects": ["crop x=0 y=0 width=33 height=32"]}, "yuv444p", "crop to even sizes and add --pixel-format"),
        ({"encoder": "hevc", "pixel_format": "yuv420p10le"}, "yuv420p10le", ""),
        ({"pixel_format": "YUV422P"}, "yuv422p", ""),
        ({}, "yuv420p", ""),
    ],
)
def test_formats_that_players_refuse(tmp_path: Path, given: dict[str, Any], made: str, warning: str) -> None:
    result = lumaloom.render(clips.make(tmp_path / "in.mp4", count=2), tmp_path / "out.mp4", **given)
    with clips.av.open(tmp_path / "out.mp4") as found:
        assert found.streams.video[0].pix_fmt == made
    assert any("many players refuse" in line and warning in line for line in result.warnings) == bool(warning)


def test_a_pixel_format_that_the_encoder_lacks(tmp_path: Path) -> None:
    source = clips.make(tmp_path / "in.mp4", count=1)
    with pytest.raises(FormatError, match=r"h264 takes no pixel format 'yuv42p'; did you mean .* \(it takes: gray, "):
        lumaloom.render(source, tmp_path / "out.mp4", pixel_format="yuv42p")
    with pytest.raises(FormatError, match="takes no picture of 33x32: odd sizes don't fit"):
        lumaloom.render(source, tmp_path / "out.mp4", ["crop width=33 height=32"], pixel_format="yuv420p")
    with pytest.raises(ParameterError, match="pix_fmt is no option of h264: ask for it by --pixel-format"):
        lumaloom.render(source, tmp_path / "out.mp4", encoder_options={"pix_fmt": "yuv420p"})
