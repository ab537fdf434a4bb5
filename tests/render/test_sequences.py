"""Sequences of pictures rendered: rates, ranges, segments, projects, and pictures out of pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import lumaloom
from lumaloom.cache import DiskCache, default_disk_cache
from lumaloom.errors import InputError, UsageError
from lumaloom.frame import Transfer
from tests.cli.running import run_cli
from tests.media import clips, sequences
from tests.render import reading


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> DiskCache:
    monkeypatch.setenv("LUMALOOM_CACHE_DIR", str(tmp_path_factory.mktemp("store") / "kept"))
    return default_disk_cache()


@pytest.mark.parametrize(
    ("words", "rate"),
    [((), "25"), (("--rate", "24000/1001"), "24000/1001"), (("--framerate", "23.976"), "24000/1001")],
)
def test_a_video_of_pictures(tmp_path: Path, words: tuple[str, ...], rate: str) -> None:
    pattern = sequences.make(tmp_path / "in", range(1001, 1007))
    made = run_cli("render", pattern, tmp_path / "out.mkv", "--encoder", "ffv1", *words)
    assert made.code == 0, made.err
    info = lumaloom.probe(tmp_path / "out.mkv").video[0]
    assert info.rate == Fraction(rate)
    assert reading.video_pts(tmp_path / "out.mkv") == pytest.approx(
        [float(n / Fraction(rate)) for n in range(6)], abs=1e-3
    )
    with lumaloom.open(pattern, rate=rate) as clip, lumaloom.open(tmp_path / "out.mkv") as video:
        assert (len(clip), clip[5].timing.seconds) == (6, 5 / Fraction(rate))
        for number in (5, 0, 3):
            assert np.array_equal(clip[number].to_rgb().planes[0], video[number].to_rgb().planes[0][..., :3])


def test_a_probe(tmp_path: Path) -> None:
    info = lumaloom.probe(sequences.make(tmp_path, [1, 2, 4], fmt="rgb48be"))
    (video,) = info.video
    assert (info.container, info.duration, video.codec) == ("image2", Fraction(4, 25), "png")
    assert info.container_name == "sequence of 3 files, shot.0001.png to shot.0004.png, without shot.0003.png"
    assert (video.width, video.height, video.frames, video.rate, video.depth) == (48, 32, 4, 25, 16)
    assert "3 files" in run_cli("probe", tmp_path / "*.png").out


def test_only_the_segments_of_files_that_changed_are_made_again(tmp_path: Path, store: DiskCache) -> None:
    pattern = sequences.make(tmp_path / "in", range(30))
    whole, pieces = tmp_path / "whole.mkv", tmp_path / "pieces.mkv"
    lumaloom.render(pattern, whole, encoder="ffv1")
    result = lumaloom.render(pattern, pieces, encoder="ffv1", segments=0.4)
    assert (result.segments, result.reused) == (3, 0)
    assert reading.video_hash(whole) == reading.video_hash(pieces)
    (tmp_path / "in" / "shot.0012.png").write_bytes(sequences.picture(99))
    result = lumaloom.render(pattern, pieces, encoder="ffv1", segments=0.4, overwrite=True)
    assert (result.segments, result.reused) == (3, 2)
    lumaloom.render(pattern, whole, encoder="ffv1", overwrite=True)
    assert reading.video_hash(whole) == reading.video_hash(pieces)
    result = lumaloom.render(pattern, pieces, encoder="ffv1", segments=0.4, overwrite=True, rate=30)
    assert result.reused == 0, "times are other ones"


def test_a_project(tmp_path: Path) -> None:
    sequences.make(tmp_path / "in", range(5))
    (tmp_path / "p.toml").write_text(
        '[[render]]\ninput = "in/shot.%04d.png"\noutput = "{stem}.mkv"\nrate = "24000/1001"\n'
        'encoder = "ffv1"\nend = "3f"\n'
    )
    assert run_cli("run", tmp_path / "p.toml").code == 0
    (video,) = lumaloom.probe(tmp_path / "shot.mkv").video
    assert (video.rate, len(reading.video_pts(tmp_path / "shot.mkv"))) == (Fraction(24000, 1001), 3)
    (tmp_path / "p.toml").write_text('[[render]]\ninput = "in/shot.%04d.png"\noutput = "a.mkv"\nrate = "x"\n')
    assert "render[1].rate: expected frames per second" in run_cli("run", tmp_path / "p.toml").error


def test_pictures_of_pictures_keep_their_numbers(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, range(1001, 1007))
    lumaloom.render(pattern, tmp_path / "out.%d.bmp", start="2f", end=0.2, rate=24)
    assert sorted(path.name for path in tmp_path.glob("out.*")) == [f"out.{n}.bmp" for n in (1003, 1004, 1005)]


def test_inputs_are_not_written_over(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, range(3))
    for output in (pattern, str(tmp_path / "shot.%d.png")):
        if output != pattern:
            (tmp_path / "shot.0.png").symlink_to(tmp_path / "shot.0000.png")
        with pytest.raises(UsageError, match="is an input; write to another name"):
            lumaloom.render(pattern, output, overwrite=True)
    with pytest.raises(UsageError, match="is the input itself"):
        lumaloom.render(pattern, tmp_path / "shot.0001.png", overwrite=True, end="1f")


# Formats that hold these samples as they are, and what reads them.
KEEPS = [
    ("png", "rgba64le", "rgba64le"),
    ("tif", "rgba64le", "rgba64le"),
    ("tif", "rgb24", "rgb24"),
    ("dpx", "gbrp10le", "gbrp10le"),
    ("dpx", "gbrp12le", "gbrp12le"),
    ("exr", "gbrapf32le", "gbrapf32le"),
    ("webp", "bgra", "rgba"),
    ("bmp", "bgr24", "bgr24"),
    ("tga", "bgra", "bgra"),
]


@pytest.mark.parametrize(("extension", "fmt", "back"), KEEPS)
def test_pictures_hold_what_they_can(tmp_path: Path, extension: str, fmt: str, back: str) -> None:
    source = clips.make(tmp_path / "in.nut", "rawvideo", 2, fmt=fmt, width=34, height=18)
    result = lumaloom.render(source, target := str(tmp_path / f"s%d.{extension}"))
    with lumaloom.open(source) as one, lumaloom.open(target) as other:
        assert (len(other), other.spec.format.name) == (2, back)
        for before, after in zip(one, other, strict=True):
            first, second = (
                dict(zip(frame.format.channels, _channels(frame), strict=True)) for frame in (before, after)
            )
            assert all(np.array_equal(first[letter], second[letter]) for letter in first)
    linear = [line for line in result.warnings if "linear" in line]
    assert bool(linear) == (extension == "exr")


def _channels(frame: lumaloom.Frame) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [
        plane if plane.ndim == 2 else plane[..., place]
        for plane in frame.planes
        for place in range(1 if plane.ndim == 2 else plane.shape[2])
    ]


def test_integers_become_linear_light_and_come_back(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, range(2))
    lit = lumaloom.render(pattern, tmp_path / "l%d.exr", ["colorspace transfer=linear"])
    assert not any("linear" in line for line in lit.warnings)
    with lumaloom.open(tmp_path / "l%d.exr") as clip:
        assert clip.spec.colour.transfer is Transfer.LINEAR
    back = lumaloom.render(tmp_path / "l%d.exr", tmp_path / "b%d.png", ["colorspace transfer=srgb"])
    assert not any("linear" in line for line in back.warnings)
    with lumaloom.open(pattern) as one, lumaloom.open(tmp_path / "b%d.png") as other:
        before, after = one[1].to_rgb().planes[0].astype(int), other[1].to_rgb().planes[0].astype(int)
    assert np.abs(before * 257 - after).max() <= 257
    dark = lumaloom.render(tmp_path / "l%d.exr", tmp_path / "d%d.png")
    assert any("too dark: add -e 'colorspace transfer=srgb'" in line for line in dark.warnings)


def test_damage_in_one_file(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, range(12))
    (tmp_path / "shot.0004.png").write_bytes(sequences.picture(4)[:500])
    with pytest.raises(InputError, match=r"4 of 12 frames are readable \(shot\.0004\.png: "):
        lumaloom.render(pattern, "null")
    result = lumaloom.render(pattern, "null", best_effort=True)
    assert (result.frames, result.losses.decode_errors) == (11, 1)
    with lumaloom.open(pattern) as clip:
        with pytest.raises(InputError, match=r"shot\.0004\.png"):
            clip[4]
        assert clip[5].pts == 5, "another file has nothing to do with it"
