"""Colour effects against plain definitions, pixel by pixel, and what they leave alone."""

from __future__ import annotations

import colorsys
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator  # type: ignore[import-untyped]

from lumaloom.effect import Frame, ParameterError, Pointwise
from lumaloom.frame import Colour, Timing, Transfer
from lumaloom.graph import make_plan
from tests.effects.definitions import POOL, effect, spec
from tests.effects.every_sample import Definition, picture
from tests.effects.grading import LUMA, by_pixel, colours, through
from tests.effects.test_contract import CALLS

PICTURE = colours()


def luma(pixel: Any) -> float:
    return float(np.dot(pixel, LUMA))


def clamp(number: float) -> float:
    return min(max(number, 0.0), 1.0)


def step(number: float) -> float:
    number = clamp(number)
    return number * number * (3 - 2 * number)


def srgb_light(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def srgb_code(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def curve(points: dict[float, float], value: float) -> float:
    return float(PchipInterpolator(list(points), list(points.values()))(value))


def balanced(p: list[float]) -> list[float]:
    lightness = colorsys.rgb_to_hls(*p)[1]
    shadows = clamp((1 / 3 - lightness) * 4 + 0.5)
    lights = clamp((lightness - 2 / 3) * 4 + 0.5)
    middle = clamp((lightness - 1 / 3) * 4 + 0.5) * clamp((2 / 3 - lightness) * 4 + 0.5)
    return [p[0] + 0.7 * 0.5 * middle, p[1] - 0.7 * 0.4 * shadows, p[2] + 0.7 * 0.3 * lights]


def toned(p: list[float]) -> list[float]:
    light = luma(p)
    weight, strength = step(light + 0.1), 0.5 * 4 * light * (1 - light)
    dark, bright = np.array([0, 0, 1]) - 0.0722, np.array([1, 0, 0]) - 0.2126
    return [v + strength * (d * (1 - weight) + b * weight) for v, d, b in zip(p, dark, bright, strict=True)]


def vivid(p: list[float]) -> list[float]:
    factor = 1 + 0.6 * (1 - (max(p) - min(p)))
    return [luma(p) + factor * (v - luma(p)) for v in p]


SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
MIXED = np.array([[0.5, 0.25, -0.5], [0.0, 1.0, 0.0], [0.1, 0.2, 0.7]])
# What every call makes of one pixel.
DEFINITIONS = {
    "exposure stops=-1.5": lambda p: [srgb_code(srgb_light(v) * 2**-1.5) for v in p],
    "contrast amount=1.5 pivot=0.4": lambda p: [0.4 + 1.5 * (v - 0.4) for v in p],
    "brightness amount=-0.2": lambda p: [v - 0.2 for v in p],
    "gamma value=2.2": lambda p: [v ** (1 / 2.2) for v in p],
    "levels black=0.1 white=0.8 gamma=1.5 out_black=0.05 out_white=0.9": lambda p: [
        0.05 + 0.85 * max((v - 0.1) / 0.7, 0) ** (1 / 1.5) for v in p
    ],
    "levels channel=green white=0.5": lambda p: [p[0], p[1] / 0.5, p[2]],
    "curves master='0:0 0.5:0.6 1:1' blue=0:0.1,0.3:0.2,1:0.9": lambda p: [
        curve({0: 0, 0.5: 0.6, 1: 1}, v) for v in (p[0], p[1], curve({0: 0.1, 0.3: 0.2, 1: 0.9}, p[2]))
    ],
    "curves red='0:0 0.5:0.7 1:1'": lambda p: [curve({0: 0, 0.5: 0.7, 1: 1}, p[0]), p[1], p[2]],
    "liftgammagain lift=0.1 gamma=1.2 gain=0.9 gain_red=1.1 lift_blue=-0.05": lambda p: [
        max(gain * (v + lift * (1 - v)), 0) ** (1 / 1.2)
        for v, gain, lift in zip(p, (0.99, 0.9, 0.9), (0.1, 0.1, 0.05), strict=True)
    ],
    "saturation amount=0.3": lambda p: [luma(p) + 0.3 * (v - luma(p)) for v in p],
    "vibrance amount=0.6": vivid,
    "colorbalance midtones_red=0.5 shadows_green=-0.4 highlights_blue=0.3": balanced,
    "channelmixer rr=0.5 rg=0.25 rb=-0.5 br=0.1 bg=0.2 bb=0.7": lambda p: MIXED @ p,
    "splittone shadows=blue highlights=red balance=0.2": toned,
    "sepia amount=0.7": lambda p: 0.7 * SEPIA @ p + 0.3 * np.array(p),
    "blackandwhite red=2 green=1 blue=1": lambda p: [0.5 * p[0] + 0.25 * p[1] + 0.25 * p[2]] * 3,
    "blackandwhite amount=0.5": lambda p: [(v + luma(p)) / 2 for v in p],
    "invert": lambda p: [1 - v for v in p],
    "invert amount=0.25": lambda p: [0.75 * v + 0.25 * (1 - v) for v in p],
    "posterize levels=5": lambda p: [min(math.floor(5 * v), 4) / 4 for v in p],
    "threshold level=0.4": lambda p: [float(luma(p) >= 0.4)] * 3,
    "solarize threshold=0.6": lambda p: [1 - v if v >= 0.6 else v for v in p],
    "gradientmap colors='0:#f00 0.25:#0000ff 1:white' amount=0.5": lambda p: [
        (v + np.interp(luma(p), [0, 0.25, 1], stops)) / 2
        for v, stops in zip(p, ([1, 0, 1], [0, 0, 1], [0, 1, 1]), strict=True)
    ],
    "duotone dark=#000080 light=yellow": lambda p: [luma(p), luma(p), 128 / 255 * (1 - luma(p))],
}


@pytest.mark.parametrize("call", DEFINITIONS)
def test_it_is_its_definition(call: str) -> None:
    expected = by_pixel(PICTURE, DEFINITIONS[call])
    np.testing.assert_allclose(through(call, PICTURE), expected, rtol=2e-4, atol=3e-5)


def test_hue_turns_cb_and_cr() -> None:
    to_yuv = np.array([LUMA, (np.array([0, 0, 1]) - LUMA) / 1.8556, (np.array([1, 0, 0]) - LUMA) / 1.5748])
    before, after = PICTURE @ to_yuv.T, through("hue degrees=50", PICTURE) @ to_yuv.T
    np.testing.assert_allclose(after[..., 0], before[..., 0], atol=1e-5)
    turned = (before[..., 1] + 1j * before[..., 2]) * np.exp(1j * math.radians(50))
    np.testing.assert_allclose(after[..., 1] + 1j * after[..., 2], turned, atol=1e-5)
    np.testing.assert_allclose(through("hue degrees=360", PICTURE), PICTURE, atol=1e-5)
    # Red goes the way of the colour wheel: to yellow.
    red = through("hue degrees=60", np.array([[[1.0, 0, 0]]]))[0, 0]
    assert red[1] > red[2]


@pytest.mark.parametrize("size", [(40, 24), (24, 40), (9, 9)])
@pytest.mark.parametrize("roundness", [0, 0.5, 1])
def test_a_vignette_leaves_the_centre_and_darkens_the_corners(size: tuple[int, int], roundness: float) -> None:
    width, height = size
    light = through(f"vignette amount=0.8 start=0.1 roundness={roundness}", np.ones((height, width, 3)))[..., 0]
    assert np.allclose(light, light[::-1], atol=1e-6)
    assert np.allclose(light, light[:, ::-1], atol=1e-6)
    assert light[height // 2, width // 2] > 0.97
    # The half axes run from those of the ellipse through the corners to the half diagonal.
    half = math.hypot(width, height) / 2
    axes = [side / math.sqrt(2) * (1 - roundness) + half * roundness for side in size]
    for row, column in ((0, 0), (3, 7), (height // 2, 0)):
        distance = math.hypot((column + 0.5 - width / 2) / axes[0], (row + 0.5 - height / 2) / axes[1])
        assert light[row, column] == pytest.approx(1 - 0.8 * step((distance - 0.1) / 0.9), abs=1e-5)


def test_scan_lines() -> None:
    light = through("scanlines amount=0.25 spacing=4", np.ones((10, 3, 3)))
    assert light[:, 0, 0].tolist() == [1, 1, 0.75, 0.75, 1, 1, 0.75, 0.75, 1, 1]
    assert through("scanlines amount=1 spacing=2", np.ones((4, 3, 3)))[:, 2, 1].tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("call", "time", "cover"),
    [
        ("fade color=red", 0, 1),
        ("fade color=red", 0.25, 0.75),
        ("fade color=red", 3, 0),
        ("fade direction=out start=2 duration=2 color=red", 1, 0),
        ("fade direction=out start=2 duration=2 color=red", 2.5, 0.25),
        ("fade direction=out start=2 duration=2 color=red", 9, 1),
        ("fade direction=out start=2 duration=0 color=red", 1.99, 0),
        ("fade direction=out start=2 duration=0 color=red", 2, 1),
    ],
)
def test_a_fade(call: str, time: float, cover: float) -> None:
    timing = Timing(round(time * 1000), Fraction(1, 1000), 40)
    expected = PICTURE + cover * (np.array([1, 0, 0]) - PICTURE)
    np.testing.assert_allclose(through(call, PICTURE, timing=timing), expected, atol=1e-5)


def test_exposure_is_in_the_light_that_the_tag_says() -> None:
    linear = through("exposure stops=2", PICTURE, Colour(transfer=Transfer.LINEAR))
    np.testing.assert_allclose(linear, 4 * PICTURE, rtol=1e-4, atol=1e-5)
    power = through("exposure stops=1", PICTURE, Colour(transfer=Transfer.GAMMA22))
    np.testing.assert_allclose(power, PICTURE * 2 ** (1 / 2.2), rtol=1e-4, atol=1e-5)


def test_white_balance_makes_the_scenes_white_neutral() -> None:
    """A gray card in the light of 3200 K, as a camera set to 6500 K saw it, comes out gray."""
    from lumaloom_effects._chromaticity import bt709_to_xyz, xyz_of
    from lumaloom_effects.whitebalance import white_of

    linear = Colour(transfer=Transfer.LINEAR)
    for kelvin, tint in ((3200.0, 0.0), (9000.0, 40.0), (2500.0, -30.0)):
        card = 0.4 * np.linalg.solve(bt709_to_xyz(), xyz_of(white_of(kelvin, tint)))
        gray = through(f"whitebalance kelvin={kelvin} tint={tint}", card[None, None], linear)[0, 0]
        reference = 0.4 * np.linalg.solve(bt709_to_xyz(), xyz_of(white_of(6500, 0)))
        np.testing.assert_allclose(gray, reference, rtol=1e-3)
    warm, cool = (through(f"whitebalance kelvin={k}", np.full((1, 1, 3), 0.5))[0, 0] for k in (9000, 4000))
    assert warm[0] > 0.5 > warm[2]
    assert cool[0] < 0.5 < cool[2]
    magenta = through("whitebalance kelvin=6500 tint=50", np.full((1, 1, 3), 0.5))[0, 0]
    assert magenta[1] < min(magenta[0], magenta[2])


def test_the_black_body_locus() -> None:
    """CIE 1931 chromaticities of Planckian radiators, as tabulated by Wyszecki and Stiles."""
    from lumaloom_effects.whitebalance import white_of

    for kelvin, x, y in (
        (2000, 0.5267, 0.4133),
        (3000, 0.4369, 0.4041),
        (6500, 0.3135, 0.3237),
        (10000, 0.2807, 0.2884),
    ):
        assert white_of(kelvin, 0) == pytest.approx((x, y), abs=1.5e-3)
    assert white_of(6500, 100)[1] > white_of(6500, 0)[1]  # towards green


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("levels black=0.5 white=0.5", "levels: white expects to lie above black, got black=0.5 white=0.5"),
        ("blackandwhite red=1 green=-1 blue=0", "blackandwhite: red, green and blue expect a sum above 0"),
        ("curves red=0:0,0:1", "curves: red expects every x once; got '0:0,0:1'"),
        ("curves master=0.5", "curves: master expects points x:y from 0 to 1"),
        ("curves master=0:0,2:1", "curves: master expects points x:y from 0 to 1"),
        ("curves master=0:0,1:nan", "curves: master expects points x:y from 0 to 1"),
        ("curves master=''", "curves: master expects points x:y from 0 to 1"),
        ("duotone dark=mud", "duotone: dark expects #rgb, #rrggbb, or a name such as orange"),
        ("fade color=#12345", "fade: color expects #rgb, #rrggbb"),
        ("splittone shadows=x", "splittone: shadows expects #rgb"),
        ("blendcolor color=''", "blendcolor: color expects #rgb"),
        ("chromakey color=rgb", "chromakey: color expects #rgb"),
        ("gradientmap colors=#000", "gradientmap: colors expects two colours or more"),
        ("gradientmap colors='0:#000 #fff'", "gradientmap: colors expects two colours or more"),
        ("gradientmap colors='0.5:#000 0:#fff'", "places rising from 0 to 1"),
        ("gradientmap colors='a:#000 1:#fff'", "gradientmap: colors expects two colours or more"),
        ("lut file=none.cube", "lut: file 'none.cube': can't be read: No such file or directory"),
        ("colorspace source_transfer=rec709", "colorspace: source_transfer expects one of auto, bt709"),
    ],
)
def test_what_is_refused_before_the_first_frame(call: str, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        make_plan(spec("yuva420p"), [effect(call)])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_curves_never_swing_past_their_points() -> None:
    ramp = np.linspace(0, 1, 300)[None, :, None].repeat(3, axis=2)
    out = through("curves master='0:0 0.4:0.5 0.5:0.5 0.55:0.9 1:0.9'", ramp)[0, :, 0]
    assert (np.diff(out) >= -1e-6).all()
    assert out.max() <= 0.9 + 1e-6
    ends = through("curves master='0.2:0.3 0.8:0.6'", ramp)[0, :, 0]
    assert ends[:60] == pytest.approx(0.3, abs=1e-4)
    assert ends[240:] == pytest.approx(0.6, abs=1e-4)


# Effects with a jump: a value on its edge may fall to either side.
JUMPS = ("posterize", "threshold", "solarize", "chromakey", "lumakey")


@pytest.mark.parametrize("name", ["yuv420p", "yuva422p10le", "rgba"])
@pytest.mark.parametrize("call", [call for call in CALLS.values() if isinstance(effect(call), Pointwise)])
def test_compiled_code_is_the_definition(call: str, name: str) -> None:
    """Within a step at every sample: `test_every_sample` has all formats and other parameters."""
    src = picture(spec(name, 67, 21))
    src.timing = Timing(1, Fraction(1, 4), 1)
    made = effect(call).fitted(src.spec)
    found = Frame.allocate(made.output(src.spec), POOL, like=src)
    made.render(src, found)
    stage = made.stage_at(src.spec, src.timing)  # type: ignore[attr-defined]
    assert Definition([stage], src, found.spec).off(found, steep=call.split()[0] in JUMPS) <= 1
