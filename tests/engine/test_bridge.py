"""Between frames and PyAV's: the same samples, without a copy where that is promised."""

from __future__ import annotations

import gc
import weakref
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from lumaloom.errors import FormatError
from lumaloom.frame import (
    FORMATS,
    ChromaLocation,
    Colour,
    Frame,
    FrameSpec,
    Matrix,
    PixelFormat,
    Primaries,
    Range,
    Timing,
    Transfer,
)
from lumaloom.frame.bridge import from_av, merged, nearest_format, spec_of
from lumaloom.frame.pyav import to_av, wrapped_planes
from lumaloom.memory import BufferPool
from tests.engine.frames import SIZES, noise, same, samples, spec

ROWS = pytest.mark.parametrize("row", FORMATS.values(), ids=str)
HDR = Colour(Matrix.BT2020_NCL, Primaries.BT2020, Transfer.PQ, Range.LIMITED)


@ROWS
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_round_trip_is_exact(row: PixelFormat, width: int, height: int) -> None:
    frame = noise(spec(row.name, width, height, HDR), timing=Timing(11, Fraction(1, 24), 3))
    sent = to_av(frame)
    assert (sent.format.name, sent.width, sent.height) == (row.name, width, height)
    assert (sent.pts, sent.time_base, sent.duration) == (11, Fraction(1, 24), 3)
    back = from_av(sent, frame.timing)
    assert back.spec == frame.spec
    assert same(back, frame)
    assert back.timing == frame.timing


@ROWS
def test_a_frame_is_handed_over_without_a_copy_where_promised(row: PixelFormat) -> None:
    frame = noise(spec(row.name, 64, 32))
    received = from_av(to_av(frame), frame.timing)
    shared = [np.shares_memory(a, b) for a, b in zip(frame.planes, received.planes, strict=True)]
    assert shared == [not row.is_float] * len(shared)


@ROWS
@pytest.mark.parametrize(("width", "height"), [(64, 32), (33, 17)])
def test_the_receiver_keeps_the_memory_alive(row: PixelFormat, width: int, height: int) -> None:
    pool = BufferPool(1 << 24)
    frame = noise(spec(row.name, width, height), pool=pool)
    expected = [plane.copy() for plane in frame.planes]
    sent = to_av(frame)
    frame.release()
    for seed in range(4):  # whatever was given back is written over now
        noise(spec(row.name, width, height), seed=seed + 1, pool=pool)
    received = wrapped_planes(sent, frame.spec)
    assert all(np.array_equal(a, b) for a, b in zip(received, expected, strict=True))
    del received, sent
    assert pool.stats.in_use == 0


@ROWS
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_decoded_frame_is_viewed_without_a_copy(row: PixelFormat, width: int, height: int) -> None:
    source = av.VideoFrame(width, height, row.name)
    frame = from_av(source, Timing())
    for index, plane in enumerate(frame.planes):
        assert plane.ctypes.data == source.planes[index].buffer_ptr
        plane[...] = samples(row, plane.shape, index)
    again = from_av(source, Timing())
    assert same(frame, again)


def test_views_keep_a_decoded_frame_alive() -> None:
    class Watched:
        pass

    source = av.VideoFrame(64, 64, "gray")
    source.opaque = watched = Watched()
    gone = weakref.ref(watched)
    del watched
    view = from_av(source, Timing()).planes[0][3:5, ::2]
    view[...] = 77
    del source
    gc.collect()
    assert gone() is not None
    assert (view == 77).all()
    del view
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("name", ["rgb24", "yuv420p", "gray10le", "nv12", "gbrp"])
@pytest.mark.parametrize("cut", ["bottom up", "mirrored", "every second", "inside", "read only"])
def test_views_of_any_shape_are_handed_over_right(name: str, cut: str) -> None:
    big = noise(spec(name, 64, 32))
    slices = {
        "bottom up": np.s_[::-1],
        "mirrored": np.s_[:, ::-1],
        "every second": np.s_[:, ::2],
        "inside": np.s_[2:10, 2:18],
        "read only": np.s_[:],
    }
    planes = [plane[slices[cut]] for plane in big.planes]
    if cut == "inside":
        planes = [plane[4 >> f.sub_y :, 4 >> f.sub_x :][: 16 >> f.sub_y, : 24 >> f.sub_x] for f, plane in big.items()]
    if cut == "read only":
        for plane in planes:
            plane.flags.writeable = False
    frame = big.with_planes(tuple(planes), width=planes[0].shape[1], height=planes[0].shape[0])
    received = from_av(to_av(frame), Timing())
    assert same(received, frame)
    assert np.shares_memory(received.planes[0], frame.planes[0]) is (cut == "inside")


def test_rows_stored_bottom_up_come_out_top_down() -> None:
    """Uncompressed pictures in AVI are stored bottom up: the decoder hands out negative line sizes.

    The muxer takes the rows in the order in which they come, so that they read reversed.
    """
    import io

    picture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    file = io.BytesIO()
    with av.open(file, "w", format="avi", options={"flipped_raw_rgb": "1"}) as container:
        stream: Any = container.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8, 6, "bgr24"
        stream.codec_context.codec_tag = "\0\0\0\0"
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    file.seek(0)
    with av.open(file, "r") as reading:
        decoded = next(reading.decode(video=0))
        assert decoded.planes[0].line_size < 0
        received = from_av(decoded, Timing())
        assert not np.array_equal(received.planes[0], picture)
        assert np.array_equal(received.planes[0][::-1], picture)
        assert same(from_av(to_av(received), Timing()), received)


