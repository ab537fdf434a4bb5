"""A video made of pieces: each coded by an encoder of its own, joined without coding them again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from heapq import heappush, heappushpop
from io import BytesIO
from typing import Any, BinaryIO

import av
from av.error import FFmpegError
from av.packet import Packet

from lumaloom.errors import OutputError, UsageError
from lumaloom.frame import Frame
from lumaloom.media.choice import EncoderChoice
from lumaloom.media.coded import Coded, CodedWriter, packets, said
from lumaloom.media.filesink import FileSink, lift_of, lifted, tick
from lumaloom.media.sink import SinkSummary
from lumaloom.media.video_encoder import VideoEncoder

# A container of these is one animation: every picture in it is built on the one before.
_ANIMATIONS = ("gif", "apng")
# Options of encoders for which a video is not the sum of its pieces.
_SEVERAL_PASSES = ("pass", "stats", "passlogfile", "multi-pass-opt-analysis", "analysis-load", "analysis-save")


def check_joinable(choice: EncoderChoice) -> None:
    """Check that pieces of what is chosen make a whole.

    Raises:
        UsageError: they don't; the message says why.

    """
    if choice.encoder is None:
        raise UsageError("segments: null keeps nothing, so there is nothing to join; leave --segments out")
    if choice.container.is_pictures:
        raise UsageError(f"segments: every .{choice.container.name} picture is a file already; leave --segments out")
    if choice.encoder.codec in _ANIMATIONS:
        raise UsageError(
            f"segments: pieces of {choice.encoder.codec} can't be joined, each picture is built on the one before; "
            "leave --segments out"
        )
    words = {name for name in choice.options if name != "flags"}
    for name, value in choice.options.items():
        if name.endswith("-params"):
            words |= {word.partition("=")[0] for word in value.split(":")}
        elif name == "flags" and "pass" in value:
            words.add("pass")
    if found := sorted(words.intersection(_SEVERAL_PASSES)):
        raise UsageError(f"segments: {found[0]} is about the whole video, and segments are coded one by one")


class PieceEncoder:
    """Encodes one piece of a video into a file.

    Args:
        file: empty, for reading and writing.
        choice: as for the whole video.
        head: what the whole video begins with; its planes are not looked at.
        time_base: of the source.
        rate: average frames per second of the source.
        threads: of the encoder; None for one per core.
        bottom_first: whether the lower of two interlaced fields is the earlier one.

    Raises:
        OutputError: FFmpeg refuses the options or the size.

    """

    def __init__(
        self,
        file: BinaryIO,
        choice: EncoderChoice,
        head: Frame,
        time_base: Fraction,
        rate: Fraction | None,
        *,
        threads: int | None,
        bottom_first: bool,
    ) -> None:
        self._lift = lift_of(head)
        self._video = VideoEncoder(choice, head, tick(choice, time_base, rate), rate, bottom_first=bottom_first)
        # Nothing is written to this container: it tells the encoder what the real one will ask for.
        self._output = av.open(BytesIO(), "w", format=choice.container.muxer)
        self._stream = self._video.add_to(self._output, threads)
        self._writer = CodedWriter(file)
        self.frames = 0

    def write(self, frame: Frame) -> None:
        """Encode a frame.

        Raises:
            OutputError: it can't be encoded or written.

        """
        self._keep(self._video.encode(lifted(frame, self._lift)))
        self.frames += 1

    def finish(self) -> None:
        """Encode what is pending; the file is whole then."""
        self._keep(self._video.flush())
        extradata = self._stream.codec_context.extradata or b""
        with writing():
            self._writer.finish(
                Coded(self.frames, self._video.dropped, self._writer.packets, self._writer.delay, extradata.hex())
            )
        self.close()

    def close(self) -> None:
        """Let the encoder go."""
        self._video.drain()
        with suppress(FFmpegError, OSError, ValueError):
            self._output.close()

    def _keep(self, made: list[Packet[Any]]) -> None:
        with writing():
            for packet in made:
                self._writer.write(packet)


@contextmanager
def writing() -> Iterator[None]:
    """Turn what the disk refuses into an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"segments: can't be written: {error.strerror or error}") from None


class JoiningSink(FileSink):
    """A file made of coded pieces, with the other streams between their packets."""

    def begin(self, head: Frame, beside: Iterator[Packet[Any]]) -> None:
        """Write the header.

        Args:
            head: what the video begins with; its planes are not looked at.
            beside: packets of the other streams, about in the order of time.

        Raises:
            OutputError: the encoder refuses the options or the size, or the file can't be written.

        """
        self._start(head)
        self._beside, self._next = beside, next(beside, None)
        assert self._stream is not None
        context = self._stream.codec_context
        self._extradata = (context.extradata or b"").hex()
        self._times: DecodingTimes | None = None

    def fits(self, piece: Coded) -> bool:
        """Whether a piece was coded as the header says."""
        return piece.extradata == self._extradata

    def join(self, file: BinaryIO) -> None:
        """Append a piece.

        Raises:
            OutputError: it does not fit, or the file can't be written.

        """
        piece = said(file)
        if not self.fits(piece):
            raise OutputError(
                f"{self._target}: segments can't be joined: {self._choice} gave them other headers; "
                "leave --segments out"
            )
        assert self._video is not None
        self._times = self._times or DecodingTimes(piece.delay)
        for packet in packets(file, self._time_base):
            self._pass_until(self._times.set(packet) * self._time_base)
            packet.stream = self._stream
            self._mux([packet])
        self._frames += piece.frames
        self._video.dropped += piece.dropped

    def finish(self) -> SinkSummary:
        """Write the rest of the other streams, close and rename the file."""
        self._pass_until(None)
        return super().finish()

    def _pass_until(self, seconds: Fraction | None) -> None:
        """Write the packets of the other streams up to a time of the video, all of them for None."""
        while self._next is not None:
            ticks = self._next.dts if self._next.dts is not None else self._next.pts
            if seconds is not None and ticks is not None and self._lift + ticks * self._next.time_base > seconds:
                return
            self.write(self._next)
            self._next = next(self._beside, None)


class DecodingTimes:
    """Gives the packets of all pieces decoding times that rise: the sorted pts, by the encoder's delay too late.

    Each encoder begins before the first pts of its piece, by its delay. Where the rate varies, that may be before the
    last packet of the piece before. Streams without a delay keep their times.

    Args:
        delay: pictures that the encoder may hold back to reorder them.

    """

    def __init__(self, delay: int) -> None:
        self._delay, self._count = delay, 0
        self._waiting: list[int] = []
        self._first = 0
        self._last: int | None = None

    def set(self, packet: Packet[Any]) -> int:
        """Set the dts of the next packet in the order of decoding, and return it.

        Raises:
            OutputError: it would be shown before it is decoded.

        """
        pts, dts = packet.pts, packet.dts
        assert pts is not None
        if self._count == 0:
            self._first = pts
        if self._count < self._delay:
            heappush(self._waiting, pts)
            latest = self._first - self._delay + self._count
            dts = latest if dts is None else min(dts, latest)
        elif self._delay:
            dts = heappushpop(self._waiting, pts)
        if dts is None or dts > pts or (self._last is not None and dts < self._last + bool(self._delay)):
            raise OutputError(f"segments can't be joined: a packet shown at {pts} would be decoded at {dts}")
        packet.dts = self._last = dts
        self._count += 1
        return dts
