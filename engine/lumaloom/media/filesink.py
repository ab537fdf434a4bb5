"""One file with one video stream, and the other streams beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from lumaloom.errors import OutputError
from lumaloom.frame import Frame, FrameSpec
from lumaloom.media import matroska
from lumaloom.media.atomic import AtomicFile, check_target, write_error
from lumaloom.media.choice import EncoderChoice, best_format
from lumaloom.media.passthrough import Passthrough, kept_tags
from lumaloom.media.sink import KEPT, BaseSink, Origin, SinkSummary
from lumaloom.media.video_encoder import VideoEncoder

if TYPE_CHECKING:
    from lumaloom.media.source import Item


_TS_NEGATIVE = 0x40000  # FFmpeg's AVFMT_TS_NEGATIVE: the format holds timestamps below 0.
_NO_TIMESTAMPS = 0x80  # FFmpeg's AVFMT_NOTIMESTAMPS: it holds none.


class FileSink(BaseSink):
    """Encodes frames, passes other streams through, and puts the file under its name once it is whole.

    The encoder is opened with the first frame; packets that come before it wait.
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        choice: EncoderChoice,
        spec: FrameSpec,
        *,
        time_base: Fraction,
        rate: Fraction | None = None,
        source: Origin | None = None,
        overwrite: bool = False,
        threads: int | None = None,
        keep: frozenset[str] = KEPT,
    ) -> None:
        best_format(spec.format, choice, spec.width, spec.height)
        check_target(target, overwrite=overwrite, source=source.path if source else None)
        self._target = os.fspath(target)
        self._choice, self._rate, self._threads = choice, rate, threads
        self._source, self._keep = source, keep
        self._time_base = tick(choice, time_base, rate)
        self._file = AtomicFile(target, overwrite=overwrite)
        self._output: Any = None
        self._video: VideoEncoder | None = None
        self._stream: VideoStream | None = None
        self._streams: Passthrough | None = None
        self._waiting: list[Packet[Any]] = []
        self._frames = 0
        self._warnings: list[str] = []
        # Whether FFmpeg moves all timestamps up where some are negative, and the lowest so far in seconds.
        self._lifts = self._shaped = False
        self._lifts_pts = choice.container.muxer in ("matroska", "webm")
        self._lowest = self._lift = Fraction(0)
        self._over = False

    def write(self, item: Item) -> None:
        """Encode a frame, or pass a packet through."""
        if not isinstance(item, Frame):
            if self._streams is None:
                self._waiting.append(item)
            else:
                self._mux(self._streams.take(self._lifted(item)))
            return
        if self._video is None:
            self._start(item)
        assert self._video is not None
        self._mux(self._video.encode(lifted(item, self._lift)))
        self._frames += 1

    def finish(self) -> SinkSummary:
        """Write what is pending, close and rename the file."""
        if self._video is None or self._streams is None:
            self.abort()
            raise OutputError(f"{self._target}: there was no video frame to write")
        try:
            self._mux(self._video.flush())
            self._mux(self._streams.flush())
            with self._writing():
                self._output.close()
                if self._shaped:
                    self._set_shape()
        except BaseException:
            self.abort()
            raise
        self._over = True
        size = self._file.commit()
        if self._lift or self._lowest:
            self._warnings.append(
                f"all timestamps were moved up by {float(self._lift - self._lowest) * 1000:.0f} ms: "
                f".{self._choice.container.name} holds none below 0"
            )
        assert self._choice.encoder is not None
        return SinkSummary(
            self._frames,
            size,
            self._target,
            self._choice.encoder.name,
            self._video.format.name,
            self._streams.reports,
            (*self._warnings, *self._video.warnings, *self._streams.warnings),
        )

    def abort(self) -> None:
        """Close and remove the temporary file."""
        if self._over:
            return
        self._over = True
        if self._video is not None:
            self._video.drain()
        if self._output is not None:
            # The file goes away below, whole or not.
            with suppress(FFmpegError, OSError, ValueError):
                self._output.close()
        self._file.discard()

    def _lifted(self, packet: Packet[Any]) -> Packet[Any]:
        """Move a packet with the video where that starts below 0."""
        if self._lift:
            ticks = round(self._lift / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks
        return packet

    def _start(self, first: Frame) -> None:
        """Set every stream up and write the header."""
        choice = self._choice
        # Players and decoders leave out what is shown before 0, so a video that starts there is moved up.
        self._lift = lift_of(first)
        assert choice.encoder is not None
        bottom_first = self._source.bottom_field_first if self._source else False
        self._video = VideoEncoder(choice, first, self._time_base, self._rate, bottom_first=bottom_first)
        with self._writing():
            # The prefix keeps colons and such in the name from being read as a protocol.
            self._output = av.open(
                f"file:{self._file.path}",
                "w",
                format=choice.container.muxer,
                container_options=dict(choice.container.options) | self._muxer_options(first.spec),
            )
        self._stream = stream = self._video.add_to(self._output, self._threads)
        if first.spec.rotation and choice.container.rotation:
            stream.set_display_rotation(first.spec.rotation)
        elif first.spec.rotation:
            turn = f"turn the picture by {first.spec.rotation} degrees"
            self._warnings.append(f".{choice.container.name} can't tell players to {turn}")
        with self._writing():
            self._tag(stream)
            self._shaped = choice.container.muxer in ("matroska", "webm") and first.spec.sar not in (0, 1)
            if self._shaped:
                stream.metadata["title"] = stream.metadata.get("title", "") + matroska.ROOM
            self._streams = Passthrough(self._output, choice.container, self._source, self._keep)
            self._lifts = not self._output.format.flags & (_TS_NEGATIVE | _NO_TIMESTAMPS)
            self._output.start_encoding()
        for packet in self._waiting:
            self._mux(self._streams.take(self._lifted(packet)))
        self._waiting.clear()

    def _tag(self, stream: VideoStream) -> None:
        """Take over the tags and chapters of the source."""
        if self._source is None:
            return
        container = self._choice.container
        if container.metadata:
            self._output.metadata.update(kept_tags(self._source.metadata, container))
            stream.metadata.update(kept_tags(self._source.stream_metadata, container))
        if chapters := self._source.chapters:
            if container.chapters:
                self._output.set_chapters(chapters)
            else:
                self._warnings.append(f".{container.name} can't hold the {len(chapters)} chapters")

    def _set_shape(self) -> None:
        """Write the sample aspect ratio where FFmpeg's muxer can't be told it."""
        assert self._video is not None
        spec = self._video.spec
        matroska.set_shape(
            self._file.path, spec.width, spec.height, spec.sar, ratio=self._choice.container.muxer == "matroska"
        )

    def _muxer_options(self, spec: FrameSpec) -> dict[str, str]:
        # Without this, files of the same content differ in random identifiers and in the time of writing.
        options = {"fflags": "+bitexact"}
        if self._choice.container.muxer in ("mp4", "mov"):
            # Edit lists are counted in these units: the start of the video is exact.
            options["movie_timescale"] = str(min(max(self._time_base.denominator, 1000), 2**31 - 1))
        return options

    def _mux(self, packets: list[Packet[Any]]) -> None:
        with self._writing():
            for packet in packets:
                if self._lifts and packet.dts is not None:
                    time = packet.pts if self._lifts_pts else packet.dts
                    self._lowest = min(self._lowest, (time or 0) * packet.time_base)
                self._output.mux_one(packet)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn what FFmpeg and the system raise into our error."""
        try:
            yield
        except (FFmpegError, OSError, ValueError) as error:
            raise write_error(self._target, error) from None


def tick(choice: EncoderChoice, time_base: Fraction, rate: Fraction | None) -> Fraction:
    """Return the time base in which frames are encoded: the clip's, unless the container has one of its own."""
    fixed = choice.container.tick
    if fixed is None:
        return time_base
    return fixed or 1 / (rate or Fraction(25))


def lift_of(first: Frame) -> Fraction:
    """Return by how many seconds a video is moved up so that its first frame is not before 0."""
    return max(-first.timing.seconds, Fraction(0))


def lifted(frame: Frame, lift: Fraction) -> Frame:
    """Return a frame moved up by some seconds."""
    if not lift:
        return frame
    timing = replace(frame.timing, pts=frame.pts + round(lift / frame.time_base))
    return Frame(frame.spec, frame.planes, timing, frame.side_data)
