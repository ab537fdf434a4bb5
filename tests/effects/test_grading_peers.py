"""Colour effects beside other programs: FFmpeg's filters and Pillow, with the tolerance at each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from lumaloom.frame import Colour, Matrix, Primaries, Range, Transfer
from tests.effects.grading import Picture, by_pixel, colours, eight_bits, rgb8, theirs, through
from tests.effects.lut_writing import rows, some_cube, write_cube, write_hald

FULL = Colour(range=Range.FULL)


def yuv8(seed: int = 0) -> Picture:
    """Return the planes of a picture of likely colours: full range would clip differently at the ends."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(40, 200, (24, 40)), *rng.integers(80, 176, (2, 24, 40))]).astype(np.uint8)


@pytest.mark.parametrize(
    ("call", "filters", "steps"),
    [
        ("hue degrees=40", "hue=h=40", 1),
        ("hue degrees=-100", "hue=h=-100", 1),
        ("saturation amount=0.4", "hue=s=0.4", 1),
        ("saturation amount=1.8", "hue=s=1.8", 1),
    ],
)
def test_yuv_effects(call: str, filters: str, steps: int) -> None:
    planes = yuv8()
    mine, _ = eight_bits(call, planes, "yuv444p")
    assert np.abs(mine.astype(int) - theirs(filters, planes, "yuv444p")).max() <= steps


@pytest.mark.parametrize(
    ("call", "filters", "steps"),
    [
        ("channelmixer rr=0.5 rg=0.3 gb=0.2 br=-0.1", "colorchannelmixer=rr=0.5:rg=0.3:gb=0.2:br=-0.1", 2),
        ("sepia", "colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131", 2),
    ],
)
def test_rgb_effects(call: str, filters: str, steps: int) -> None:
    planes = rgb8()
    mine, _ = eight_bits(call, planes, "gbrp")
    assert np.abs(mine.astype(int) - theirs(filters, planes, "gbrp")).max() <= steps


@pytest.mark.parametrize("size", [2, 5, 17, 33])
def test_a_cube_is_looked_up_as_ffmpeg_does(tmp_path: Path, size: int) -> None:
    path = write_cube(tmp_path / "look.cube", some_cube(size))
    planes = rgb8(seed=size)
    mine, _ = eight_bits(f"lut file={path}", planes, "gbrp")
    assert np.abs(mine.astype(int) - theirs(f"lut3d=file={path}:interp=tetrahedral", planes, "gbrp")).max() <= 1


def test_a_curve_is_looked_up_as_ffmpeg_does(tmp_path: Path) -> None:
    path = tmp_path / "curve.cube"
    curve = np.linspace(0, 1, 32)[:, None] ** np.array([0.6, 1.4, 1.0])
    path.write_text(f"LUT_1D_SIZE 32\n{rows(curve)}")
    planes = rgb8()
    mine, _ = eight_bits(f"lut file={path}", planes, "gbrp")
    assert np.abs(mine.astype(int) - theirs(f"lut1d=file={path}", planes, "gbrp")).max() <= 1


def test_kinds_of_files_with_one_look_agree(tmp_path: Path) -> None:
    """A .cube, a Hald picture of 16 bits and a curve that hands on to the cube give the same picture."""
    cube, picture = some_cube(9), colours()
    first = through(f"lut file={write_cube(tmp_path / 'a.cube', cube)}", picture)
    hald = write_hald(tmp_path / "a.png", cube, "rgb48be")
    np.testing.assert_allclose(through(f"lut file={hald}", picture), first, atol=5e-5)
    both = tmp_path / "b.cube"
    head = "LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 1\nLUT_3D_SIZE 9\nLUT_3D_INPUT_RANGE 0 4\n"
    both.write_text(f"{head}0 0 0\n4 4 4\n{rows(cube.transpose(2, 1, 0, 3))}")
    np.testing.assert_allclose(through(f"lut file={both}", picture), first, atol=5e-5)
    half = through(f"lut file={tmp_path / 'a.cube'} amount=0.5", picture)
    np.testing.assert_allclose(half, (first + picture) / 2, atol=1e-5)


