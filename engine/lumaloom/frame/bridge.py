"""Between our frames and PyAV's: wrapped without a copy where the memory layout allows it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from lumaloom.errors import FormatError
from lumaloom.frame.colour import Colour, Matrix, Primaries, Range, Transfer, tag
from lumaloom.frame.cost import conversion_cost
from lumaloom.frame.formats import FORMATS, FULL_RANGE_ALIASES, Model, PixelFormat, define
from lumaloom.frame.frame import Frame, FrameSpec, Timing, plane_view
from lumaloom.frame.gray import FULL_CHROMA, luma_of, rescaled, with_chroma

# Flags of swscale: exact rounding, chroma at full resolution, the same result on every CPU.
_SCALER = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)
# swscale's own numbers for the matrices; what it lacks is approximated by the nearest.
_SWS_MATRIX = {
    Matrix.BT709: 1,
    Matrix.FCC: 4,
    Matrix.BT470BG: 5,
    Matrix.SMPTE170M: 5,
    Matrix.SMPTE240M: 7,
    Matrix.BT2020_NCL: 9,
    Matrix.BT2020_CL: 9,
}
_local = threading.local()


def spec_of(source: av.VideoFrame) -> FrameSpec | None:
    """Return the spec of a PyAV frame, or None when the table lacks its format."""
    name = source.format.name
    alias = FULL_RANGE_ALIASES.get(name)
    row = FORMATS.get(alias or name)
    if row is None:
        return None
    colour = Colour(
        tag(Matrix, source.colorspace, Matrix.UNSPECIFIED),
        tag(Primaries, source.color_primaries, Primaries.UNSPECIFIED),
        tag(Transfer, source.color_trc, Transfer.UNSPECIFIED),
        Range.FULL if alias else tag(Range, source.color_range, Range.UNSPECIFIED),
    )
    return FrameSpec(row, source.width, source.height, colour, interlaced=source.interlaced_frame)


def nearest_format(name: str) -> PixelFormat:
    """Return the row of the table that holds an FFmpeg format outside it with the least loss.

    `conversion_cost` says which that is; palettes and packed oddities become RGB or 4:4:4.
    """
    video = av.VideoFormat(name, 64, 64)
    depth = max(component.bits for component in video.components)
    if name.startswith("bayer"):  # whose channels count as shares of one sample
        depth = 16 if "16" in name else 8
    alpha = video.has_palette or any(component.is_alpha for component in video.components)
    rgb = video.is_rgb or video.has_palette or name.startswith("xyz")
    model = Model.RGB if rgb else Model.YUV if len(video.components) > 2 or alpha else Model.GRAY
    sub = f"{_halvings(video.chroma_width())}{_halvings(video.chroma_height())}"
    if model is Model.RGB and not video.is_planar:
        planes = "rgba" if alpha else "rgb"
    else:
        planes = {Model.GRAY: "y", Model.RGB: "g b r", Model.YUV: f"y u:{sub} v:{sub}"}[model] + " a" * alpha
    stranger = define(name, model, depth, planes)
    return min(FORMATS.values(), key=lambda known: conversion_cost(stranger, known))


def _halvings(size: int) -> int:
    return (64 // size).bit_length() - 1


def from_av(
    source: av.VideoFrame,
    timing: Timing,
    base: FrameSpec | None = None,
    side_data: tuple[tuple[str, bytes], ...] | None = None,
) -> Frame:
    """Wrap a decoded frame: its planes become writable views that keep it alive.

    A format outside the table is converted to the nearest row first. Fields that the stream knows and the
    frame does not (sample aspect ratio, rotation, colour tags that the frame leaves open) come from `base`.

    Side data is that of the stream's first frame where `side_data` hands it on; None reads the frame's own,
    which costs a reference cycle in PyAV that keeps the frame's memory until the collector comes by.
    """
    spec = spec_of(source)
    if spec is None:
        source = _reformat(source, nearest_format(source.format.name).name)
        spec = spec_of(source)
        assert spec is not None
    if base is not None:
        spec = replace(spec, sar=base.sar, rotation=base.rotation, colour=merged(spec.colour, base.colour))
    if side_data is None:
        side_data = side_data_of(source)
    return Frame(spec, wrapped_planes(source, spec), timing, side_data)


def side_data_of(source: av.VideoFrame) -> tuple[tuple[str, bytes], ...]:
    """Return a PyAV frame's side data as `(name, bytes)`; none where one item is of a kind that PyAV does not know."""
    try:
        items: Any = source.side_data
        return tuple((str(item.type.name), bytes(item)) for item in items)
    except ValueError:
        return ()


def merged(first: Colour, second: Colour) -> Colour:
    """Return `first` with what it leaves unspecified taken from `second`."""
    return Colour(
        second.matrix if first.matrix is Matrix.UNSPECIFIED else first.matrix,
        second.primaries if first.primaries is Primaries.UNSPECIFIED else first.primaries,
        second.transfer if first.transfer is Transfer.UNSPECIFIED else first.transfer,
        second.range if first.range is Range.UNSPECIFIED else first.range,
        first.chroma or second.chroma,
    )


