"""The pixel-format table: what the planes of a frame hold.

Names are FFmpeg's. A new format is one row of `_ROWS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from lumaloom.errors import FormatError, nearest


class Model(StrEnum):
    """What the channels of a format mean."""

    GRAY = "gray"
    YUV = "yuv"
    RGB = "rgb"


@dataclass(frozen=True, slots=True)
class PlaneFormat:
    """One plane: its interleaved channels, and how often it is halved in each direction.

    Attributes:
        channels: one letter per channel out of `y u v r g b a`, in memory order.
        sub_x: log2 of the horizontal subsampling (4:2:0 chroma has 1).
        sub_y: log2 of the vertical subsampling.

    """

    channels: str
    sub_x: int = 0
    sub_y: int = 0

    def shape(self, width: int, height: int) -> tuple[int, ...]:
        """Array shape of this plane in a frame of `width` x `height`: `(H, W)`, or `(H, W, C)` if interleaved.

        Odd sizes round up, so the last chroma sample covers a part of a cell.
        """
        rows = -(-height >> self.sub_y)
        columns = -(-width >> self.sub_x)
        return (rows, columns) if len(self.channels) == 1 else (rows, columns, len(self.channels))


@dataclass(frozen=True)
class PixelFormat:
    """A row of the table.

    Attributes:
        name: FFmpeg's name.
        model: what the channels mean.
        depth: significant bits of an integer sample; 32 for float.
        dtype: the NumPy dtype of every plane: uint8, uint16 or float32.
        planes: in memory order (`gbrp` is G, B, R as in FFmpeg).
        shift: bits by which samples are shifted up in their container (6 in P010, else 0).

    """

    name: str
    model: Model
    depth: int
    planes: tuple[PlaneFormat, ...]
    shift: int = 0
    dtype: np.dtype[np.generic] = field(init=False)

    def __post_init__(self) -> None:
        kind = np.float32 if self.depth == 32 else np.uint16 if self.depth > 8 else np.uint8
        object.__setattr__(self, "dtype", np.dtype(kind))

    def __str__(self) -> str:
        return self.name

    @property
    def is_float(self) -> bool:
        """Whether samples are float32 with nominal range 0 to 1."""
        return self.depth == 32

    @property
    def peak(self) -> float:
        """Largest sample value: `2**depth - 1` shifted into place, or 1.0 for float."""
        return 1.0 if self.is_float else ((1 << self.depth) - 1) << self.shift

    @cached_property
    def channels(self) -> str:
        """All channels in plane order, such as `yuv` or `gbra`."""
        return "".join(plane.channels for plane in self.planes)

    @property
    def has_alpha(self) -> bool:
        """Whether one channel is opacity."""
        return "a" in self.channels

    @cached_property
    def subsampling(self) -> tuple[int, int]:
        """log2 of the strongest subsampling of any plane, `(x, y)`; `(1, 1)` for 4:2:0."""
        return max(p.sub_x for p in self.planes), max(p.sub_y for p in self.planes)

    def bytes_for(self, width: int, height: int) -> int:
        """Bytes of the samples of one frame, without padding."""
        return sum(math.prod(p.shape(width, height)) for p in self.planes) * self.dtype.itemsize

    @cached_property
    def density(self) -> float:
        """Bytes of samples per pixel."""
        return self.bytes_for(16, 16) / 256


def define(name: str, model: Model, depth: int, planes: str, shift: int = 0) -> PixelFormat:
    """Read the planes from text such as `y u:11 v:11`: channels, then the log2 subsampling in x and y."""
    parsed = []
    for word in planes.split():
        channels, _, sub = word.partition(":")
        parsed.append(PlaneFormat(channels, *map(int, sub)))
    return PixelFormat(name, model, depth, tuple(parsed), shift)


_ROWS = (
    define("gray", Model.GRAY, 8, "y"),
    define("gray10le", Model.GRAY, 10, "y"),
    define("gray12le", Model.GRAY, 12, "y"),
    define("gray16le", Model.GRAY, 16, "y"),
    define("grayf32le", Model.GRAY, 32, "y"),
    define("yuv420p", Model.YUV, 8, "y u:11 v:11"),
    define("yuv420p10le", Model.YUV, 10, "y u:11 v:11"),
    define("yuv420p12le", Model.YUV, 12, "y u:11 v:11"),
    define("yuv420p16le", Model.YUV, 16, "y u:11 v:11"),
    define("yuv422p", Model.YUV, 8, "y u:10 v:10"),
    define("yuv422p10le", Model.YUV, 10, "y u:10 v:10"),
    define("yuv422p12le", Model.YUV, 12, "y u:10 v:10"),
    define("yuv422p16le", Model.YUV, 16, "y u:10 v:10"),
    define("yuv444p", Model.YUV, 8, "y u v"),
    define("yuv444p10le", Model.YUV, 10, "y u v"),
    define("yuv444p12le", Model.YUV, 12, "y u v"),
    define("yuv444p16le", Model.YUV, 16, "y u v"),
    define("yuva420p", Model.YUV, 8, "y u:11 v:11 a"),
    define("yuva420p10le", Model.YUV, 10, "y u:11 v:11 a"),
    define("yuva422p", Model.YUV, 8, "y u:10 v:10 a"),
    define("yuva422p10le", Model.YUV, 10, "y u:10 v:10 a"),
    define("yuva444p", Model.YUV, 8, "y u v a"),
    define("yuva444p10le", Model.YUV, 10, "y u v a"),
    define("yuva444p12le", Model.YUV, 12, "y u v a"),
    define("yuva444p16le", Model.YUV, 16, "y u v a"),
    define("nv12", Model.YUV, 8, "y uv:11"),
    define("p010le", Model.YUV, 10, "y uv:11", shift=6),
    define("rgb24", Model.RGB, 8, "rgb"),
    define("bgr24", Model.RGB, 8, "bgr"),
    define("rgba", Model.RGB, 8, "rgba"),
    define("bgra", Model.RGB, 8, "bgra"),
    define("rgb48le", Model.RGB, 16, "rgb"),
    define("rgba64le", Model.RGB, 16, "rgba"),
    define("gbrp", Model.RGB, 8, "g b r"),
    define("gbrp10le", Model.RGB, 10, "g b r"),
    define("gbrp12le", Model.RGB, 12, "g b r"),
    define("gbrp16le", Model.RGB, 16, "g b r"),
    define("gbrpf32le", Model.RGB, 32, "g b r"),
    define("gbrap", Model.RGB, 8, "g b r a"),
    define("gbrap10le", Model.RGB, 10, "g b r a"),
    define("gbrap12le", Model.RGB, 12, "g b r a"),
    define("gbrap16le", Model.RGB, 16, "g b r a"),
    define("gbrapf32le", Model.RGB, 32, "g b r a"),
)

FORMATS: dict[str, PixelFormat] = {known.name: known for known in _ROWS}

# FFmpeg's deprecated full-range names hold the same planes; the range is a colour tag here.
FULL_RANGE_ALIASES = {"yuvj420p": "yuv420p", "yuvj422p": "yuv422p", "yuvj444p": "yuv444p"}


def pixel_format(name: str | PixelFormat) -> PixelFormat:
    """Return the row called `name`.

    Raises:
        FormatError: the table has no such row; the message names the nearest one.

    """
    if isinstance(name, PixelFormat):
        return name
    try:
        return FORMATS[name]
    except KeyError:
        raise FormatError(f"unknown pixel format {name!r}{nearest(name, FORMATS)}") from None