def test_a_domain_moves_the_cube(tmp_path: Path) -> None:
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 3, 5)] * 3, indexing="ij"), axis=-1)
    path = write_cube(tmp_path / "wide.cube", grid, "DOMAIN_MIN -1 -1 -1\nDOMAIN_MAX 3 3 3\n")
    picture = colours() * 5 - 1.5
    expected = picture.clip(-1, 3)  # an identity over its domain
    np.testing.assert_allclose(through(f"lut file={path}", picture), expected, atol=1e-5)


def test_invert_and_solarize_are_pillows() -> None:
    planes = rgb8()
    image = Image.fromarray(np.moveaxis(planes, 0, 2))
    inverted, _ = eight_bits("invert", planes, "gbrp")
    assert np.array_equal(np.moveaxis(inverted, 0, 2), np.asarray(ImageOps.invert(image)))
    solarized, _ = eight_bits(f"solarize threshold={100 / 255}", planes, "gbrp")
    assert np.array_equal(np.moveaxis(solarized, 0, 2), np.asarray(ImageOps.solarize(image, 100)))


@pytest.mark.parametrize(
    ("mode", "function", "steps"),
    [
        ("multiply", ImageChops.multiply, 1),
        ("screen", ImageChops.screen, 1),
        ("darken", ImageChops.darker, 0),
        ("lighten", ImageChops.lighter, 0),
        ("difference", ImageChops.difference, 0),
        ("overlay", ImageChops.overlay, 2),
        ("hard_light", ImageChops.hard_light, 2),
    ],
)
def test_blend_modes_are_pillows(mode: str, function, steps: int) -> None:  # type: ignore[no-untyped-def]
    planes = rgb8()
    image = Image.fromarray(np.moveaxis(planes[[2, 0, 1]], 0, 2))
    over = Image.new("RGB", image.size, (200, 90, 30))
    mine, _ = eight_bits(f"blendcolor color=#c85a1e mode={mode} amount=1", planes, "gbrp")
    assert np.abs(np.moveaxis(mine[[2, 0, 1]], 0, 2).astype(int) - np.asarray(function(image, over))).max() <= steps


OVER = 0x5A / 255
W3C = {
    "normal": lambda below: OVER,
    "color_dodge": lambda below: 0.0 if below == 0 else min(1, below / (1 - OVER)),
    "color_burn": lambda below: 1.0 if below == 1 else 1 - min(1, (1 - below) / OVER),
    "exclusion": lambda below: below + OVER - 2 * below * OVER,
    "soft_light": lambda below: below - (1 - 2 * OVER) * below * (1 - below),
}


@pytest.mark.parametrize("mode", W3C)
def test_blend_modes_are_w3cs(mode: str) -> None:
    picture = colours()
    expected = by_pixel(picture, lambda pixel: [W3C[mode](value) for value in pixel])
    found = through(f"blendcolor color=#5a5a5a mode={mode} amount=1", picture)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_modes_of_hue_keep_what_they_say() -> None:
    """Luminosity by W3C's weights; hue, saturation and colour keep it, luminosity takes the colour's."""
    picture, weights = colours(), np.array([0.3, 0.59, 0.11])
    color = np.array([0xC8, 0x5A, 0x1E]) / 255
    for mode in ("hue", "saturation", "color"):
        out = through(f"blendcolor color=#c85a1e mode={mode} amount=1", picture)
        np.testing.assert_allclose(out @ weights, picture @ weights, atol=1e-5)
        assert out.min() >= -1e-5
        assert out.max() <= 1 + 1e-5
    lit = through("blendcolor color=#c85a1e mode=luminosity amount=1", picture)
    np.testing.assert_allclose(lit @ weights, np.full(lit.shape[:2], color @ weights), atol=1e-5)
    gray = through("blendcolor color=#5a5a5a mode=saturation amount=1", picture)
    assert np.ptp(gray, axis=2).max() <= 1e-5
    soft = through("blendcolor color=#bfbfbf mode=soft_light amount=1", picture)
    over = 0xBF / 255
    bent = np.where(picture <= 0.25, ((16 * picture - 12) * picture + 4) * picture, np.sqrt(picture))
    np.testing.assert_allclose(soft, picture + (2 * over - 1) * (bent - picture), atol=1e-5)