def wrapped_planes(source: av.VideoFrame, spec: FrameSpec) -> tuple[np.ndarray[Any, Any], ...]:
    """View the planes of a PyAV frame of `spec` as arrays, no copy; the views keep the frame's buffers alive.

    A negative line size means rows stored bottom up, as some decoders of raw video give them: the view is reversed.
    """
    planes = []
    for plane, shape in zip(source.planes, spec.shapes, strict=True):
        pitch = abs(plane.line_size)
        if not pitch or pitch % spec.format.dtype.itemsize:
            raise FormatError(f"rows of {plane.line_size} bytes in a {spec} frame; expected whole samples")
        rows = plane_view(np.frombuffer(memoryview(plane), np.uint8), spec.format.dtype, 0, shape, pitch)
        planes.append(rows if plane.line_size > 0 else rows[::-1])
    return tuple(planes)


def to_av(frame: Frame) -> av.VideoFrame:
    """Return a PyAV frame of the same samples, timing and colour tags for an encoder or a filter.

    The memory is shared, and kept alive, where PyAV can take the layout: planar formats of 8 to 16 bits,
    NV12, P010 and packed RGB with forward rows, of even size where chroma is subsampled. Else it is copied.
    """
    result = _shared(frame) or _copied(frame)
    colour = frame.spec.colour
    result.pts, result.time_base, result.duration = frame.pts, frame.time_base, frame.timing.duration
    result.colorspace, result.color_range = int(colour.matrix), int(colour.range)
    result.color_primaries, result.color_trc = int(colour.primaries), int(colour.transfer)
    return result


def _shared(frame: Frame) -> av.VideoFrame | None:
    """Wrap the frame's own memory, or return None where its layout or format rules that out."""
    row, planes = frame.format, frame.planes
    forward = all(p.strides[0] > 0 and p[0].flags.c_contiguous and p.flags.writeable for p in planes)
    sub_x, sub_y = row.subsampling
    even = frame.width % (1 << sub_x) == 0 and frame.height % (1 << sub_y) == 0
    if not (forward and even):
        return None
    if len(planes) == 1 and len(row.channels) > 1:
        return av.VideoFrame.from_numpy_buffer(planes[0], format=row.name)
    if row.is_float:
        return None
    return av.VideoFrame.from_dlpack(planes, format=row.name)


def _copied(frame: Frame) -> av.VideoFrame:
    """Copy the samples into a frame that FFmpeg allocates."""
    result = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for source, target in zip(frame.planes, wrapped_planes(result, frame.spec), strict=True):
        target[...] = source
    return result


def converted_spec(spec: FrameSpec, target: PixelFormat) -> FrameSpec:
    """Return the spec of frames of `spec` after `convert` to `target`.

    Within a model, and between YUV and gray, the colour tags stay. To RGB the result is full range; from RGB
    it is limited range with the matrix that `Colour.resolved` chooses.
    """
    if (target.model is Model.RGB) is (spec.format.model is Model.RGB):
        return replace(spec, format=target)
    untied = replace(spec.colour, matrix=Matrix.UNSPECIFIED, range=Range.UNSPECIFIED)
    return replace(spec, format=target, colour=untied.resolved(target.model, spec.height))


def convert(frame: Frame, target: PixelFormat) -> Frame:
    """Return the frame in another pixel format: model, depth and chroma resolution, by swscale.

    Tags follow `converted_spec`; what is unspecified is read as `Colour.resolved` says. Samples that need no
    change may be shared with `frame`. Between YUV and RGB swscale stays within 1.6/255 of the formulas, at every
    depth.
    """
    if target is frame.format:
        return frame
    if frame.format.model is Model.GRAY:
        return rescaled(frame, target) if target.model is Model.GRAY else convert(with_chroma(frame), target)
    if target.model is Model.GRAY:
        return luma_of(convert(frame, FORMATS[FULL_CHROMA[target.depth]]), target)
    after = converted_spec(frame.spec, target)
    before = frame.spec.colour.resolved(frame.format.model, frame.height)
    wanted = after.colour.resolved(target.model, frame.height)
    matrix = _SWS_MATRIX.get(wanted.matrix if frame.format.model is Model.RGB else before.matrix, 5)
    result = _reformat(
        to_av(frame),
        target.name,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=int(before.range),
        dst_color_range=int(wanted.range),
    )
    return Frame(after, wrapped_planes(result, after), frame.timing, frame.side_data)


def to_rgb(frame: Frame) -> Frame:
    """Return the frame as packed full-range RGB: see `Frame.to_rgb`."""
    row = frame.format
    name = ("rgba64le" if row.has_alpha else "rgb48le") if row.depth > 8 else ("rgba" if row.has_alpha else "rgb24")
    return convert(frame, FORMATS[name])


def stacked(frame: Frame) -> np.ndarray[Any, np.dtype[Any]]:
    """Return all samples as one new array: see `Frame.to_numpy`."""
    row = frame.format
    if row.subsampling != (0, 0):
        raise FormatError(f"{row} has planes of different size: convert with to_rgb() first, or use frame.planes")
    if row.model is Model.GRAY:
        return np.array(frame.planes[0])
    samples = [
        plane if plane.ndim == 2 else plane[..., index]
        for wanted in ("yuva" if row.model is Model.YUV else "rgba")
        for fmt, plane in frame.items()
        if (index := fmt.channels.find(wanted)) >= 0
    ]
    return np.stack(samples, axis=-1)


def _reformat(source: av.VideoFrame, target: str, **tags: int) -> av.VideoFrame:
    """Run swscale with one context per thread, in that thread alone."""
    if not hasattr(_local, "scaler"):
        _local.scaler = VideoReformatter()
    scaler: VideoReformatter = _local.scaler
    return scaler.reformat(source, format=target, interpolation=_SCALER, threads=1, **tags)
