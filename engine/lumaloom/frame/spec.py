"""What frames of a stream share, and when a frame is shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from lumaloom.frame.colour import UNTAGGED, ChromaLocation, Colour, Range
from lumaloom.frame.formats import PixelFormat
from lumaloom.frame.layout import place_planes


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """What all frames of a stream share; plans are made from it before the first frame is there.

    Attributes:
        format: row of the pixel-format table.
        width: in samples of the largest plane, at least 1.
        height: in rows of the largest plane, at least 1.
        colour: colour tags.
        sar: sample aspect ratio; 0 when unknown.
        rotation: degrees by which a player turns the picture counter-clockwise; a multiple of 90.
        interlaced: whether the rows belong to two fields.

    """

    format: PixelFormat
    width: int
    height: int
    colour: Colour = UNTAGGED
    sar: Fraction = Fraction(0)
    rotation: int = 0
    interlaced: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes of the samples of one frame, without padding."""
        return self.format.bytes_for(self.width, self.height)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Array shape of every plane."""
        return tuple(plane.shape(self.width, self.height) for plane in self.format.planes)

    @property
    def levels(self) -> tuple[float, float]:
        """Code values of black and white of luma, or of the RGB channels, by depth and range."""
        row = self.format
        if row.is_float:
            return 0.0, 1.0
        if self.colour.resolved(row.model, self.height).range is Range.FULL:
            return 0.0, row.peak
        unit = 1 << (row.depth - 8 + row.shift)
        return 16.0 * unit, 235.0 * unit

    @property
    def chroma_offset(self) -> tuple[float, float]:
        """How far halved chroma sits right of and below the centre of its cell, in chroma samples.

        Where the location is unspecified it is the left edge, as in H.264 and HEVC.
        """
        location = self.colour.chroma or ChromaLocation.LEFT
        across = -0.25 if "LEFT" in location.name else 0.0
        return across, -0.25 if "TOP" in location.name else 0.25 if "BOTTOM" in location.name else 0.0

    @property
    def buffer_bytes(self) -> int:
        """Bytes of the one buffer that `Frame.allocate` lays the planes out in, padding included."""
        return self.layout[1]

    @property
    def layout(self) -> tuple[tuple[tuple[int, tuple[int, ...], int], ...], int]:
        """`(offset, shape, row pitch)` of every plane in that buffer, and its size, all in bytes."""
        return _layout(self)

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.format.name}"


@dataclass(frozen=True, slots=True)
class Timing:
    """When a frame is shown: `pts * time_base` seconds from the start of the stream, for `duration * time_base`.

    For effects time begins at `origin`, the pts of the first frame that goes through them.
    """

    pts: int = 0
    time_base: Fraction = Fraction(1, 25)
    duration: int = 0
    origin: int = 0

    @property
    def seconds(self) -> Fraction:
        """Presentation time in seconds, exact."""
        return self.pts * self.time_base

    @property
    def elapsed(self) -> Fraction:
        """Seconds since the first frame, exact: the clock of effects."""
        return (self.pts - self.origin) * self.time_base

    @property
    def count(self) -> int:
        """Frames since the first one, by this one's duration, by pts where that is unknown: their clock in frames."""
        ticks = self.pts - self.origin
        return ticks // self.duration if self.duration > 0 else ticks


UNTIMED = Timing()


@lru_cache(maxsize=64)
def _layout(spec: FrameSpec) -> tuple[tuple[tuple[int, tuple[int, ...], int], ...], int]:
    return place_planes(spec.shapes, spec.format.dtype.itemsize)
