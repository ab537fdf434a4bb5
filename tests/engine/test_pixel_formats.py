"""The pixel-format table against FFmpeg's own descriptors."""

from __future__ import annotations

import av
import numpy as np
import pytest

from lumaloom.errors import FormatError
from lumaloom.frame import FORMATS, Colour, FrameSpec, Model, PixelFormat, Range, pixel_format
from lumaloom.frame.bridge import nearest_format
from tests.engine.frames import SIZES

ROWS = pytest.mark.parametrize("row", FORMATS.values(), ids=str)


@ROWS
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_planes_are_shaped_as_in_ffmpeg(row: PixelFormat, width: int, height: int) -> None:
    video = av.VideoFormat(row.name, width, height)
    held: dict[int, list[tuple[int, int]]] = {}
    for component in video.components:
        held.setdefault(component.plane, []).append((component.height, component.width))
    assert len(held) == len(row.planes)
    for index, plane in enumerate(row.planes):
        shape = plane.shape(width, height)
        assert len(held[index]) == len(plane.channels)
        assert set(held[index]) == {shape[:2]}
        assert shape[2:] == ((len(plane.channels),) if len(plane.channels) > 1 else ())


@ROWS
def test_depth_and_kind_are_ffmpegs(row: PixelFormat) -> None:
    video = av.VideoFormat(row.name, 64, 64)
    assert {component.bits for component in video.components} == {row.depth}
    assert video.is_rgb is (row.model is Model.RGB)
    assert any(component.is_alpha for component in video.components) is row.has_alpha
    assert not video.is_big_endian
    chroma = (64 >> row.subsampling[0], 64 >> row.subsampling[1])
    assert (video.chroma_width(), video.chroma_height()) == chroma
    assert video.padded_bits_per_pixel * 64 * 64 == row.bytes_for(64, 64) * 8


@ROWS
def test_channel_order_is_ffmpegs(row: PixelFormat) -> None:
    """A frame with one channel at its peak, turned to packed RGBA or YUV by FFmpeg, shows that channel."""
    if row.model is Model.GRAY:
        assert row.channels == "y"
        return
    reference = "rgba64le" if row.model is Model.RGB else "yuva444p16le"
    for plane_index, plane in enumerate(row.planes):
        for index, channel in enumerate(plane.channels):
            source = av.VideoFrame(16, 16, row.name)
            source.color_range = 2
            for other, fmt in enumerate(row.planes):
                view = _view(source.planes[other], row, fmt.shape(16, 16))
                view[...] = 0
                if other == plane_index:
                    view[..., index if view.ndim == 3 else slice(None)] = row.peak
            result = source.reformat(format=reference, src_color_range=2, dst_color_range=2)
            if row.model is Model.RGB:
                pixel = _view(result.planes[0], FORMATS[reference], (16, 16, 4))[8, 8]
                seen = dict(zip("rgba", pixel, strict=True))
            else:
                seen = {
                    name: _view(result.planes[i], FORMATS[reference], (16, 16))[8, 8] for i, name in enumerate("yuva")
                }
            assert seen[channel] > 60000
            others = [value for name, value in seen.items() if name != channel and (name != "a" or row.has_alpha)]
            assert max(others) < 1000


def _view(plane: av.video.plane.VideoPlane, row: PixelFormat, shape: tuple[int, ...]) -> np.ndarray:
    rows = np.frombuffer(memoryview(plane), row.dtype).reshape(shape[0], -1)
    return rows[:, : int(np.prod(shape[1:]))].reshape(shape)


@ROWS
def test_peak_is_the_largest_sample(row: PixelFormat) -> None:
    if row.is_float:
        assert row.peak == 1.0
        assert row.dtype == np.float32
        return
    assert row.peak == (2**row.depth - 1) * 2**row.shift
    assert row.peak < 2 ** (8 * row.dtype.itemsize)
    assert row.dtype.itemsize == (1 if row.depth <= 8 else 2)


@pytest.mark.parametrize(
    ("name", "tag", "levels"),
    [
        ("yuv420p", Range.UNSPECIFIED, (16, 235)),
        ("yuv420p", Range.FULL, (0, 255)),
        ("yuv420p10le", Range.LIMITED, (64, 940)),
        ("yuv444p16le", Range.LIMITED, (4096, 60160)),
        ("p010le", Range.LIMITED, (64 << 6, 940 << 6)),
        ("p010le", Range.FULL, (0, 1023 << 6)),
        ("gray", Range.UNSPECIFIED, (16, 235)),
        ("gray12le", Range.FULL, (0, 4095)),
        ("rgb24", Range.UNSPECIFIED, (0, 255)),
        ("gbrp10le", Range.UNSPECIFIED, (0, 1023)),
        ("gbrpf32le", Range.UNSPECIFIED, (0, 1)),
        ("grayf32le", Range.LIMITED, (0, 1)),
    ],
)
def test_levels(name: str, tag: Range, levels: tuple[float, float]) -> None:
    assert FrameSpec(FORMATS[name], 8, 8, Colour(range=tag)).levels == levels


def test_an_unknown_format_is_named_with_its_nearest() -> None:
    assert pixel_format("nv12") is FORMATS["nv12"]
    assert pixel_format(FORMATS["nv12"]) is FORMATS["nv12"]
    with pytest.raises(FormatError, match="unknown pixel format 'yuv420'; did you mean 'yuv420p'"):
        pixel_format("yuv420")


NEAREST = {
    "pal8": "rgba",
    "rgb8": "rgb24",
    "rgb565le": "rgb24",
    "argb": "rgba",
    "bgr0": "rgb24",
    "x2rgb10le": "gbrp10le",
    "gbrp9le": "gbrp10le",
    "gbrp14le": "gbrp16le",
    "bayer_rggb8": "rgb24",
    "bayer_rggb16le": "rgb48le",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yuv410p": "yuv420p",
    "yuv411p": "yuv422p",
    "yuv440p": "yuv444p",
    "yuv440p10le": "yuv444p10le",
    "yuv420p9le": "yuv420p10le",
    "yuv422p14le": "yuv422p16le",
    "yuv420p10be": "yuv420p10le",
    "yuva422p12le": "yuva444p12le",
    "p016le": "yuv420p16le",
    "p210le": "yuv422p10le",
    "nv16": "yuv422p",
    "nv21": "yuv420p",
    "gray10be": "gray10le",
    "gray14le": "gray16le",
    "monow": "gray",
    "ya8": "yuva444p",
    "ya16le": "yuva444p16le",
    "v30xle": "yuv444p10le",
    "xyz12le": "gbrp12le",
}


@pytest.mark.parametrize("name", NEAREST)
def test_the_nearest_format_keeps_what_the_source_holds(name: str) -> None:
    nearest = nearest_format(name)
    assert nearest.name == NEAREST[name]
    source, target = av.VideoFormat(name, 64, 64), av.VideoFormat(nearest.name, 64, 64)
    if not name.startswith("bayer"):
        assert max(c.bits for c in target.components) >= max(c.bits for c in source.components)
    assert target.chroma_width() >= source.chroma_width()
    assert target.chroma_height() >= source.chroma_height()
    if any(c.is_alpha for c in source.components) or source.has_palette:
        assert nearest.has_alpha
