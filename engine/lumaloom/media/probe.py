"""Finds out what is in a media file."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import AttachmentStream, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lumaloom.errors import InputError
from lumaloom.frame import Colour, FrameSpec, Matrix, Primaries, Range, Transfer
from lumaloom.frame.bridge import nearest_format, side_data_of, spec_of
from lumaloom.frame.colour import tag
from lumaloom.media.decoder import DECODE_ERRORS
from lumaloom.media.decoders import open_decoder
from lumaloom.media.info import AudioInfo, ChapterInfo, MediaInfo, StreamInfo, VideoInfo
from lumaloom.media.opening import MAX_PIXELS, open_input, reason

# Packets read for the first frame of every video stream before probing goes on without it.
_PACKETS_FOR_A_FRAME = 400


def probe(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> MediaInfo:
    """Return what is in a file. Decodes the first frame of each video stream and nothing else.

    Raises:
        InputError: the file can't be read.

    """
    with open_input(path, max_pixels=max_pixels) as container:
        try:
            info = describe(container, path)
            first = _first_frames(container, max_pixels)
            streams = tuple(_with_frame(s, first[s.index]) if s.index in first else s for s in info.streams)
        except DECODE_ERRORS as error:
            raise InputError(f"{path}: can't be probed: {reason(error)}") from None
        return replace(info, streams=streams)


def describe(container: InputContainer, path: str | os.PathLike[str]) -> MediaInfo:
    """Return what the demuxer alone knows about an open file."""
    start: int | None = container.start_time
    return MediaInfo(
        path=os.fspath(path),
        container=container.format.name,
        container_name=container.format.long_name,
        size=container.size,
        duration=Fraction(container.duration, av.time_base) if container.duration else None,
        start=None if start is None else Fraction(start, av.time_base),
        bit_rate=container.bit_rate or None,
        metadata=dict(container.metadata),
        chapters=tuple(
            ChapterInfo(c["start"] * base, c["end"] * base, c["metadata"].get("title", ""))
            for c in container.chapters()
            if (base := c["time_base"])
        ),
        streams=tuple(_stream(stream) for stream in container.streams),
    )


def first_spec(stream: VideoStream, first: VideoFrame) -> FrameSpec:
    """Return the spec that the frames of a stream share: the first frame's, with the tags that the container has."""
    found = spec_of(first)
    row = found.format if found else nearest_format(first.format.name)
    sar = stream.sample_aspect_ratio or Fraction(0)
    rotation = round(first.rotation / 90) * 90 % 360
    return FrameSpec(row, first.width, first.height, _colour(stream), sar, rotation, first.interlaced_frame)


def _stream(stream: Stream) -> StreamInfo:
    base = stream.time_base
    context = stream.codec_context
    common: dict[str, Any] = {
        "index": stream.index,
        "type": stream.type,
        "codec": context.codec.canonical_name if context else getattr(stream, "name", None),
        "profile": stream.profile if context else None,
        "language": stream.language,
        "disposition": tuple(flag.name for flag in stream.disposition if flag.name),
        "metadata": {key: value for key, value in stream.metadata.items() if key != "language"},
        "time_base": base,
        "start": None if stream.start_time is None or base is None else stream.start_time * base,
        "duration": None if not stream.duration or base is None else stream.duration * base,
        "bit_rate": (context.bit_rate or None) if context else None,
    }
    if stream.type == "video" and context:
        return _video(cast(VideoStream, stream), common)
    if isinstance(stream, AudioStream) and context:
        return AudioInfo(
            **common,
            rate=stream.rate or None,
            channels=stream.channels or None,
            layout=stream.layout.name if stream.channels else None,
            format=stream.format.name if stream.format else None,
        )
    if isinstance(stream, AttachmentStream):
        common["metadata"] = {**common["metadata"], "mimetype": stream.mimetype or ""}
    return StreamInfo(**common)


def _video(stream: VideoStream, common: dict[str, Any]) -> VideoInfo:
    pixel_format = stream.codec_context.pix_fmt
    return VideoInfo(
        **common,
        width=stream.width,
        height=stream.height,
        pixel_format=pixel_format,
        depth=_depth(pixel_format),
        colour=_colour(stream),
        rate=stream.average_rate or stream.guessed_rate or None,
        sar=stream.sample_aspect_ratio or Fraction(0),
        frames=stream.frames or None,
    )


def _depth(pixel_format: str | None) -> int | None:
    if pixel_format is None:
        return None
    return max((component.bits for component in av.VideoFormat(pixel_format, 64, 64).components), default=None)


def _colour(stream: VideoStream) -> Colour:
    context = stream.codec_context
    return Colour(
        tag(Matrix, context.colorspace, Matrix.UNSPECIFIED),
        tag(Primaries, context.color_primaries, Primaries.UNSPECIFIED),
        tag(Transfer, context.color_trc, Transfer.UNSPECIFIED),
        tag(Range, context.color_range, Range.UNSPECIFIED),
    )


def _first_frames(container: InputContainer, max_pixels: int) -> dict[int, VideoFrame]:
    """Decode the first frame of every video stream, as far as that succeeds within some packets."""
    decoders = {}
    for stream in container.streams.video:
        try:
            decoders[stream.index] = open_decoder(stream, threads=1, max_pixels=max_pixels, frame_threads=False)
        except DECODE_ERRORS:
            continue
    found: dict[int, VideoFrame] = {}
    wanted = [s for s in container.streams.video if s.index in decoders]
    try:
        for count, packet in enumerate(container.demux(wanted) if wanted else ()):
            index = packet.stream.index
            if len(found) == len(decoders) or count > _PACKETS_FOR_A_FRAME:
                break
            if index in found:
                continue
            frames = decoders[index].decode(packet) if packet.size else decoders[index].drain()
            if frames:
                found[index] = frames[0]
    except DECODE_ERRORS:
        pass
    return found


def _with_frame(stream: StreamInfo, frame: VideoFrame) -> StreamInfo:
    """Add to a video stream what only its first frame tells."""
    assert isinstance(stream, VideoInfo)
    return replace(
        stream,
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        depth=_depth(frame.format.name),
        rotation=round(frame.rotation / 90) * 90 % 360,
        interlaced=frame.interlaced_frame,
        side_data=tuple(name.lower() for name, _ in side_data_of(frame)),
    )
