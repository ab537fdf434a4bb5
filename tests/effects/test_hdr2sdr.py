"""HDR to SDR beside the formulas of the standards, written out anew, facts of theirs, and FFmpeg's `tonemap`."""

from __future__ import annotations

import math

import av
import numpy as np
import pytest

from tests.effects.grading import Picture, by_pixel, colours, eight_bits, ffmpeg, rgb8, theirs, through

# ITU-R BT.2087, table of BT.2020 to BT.709 in linear light.
TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


def pq_light(code: float) -> float:
    """Return cd/m2: the EOTF of SMPTE ST 2084."""
    root = code ** (1 / 78.84375)
    return float(10000 * (max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125))


def pq_code(light: float) -> float:
    root = (light / 10000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375)


def hlg_scene(code: float) -> float:
    """Return scene light: the inverse OETF of ITU-R BT.2100 HLG."""
    return code * code / 3 if code <= 0.5 else (math.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12


def eetf(light: float, peak: float, white: float) -> float:
    """Return the light that ITU-R BT.2390's EETF makes of light, black at 0 on both sides."""
    top = pq_code(peak)
    e1, most = min(pq_code(light) / top, 1.0), pq_code(white) / top
    knee = 1.5 * most - 0.5
    if e1 < knee:
        return light
    t = (e1 - knee) / (1 - knee)
    e2 = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return pq_light(e2 * top)


def hable(light: float, peak: float, white: float) -> float:
    def of(v: float) -> float:
        return (v * (0.15 * v + 0.05) + 0.004) / (v * (0.15 * v + 0.5) + 0.06) - 0.02 / 0.3

    return white * of(light / white) / of(peak / white)


def reinhard(light: float, peak: float, white: float) -> float:
    v = light / white
    return white * v * (1 + v * (white / peak) ** 2) / (1 + v)


CURVES = {"bt2390": eetf, "hable": hable, "reinhard": reinhard, "clip": lambda light, peak, white: light}


def by_standard(pixel: list[float], source: str, curve: str, peak: float, white: float) -> list[float]:
    if source == "pq":
        light = [pq_light(code) for code in pixel]
    else:
        scene = [hlg_scene(code) for code in pixel]
        luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2]
        light = [1000 * max(luminance, 1e-6) ** 0.2 * v for v in scene]
    top = max(*light, 1e-4)
    factor = CURVES[curve](top, peak, white) / top
    lit = TO_709 @ np.array([factor * v / white for v in light])
    start = factor * top / white / 512
    return [min(max(float(v), start), 1.0) ** (1 / 2.4) * min(max(float(v) / start, 0.0), 1.0) for v in lit]


@pytest.mark.parametrize("source", ["pq", "hlg"])
@pytest.mark.parametrize("curve", CURVES)
def test_it_is_what_the_standards_say(source: str, curve: str) -> None:
    """On what the source's peak allows: for PQ colours up to 1000 cd/m2, all of HLG's."""
    picture = colours(12, 40) * (0.7518 if source == "pq" else 1)
    found = through(f"hdr2sdr source={source} curve={curve} source_primaries=bt2020", picture)
    expected = by_pixel(picture, lambda pixel: by_standard(pixel, source, curve, 1000, 203))
    # BT.2087's matrix has four digits.
    np.testing.assert_allclose(found**2.4, expected**2.4, atol=3e-4)


def gray(codes: list[float]) -> Picture:
    return np.array(codes)[None, :, None].repeat(3, axis=2)


def test_facts_of_the_standards() -> None:
    """PQ codes of 100, 203 and 1000 cd/m2 (BT.2408), 75 % HLG as 203 cd/m2, and where the curve of BT.2390 starts."""
    plain = through("hdr2sdr source=pq curve=clip white=203", gray([0.0, 0.5081, 0.5807, 0.7518]))[0, :, 0]
    np.testing.assert_allclose(plain**2.4 * 203, [0, 100, 203, 203], atol=0.3)
    (level,) = through("hdr2sdr source=hlg curve=clip white=1000", gray([0.75]))[0, :, 0] ** 2.4 * 1000
    assert level == pytest.approx(203, abs=1)
    for peak, white in ((1000, 203), (4000, 100), (10000, 203)):
        top, knee = pq_code(peak), 1.5 * pq_code(white) - 0.5 * pq_code(peak)
        codes = [0.3 * knee, 0.99 * knee, knee, 0.5 * (knee + top), top]
        lit = through(f"hdr2sdr source=pq peak={peak} white={white}", gray(codes))[0, :, 0] ** 2.4 * white
        below = [pq_light(code) for code in codes[:3]]
        np.testing.assert_allclose(lit[:3], below, rtol=2e-3, atol=2e-3)
        assert below[-1] < lit[3] < white
        assert lit[4] == pytest.approx(white, rel=2e-3)
    ramp = through("hdr2sdr source=pq", gray(np.linspace(0, 0.9, 200).tolist()))[0, :, 0]
    assert (np.diff(ramp) >= -1e-6).all()


def test_hable_is_ffmpegs() -> None:
    """FFmpeg's `tonemap` works on linear light, 1 being white."""
    picture = colours(12, 40) * 0.7518
    light = np.vectorize(pq_light)(picture) / 203
    planes = np.ascontiguousarray(np.moveaxis(light, 2, 0)[[1, 2, 0]], np.float32)
    frame = av.VideoFrame(40, 12, "gbrpf32le")
    for plane, samples in zip(frame.planes, planes, strict=True):
        np.frombuffer(plane, np.float32).reshape(12, -1)[:, :40] = samples
    out = ffmpeg(frame, f"tonemap=tonemap=hable:desat=0:peak={1000 / 203}")
    views = [np.frombuffer(plane, np.float32).reshape(12, -1)[:, :40] for plane in out.planes]
    other = np.stack([views[k] for k in (2, 0, 1)], axis=2)
    mine = through("hdr2sdr source=pq curve=hable source_primaries=bt709", picture)
    np.testing.assert_allclose(mine**2.4, other.clip(0, 1), atol=3e-4)


def test_levels_are_ffmpegs() -> None:
    """FFmpeg's `colorlevels` moves black and white points of all channels, in and out, as `levels` does at gamma 1."""
    planes = rgb8().reshape(
        3, 1, -1
    )  # one row, since FFmpeg cuts the picture into slices and PyAV runs the first alone
    low, high, least, most = 0.1, 0.8, 0.05, 0.9
    parts = [f"{c}imin={low}:{c}imax={high}:{c}omin={least}:{c}omax={most}" for c in "rgb"]
    mine, _ = eight_bits(f"levels black={low} white={high} out_black={least} out_white={most}", planes, "gbrp")
    other = theirs("colorlevels=" + ":".join(parts), planes, "gbrp")
    # FFmpeg rounds the points to whole code values first, and the result down.
    assert np.abs(mine.astype(int) - other).max() <= 2
    middle = through("levels gamma=2 black=0.25 white=0.75", gray([0.375, 0.5]))[0, :, 0]
    np.testing.assert_allclose(middle, [0.5, math.sqrt(0.5)], atol=1e-4)
