"""Frames to packets: one video encoder, set up from the first frame."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

import av
import av.logging
from av.codec.codec import Capabilities
from av.codec.context import Flags, ThreadType
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from lumaloom.errors import OutputError, ParameterError, counted
from lumaloom.frame import ChromaLocation, Frame, FrameSpec, Transfer
from lumaloom.frame.convert import convert
from lumaloom.frame.pyav import to_av
from lumaloom.media import hdr
from lumaloom.media.choice import EncoderChoice, best_format, losses
from lumaloom.media.encoder import Encoder
from lumaloom.media.filters import Filter, Palette
from lumaloom.media.filters import Flags as FrameFlags

_LAMBDA = 118  # FFmpeg's FF_QP2LAMBDA: units of `global_quality` in one step of the quantiser scale.
# Frames of clips that may be shorter than the delay of an encoder that reorders them.
_SHORT = 4

# How FFmpeg's wrappers of encoders begin when a private parameter is unknown or has a bad value.
_UNREAD = ("Error parsing option", "Unknown option", "Invalid value")


class VideoEncoder:
    """Encodes frames of one spec; conversion to the encoder's format is done here.

    Attributes:
        format: pixel format that is encoded.
        warnings: what could not be kept.
        dropped: frames that fell together with the one before.

    """

    def __init__(
        self,
        choice: EncoderChoice,
        first: Frame,
        time_base: Fraction,
        rate: Fraction | None,
        *,
        bottom_first: bool = False,
    ) -> None:
        assert choice.encoder is not None
        self._row: Encoder = choice.encoder
        self._choice = choice
        self.spec = first.spec
        self.format = best_format(first.format, choice, first.width, first.height)
        self.time_base = time_base
        self._rate = rate or Fraction(25)
        self._first = first
        self._context: VideoCodecContext | None = None
        self._drain: Callable[[], object] | None = None
        self._stream: VideoStream | None = None
        self._durations: dict[int, int] = {}
        self._last: int | None = None
        self.dropped = 0
        self._emitted = False
        self._bottom_first = bottom_first
        self._filter = self._filter_for(first.spec)
        self._notes: list[str] = []
        if first.format.subsampling != self.format.subsampling and self._row.even and first.format in choice.formats:
            self._notes.append(f"{self.spec.width}x{self.spec.height} has odd sizes: encoded as {self.format}")
        if lost := losses(first.format, self.format):
            self._notes.append(f"{first.format} encoded as {self.format} loses {', '.join(lost)}")

    @property
    def warnings(self) -> list[str]:
        """What could not be kept, so far."""
        if not self.dropped:
            return list(self._notes)
        unit = f"{self.time_base} s"
        were = "was" if self.dropped == 1 else "were"
        fell = f"{counted(self.dropped, 'frames')} fell into the same {unit} as the one before and {were} left out"
        return [*self._notes, fell]

    def add_to(self, output: OutputContainer, threads: int | None) -> VideoStream:
        """Add the video stream of a file to come, with the encoder set up as the file's format asks, and return it.

        Raises:
            OutputError: the format does not take what the encoder makes, or as `configure` does.

        """
        try:
            stream = output.add_stream(self._row.name, rate=self._rate)
        except (FFmpegError, ValueError, OSError) as error:
            raise OutputError(f"{self._choice}: {_reason(error)}") from None
        assert isinstance(stream, VideoStream)
        stream.time_base = self.time_base
        if self._row.codec == "hevc" and self._choice.container.muxer in ("mp4", "mov"):
            stream.codec_context.codec_tag = "hvc1"  # Some players refuse FFmpeg's usual `hev1`.
        self.configure(stream, threads)
        return stream

    def configure(self, stream: VideoStream | None, threads: int | None) -> VideoCodecContext:
        """Set up and open the encoder, that of `stream` or, for None, one of its own.

        Raises:
            OutputError: FFmpeg refuses the options or the size.

        """
        context = stream.codec_context if stream else av.Codec(self._row.name, "w").create("video")
        self._context, self._stream = context, stream
        if context.codec.capabilities & Capabilities.frame_threads:
            self._drain = weakref.finalize(self, drain, context)
        spec = self.spec
        context.width, context.height = spec.width, spec.height
        context.pix_fmt = "pal8" if isinstance(self._filter, Palette) else self._row.stored_as(self.format)
        context.time_base, context.framerate = self.time_base, self._rate
        context.thread_count = threads or 0
        context.thread_type = ThreadType.AUTO
        self._tag(context, spec)
        options = self._options(threads)
        if "q" in options:
            context.qscale = True
            context.global_quality = round(float(options.pop("q")) * _LAMBDA)
        context.options = options
        if self._row.environment:
            os.environ.setdefault(*self._row.environment)
        try:
            unread = open_strictly(context)
        except (FFmpegError, ValueError, OSError) as error:
            raise OutputError(f"{self._choice}: can't encode {spec}: {_reason(error)}") from None
        if unread:
            raise ParameterError(f"{self._choice}: {unread}")
        if context.options:
            raise OutputError(f"{self._choice}: does not know the options {', '.join(sorted(context.options))}")
        return context

    def encode(self, frame: Frame) -> list[Packet[VideoStream]]:
        """Return the packets that are ready once `frame` is taken in.

        Raises:
            OutputError: it differs in size from the first, or the encoder fails.

        """
        if (frame.width, frame.height) != (self.spec.width, self.spec.height):
            raise OutputError(
                f"frame at {float(frame.timing.seconds):.3f} s is {frame.width}x{frame.height}, those before it were "
                f"{self.spec.width}x{self.spec.height}; resize them to one size"
            )
        pts, duration = self._placed(frame)
        if self._last is not None and pts <= self._last:
            self.dropped += 1
            return []
        self._last = pts
        if duration > 0:
            self._durations[pts] = duration
        picture = to_av(convert(frame, self.format), copy=self._row.holds)
        picture.pts, picture.time_base, picture.duration = pts, self.time_base, duration
        return self._through(self._filter(picture) if self._filter else picture)

    def flush(self) -> list[Packet[VideoStream]]:
        """Return the packets that the encoder held back; none where it was given no frame."""
        if self._last is None:
            return []
        whole = not self._emitted
        packets = self._through(None)
        if whole and len(packets) <= _SHORT:
            order_times(packets)
        return packets

    def drain(self) -> None:
        """Let the encoder's own threads come to an end, so that it can be freed; also done when this object dies."""
        if self._drain is not None:
            self._drain()

    def _placed(self, frame: Frame) -> tuple[int, int]:
        """Return pts and duration of a frame in our time base."""
        scale = frame.time_base / self.time_base
        if scale == 1:
            return frame.pts, frame.timing.duration
        start = round(frame.pts * scale)
        return start, round((frame.pts + frame.timing.duration) * scale) - start if frame.timing.duration else 0

    def _through(self, picture: av.VideoFrame | None) -> list[Packet[VideoStream]]:
        assert self._context is not None
        try:
            packets = self._stream.encode(picture) if self._stream else self._context.encode(picture)
        except (FFmpegError, ValueError, OSError) as error:
            raise OutputError(f"{self._choice}: failed on a frame: {_reason(error)}") from None
        self._emitted = self._emitted or bool(packets)
        for packet in packets:
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, packet.duration)
        return packets

    def _filter_for(self, spec: FrameSpec) -> Filter | None:
        if self._row.codec == "gif":
            return Palette(spec.width, spec.height)
        top_first = not self._bottom_first if spec.interlaced else None
        # FFV1 takes the sample aspect ratio from the frame.
        sar = spec.sar if self._row.codec == "ffv1" and spec.sar != 1 else Fraction(0)
        return FrameFlags(top_first=top_first, sar=sar) if spec.interlaced or sar else None

    def _tag(self, context: VideoCodecContext, spec: FrameSpec) -> None:
        colour = spec.colour
        context.colorspace, context.color_range = int(colour.matrix), int(colour.range)
        context.color_primaries, context.color_trc = int(colour.primaries), int(colour.transfer)
        context.sample_aspect_ratio = spec.sar
        if spec.interlaced:
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
            context.field_order = 3 if self._bottom_first else 2  # FFmpeg's AV_FIELD_BB and AV_FIELD_TT.
        else:
            context.field_order = 1  # AV_FIELD_PROGRESSIVE
        context.flags |= Flags.frame_duration

    def _options(self, threads: int | None) -> dict[str, str]:
        options = dict(self._choice.options)
        chroma = self.spec.colour.chroma
        if chroma is not ChromaLocation.UNSPECIFIED and max(self.format.subsampling):
            options["chroma_sample_location"] = chroma.name.lower()
        if threads and self._row.threads:
            option, key = self._row.threads
            _append(options, option, f"{key}={threads}")
        # Where an effect made SDR of it, the metadata speaks of a grade that is gone.
        graded = self.spec.colour.transfer in (Transfer.PQ, Transfer.HLG, Transfer.UNSPECIFIED)
        if graded and (light := hdr.parameters(self._row.hdr, self._first.side_data)):
            if self._row.hdr:
                _append(options, self._row.hdr, light)
            else:
                self._notes.append(f"{self._row.label} can't carry the HDR mastering metadata")
        return options


