"""The streams beside the video: copied where the container takes them, else re-encoded, else dropped with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any, Protocol

from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from lumaloom.media.containers import Container
from lumaloom.media.sink import Origin, StreamReport
from lumaloom.media.transcode import TEXT_SUBTITLES, AudioTranscoder, SubtitleTranscoder

# Tags that muxers write themselves, or that would be wrong in the new file.
_OWN_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "vendor_id"}
_STATISTICS = ("bps", "number_of_", "_statistics_", "duration-", "bps-")
_TS_NONSTRICT = 0x20000  # FFmpeg's AVFMT_TS_NONSTRICT: two packets in a row may have the same dts.


class Lane(Protocol):
    """The way of one stream from its packets to those of the output."""

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return what is to be written once `packet` is taken in."""

    def flush(self) -> list[Packet[Any]]:
        """Return what is still to be written at the end."""

    @property
    def warnings(self) -> list[str]:
        """What was repaired or lost, a line each."""


class Copy:
    """Passes packets on as they are; their timestamps change only with the container's time base, or to rise.

    Where the source counted in coarser units than the output, such as milliseconds for 48 kHz audio, the
    timestamps of audio follow the lengths of its packets as long as they stay within one unit of the source.
    """

    def __init__(self, stream: Stream, label: str, frame_size: int, *, equal_dts: bool) -> None:
        self._stream, self._label = stream, label
        self._frame_size = frame_size
        self._step = 0 if equal_dts else 1
        self._last: int | None = None
        self._next: int | None = None
        self._moved = 0

    @property
    def warnings(self) -> list[str]:
        """How many timestamps had to be made up or moved."""
        return [f"{self._label}: {self._moved} timestamps were missing or went back and were moved"] * bool(self._moved)

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return the packet itself, assigned to the output's stream."""
        base, wanted = packet.time_base, self._stream.time_base or packet.time_base
        packet.stream = self._stream
        scale = base / wanted
        pts, dts = _scaled(packet.pts, scale), _scaled(packet.dts, scale)
        packet.duration = _scaled(packet.duration, scale) or 0
        packet.time_base = wanted
        start = dts if dts is not None else pts
        if start is None:
            start = self._next or 0
            self._moved += 1
        elif scale > 1 and self._frame_size and self._next is not None and abs(start - self._next) <= scale:
            start = self._next
        if self._last is not None and start < self._last + self._step:
            start = self._last + self._step
            self._moved += 1
        if scale > 1 and self._frame_size:
            packet.duration = self._frame_size
        # Audio and subtitles are not reordered: pts follows dts, except where the source had it later.
        packet.dts = start
        packet.pts = start if pts is None or dts is None or pts <= dts else max(start + pts - dts, start)
        self._last, self._next = start, start + (packet.duration or self._step)
        return [packet]

    def flush(self) -> list[Packet[Any]]:
        """Return nothing: a copy holds nothing back."""
        return []


class Passthrough:
    """All streams beside the video.

    The output's streams are added when this is made, in the order of the input.
    """

    def __init__(self, output: Any, container: Container, source: Origin | None, keep: frozenset[str]) -> None:
        self._lanes: dict[int, Lane] = {}
        self._reports: list[StreamReport] = []
        if source is None:
            return
        for stream in source.passthrough:
            if stream.type in keep:
                self._add(output, container, stream)
        for attachment in source.attachments if "attachment" in keep else ():
            action, reason = "copied", ""
            if container.attachments:
                output.add_attachment(attachment.name or "", attachment.mimetype or "", attachment.data)
            else:
                action, reason = "dropped", f".{container.name} holds no attachments"
            name = attachment.name or "unnamed"
            self._reports.append(StreamReport(attachment.index, "attachment", name, action, reason))

    @property
    def reports(self) -> tuple[StreamReport, ...]:
        """What became of each stream, in the order of the input."""
        return tuple(self._reports)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was repaired or lost on the way."""
        return tuple(warning for lane in self._lanes.values() for warning in lane.warnings)

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return the packets to write for one of the input; those of dropped streams give none."""
        lane = self._lanes.get(packet.stream_index)
        return lane.take(packet) if lane else []

    def flush(self) -> list[Packet[Any]]:
        """Return what is still to be written at the end."""
        return [packet for lane in self._lanes.values() for packet in lane.flush()]

    def _add(self, output: Any, container: Container, stream: Stream) -> None:
        action, reason = plan(stream, container)
        label = f"stream {stream.index} ({stream.type}, {codec_name(stream)})"
        try:
            if action == "copied":
                target = output.add_stream_from_template(stream, opaque=True)
                size = stream.codec_context.frame_size if isinstance(stream, AudioStream) else 0
                equal_dts = bool(output.format.flags & _TS_NONSTRICT)
                self._lanes[stream.index] = Copy(target, label, size, equal_dts=equal_dts)
            elif action == "re-encoded" and isinstance(stream, AudioStream):
                audio = AudioTranscoder(output, stream, container.audio_encoder, label)
                self._lanes[stream.index], target = audio, audio.stream
            elif action == "re-encoded" and isinstance(stream, SubtitleStream):
                text = SubtitleTranscoder(output, stream, container.text_encoder, label)
                self._lanes[stream.index], target = text, text.stream
        except (FFmpegError, ValueError) as error:
            action, reason = "dropped", f"{reason}; it can't be {action}: {error}".removeprefix("; ")
        if action != "dropped":
            target.metadata.update(kept_tags(stream.metadata, container))
            target.disposition = stream.disposition
        self._reports.append(StreamReport(stream.index, stream.type, codec_name(stream), action, reason))


def plan(stream: Stream, container: Container) -> tuple[str, str]:
    """Return what becomes of a stream in a container, `copied`, `re-encoded` or `dropped`, and why it is not copied."""
    codec = codec_name(stream)
    refused = f".{container.name} does not take {codec}"
    if stream.type == "audio":
        if codec in container.audio:
            return "copied", ""
        if not container.audio_encoder:
            return "dropped", f".{container.name} holds no audio"
        return "re-encoded", f"{refused}; now {container.audio_encoder}"
    if stream.type == "subtitle":
        if codec in container.subtitles:
            return "copied", ""
        if codec in TEXT_SUBTITLES and container.text_encoder:
            return "re-encoded", f"{refused}; now {container.text_encoder}"
    return "dropped", refused


def codec_name(stream: Stream) -> str:
    """Return FFmpeg's name of what a stream holds, whichever decoder it would take."""
    context = stream.codec_context
    return context.codec.canonical_name if context else stream.name or "unknown"


def kept_tags(tags: Mapping[str, str], container: Container) -> dict[str, str]:
    """Return the tags of a file or stream that stay true in another file."""
    own = _OWN_TAGS if container.muxer in ("mp4", "mov") else _OWN_TAGS | {"handler_name"}
    return {k: v for k, v in tags.items() if k.lower() not in own and not k.lower().startswith(_STATISTICS)}


def _scaled(value: int | None, scale: Fraction) -> int | None:
    """Return a timestamp in another unit, halves upwards as FFmpeg does."""
    return None if value is None else value if scale == 1 else floor(value * scale + Fraction(1, 2))
