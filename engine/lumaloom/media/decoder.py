"""One video stream's decoder: which one, with what options, and what is damage to it."""

from __future__ import annotations

from collections import deque

import av
from av.codec import CodecContext
from av.codec.context import Flags, ThreadType
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lumaloom.device import cores
from lumaloom.media.bitstream import starts_afresh
from lumaloom.media.checksum import SliceChecksums
from lumaloom.media.opening import shown_in_decoding_time

# FFmpeg's own VP8 and VP9 decoders drop the alpha that rides in a packet's side data.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_DETECT = "crccheck+bitstream+buffer"
# What makes a decoder tell of the damage that it notices: H.264 flags frames whose references are missing when it is
# aggressive, the others keep silent unless they explode.
_STRICTER = {"h264": "+aggressive", "hevc": "+explode", "mjpeg": "+explode"}
_ANY_THREADS = (1, 64)
# Least and most threads with which decoders without frame threads tell of damage: that of VP8 only with
# slice threads, those of MPEG-1 and MPEG-2 only without.
_TELLING_THREADS = {"vp8": (2, 64), "mpeg1video": (1, 1), "mpeg2video": (1, 1)}
# Slice threads lose the flags of most frames that H.264 marks as damaged.
_FLAGGING_THREADS = {**_TELLING_THREADS, "h264": (1, 1)}
# What the decoders and the demuxers raise on damaged data, apart from bugs; LookupError where a stream shows up
# that was not there when PyAV opened the file.
DECODE_ERRORS = (FFmpegError, OSError, ValueError, ArithmeticError, LookupError, MemoryError, RuntimeError)


def detection(codec: str) -> str:
    """Return the value of FFmpeg's option `err_detect` by which a decoder tells of the damage that it notices."""
    return _DETECT + _STRICTER.get(codec, "")


class VideoDecoder:
    """Turns the packets of one stream into frames.

    Args:
        stream: a stream of an open container.
        threads: None for one per core.
        max_pixels: larger pictures are refused.
        frame_threads: decode several frames at once. PyAV may then swallow an error, and frames after it, when it
            drains the decoder; one at a time every error surfaces at its packet and no frame is lost around it.
        sure: see to it that damage raises or is flagged, also with frame threads, wherever the codec allows it.

    Raises:
        FFmpegError, ValueError: FFmpeg has no decoder, or it refuses the stream's parameters.

    """

    def __init__(
        self, stream: VideoStream, *, threads: int | None, max_pixels: int, frame_threads: bool, sure: bool = False
    ) -> None:
        context = _alpha_decoder(stream) or stream.codec_context
        if context is None:
            raise ValueError("no decoder is available for its codec")
        if not frame_threads:
            # dav1d has frame threads of its own, which this flag turns off.
            context.flags |= Flags.low_delay if context.name == "libdav1d" else 0
        frame_threads &= not (sure and context.name in _TELLING_THREADS)
        telling = _TELLING_THREADS if frame_threads else _FLAGGING_THREADS
        low, high = telling.get(context.name, _ANY_THREADS) if sure else _ANY_THREADS
        context.thread_count = min(max(threads or cores(), low), high)
        context.thread_type = ThreadType.AUTO if frame_threads else ThreadType.SLICE
        context.options = {"max_pixels": str(max_pixels), "err_detect": detection(context.name)}
        self._context = context
        self._undecided = frame_threads and sure and context.name == "h264"
        if not self._undecided:
            context.open(strict=False)
        self._checksums = SliceChecksums() if context.name == "ffv1" else None
        self._stamps: deque[int | None] | None = deque() if shown_in_decoding_time(stream.container) else None
        self._sent = self._received = 0
        self._before_first: list[int] | None = []

    @property
    def missing(self) -> int:
        """Packets so far that gave no frame yet, apart from those that refer to pictures before the first one."""
        return self._sent - self._received

    def decode(self, packet: Packet[Stream]) -> list[VideoFrame]:
        """Return the frames that are ready after `packet`, in presentation order; an empty list for an empty packet.

        Raises:
            any of DECODE_ERRORS: the packet is damaged.

        """
        if not packet.size:
            return []
        if self._undecided:
            self._decide(packet)
        self._sent += not packet.is_discard
        if self._before_first is not None and packet.pts is not None and not packet.is_discard:
            self._before_first.append(packet.pts)
        if self._checksums and self._checksums.damaged(bytes(packet)):
            raise ValueError("a slice does not match its checksum")
        try:
            frames = self._context.decode(packet)
        except BlockingIOError:
            # After an error the decoder may hold frames that PyAV does not ask for; it takes nothing before.
            self._context.flush_buffers()
            frames = self._context.decode(packet)
        if self._stamps is not None:
            self._stamps.append(packet.dts)
        return self._counted(frames)

    def _decide(self, first: Packet[Stream]) -> None:
        """Make sure that H.264 tells of damage: with frame threads it loses some flags, and only failing is sure.

        But where decoding starts with a picture whose followers may refer to what came before, it would fail for that
        too; then one frame at a time is decoded.
        """
        if starts_afresh(bytes(first), self._context.extradata):
            self._context.options = {**self._context.options, "err_detect": _DETECT + _STRICTER["h264"] + "+explode"}
        else:
            self._context.thread_type, self._context.thread_count = ThreadType.SLICE, 1
        self._context.open(strict=False)
        self._undecided = False

    def drain(self) -> list[VideoFrame]:
        """Return the frames that the decoder still holds, at the end of the stream."""
        try:
            frames = self._context.decode(None)
        except EOFError:
            return []
        return self._counted(frames)

    def restart(self) -> None:
        """Forget what came before, for a new position in the stream."""
        self._context.flush_buffers()
        if self._stamps is not None:
            self._stamps.clear()

    def _counted(self, frames: list[VideoFrame]) -> list[VideoFrame]:
        """Count frames, and give them the times of the packets in their order where the format has no others."""
        self._received += len(frames)
        if frames and self._before_first is not None:
            first = frames[0].pts
            self._sent -= sum(first is not None and pts < first for pts in self._before_first)
            self._before_first = None
        if self._stamps is not None:
            for frame in frames:
                frame.pts = self._stamps.popleft() if self._stamps else None
        return frames


def _alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """Return a decoder that keeps alpha where the stream has it in side data, else None."""
    if stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) != "1" or stream.codec_context is None:
        return None
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None or name not in av.codecs_available:
        return None
    context = CodecContext.create(name, "r")
    context.extradata = stream.codec_context.extradata
    assert isinstance(context, VideoCodecContext)
    return context
