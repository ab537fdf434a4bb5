"""Whole renders of real clips, read back with PyAV alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import lumaloom
from lumaloom.plugins import default_registry
from tests.render import reading

pytestmark = pytest.mark.media

CLIPS = (
    "big_buck_bunny_30s.webm",
    "bigbuckbunny.mp4",
    "bikes.mp4",
    "bt2020_10bit.mp4",
    "bt601_limited_range.mp4",
    "carphone_pristine.mp4",
    "testsrc2_vp9.webm",
)
LOOK, OVER = (Path(__file__).parents[1] / "effects" / name for name in ("look.cube", "over.png"))
EVERY_EFFECT = [
    "bilateral radius=2",
    "blur sigma=3",
    "boxblur radius=2",
    "flip axis=both",
    "crop width=160 height=120",
    "resize width=128 height=96",
    "convolve matrix='0 1 0 1 4 1 0 1 0'",
    "denoise radius=1 threshold=0.04",
    "dilate radius=2",
    "edges",
    "erode radius=2",
    "grain strength=0.04",
    "median radius=2",
    "motionblur length=9 angle=20",
    "rotate angle=10",
    "sharpen amount=1.5",
    "warp corners='9 4; 150 0; 160 120; 0 110'",
]
# One chain of all of them, which is one step.
COLOURS = [
    "exposure stops=0.2",
    "brightness amount=0.02",
    "contrast amount=1.1",
    "gamma value=1.1",
    "levels black=0.02 white=0.97",
    "curves master='0:0 0.25:0.18 0.75:0.82 1:1'",
    "liftgammagain gain_red=1.05",
    "whitebalance kelvin=6000 tint=5",
    "saturation amount=1.2",
    "vibrance amount=0.2",
    "hue degrees=5",
    "colorbalance shadows_blue=0.1",
    "channelmixer rg=0.05",
    "splittone amount=0.2",
    "sepia amount=0.1",
    "blackandwhite amount=0.1",
    "invert amount=0.1",
    "posterize levels=64",
    "threshold level=0.0",
    "solarize threshold=0.9",
    "gradientmap amount=0.5",
    "duotone amount=0.2",
    "vignette amount=0.4",
    "scanlines amount=0.1",
    "fade duration=0.2",
    f"lut file={LOOK}",
    "chromakey similarity=0.1",
    "lumakey tolerance=0.02",
    "opacity amount=0.9",
    "blendcolor amount=0.2",
    f"overlay file={OVER} amount=0.2",
    f"mask file={OVER} amount=0.2",
    f"background file={OVER}",
]
RETAGGING = ["colorspace primaries=bt709 transfer=srgb matrix=bt709", "hdr2sdr"]


def test_a_blurred_clip_keeps_timestamps_audio_and_tags(media: Path, tmp_path: Path) -> None:
    source, target = media / "bigbuckbunny.mp4", tmp_path / "out.mp4"
    result = lumaloom.render(source, target, ["blur sigma=6"], preset="ultrafast")
    assert result.frames == 132
    assert reading.video_pts(target) == reading.video_pts(source)
    assert reading.packets(target, "audio") == reading.packets(source, "audio")
    assert reading.tags(target) == reading.tags(source)


def test_the_blur_is_the_gaussian_of_scipy(media: Path, tmp_path: Path) -> None:
    source, target = media / "bigbuckbunny.mp4", tmp_path / "out.mkv"
    lumaloom.render(source, target, ["blur sigma=6"], encoder="ffv1", end="24f")
    rendered = reading.planes(target)
    assert len(rendered) == 24
    for before, after in zip(reading.planes(source), rendered, strict=False):
        for plane, blurred, sigma in zip(before, after, (6, 3, 3), strict=True):
            expected = gaussian_filter(plane.astype(np.float64), sigma, mode="mirror")
            assert reading.psnr(np.rint(expected), blurred) >= 48


def test_the_list_of_effects_is_whole() -> None:
    built_in = {name for name, origin in default_registry().origins.items() if "lumaloom" in origin}
    assert {call.split()[0] for call in [*EVERY_EFFECT, *COLOURS, *RETAGGING]} == built_in


@pytest.mark.parametrize("clip", ["bikes.mp4", "bt2020_10bit.mp4", "bt601_limited_range.mp4", "testsrc2_vp9.webm"])
def test_clips_render_with_every_colour_effect(media: Path, tmp_path: Path, clip: str) -> None:
    source, target = media / clip, tmp_path / "out.mkv"
    result = lumaloom.render(source, target, COLOURS, encoder="ffv1", end="8f")
    assert (result.frames, len(result.steps)) == (8, 1)
    for tag in ("matrix", "primaries", "transfer", "range"):
        assert reading.tags(target)[tag] == reading.tags(source)[tag]


def test_high_dynamic_range_comes_out_as_standard(media: Path, tmp_path: Path) -> None:
    source, target = media / "bt2020_10bit.mp4", tmp_path / "out.mkv"
    for call, transfer in zip(RETAGGING, (13, 1), strict=True):
        lumaloom.render(source, target, [call], encoder="ffv1", end="4f", overwrite=True)
        tags = reading.tags(target)
        assert (tags["matrix"], tags["primaries"], tags["transfer"]) == (1, 1, transfer)
        luma = reading.planes(target)[0][0]
        low, high = np.percentile(luma, (0.1, 99.9))
        assert low >= 60
        assert call != "hdr2sdr" or low + 200 < high <= 945  # highlights are brought down by this one alone


@pytest.mark.parametrize("clip", CLIPS)
def test_every_clip_renders_with_every_effect(media: Path, tmp_path: Path, clip: str) -> None:
    source = media / clip
    for effect in EVERY_EFFECT:
        target = tmp_path / f"{effect.split()[0]}.mkv"
        result = lumaloom.render(source, target, [effect], preset="ultrafast", end="12f")
        assert result.frames == 12
        before, after = reading.tags(source), reading.tags(target)
        if before["height"] >= 720 > after["height"] and before["matrix"] == 2:
            # A player guesses the matrix of an untagged picture by its height, so the new height has to tag it.
            before |= {"matrix": 1, "range": 1}
        assert {**after, "height": 0} == {**before, "height": 0}
        assert not result.losses.any


def test_high_dynamic_range_stays_what_it_is(media: Path, tmp_path: Path) -> None:
    source = media / "bt2020_10bit.mp4"
    for name, encoder in (("out.mp4", "hevc"), ("out.mkv", "ffv1"), ("out.webm", "av1")):
        target = tmp_path / name
        lumaloom.render(source, target, ["blur sigma=2"], encoder=encoder, end="8f")
        tags = reading.tags(target)
        assert tags["format"] == "yuv420p10le"
        assert (tags["matrix"], tags["primaries"], tags["transfer"], tags["range"]) == (9, 9, 16, 1)


def test_threads_do_not_change_a_bit(media: Path, tmp_path: Path) -> None:
    hashes = set()
    for threads in (1, 2, 3):
        target = tmp_path / f"{threads}.mkv"
        effects = ["blur sigma=6", "boxblur radius=3", "resize width=640", "flip"]
        lumaloom.render(media / "bigbuckbunny.mp4", target, effects, encoder="ffv1", threads=threads, end="40f")
        hashes.add(reading.video_hash(target))
    assert len(hashes) == 1


def test_a_clip_gives_any_frame_exactly(media: Path) -> None:
    source = media / "bigbuckbunny.mp4"
    expected = reading.planes(source)
    with lumaloom.open(source) as clip:
        assert len(clip) == 132
        for number in (0, 131, 64, 65, 3, 131, -1, 40):
            frame = clip[number]
            assert all(np.array_equal(a, b) for a, b in zip(frame.planes, expected[number], strict=True))
        part = clip[20:60:10].apply("flip axis=vertical")
        assert len(part) == 4
        for frame, number in zip(part, range(20, 60, 10), strict=True):
            assert np.array_equal(frame.planes[0], expected[number][0][::-1])
        assert clip[5].to_rgb().to_numpy().shape == (720, 1280, 3)
