"""A video frame: planes that view buffers, and everything about them that must survive the path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from lumaloom.errors import FormatError, FrameReleasedError
from lumaloom.frame.formats import Model, PixelFormat, PlaneFormat
from lumaloom.frame.layout import Array, address_of, plane_view, tight_strides
from lumaloom.frame.spec import UNTIMED, FrameSpec, Timing


class Pool(Protocol):
    """What a frame needs of a buffer pool."""

    def acquire(self, nbytes: int) -> Array:
        """Return a flat uint8 array of at least `nbytes`, 64-byte aligned, given back when its last view dies."""


@dataclass(slots=True, eq=False, repr=False)
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
    timing: Timing = UNTIMED
    side_data: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def allocate(cls, spec: FrameSpec, pool: Pool, like: Frame | None = None) -> Frame:
        """Return a frame of `spec` in one pooled buffer, rows and planes aligned to 64 bytes, samples undefined.

        Timing and side data are those of `like`.

        Raises:
            MemoryLimitError: the pool's limit is reached.

        """
        layout, total = spec.layout
        buffer = pool.acquire(total)
        planes = tuple(plane_view(buffer, spec.format.dtype, *place) for place in layout)
        return cls(spec, planes) if like is None else cls(spec, planes, like.timing, like.side_data)

    def __repr__(self) -> str:
        return f"<Frame {self.spec} at {float(self.timing.seconds):.3f} s{'' if self._planes else ', released'}>"

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
        return address_of(self.planes[0])

    @property
    def is_packed(self) -> bool:
        """Whether the planes lie as `Frame.allocate` lays them out, so that one copy of the buffer moves them."""
        places, _ = self.spec.layout
        return all(
            plane.strides[1:] == tight_strides(plane)
            and (plane.strides[0] == pitch or plane.shape[0] == 1)  # the stride of a single row is arbitrary
            and address_of(plane) - self.address == offset
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
        row = self.format
        if row.subsampling != (0, 0):
            raise FormatError(f"{row} has planes of different size: convert with to_rgb() first, or use frame.planes")
        if row.model is Model.GRAY:
            return np.array(self.planes[0])
        samples = [
            plane if plane.ndim == 2 else plane[..., index]
            for wanted in ("yuva" if row.model is Model.YUV else "rgba")
            for fmt, plane in self.items()
            if (index := fmt.channels.find(wanted)) >= 0
        ]
        return np.stack(samples, axis=-1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return what `to_numpy` returns: NumPy's functions take frames that have such an array.

        Raises:
            FormatError: as `to_numpy` does.
            ValueError: `copy` is False; there is always one.

        """
        if copy is False:
            raise ValueError("a frame as one array is a copy; use frame.planes for views")
        array = self.to_numpy()
        return array if dtype is None else array.astype(dtype, copy=False)

    def to_rgb(self) -> Frame:
        """Return the frame as packed RGB, full range: `rgb24` (`rgba` with alpha), 16 bits per sample above 8 bits."""
        from lumaloom.frame.convert import to_rgb

        return to_rgb(self)
