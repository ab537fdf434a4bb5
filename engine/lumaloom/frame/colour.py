"""Colour tags: how the numbers in a frame map to light.

Values are those of ITU-T H.273, which FFmpeg shares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TypeVar

from lumaloom.frame.formats import Model

_E = TypeVar("_E", bound=IntEnum)


class Matrix(IntEnum):
    """Matrix coefficients between RGB and YCbCr."""

    RGB = 0
    BT709 = 1
    UNSPECIFIED = 2
    FCC = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    YCGCO = 8
    BT2020_NCL = 9
    BT2020_CL = 10
    SMPTE2085 = 11
    CHROMA_DERIVED_NCL = 12
    CHROMA_DERIVED_CL = 13
    ICTCP = 14
    IPT_C2 = 15
    YCGCO_RE = 16
    YCGCO_RO = 17


class Primaries(IntEnum):
    """Chromaticities of the primaries and the white point."""

    BT709 = 1
    UNSPECIFIED = 2
    BT470M = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    FILM = 8
    BT2020 = 9
    SMPTE428 = 10
    SMPTE431 = 11
    SMPTE432 = 12
    EBU3213 = 22


class Transfer(IntEnum):
    """Transfer characteristics."""

    BT709 = 1
    UNSPECIFIED = 2
    GAMMA22 = 4
    GAMMA28 = 5
    SMPTE170M = 6
    SMPTE240M = 7
    LINEAR = 8
    LOG = 9
    LOG_SQRT = 10
    IEC61966_2_4 = 11
    BT1361_ECG = 12
    SRGB = 13
    BT2020_10 = 14
    BT2020_12 = 15
    PQ = 16
    SMPTE428 = 17
    HLG = 18


class Range(IntEnum):
    """Which code values are black and white."""

    UNSPECIFIED = 0
    LIMITED = 1
    FULL = 2


class ChromaLocation(IntEnum):
    """Where subsampled chroma samples sit among the luma samples."""

    UNSPECIFIED = 0
    LEFT = 1
    CENTER = 2
    TOPLEFT = 3
    TOP = 4
    BOTTOMLEFT = 5
    BOTTOM = 6


@dataclass(frozen=True, slots=True)
class Colour:
    """The five tags of a frame. UNSPECIFIED is kept as such until a conversion needs a value."""

    matrix: Matrix = Matrix.UNSPECIFIED
    primaries: Primaries = Primaries.UNSPECIFIED
    transfer: Transfer = Transfer.UNSPECIFIED
    range: Range = Range.UNSPECIFIED
    chroma: ChromaLocation = ChromaLocation.UNSPECIFIED

    def resolved(self, model: Model, height: int) -> Colour:
        """Fill in what is unspecified, as players do.

        RGB is full range, gray and YUV limited; YUV of 720 lines or more is BT.709, less is SMPTE 170M
        (the matrix of BT.601).
        """
        matrix, range_ = self.matrix, self.range
        if model is Model.RGB:
            matrix = Matrix.RGB
        elif matrix in (Matrix.UNSPECIFIED, Matrix.RGB):
            matrix = Matrix.BT709 if height >= 720 else Matrix.SMPTE170M
        if range_ is Range.UNSPECIFIED:
            range_ = Range.FULL if model is Model.RGB else Range.LIMITED
        return replace(self, matrix=matrix, range=range_)


UNTAGGED = Colour()


def tag(kind: type[_E], value: int, unknown: _E) -> _E:
    """Return the member of `kind` with `value`, or `unknown` for a number that the standard reserves."""
    try:
        return kind(value)
    except ValueError:
        return unknown
