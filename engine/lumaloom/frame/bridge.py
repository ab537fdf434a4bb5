"""From PyAV's decoded frames to ours: wrapped without a copy, described by the pixel-format table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av
import numpy as np

from lumaloom.frame.colour import Colour, Matrix, Primaries, Range, Transfer, tag
from lumaloom.frame.cost import conversion_cost
from lumaloom.frame.formats import FORMATS, FULL_RANGE_ALIASES, Model, PixelFormat, define
from lumaloom.frame.frame import Frame
from lumaloom.frame.pyav import floats, reformat, wrapped_planes
from lumaloom.frame.spec import FrameSpec, Timing

# Floats that become those of the table, which swscale would cut to the range from 0 to 1: half floats, as most OpenEXR
# has, and big-endian ones. Name, row, and the samples.
_FLOATS = {
    f"{name}{kind}": (f"{name}32le", dtype)
    for name in ("gbrpf", "gbrapf", "grayf")
    for kind, dtype in (("16le", "<f2"), ("16be", ">f2"), ("32be", ">f4"))
}


def spec_of(source: av.VideoFrame) -> FrameSpec | None:
    """Return the spec of a PyAV frame, or None when the table lacks its format."""
    name = source.format.name
    alias = FULL_RANGE_ALIASES.get(name)
    row = FORMATS.get(alias or name)
    if row is None:
        return None
    return _spec(source, row, full=alias is not None)


def _spec(source: av.VideoFrame, row: PixelFormat, *, full: bool = False) -> FrameSpec:
    colour = Colour(
        tag(Matrix, source.colorspace, Matrix.UNSPECIFIED),
        tag(Primaries, source.color_primaries, Primaries.UNSPECIFIED),
        tag(Transfer, source.color_trc, Transfer.UNSPECIFIED),
        Range.FULL if full else tag(Range, source.color_range, Range.UNSPECIFIED),
    )
    return FrameSpec(row, source.width, source.height, colour, interlaced=source.interlaced_frame)


def nearest_format(name: str) -> PixelFormat:
    """Return the row of the table that holds an FFmpeg format outside it with the least loss.

    `conversion_cost` says which that is; palettes and packed oddities become RGB or 4:4:4.
    """
    if name in _FLOATS:
        return FORMATS[_FLOATS[name][0]]
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
    spec, planes = spec_of(source), None
    if spec is None and source.format.name in _FLOATS:
        name, dtype = _FLOATS[source.format.name]
        spec = _spec(source, FORMATS[name])
        planes = floats(source, spec, np.dtype(dtype))
    if spec is None:
        source = reformat(source, nearest_format(source.format.name).name)
        spec = spec_of(source)
        assert spec is not None
    if base is not None:
        spec = replace(spec, sar=base.sar, rotation=base.rotation, colour=merged(spec.colour, base.colour))
    if side_data is None:
        side_data = side_data_of(source)
    return Frame(spec, planes or wrapped_planes(source, spec), timing, side_data)


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
