"""Which decoder reads a stream; and that of sequences, whose pictures stand alone."""

from __future__ import annotations

import os
import stat
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from av.codec import CodecContext
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lumaloom.device import cores
from lumaloom.media.decoder import DECODE_ERRORS, VideoDecoder, detection
from lumaloom.media.opening import reason
from lumaloom.media.sequenced import PictureStream
from lumaloom.media.structure import is_cut_picture

# Bytes of a file that FFmpeg takes as one packet, and then some for its padding.
_MOST_BYTES = 2**31 - 2**16


class Decoder(Protocol):
    """Turns the packets of one stream into frames; as `VideoDecoder` does."""

    @property
    def missing(self) -> int:
        """Packets so far that gave no frame yet."""

    def decode(self, packet: Packet[Stream]) -> list[VideoFrame]:
        """Return the frames that are ready after `packet`."""

    def drain(self) -> list[VideoFrame]:
        """Return the frames that are left."""

    def restart(self) -> None:
        """Forget what came before."""


def open_decoder(
    stream: VideoStream, *, threads: int | None, max_pixels: int, frame_threads: bool, sure: bool = False
) -> Decoder:
    """Return the decoder of a stream; the arguments are those of `VideoDecoder`.

    Raises:
        FFmpegError, ValueError: as `VideoDecoder` does.

    """
    if isinstance(stream, PictureStream):
        return PictureDecoder(stream, threads=threads, max_pixels=max_pixels)
    return VideoDecoder(stream, threads=threads, max_pixels=max_pixels, frame_threads=frame_threads, sure=sure)


class PictureDecoder:
    """Opens and decodes the files of a sequence, several at once, each by a decoder of one thread.

    Every packet gives its frame at once, or the error of its own file; that no other file is touched by it is why no
    frame threads of FFmpeg's serve. While frames are asked for one after the other, as many files as there are threads
    are under way. The threads end with the container.

    Args:
        stream: of an open sequence.
        threads: None for one per core.
        max_pixels: larger pictures are refused.

    """

    missing = 0

    def __init__(self, stream: PictureStream, *, threads: int | None, max_pixels: int) -> None:
        self._stream, self._sequence = stream, stream.sequence
        self._codec = stream.codec_context.name
        self._options = {"max_pixels": str(max_pixels), "err_detect": detection(self._codec)}
        self._threads = max(threads or cores(), 1)
        self._pool: ThreadPoolExecutor | None = None
        self._idle: list[VideoCodecContext] = []
        self._coming: dict[int, Future[VideoFrame]] = {}
        self._next: int | None = None

    def decode(self, packet: Packet[Stream]) -> list[VideoFrame]:
        """Return the frame of a packet.

        Raises:
            ValueError: its file is missing, or can't be read or decoded; the message begins with its name.

        """
        number = packet.pts
        assert number is not None
        if number != self._next:
            self.restart()
        ahead = self._threads if number == self._next else 1
        self._next = number + 1
        if self._threads == 1:
            return [self._picture(number)]
        for each in range(number, min(number + ahead, len(self._sequence))):
            if each not in self._coming:
                self._coming[each] = self._workers().submit(self._picture, each)
        return [self._coming.pop(number).result()]

    def drain(self) -> list[VideoFrame]:
        """Return nothing: every packet has given its frame."""
        return []

    def restart(self) -> None:
        """Forget what is under way."""
        for future in self._coming.values():
            future.cancel()
        self._coming.clear()

    def _workers(self) -> ThreadPoolExecutor:
        if self._pool is None:
            pool = self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="pictures")
            self._stream.container.on_close(lambda: pool.shutdown(cancel_futures=True))
        return self._pool

    def _picture(self, number: int) -> VideoFrame:
        try:
            file = self._sequence.files[number]
            if file is None:
                raise ValueError("is missing")
            return self._decoded(_content(file), number)
        except DECODE_ERRORS as error:
            raise ValueError(f"{self._sequence.name(number)}: {reason(error)}") from None

    def _decoded(self, data: bytes, number: int) -> VideoFrame:
        if is_cut_picture(data, self._codec):
            raise ValueError("is cut off")
        packet: Packet[Any] = Packet(data)
        packet.pts = packet.dts = number
        packet.duration, packet.time_base = 1, self._stream.time_base
        packet.is_keyframe = True  # else the decoder of PNG adds the picture before
        # One that failed is not used again: nothing of a damaged file may reach another.
        context = self._idle.pop() if self._idle else self._context()
        frames = context.decode(packet)
        if not frames:
            frames = context.decode(None)
            context.flush_buffers()
        if not frames:
            raise ValueError("holds no picture")
        self._idle.append(context)
        return frames[0]

    def _context(self) -> VideoCodecContext:
        context = CodecContext.create(self._codec, "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count, context.options = 1, self._options
        context.open(strict=False)
        return context


def _content(file: str) -> bytes:
    """Return what is in a regular file."""
    handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for whoever writes it
    with open(handle, "rb", buffering=0) as opened:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("is not a regular file")
        if not 0 < about.st_size <= _MOST_BYTES:
            raise ValueError(
                f"expected a picture of up to 2 GB, got {about.st_size} bytes" if about.st_size else "is empty"
            )
        return opened.read()
