"""Streams beside the video that the container does not take as they are: decoded, and encoded as it takes them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet

from lumaloom.errors import counted

TEXT_SUBTITLES = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text"})
_BITS_PER_CHANNEL = {"aac": 96_000, "libopus": 80_000, "libmp3lame": 96_000}
_DEFAULT_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


class AudioTranscoder:
    """Decodes audio and encodes it with another codec, resampled where that needs it.

    Attributes:
        stream: of the output.

    Raises:
        ValueError: the encoder takes no rate or layout near the source's.

    """

    def __init__(self, output: Any, source: AudioStream, encoder: str, label: str) -> None:
        self._source, self._label = source, label
        rate, layout, bits = _fitting(encoder, source)
        self.stream: AudioStream = output.add_stream(encoder, rate=rate, bit_rate=bits)
        self.stream.codec_context.layout = layout
        self.stream.codec_context.time_base = Fraction(1, rate)
        self._lost = 0

    @property
    def warnings(self) -> list[str]:
        """How many packets could not be decoded."""
        return [f"{self._label}: {counted(self._lost, 'packets')} could not be decoded"] * bool(self._lost)

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return the packets that are ready once `packet` is decoded."""
        return [ready for frame in self._decoded(packet) for ready in self.stream.encode(frame)]

    def flush(self) -> list[Packet[Any]]:
        """Return the packets that the decoder and the encoder held back."""
        pending = [ready for frame in self._decoded(None) for ready in self.stream.encode(frame)]
        return pending + self.stream.encode(None)

    def _decoded(self, packet: Packet[Any] | None) -> Iterator[AudioFrame]:
        try:
            yield from self._source.codec_context.decode(packet)
        except (FFmpegError, ValueError):
            self._lost += 1


class SubtitleTranscoder:
    """Turns text subtitles of one kind into another, by way of FFmpeg's common form; styles may be lost.

    Attributes:
        stream: of the output.

    """

    def __init__(self, output: Any, source: SubtitleStream, encoder: str, label: str) -> None:
        self._source, self._label = source, label
        self.stream: SubtitleStream = output.add_stream(encoder)
        self.stream.codec_context.time_base = Fraction(1, 1000)
        self.stream.time_base = Fraction(1, 1000)
        decoder = source.codec_context
        decoder.open(strict=False)
        self.stream.codec_context.subtitle_header = decoder.subtitle_header
        self._lost = 0

    @property
    def warnings(self) -> list[str]:
        """How many subtitles could not be read."""
        return [f"{self._label}: {self._lost} subtitles could not be converted"] * bool(self._lost)

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return the subtitle in its new form; none for a packet that only ends the one before."""
        try:
            found: SubtitleSet | None = self._source.codec_context.decode2(packet)
            if found is None or not len(found) or packet.pts is None:
                return []
            context: SubtitleCodecContext = self.stream.codec_context
            result = context.encode_subtitle(found)
        except (FFmpegError, ValueError):
            self._lost += 1
            return []
        shown = packet.duration or 0
        if not shown and found.end_display_time not in (0, 0xFFFFFFFF):
            shown = round(Fraction(found.end_display_time, 1000) / packet.time_base)
        result.pts = result.dts = packet.pts
        result.duration, result.time_base = shown, packet.time_base
        result.stream = self.stream
        return [result]

    def flush(self) -> list[Packet[Any]]:
        """Return nothing: every packet is a subtitle of its own."""
        return []


def _fitting(encoder: str, source: AudioStream) -> tuple[int, str, int]:
    """Return rate, layout and bit rate that `encoder` takes, as near to the source's as it can."""
    codec = av.Codec(encoder, "w")
    wanted = source.codec_context.sample_rate
    rates = codec.audio_rates or [wanted]
    # The nearest rate that loses nothing, else the highest.
    rate = min((r for r in rates if r >= wanted), default=max(rates))
    layout = source.codec_context.layout
    channels = layout.nb_channels
    for name in (layout.name, _DEFAULT_LAYOUTS.get(channels), "stereo"):
        if name is None:
            continue
        bits = _BITS_PER_CHANNEL.get(encoder, 0) * (2 if name == "stereo" else channels)
        trial: AudioCodecContext = codec.create("audio")
        try:
            trial.sample_rate, trial.layout, trial.bit_rate = rate, name, bits
            trial.format = (codec.audio_formats or [source.codec_context.format])[0]
            trial.open()
        except (FFmpegError, ValueError):
            continue
        return rate, name, bits
    raise ValueError(f"{encoder} takes no audio of {channels} channels at {wanted} Hz")