def test_chroma_key_is_ffmpegs() -> None:
    planes = yuv8()
    planes[1:] -= 35
    # FFmpeg takes the mean distance of nine pixels: at the centre of a block of nine it is that of one.
    planes = planes.repeat(3, axis=1).repeat(3, axis=2)
    for similarity, blend in ((0.2, 0.2), (0.25, 0.0)):
        call = f"chromakey color=lime similarity={similarity} blend={blend} spill=0"
        mine, name = eight_bits(call, planes, "yuv444p", Colour(Matrix.BT709))
        assert name == "yuva444p"
        # FFmpeg takes the key's Cb and Cr as numbers here: those of lime by BT.709, limited range.
        key = "0x10" + "".join(f"{round(128 + 224 * v):02x}" for v in (-0.7152 / 1.8556, -0.7152 / 1.5748))
        # Distances count in 255ths there and in 224ths here.
        close, soft = similarity * 224 / 255, blend * 224 / 255
        filters = f"format=yuva444p;chromakey=color={key}:similarity={close}:blend={soft}:yuv=1"
        other = theirs(filters, planes, "yuv444p")
        assert np.array_equal(mine[:3], planes)
        centres = mine[3, 1::3, 1::3].astype(int), other[3, 1::3, 1::3]
        assert (np.abs(centres[0] - centres[1]) <= 2).mean() > 0.99
        assert 0.02 < (mine[3] == 0).mean() < 0.95


def test_spill_takes_the_keys_colour_away() -> None:
    picture = np.concatenate([colours(), np.ones((24, 40, 1))], axis=2)
    call = "chromakey color=lime similarity=0.01 blend=0"
    kept, cleaned = through(f"{call} spill=0", picture), through(f"{call} spill=1", picture)
    np.testing.assert_allclose(kept[..., :3], picture[..., :3], atol=1e-5)
    green = picture[..., 1] - picture[..., [0, 2]].max(axis=2) > 0.3
    excess = [np.maximum(p[..., 1] - p[..., [0, 2]].mean(axis=2), 0)[green].mean() for p in (kept, cleaned)]
    assert excess[1] < 0.4 * excess[0]
    pink = picture[..., 1] < picture[..., [0, 2]].min(axis=2) - 0.2
    np.testing.assert_allclose(cleaned[pink], kept[pink], atol=1e-5)


def test_luma_key_is_ffmpegs() -> None:
    planes = yuv8()
    colour = Colour(range=Range.FULL)
    for text in ("threshold=0.3:tolerance=0.1:softness=0.1", "threshold=0.5:tolerance=0.2:softness=0"):
        mine, _ = eight_bits(f"lumakey {text.replace(':', ' ')}", planes, "yuv444p", colour)
        other = theirs(f"format=yuva444p;lumakey={text}", planes, "yuv444p")
        assert np.array_equal(mine[:3], planes)
        steep = np.abs(mine[3].astype(int) - other[3])
        # FFmpeg rounds the bounds to whole code values: a step of luma is 10 of opacity on the slope.
        assert (steep <= 12).mean() > 0.98


def test_opacity_scales_alpha_alone() -> None:
    rng = np.random.default_rng(1)
    planes = rng.integers(0, 256, (4, 24, 40)).astype(np.uint8)
    for name in ("yuva444p", "gbrap"):
        mine, _ = eight_bits("opacity amount=0.3", planes, name)
        assert np.array_equal(mine[:3], planes[:3])
        assert np.abs(mine[3] - planes[3] * 0.3).max() <= 0.51
    opaque, name = eight_bits("opacity amount=0.5", planes[:3], "gbrp")
    assert name == "gbrap"
    assert (opaque[3] == 128).all()


def test_primaries_and_matrix_are_ffmpegs() -> None:
    planes = yuv8()
    colour = Colour(Matrix.SMPTE170M, Primaries.SMPTE170M, Transfer.SMPTE170M, Range.LIMITED)
    mine, _ = eight_bits("colorspace", planes, "yuv444p", colour)
    other = theirs("colorspace=all=bt709:iall=smpte170m:irange=tv:range=tv", planes, "yuv444p")
    red, blue = ((planes[k] - 128.0) / 224 * scale + (planes[0] - 16) / 219 for k, scale in ((2, 1.402), (1, 1.772)))
    green = ((planes[0] - 16) / 219 - 0.299 * red - 0.114 * blue) / 0.587
    inside = ((np.stack([red, green, blue]) > 0.02) & (np.stack([red, green, blue]) < 0.98)).all(axis=0)
    assert inside.mean() > 0.3  # what lies outside the gamut FFmpeg bends otherwise
    assert np.abs(mine.astype(int) - other)[:, inside].max() <= 2
