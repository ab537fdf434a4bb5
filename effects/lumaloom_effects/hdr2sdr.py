"""HDR to SDR."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from lumaloom.effect import (
    Effect,
    FrameSpec,
    Matrix,
    Model,
    Param,
    Primaries,
    Transfer,
    pointwise,
    to_code,
    to_light,
    uniform,
)
from lumaloom_effects._chromaticity import between
from lumaloom_effects._tags import primaries_of, transfer_of

_PQ_WHITE = 203.0  # cd/m2 of 1.0 in `to_light` of PQ
_SYSTEM_GAMMA = 1.2  # of HLG on a display of 1000 cd/m2
_HABLE = 0.15, 0.50, 0.10, 0.20, 0.02, 0.30
_STEEP = 1 / 512  # of the greatest channel's light: what is less is a straight line, as a power is too steep at nothing


def _pq(nits: Any) -> Any:
    return to_code(Transfer.PQ)(nits / _PQ_WHITE)


def _nits(code: Any) -> Any:
    return to_light(Transfer.PQ)(code) * _PQ_WHITE


@uniform
def _knee(peak: float, white: float) -> tuple[float, float, float]:
    """Return the code of the source's peak, the target's peak as a share of it, and where the knee starts."""
    top = float(_pq(np.float64(peak)))
    share = min(float(_pq(np.float64(white))) / top, 1.0)
    return top, share, max(1.5 * share - 0.5, 0.0)


def _bt2390(nits: Any, peak: Any, white: Any) -> Any:
    """Return the light that the curve of ITU-R BT.2390-11, section 5.4.1, makes of light, without its black lift."""
    top, share, start = _knee(peak, white)
    code = np.minimum(_pq(nits) / top, 1)
    span = np.maximum(1 - start, 1e-6)
    t = np.clip((code - start) / span, 0, 1)
    t2, t3 = t * t, t * t * t
    bent = (2 * t3 - 3 * t2 + 1) * start + (t3 - 2 * t2 + t) * span + (3 * t2 - 2 * t3) * share
    return np.where(code < start, nits, _nits(bent * top))


def _hable_of(v: Any) -> Any:
    """Return `(v * (a * v + c * b) + d * e) / (v * (a * v + b) + d * f) - e / f`, without what cancels in the dark."""
    a, b, c, d, e, f = _HABLE
    return v * (a * (1 - e / f) * v + b * (c - e / f)) / (v * (a * v + b) + d * f)


def _hable(nits: Any, peak: Any, white: Any) -> Any:
    return white * _hable_of(nits / white) / _hable_of(np.maximum(peak / white, 1))


def _reinhard(nits: Any, peak: Any, white: Any) -> Any:
    lit, top = nits / white, np.maximum(peak / white, 1)
    return white * lit * (1 + lit / (top * top)) / (1 + lit)


def _clip(nits: Any, peak: Any, white: Any) -> Any:
    return nits


_CURVES = {"bt2390": _bt2390, "hable": _hable, "reinhard": _reinhard, "clip": _clip}


@pointwise(space="rgb", name="hdr2sdr")
def _mapped(
    r: Any,
    g: Any,
    b: Any,
    *,
    curve: Literal["bt2390", "hable", "reinhard", "clip"] = Param("bt2390", help="How highlights are brought down."),
    peak: float = Param(1000.0, min=100, max=10000, unit="cd/m2", help="Brightest light in the source."),
    white: float = Param(203.0, min=50, max=1000, unit="cd/m2", help="Light that becomes SDR white."),
    source: Literal["auto", "pq", "hlg", "sdr"] = Param("auto", help="Transfer of what comes, if its tag is wrong."),
    source_primaries: Literal["auto", "bt709", "bt2020", "smpte432"] = Param(
        "auto", help="Primaries of what comes, if their tag is wrong."
    ),
) -> Any:
    if source == "sdr":
        return r, g, b
    if source == "hlg":
        light = to_light(Transfer.HLG)
        scene = light(r), light(g), light(b)
        y = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2]
        gain = np.power(np.maximum(y, 1e-6), _SYSTEM_GAMMA - 1) * 1000
    else:
        light = to_light(Transfer.PQ)
        scene = light(r), light(g), light(b)
        gain = _PQ_WHITE
    lit = tuple(v * gain for v in scene)
    # One factor for all three, by the greatest: hues stay, and no channel passes white.
    top = np.maximum(np.maximum(np.maximum(lit[0], lit[1]), lit[2]), 1e-4)
    mapped = _CURVES[curve](top, peak, white) / white
    lit = tuple(v * (mapped / top) for v in lit)
    if source_primaries == "bt709":
        return tuple(_coded(np.minimum(v, 1)) for v in lit)
    m = between("bt2020" if source_primaries == "auto" else source_primaries, "bt709").tolist()
    start = mapped * _STEEP
    share = 1 / start
    return tuple(
        _coded(np.clip(v, start, 1)) * np.clip(v * share, 0, 1)
        for v in (row[0] * lit[0] + row[1] * lit[1] + row[2] * lit[2] for row in m)
    )


def _coded(light: Any) -> Any:
    return np.power(light, 1 / 2.4)


class Hdr2sdr(_mapped):  # type: ignore[misc, valid-type]
    """Bring PQ and HLG pictures to SDR of BT.709, and tag them so; SDR pictures stay.

    PQ becomes display light by its EOTF, HLG by its inverse OETF and the OOTF of a display of 1000 cd/m2 (system gamma
    1.2). The curve is applied to the greatest of R, G and B, and all three are scaled alike; then come the primaries of
    BT.709, what lies outside is clipped, and the inverse of a display of gamma 2.4 (BT.1886 without black). Curves:
    `bt2390`, the Hermite knee of ITU-R BT.2390-11 section 5.4.1 on PQ codes, without black lift; `hable`, Hable's
    filmic curve; `reinhard`, Reinhard's extended curve; `clip`, none. PQ and HLG are those of ITU-R BT.2100.

    Where primaries change, a channel of less than 1/512 of the greatest one's light, near the edge of the gamut, is
    coded in proportion to its light, from nothing at the edge on: the gamma has no bounded slope there.
    """

    also = ("tonemap", "tonemapping", "tone_mapping")

    def fitted(self, spec: FrameSpec) -> Effect:
        found = {}
        if self.source == "auto":
            transfer = transfer_of(spec)
            found["source"] = transfer if transfer in ("pq", "hlg") else "sdr"
        if self.source_primaries == "auto":
            primaries = primaries_of(spec)
            found["source_primaries"] = primaries if primaries in ("bt709", "smpte432") else "bt2020"
        return type(self)(**{**self.settings, **found})

    def output(self, spec: FrameSpec) -> FrameSpec:
        if self.source == "sdr":
            return spec
        matrix = spec.colour.matrix if spec.format.model is Model.RGB else Matrix.BT709
        tags = replace(spec.colour, matrix=matrix, primaries=Primaries.BT709, transfer=Transfer.BT709)
        return replace(spec, colour=tags)