def drain(context: VideoCodecContext) -> None:
    """Take out all that an encoder with frame threads holds.

    Its threads give frames back to Python, for which they need the interpreter; a thread that frees the encoder
    holds that and waits for them, for ever.
    """
    if context.is_open:
        with suppress(FFmpegError, ValueError, OSError):
            context.encode(None)


def order_times(packets: list[Packet[VideoStream]]) -> None:
    """Give all packets of a clip rising decoding times: the sorted pts, moved down so that none is past its pts.

    For clips shorter than its reordering delay, libx265 reads the delay from memory that was never set.
    """
    shown = [packet.pts for packet in packets if packet.pts is not None]
    if len(shown) != len(packets):
        return
    ordered = sorted(shown)
    delay = max((early - pts for early, pts in zip(ordered, shown, strict=True)), default=0)
    for packet, early in zip(packets, ordered, strict=True):
        packet.dts = early - delay


def open_strictly(context: VideoCodecContext) -> str:
    """Open an encoder and return what it says about parameters that it does not understand, empty if nothing.

    For lists of parameters, such as `x264-params`, FFmpeg only logs that and goes on.
    """
    if not any(name.endswith("-params") for name in context.options):
        context.open()
        return ""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture() as logs:
            context.open()
    finally:
        av.logging.set_level(level)
    return "; ".join(text.strip() for _, name, text in logs if name == context.name and text.startswith(_UNREAD))


def _append(options: dict[str, str], name: str, words: str) -> None:
    """Add parameters to a list of them, in front, so that what the caller set comes last and wins."""
    options[name] = f"{words}:{options[name]}" if options.get(name) else words


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
