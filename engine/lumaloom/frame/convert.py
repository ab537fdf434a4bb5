"""Conversion between pixel formats, by swscale where samples change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lumaloom.frame.colour import Matrix, Range
from lumaloom.frame.formats import FORMATS, Model, PixelFormat
from lumaloom.frame.gray import FULL_CHROMA, luma_of, relevelled, rescaled, with_chroma
from lumaloom.frame.pyav import reformat, to_av, wrapped_planes
from lumaloom.frame.rgb import rescaled_rgb
from lumaloom.frame.spec import FrameSpec

if TYPE_CHECKING:
    from lumaloom.frame.frame import Frame

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
    depth; RGB to or from float is exact.
    """
    if target is frame.format:
        return frame
    if frame.format.model is Model.GRAY:
        return rescaled(frame, target) if target.model is Model.GRAY else convert(with_chroma(frame), target)
    if target.model is Model.GRAY:
        return luma_of(convert(frame, FORMATS[FULL_CHROMA[target.depth]]), target)
    after = converted_spec(frame.spec, target)
    both_rgb = frame.format.model is Model.RGB is target.model
    if both_rgb and frame.format.is_float is not target.is_float and frame.spec.colour.range is not Range.LIMITED:
        return rescaled_rgb(frame, target)
    return _scaled(frame, after)


def full_range(frame: Frame) -> Frame:
    """Return the frame with black at 0 and white at the peak, and tagged so; what is full range comes back as it is.

    For outputs that have no tag for the range, where viewers expect this.
    """
    row = frame.format
    if row.is_float or frame.spec.colour.resolved(row.model, frame.height).range is Range.FULL:
        return frame
    after = replace(frame.spec, colour=replace(frame.spec.colour, range=Range.FULL))
    return relevelled(frame, after) if row.model is Model.GRAY else _scaled(frame, after)


def _scaled(frame: Frame, after: FrameSpec) -> Frame:
    """Return the frame in the format, matrix and range of `after`; neither is gray."""
    before = frame.spec.colour.resolved(frame.format.model, frame.height)
    wanted = after.colour.resolved(after.format.model, frame.height)
    matrix = _SWS_MATRIX.get(wanted.matrix if frame.format.model is Model.RGB else before.matrix, 5)
    result = reformat(
        to_av(frame),
        after.format.name,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=int(before.range),
        dst_color_range=int(wanted.range),
    )
    return frame.with_planes(wrapped_planes(result, after), format=after.format, colour=after.colour)


def to_rgb(frame: Frame) -> Frame:
    """Return the frame as packed full-range RGB: see `Frame.to_rgb`."""
    row = frame.format
    name = ("rgba64le" if row.has_alpha else "rgb48le") if row.depth > 8 else ("rgba" if row.has_alpha else "rgb24")
    return convert(frame, FORMATS[name])
