"""One video stream's decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.codec import CodecContext
from av.codec.context import ThreadType

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

# FFmpeg's own VP8 and VP9 decoders drop the alpha that rides in a packet's side data.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def open_decoder(
    stream: VideoStream, *, threads: int | None = None, max_pixels: int, frame_threads: bool = True
) -> VideoCodecContext:
    """Return an open decoder for a stream.

    `threads` None means one per core. With `frame_threads` several frames are decoded at once, which delays output
    by as many frames; without, errors surface at the packet that caused them.

    Raises:
        FFmpegError, ValueError: FFmpeg has no decoder, or it refuses the stream's parameters.

    """
    context = _alpha_decoder(stream) or stream.codec_context
    if context is None:
        raise ValueError("no decoder is available for its codec")
    context.thread_count = threads or 0
    context.thread_type = ThreadType.AUTO if frame_threads else ThreadType.SLICE
    context.options = {"max_pixels": str(max_pixels)}
    context.open(strict=False)
    return context


def _alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """Return a decoder that keeps alpha where the stream has it in side data, else None."""
    if stream.metadata.get("alpha_mode") != "1" or stream.codec_context is None:
        return None
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or name not in av.codecs_available:
        return None
    context = CodecContext.create(name, "r")
    context.extradata = stream.codec_context.extradata
    return context  # type: ignore[return-value]