def test_tags_that_the_frame_leaves_open_come_from_the_stream() -> None:
    source = av.VideoFrame(16, 16, "yuv420p")
    source.colorspace, source.color_range = 1, 0
    base = FrameSpec(
        FORMATS["yuv420p"], 16, 16, Colour(Matrix.BT2020_NCL, range=Range.FULL, chroma=ChromaLocation.TOPLEFT)
    )
    base = FrameSpec(base.format, 16, 16, base.colour, Fraction(4, 3), 90)
    frame = from_av(source, Timing(), base)
    assert frame.spec.colour == Colour(Matrix.BT709, range=Range.FULL, chroma=ChromaLocation.TOPLEFT)
    assert (frame.spec.sar, frame.spec.rotation) == (Fraction(4, 3), 90)
    assert merged(HDR, Colour(Matrix.BT709, Primaries.BT709, Transfer.BT709, Range.FULL)) == HDR


def test_deprecated_full_range_names_become_a_tag() -> None:
    source = av.VideoFrame(16, 16, "yuvj422p")
    found = spec_of(source)
    assert found is not None
    assert (found.format.name, found.colour.range) == ("yuv422p", Range.FULL)


def test_reserved_tags_read_as_unspecified() -> None:
    source = av.VideoFrame(16, 16, "yuv420p")
    source.color_trc, source.color_primaries = 3, 3
    found = spec_of(source)
    assert found is not None
    assert (found.colour.transfer, found.colour.primaries) == (Transfer.UNSPECIFIED, Primaries.UNSPECIFIED)


@pytest.mark.parametrize("name", ["yuv420p10be", "gray10be", "p016le"])
def test_a_format_outside_the_table_keeps_samples_and_tags(name: str) -> None:
    """Formats that differ from a row only in the order of their bytes or planes come through exactly."""
    wide = {"yuv420p10be": "yuv420p10le", "gray10be": "gray10le", "p016le": "yuv420p16le"}[name]
    colour = Colour(Matrix.BT2020_NCL, Primaries.BT2020, Transfer.HLG, Range.LIMITED)
    frame = noise(spec(wide, 32, 16, colour))
    if name == "p016le":  # swscale keeps the planes, not the packing: one value is enough
        for plane in frame.planes:
            plane[...] = 0x1234
    odd = to_av(frame).reformat(format=name)
    received = from_av(odd, Timing(3))
    assert received.spec == frame.spec
    assert same(received, frame)


def test_palette_pictures_come_as_rgba() -> None:
    source = av.VideoFrame(8, 8, "pal8")
    np.frombuffer(memoryview(source.planes[0]), np.uint8)[:] = 5
    palette = np.frombuffer(memoryview(source.planes[1]), np.uint8).reshape(256, 4)
    palette[5] = (30, 20, 10, 200)  # B G R A
    frame = from_av(source, Timing())
    assert frame.format.name == "rgba"
    assert (frame.planes[0] == (10, 20, 30, 200)).all()


def test_rows_that_hold_no_whole_samples_are_refused() -> None:
    class Odd:
        planes = (type("Plane", (), {"line_size": 33})(),)

    with pytest.raises(FormatError, match="rows of 33 bytes in a 8x8 gray10le frame; expected whole samples"):
        wrapped_planes(Odd(), spec("gray10le", 8, 8))  # type: ignore[arg-type]


def test_side_data_of_a_decoded_frame_is_kept() -> None:
    class WithSideData:
        """Stands for a decoded frame: PyAV has no way to attach side data."""

        def __init__(self, frame: av.VideoFrame) -> None:
            self._frame = frame
            item = type("Item", (bytes,), {"type": type("Type", (), {"name": "CONTENT_LIGHT_LEVEL"})})
            self.side_data = [item(b"\x01\x02")]

        def __getattr__(self, name: str) -> Any:
            return getattr(self._frame, name)

    frame = from_av(WithSideData(av.VideoFrame(8, 8, "gray")), Timing())  # type: ignore[arg-type]
    assert frame.side_data == (("CONTENT_LIGHT_LEVEL", b"\x01\x02"),)
    assert frame.copy(BufferPool(1 << 20)).side_data == frame.side_data
    assert Frame.allocate(frame.spec, BufferPool(1 << 20), like=frame).side_data == frame.side_data


@pytest.mark.parametrize("name", ["gbrpf16le", "gbrapf16be", "grayf16le", "gbrpf32be", "grayf32be"])
def test_floats_keep_what_is_brighter_than_white_and_darker_than_black(name: str) -> None:
    source = av.VideoFrame(33, 4, name)
    size, order = int(name[-4:-2]) // 8, ">" if name.endswith("be") else "<"
    values = np.linspace(-1, 60, 33 * 4).reshape(4, 33).astype(f"f{size}")
    for place, plane in enumerate(source.planes):
        rows = np.frombuffer(memoryview(plane), f"{order}f{size}").reshape(4, -1)[:, :33]
        rows[:] = values * (place + 1)
    frame = from_av(source, Timing())
    assert frame.format is nearest_format(name)
    assert frame.format.is_float
    for place, got in enumerate(frame.planes):
        assert np.array_equal(got, (values * (place + 1)).astype(f"f{size}").astype(np.float32))
