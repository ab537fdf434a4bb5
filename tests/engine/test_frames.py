"""Frames: layout in memory, and whose memory it is."""

from __future__ import annotations

import gc
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumaloom.errors import FormatError, FrameReleasedError, MemoryLimitError
from lumaloom.frame import FORMATS, Frame, PixelFormat, Range, Timing
from lumaloom.memory import BufferPool
from tests.engine.frames import SIZES, noise, same, spec

ROWS = pytest.mark.parametrize("row", FORMATS.values(), ids=str)


class Sentinel:
    """A pool whose buffers hold a pattern and stay in sight."""

    def acquire(self, nbytes: int) -> Any:
        self.buffer = BufferPool(1 << 30).acquire(nbytes)
        self.buffer[:] = 0xA5
        return self.buffer


@ROWS
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_planes_and_rows_start_on_64_bytes(row: PixelFormat, width: int, height: int) -> None:
    frame = Frame.allocate(spec(row.name, width, height), BufferPool(1 << 24))
    assert frame.is_packed
    assert frame.address % 64 == 0
    for (fmt, plane), shape in zip(frame.items(), frame.spec.shapes, strict=True):
        assert plane.shape == shape == fmt.shape(width, height)
        assert plane.dtype == row.dtype
        assert plane.ctypes.data % 64 == 0
        assert plane.flags.writeable
        assert shape[0] == 1 or plane.strides[0] % 64 == 0
        assert not plane.flags.owndata


@ROWS
@pytest.mark.parametrize(("width", "height"), [(33, 17), (1, 1)])
def test_planes_lie_apart_and_inside_their_buffer(row: PixelFormat, width: int, height: int) -> None:
    pool = Sentinel()
    frame = Frame.allocate(spec(row.name, width, height), pool)
    assert pool.buffer.nbytes == frame.spec.buffer_bytes
    for index, plane in enumerate(frame.planes):
        plane[...] = 1.0 if row.is_float else index + 1
    for index, plane in enumerate(frame.planes):  # a plane that overlapped another would have lost its value
        assert (plane == (1.0 if row.is_float else index + 1)).all()
    written = sum(plane.nbytes for plane in frame.planes)
    assert written == frame.nbytes == frame.spec.nbytes
    assert np.count_nonzero(pool.buffer == 0xA5) == pool.buffer.nbytes - written  # padding is untouched


@given(width=st.integers(1, 200), height=st.integers(1, 60), name=st.sampled_from(sorted(FORMATS)))
def test_a_buffer_is_not_much_larger_than_its_samples(width: int, height: int, name: str) -> None:
    what = spec(name, width, height)
    rows = sum(shape[0] for shape in what.shapes)
    assert what.nbytes <= what.buffer_bytes < what.nbytes + 64 * rows


def test_the_buffer_goes_back_when_the_last_view_dies() -> None:
    gc.disable()  # references alone have to do it
    try:
        pool = BufferPool(1 << 20)
        frame = Frame.allocate(spec("yuv420p"), pool)
        assert pool.stats.in_use > 0
        corner = frame.planes[2][1:, ::-1][:2]
        del frame
        assert pool.stats.in_use > 0
        del corner
        assert pool.stats.in_use == 0
        assert pool.stats.idle > 0
    finally:
        gc.enable()


def test_a_released_frame_can_not_be_used() -> None:
    pool = BufferPool(1 << 20)
    frame = noise(spec("yuv444p"), pool=pool)
    frame.release()
    assert pool.stats.in_use == 0
    for use in (
        lambda: frame.planes,
        lambda: list(frame.items()),
        lambda: frame.address,
        lambda: frame.is_packed,
        lambda: frame.copy(pool),
        frame.to_rgb,
        frame.to_numpy,
    ):
        with pytest.raises(FrameReleasedError, match="32x16 yuv444p frame was released and can't be used"):
            use()
    with pytest.raises(FrameReleasedError, match="released twice"):
        frame.release()
    assert (frame.width, frame.pts, frame.nbytes) == (32, 0, 1536)  # what it was stays known


