"""Arrays and frames of a program become files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lumaloom
from lumaloom.errors import FormatError, OutputError, UsageError
from tests.media import clips

HEIGHT, WIDTH = 24, 34
PEAKS = {"uint8": 255, "uint16": 65535, "float32": 1}


def arrays(count: int, dtype: str = "uint8", channels: int = 3) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    shape = (HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH)
    return [(rng.random(shape) * PEAKS[dtype]).astype(dtype) for _ in range(count)]


def read(path: Path) -> list[np.ndarray[Any, Any]]:
    with lumaloom.open(path) as clip:
        return [frame.to_rgb().to_numpy() for frame in clip]


def times(path: Path) -> list[Fraction]:
    with lumaloom.open(path) as clip:
        return [frame.timing.seconds for frame in clip]


@pytest.mark.parametrize("dtype", PEAKS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_is_written_reads_back(tmp_path: Path, dtype: str, channels: int) -> None:
    given = arrays(2, dtype, channels)
    target = tmp_path / "out.mkv"
    summary = lumaloom.write(given, target, rate="25", encoder="ffv1")
    assert (summary.frames, summary.encoder) == (2, "ffv1")
    found = read(target)
    for before, after in zip(given, found, strict=True):
        expected = before if channels > 1 else np.repeat(before[..., None], 3, axis=2)
        greatest = 65535 if after.dtype == np.uint16 else 255
        off = np.abs(after / greatest - expected.astype(np.float64) / PEAKS[dtype]).max()
        assert off <= (0 if dtype == "uint8" else 6e-4)


def test_an_array_may_be_filled_anew(tmp_path: Path) -> None:
    def filled() -> Iterator[np.ndarray[Any, Any]]:
        array = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for number in range(12):
            array[...] = 20 * number
            yield array[::-1]

    lumaloom.write(filled(), tmp_path / "out.mkv", rate=25, encoder="ffv1")
    assert [int(picture[0, 0, 0]) for picture in read(tmp_path / "out.mkv")] == [20 * n for n in range(12)]


def test_a_frame_may_be_changed_and_given_again(tmp_path: Path) -> None:
    def changed() -> Iterator[lumaloom.Frame]:
        with lumaloom.open(clips.make(tmp_path / "in.mkv", "ffv1", count=1, fmt="gray")) as clip:
            frame = clip[0]
            for number in range(12):
                frame.planes[0][...] = 20 * number
                yield frame

    lumaloom.write(changed(), tmp_path / "out.mkv", ["boxblur radius=1"], rate=25, encoder="ffv1")
    with lumaloom.open(tmp_path / "out.mkv") as clip:
        assert [int(frame.planes[0][0, 0]) for frame in clip] == [20 * n for n in range(12)]


def test_effects_and_players(tmp_path: Path) -> None:
    """Time begins at the first frame; every player takes what comes of arrays."""
    target = tmp_path / "out.mp4"
    still = [np.full((HEIGHT, WIDTH, 4), 200, np.uint8)] * 3
    chain = ["opacity amount=0.9", "brightness amount='0f:0 2f:-0.5'"]
    summary = lumaloom.write(still, target, chain, rate="30000/1001")
    assert times(target)[1] == Fraction(1001, 30000)
    assert summary.format == "yuv420p"
    assert any("loses" in line and "alpha" in line for line in summary.warnings)
    levels = [picture[..., 1].mean() for picture in read(target)]
    assert np.allclose(levels, [200, 136, 72], atol=3)
    assert lumaloom.write(still, target, rate=10, pixel_format="yuv444p", overwrite=True).format == "yuv444p"


def test_frames_of_a_clip_keep_their_times(tmp_path: Path) -> None:
    source, target = clips.make(tmp_path / "in.mp4", count=8), tmp_path / "out.mkv"
    with lumaloom.open(source) as clip:
        lumaloom.write(clip[3:6], target, encoder="ffv1")
        assert clip.rate == 25
        assert times(target) == [0, Fraction(1, 25), Fraction(2, 25)]
        assert all(np.array_equal(a, b.to_rgb().to_numpy()) for a, b in zip(read(target), clip[3:6], strict=True))
        with pytest.raises(UsageError, match="frame 1: its time is not after that before; give the rate"):
            lumaloom.write(clip[::-1], target, overwrite=True)
        lumaloom.write(clip[::-1], target, rate=clip.rate, encoder="ffv1", overwrite=True)
        assert np.array_equal(read(target)[0], clip[7].to_rgb().to_numpy())


def test_pictures_need_no_rate(tmp_path: Path) -> None:
    lumaloom.write(np.stack(arrays(2)), tmp_path / "%d.png")
    assert np.array_equal(read(tmp_path / "1.png")[0], arrays(2)[1])
    with pytest.raises(OutputError, match="is one picture, but there are more frames"):
        lumaloom.write(arrays(2), tmp_path / "one.png")


ONE = arrays(1)[0]
WRONG: list[tuple[Any, dict[str, Any], str]] = [
    ("in.mp4", {}, r"frames: expected arrays or frames, got 'in.mp4'; lumaloom.render takes files"),
    (5, {}, "frames: expected arrays or frames, got 5"),
    (ONE, {}, r"frames: expected several, got one array of shape \(24, 34, 3\); put it into a list"),
    ([], {}, "frames: expected at least one, got none"),
    ([ONE], {"rate": None}, "rate: expected frames per second, such as rate=25, since arrays have no times"),
    ([ONE], {"rate": 0}, "rate: expected frames per second such as 25, 23.976 or 24000/1001, got 0"),
    ([ONE], {"rate": "fast"}, "got 'fast'"),
    ([ONE], {"rate": float("inf")}, "got inf"),
    ([ONE], {"threads": 0}, "threads: expected at least 1, got 0"),
    ([ONE], {"crf": "x"}, "crf: expected a number, got 'x'"),
    (
        [ONE.astype(float)],
        {},
        r"frame 0: expected an array \(H, W\), .* got \(24, 34, 3\) of float64; astype\(\) converts",
    ),
    ([ONE, ONE[:8]], {}, "frame 1: expected 34x24 rgb24 as before, got 34x8 rgb24; make them alike"),
    ([ONE, ONE[..., 0]], {}, "frame 1: expected 34x24 rgb24 as before, got 34x24 gray"),
    ([ONE[:0]], {}, "frame 0: expected an array"),
    ([None], {}, r"frame 0: expected an array .* got \(\) of object"),
]


@pytest.mark.parametrize(("frames", "given", "message"), WRONG, ids=[message[:40] for *_, message in WRONG])
def test_what_makes_no_sense(tmp_path: Path, frames: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        lumaloom.write(frames, tmp_path / "out.mkv", **{"rate": 25, **given})
    assert os.listdir(tmp_path) == []


def test_what_the_iterator_raises_comes_as_it_is(tmp_path: Path) -> None:
    def broken() -> Iterator[Any]:
        yield from arrays(9)
        raise KeyError("mine")

    for effects in ([], ["invert"]):
        with pytest.raises(KeyError, match="mine"):
            lumaloom.write(broken(), tmp_path / "out.mkv", effects, rate=25)
        assert os.listdir(tmp_path) == []


def test_numpy_takes_frames(tmp_path: Path) -> None:
    with lumaloom.open(clips.make(tmp_path / "in.mp4", count=1)) as clip:
        picture = clip[0].to_rgb()
        assert np.array_equal(np.flipud(picture), picture.to_numpy()[::-1])
        assert np.asarray(picture, dtype=np.float32).dtype == np.float32
        with pytest.raises(FormatError, match="planes of different size"):
            np.asarray(clip[0])
        with pytest.raises(ValueError, match="is a copy"):
            np.asarray(picture, copy=False)
