"""HDR to SDR and levels beside other programs: FFmpeg's `zscale` (the zimg library) and `tonemap`, and scikit-image."""

from __future__ import annotations

import subprocess
from functools import cache

import numpy as np
import pytest
from skimage import exposure  # type: ignore[import-not-found]

from lumaloom.effect import Frame
from lumaloom.frame import FORMATS, Colour, FrameSpec
from tests.effects.definitions import POOL, effect
from tests.effects.every_sample import Definition, by_every_variant
from tests.effects.grading import Picture, colours, through
from tests.effects.test_hdr2sdr import TO_709, hlg_scene, pq_code

STEEP = 1 / 512  # of the greatest channel's light: below it `hdr2sdr` codes on a line where primaries change
TRANSFERS = {"pq": "smpte2084", "hlg": "arib-std-b67"}


@cache
def ffmpeg_with_zscale() -> str:
    """Return the program's name; skips where there is none, or it was built without zimg."""
    program: str = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    listed = subprocess.run([program, "-hide_banner", "-filters"], capture_output=True, text=True, check=True)
    if " zscale " not in listed.stdout:
        pytest.skip("ffmpeg has no zscale")
    return program


def by_zimg(picture: Picture, source: str, filters: str) -> Picture:
    """Return linear light of `(H, W, 3)` codes after FFmpeg's filters: 1 is 203 cd/m2 of PQ, or HLG's 1000 cd/m2."""
    height, width, _ = picture.shape
    tags = f"setparams=color_primaries=bt2020:color_trc={TRANSFERS[source]}:colorspace=gbr"
    level = 203 if source == "pq" else 1000
    chain = f"{tags},zscale=transfer=linear:npl={level}{filters}"
    kind = ["-f", "rawvideo", "-pix_fmt", "gbrpf32le"]
    given = np.ascontiguousarray(np.moveaxis(picture, 2, 0)[[1, 2, 0]], np.float32).tobytes()
    words = [ffmpeg_with_zscale(), "-v", "error", *kind, "-s", f"{width}x{height}", "-i", "-", "-vf", chain, *kind, "-"]
    done = subprocess.run(words, input=given, capture_output=True, check=True)
    planes = np.frombuffer(done.stdout, np.float32).reshape(3, height, width)
    return np.moveaxis(planes[[2, 0, 1]], 0, 2).astype(np.float64)


@pytest.mark.parametrize(
    ("source", "curve", "white", "filters"),
    [
        ("pq", "clip", 203, ""),
        ("pq", "hable", 203, ",tonemap=hable:desat=0:peak=4.926108"),
        ("hlg", "clip", 1000, ""),
        ("hlg", "hable", 200, ",exposure=exposure=2.321928:black=0,tonemap=hable:desat=0:peak=5"),
    ],
)
def test_light_is_zimgs(source: str, curve: str, white: int, filters: str) -> None:
    """Transfer, curve and primaries, to 1.5e-3 of white; grays of HLG, whose OOTF zimg has channel by channel."""
    picture = colours(16, 48) * (0.7518 if source == "pq" else 1)  # up to 1000 cd/m2
    if source == "hlg":
        picture[...] = picture[..., :1]
    other = by_zimg(picture, source, f"{filters},zscale=primaries=709:transfer=linear")
    call = f"hdr2sdr source={source} source_primaries=bt2020 curve={curve} peak=1000 white={white}"
    mine = through(call, picture) ** 2.4
    greatest = other.max(axis=2, keepdims=True)
    above = other > 2 * STEEP * greatest
    assert above.mean() > 0.6
    assert np.abs(mine - other.clip(0, 1))[above].max() <= 1.5e-3
    assert (mine <= 3 * STEEP * greatest + 1e-6)[~above].all()


def near_the_edge(source: str) -> Picture:
    """Return `(64, 64, 3)` codes of BT.2020 colours of which one channel of BT.709 is nearly nothing."""
    rng = np.random.default_rng(5)
    light = rng.random((64, 64, 3)) * np.exp2(-rng.uniform(0, 8, (64, 64, 1)))
    tiny = light.max(axis=2) * rng.choice([-1, 1], (64, 64)) * 10 ** rng.uniform(-9, -2, (64, 64))
    np.put_along_axis(light, rng.integers(0, 3, (64, 64, 1)), tiny[..., None], axis=2)
    wide = np.maximum(light @ np.linalg.inv(TO_709).T, 0)
    if source == "pq":
        return np.vectorize(pq_code)(wide * 203)
    places = np.linspace(0, 1, 4097)
    return np.interp(wide, [hlg_scene(place) for place in places], places)


@pytest.mark.parametrize("source", TRANSFERS)
@pytest.mark.parametrize("curve", ["bt2390", "hable"])
def test_colours_on_the_edge_of_the_gamut(source: str, curve: str) -> None:
    """Light that cancels to nothing is within 1e-4 of the definition after the gamma too, though that is steep."""
    codes = near_the_edge(source)
    spec = FrameSpec(FORMATS["gbrpf32le"], 64, 64, Colour())
    src = Frame.allocate(spec, POOL)
    for plane, channel in zip(src.planes, (1, 2, 0), strict=True):
        plane[...] = codes[..., channel]
    made = effect(f"hdr2sdr source={source} source_primaries=bt2020 curve={curve}")
    stages, after = [made.stage_at(spec, src.timing)], made.output(spec)  # type: ignore[attr-defined]
    from lumaloom.pointwise.program import program

    definition = Definition(stages, src, after)
    for _, found in by_every_variant(program(stages, spec, after), stages, src, after):
        assert definition.off(found, steep=False) <= 1


def test_levels_are_scikit_images() -> None:
    """`rescale_intensity` moves and clips, `adjust_gamma` bends, `rescale_intensity` again makes the result's range."""
    picture = colours()
    for black, white, gamma, low, high in (
        (0.1, 0.8, 1.5, 0.05, 0.9),
        (0.0, 1.0, 0.4, 0.0, 1.0),
        (0.3, 0.6, 2.2, 0.2, 0.7),
    ):
        spread = exposure.rescale_intensity(picture, in_range=(black, white), out_range=(0.0, 1.0))
        bent = exposure.adjust_gamma(spread, 1 / gamma)
        expected = exposure.rescale_intensity(bent, in_range=(0.0, 1.0), out_range=(low, high))
        call = f"levels black={black} white={white} gamma={gamma} out_black={low} out_white={high}"
        found = through(call, picture)
        inside = (picture >= black) & (picture <= white)
        assert np.abs(found - expected)[inside].max() <= 1e-4
        assert np.abs(found.clip(low, high) - expected).max() <= 1e-4  # it clips, which a format does here
