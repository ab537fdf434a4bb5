"""A video frame: planes that view buffers, and everything about them that must survive the path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from lumaloom.errors import FrameReleasedError
from lumaloom.frame.colour import UNTAGGED, Colour, Range
from lumaloom.frame.formats import PixelFormat, PlaneFormat

# A plane: numpy.ndarray on the host, cupy.ndarray on a GPU. CuPy is optional, so its type can't be named here.
Array = Any

ALIGNMENT = 64


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
    def buffer_bytes(self) -> int:
        """Bytes of the one buffer that `Frame.allocate` lays the planes out in, padding included."""
        return _layout(self)[1]

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.format.name}"


@dataclass(frozen=True, slots=True)
class Timing:
    """When a frame is shown: `pts * time_base` seconds from the start of the stream, for `duration * time_base`."""

    pts: int = 0
    time_base: Fraction = Fraction(1, 25)
    duration: int = 0

    @property
    def seconds(self) -> Fraction:
        """Presentation time in seconds, exact."""
        return self.pts * self.time_base


class Pool(Protocol):
    """What a frame needs of a buffer pool."""

    def acquire(self, nbytes: int) -> Array:
        """Return a flat uint8 array of at least `nbytes`, 64-byte aligned, given back when its last view dies."""


@dataclass(slots=True, eq=False)
class Frame:
    """Planes of samples, with format, colour and timing.

    The planes are views of buffers that belong to a pool, to the decoder or to the caller. A buffer goes back
    to where it came from when the last view of it dies, so plain references are all the bookkeeping there is.
    `release()` ends the use of a frame early: its planes can't be reached afterwards, and the memory is reused
    only once no other view of it is left.

    Attributes:
        spec: format, size, colour.
        timing: pts, time base, duration.
        side_data: `(name, bytes)` pairs that travel unchanged, such as HDR mastering metadata.

    """

    spec: FrameSpec
    _planes: tuple[Array, ...] | None
    timing: Timing = Timing()
    side_data: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    @classmethod
    def allocate(cls, spec: FrameSpec, pool: Pool, like: Frame | None = None) -> Frame:
        """Return a frame of `spec` in one pooled buffer, rows and planes aligned to 64 bytes, samples undefined.

        Timing and side data are those of `like`.

        Raises:
            MemoryLimitError: the pool's limit is reached.

        """
        layout, total = _layout(spec)
        buffer = pool.acquire(total)
        planes = tuple(plane_view(buffer, spec.format.dtype, *place) for place in layout)
        return cls(spec, planes) if like is None else cls(spec, planes, like.timing, like.side_data)

    @property
    def planes(self) -> tuple[Array, ...]:
        """One array per plane, `(H, W)` or `(H, W, C)`, in the table's order.

        Raises:
            FrameReleasedError: after `release()`.

        """
        if self._planes is None:
            raise FrameReleasedError(f"this {self.spec} frame was released and can't be used; keep a copy instead")
        return self._planes

    @property
    def format(self) -> PixelFormat:
        """Row of the pixel-format table."""
        return self.spec.format

    @property
    def width(self) -> int:
        """Samples in a row of the largest plane."""
        return self.spec.width

    @property
    def height(self) -> int:
        """Rows of the largest plane."""
        return self.spec.height

    @property
    def pts(self) -> int:
        """Presentation timestamp in units of `time_base`."""
        return self.timing.pts

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of `pts`."""
        return self.timing.time_base

    @property
    def nbytes(self) -> int:
        """Bytes of the samples, without padding."""
        return self.spec.nbytes

    def items(self) -> Iterator[tuple[PlaneFormat, Array]]:
        """Yield every plane with its row of the format."""
        yield from zip(self.format.planes, self.planes, strict=True)

    def with_planes(self, planes: tuple[Array, ...], **spec: Any) -> Frame:
        """Return a frame of other planes with this one's timing and side data, `spec` fields replaced."""
        return Frame(replace(self.spec, **spec), planes, self.timing, self.side_data)

    @property
    def address(self) -> int:
        """Address of the first sample, on the host or on the device."""
        return _address(self.planes[0])

    @property
    def is_packed(self) -> bool:
        """Whether the planes lie as `Frame.allocate` lays them out, so that one copy of the buffer moves them."""
        places, _ = _layout(self.spec)
        return all(
            plane.strides[1:] == _tight_strides(plane)
            and (plane.strides[0] == pitch or plane.shape[0] == 1)  # the stride of a single row is arbitrary
            and _address(plane) - self.address == offset
            for plane, (offset, _, pitch) in zip(self.planes, places, strict=True)
        )

    def release(self) -> None:
        """Give the buffers back now rather than when the frame dies.

        Raises:
            FrameReleasedError: it was released before.

        """
        if self._planes is None:
            raise FrameReleasedError(f"this {self.spec} frame was released twice; release it once, or not at all")
        self._planes = None

    def copy(self, pool: Pool) -> Frame:
        """Return the same samples in a pooled buffer with aligned, forward rows."""
        out = Frame.allocate(self.spec, pool, like=self)
        for source, target in zip(self.planes, out.planes, strict=True):
            target[...] = source
        return out

    def to_numpy(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Return the samples as one new array: `(H, W)` for gray, else `(H, W, C)`, channels in `rgba` or `yuva` order.

        Subsampled formats have no such array: convert with `to_rgb()` first, or use `planes`.

        Raises:
            FormatError: planes of different size.

        """
        from lumaloom.frame.bridge import stacked

        return stacked(self)

    def to_rgb(self) -> Frame:
        """Return the frame as packed RGB, full range: `rgb24` (`rgba` with alpha), 16 bits per sample above 8 bits."""
        from lumaloom.frame.bridge import to_rgb

        return to_rgb(self)


def _address(plane: Array) -> int:
    return int(plane.ctypes.data if isinstance(plane, np.ndarray) else plane.data.ptr)


def _tight_strides(plane: Array) -> tuple[int, ...]:
    """Return the strides within a row whose samples lie side by side."""
    return (plane.itemsize,) if plane.ndim == 2 else (plane.shape[2] * plane.itemsize, plane.itemsize)


@lru_cache(maxsize=64)
def _layout(spec: FrameSpec) -> tuple[tuple[tuple[int, tuple[int, ...], int], ...], int]:
    """Return `(offset, shape, row pitch)` of every plane in one buffer, and its size, all in bytes."""
    places: list[tuple[int, tuple[int, ...], int]] = []
    offset = 0
    for shape in spec.shapes:
        row = int(np.prod(shape[1:])) * spec.format.dtype.itemsize
        pitch = -(-row // ALIGNMENT) * ALIGNMENT
        places.append((offset, shape, pitch))
        offset += pitch * shape[0]
    return tuple(places), offset


def plane_view(buffer: Array, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...], pitch: int) -> Array:
    """View part of a flat uint8 buffer as a pitched plane; NumPy and CuPy alike."""
    rows = buffer[offset : offset + shape[0] * pitch].reshape(shape[0], pitch).view(dtype)
    return rows[:, : int(np.prod(shape[1:]))].reshape(shape)
