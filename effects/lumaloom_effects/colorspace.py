"""Colour space conversion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from lumaloom.effect import Effect, FrameSpec, Model, Param, pointwise, to_code, to_light
from lumaloom_effects._chromaticity import between
from lumaloom_effects._tags import MATRICES, PRIMARIES, TRANSFERS, primaries_of, transfer_of


@pointwise(space="rgb", name="colorspace")
def _converted(
    r: Any,
    g: Any,
    b: Any,
    *,
    primaries: Literal[
        "keep",
        "bt709",
        "bt470m",
        "bt470bg",
        "smpte170m",
        "smpte240m",
        "film",
        "bt2020",
        "smpte431",
        "smpte432",
        "ebu3213",
    ] = Param("bt709", help="Primaries of the result; smpte432 is Display P3."),
    transfer: Literal[
        "keep",
        "bt709",
        "gamma22",
        "gamma28",
        "smpte170m",
        "smpte240m",
        "linear",
        "srgb",
        "bt2020",
        "pq",
        "hlg",
    ] = Param("bt709", help="Transfer of the result."),
    matrix: Literal["keep", "bt709", "bt470bg", "smpte170m", "smpte240m", "bt2020"] = Param(
        "bt709", help="Matrix of the result where it is YUV; smpte170m is BT.601."
    ),
    source_primaries: str = Param("auto", help="Primaries of what comes, where its tags are wrong."),
    source_transfer: str = Param("auto", help="Transfer of what comes, where its tags are wrong."),
) -> Any:
    before = "bt709" if source_primaries == "auto" else source_primaries
    coded = "bt709" if source_transfer == "auto" else source_transfer
    after = before if primaries == "keep" else primaries
    recoded = coded if transfer == "keep" else transfer
    if (before, coded) == (after, recoded):
        return r, g, b
    light, code = to_light(TRANSFERS[coded]), to_code(TRANSFERS[recoded])
    lit = light(r), light(g), light(b)
    m = between(before, after).tolist()
    if before != after:
        lit = tuple(np.maximum(row[0] * lit[0] + row[1] * lit[1] + row[2] * lit[2], 0) for row in m)
    return tuple(code(v) for v in lit)


class Colorspace(_converted):  # type: ignore[misc, valid-type]
    """Convert to other primaries, another transfer or another matrix, and tag the frames so.

    Coded values become linear light by the source's transfer, are taken to the other primaries by a 3x3 matrix (by way
    of X, Y, Z; between different whites with Bradford's adaptation) and are coded again. Negative light, of colours
    outside the new gamut, becomes 0; what is brighter than white stays as far as the format holds it (see `hdr2sdr`).
    SDR white is 1; PQ's 203 cd/m2 are 1; HLG counts as the scene's light with its peak at 1. `auto` reads the frame's
    tags. Sources: ITU-T H.273, SMPTE RP 177.
    """

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        for name, known in (("source_primaries", PRIMARIES), ("source_transfer", TRANSFERS)):
            spec = replace(self.params[name], choices=("auto", *known))
            spec.parse(getattr(self, name), self.name)

    def fitted(self, spec: FrameSpec) -> Effect:
        found = {"source_primaries": primaries_of(spec), "source_transfer": transfer_of(spec)}
        return type(self)(**self.settings | {name: tag for name, tag in found.items() if getattr(self, name) == "auto"})

    def output(self, spec: FrameSpec) -> FrameSpec:
        tags: dict[str, Any] = {}
        if self.primaries != "keep":
            tags["primaries"] = PRIMARIES[self.primaries]
        if self.transfer != "keep":
            tags["transfer"] = TRANSFERS[self.transfer]
        if self.matrix != "keep" and spec.format.model is not Model.RGB:
            tags["matrix"] = MATRICES[self.matrix]
        return replace(spec, colour=replace(spec.colour, **tags))

    def is_identity(self, spec: FrameSpec) -> bool:
        return bool(super().is_identity(spec)) and self.output(spec) == spec