def test_a_view_that_outlives_a_release_keeps_the_memory() -> None:
    pool = BufferPool(1 << 20)
    frame = noise(spec("gray"), pool=pool)
    view, before = frame.planes[0][::2], frame.planes[0][::2].copy()
    frame.release()
    assert pool.stats.in_use > 0
    other = Frame.allocate(spec("gray"), pool)
    other.planes[0][...] = 0
    assert not np.shares_memory(view, other.planes[0])
    assert np.array_equal(view, before)


def test_a_failed_allocation_leaves_nothing_out() -> None:
    pool = BufferPool(8192)
    first = Frame.allocate(spec("gray", 64, 64), pool)
    with pytest.raises(MemoryLimitError, match="a host buffer of 12,288 bytes does not fit: 4,096 of 8,192 bytes"):
        Frame.allocate(spec("rgb24", 64, 64), pool)
    first.release()
    assert pool.stats.in_use == 0


@ROWS
def test_a_copy_is_equal_apart_and_packed(row: PixelFormat) -> None:
    source = noise(spec(row.name, 33, 17), timing=Timing(7, Fraction(1, 30), 2))
    source.side_data = (("ICC_PROFILE", b"icc"),)
    flipped = source.with_planes(tuple(plane[::-1, ::-1] for plane in source.planes))
    assert not flipped.is_packed
    copy = flipped.copy(BufferPool(1 << 24))
    assert copy.is_packed
    assert same(copy, flipped)
    assert not any(np.shares_memory(a, b) for a, b in zip(copy.planes, source.planes, strict=True))
    assert (copy.timing, copy.side_data, copy.spec) == (source.timing, source.side_data, source.spec)


def test_what_is_packed() -> None:
    frame = Frame.allocate(spec("yuv420p", 64, 32), BufferPool(1 << 20))
    whole = frame.planes
    assert frame.with_planes(whole).is_packed
    assert not frame.with_planes((whole[0], whole[2], whole[1])).is_packed
    assert not frame.with_planes((whole[0][::-1], *whole[1:])).is_packed
    cut = frame.with_planes(tuple(p[: p.shape[0] // 2] for p in whole), height=16)
    assert not cut.is_packed  # chroma lies farther off than in a frame of that height


def test_packed_samples_as_one_array() -> None:
    rgb = noise(spec("bgra", 7, 5))
    assert np.array_equal(rgb.to_numpy(), rgb.planes[0][..., [2, 1, 0, 3]])
    planar = noise(spec("gbrap10le", 7, 5))
    g, b, r, a = planar.planes
    assert np.array_equal(planar.to_numpy(), np.stack([r, g, b, a], axis=-1))
    yuv = noise(spec("yuva444p", 7, 5))
    assert np.array_equal(yuv.to_numpy(), np.stack(yuv.planes, axis=-1))
    gray = noise(spec("gray16le", 7, 5))
    assert np.array_equal(gray.to_numpy(), gray.planes[0])
    assert not np.shares_memory(gray.to_numpy(), gray.planes[0])
    with pytest.raises(FormatError, match="nv12 has planes of different size"):
        noise(spec("nv12", 8, 8)).to_numpy()


def test_timing() -> None:
    timing = Timing(90_001, Fraction(1, 90_000), 3003)
    assert timing.seconds == Fraction(90_001, 90_000)
    frame = noise(spec("gray"), timing=timing)
    assert (frame.pts, frame.time_base) == (90_001, Fraction(1, 90_000))


def test_with_planes_replaces_fields_of_the_spec() -> None:
    frame = noise(spec("gray", 8, 4, sar=Fraction(4, 3), rotation=90), timing=Timing(5))
    cut = frame.with_planes((frame.planes[0][:2],), height=2)
    assert (cut.width, cut.height, cut.spec.sar, cut.spec.rotation, cut.pts) == (8, 2, Fraction(4, 3), 90, 5)
    assert frame.height == 4
    assert frame.spec.colour.range is Range.UNSPECIFIED
