"""The samples of a frame as a PyAV frame and back: shared where the memory layout allows it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from lumaloom.errors import FormatError
from lumaloom.frame.layout import plane_view
from lumaloom.frame.spec import FrameSpec

if TYPE_CHECKING:
    from lumaloom.frame.frame import Frame

# Flags of swscale: exact rounding, chroma at full resolution, the same result on every CPU.
_SCALER = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)
_local = threading.local()


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


def floats(source: av.VideoFrame, spec: FrameSpec, dtype: np.dtype[Any]) -> tuple[np.ndarray[Any, Any], ...]:
    """Return the planes of a PyAV frame of `spec`, but for samples of another kind, as new arrays of float32."""
    planes = []
    for plane, shape in zip(source.planes, spec.shapes, strict=True):
        rows = plane_view(np.frombuffer(memoryview(plane), np.uint8), dtype, 0, shape, plane.line_size)
        planes.append(rows.astype(np.float32))
    return tuple(planes)


def to_av(frame: Frame, *, copy: bool = False) -> av.VideoFrame:
    """Return a PyAV frame of the same samples, timing and colour tags for an encoder or a filter.

    The memory is shared, and kept alive, where PyAV can take the layout: planar formats of 8 to 16 bits,
    NV12, P010 and packed RGB with forward rows, of even size where chroma is subsampled. Else, or for `copy`, it is
    copied to memory of FFmpeg's own.
    """
    result = (None if copy else _shared(frame)) or _copied(frame)
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


def reformat(source: av.VideoFrame, target: str, **tags: int) -> av.VideoFrame:
    """Run swscale with one context per thread, in that thread alone."""
    if not hasattr(_local, "scaler"):
        _local.scaler = VideoReformatter()
    scaler: VideoReformatter = _local.scaler
    return scaler.reformat(source, format=target, interpolation=_SCALER, threads=1, **tags)
