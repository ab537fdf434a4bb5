"""The streams beside the video: copied where the container takes them, else re-encoded, else dropped with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from av.packet import Packet
from av.stream import Stream

from lumaloom.media.containers import Container
from lumaloom.media.sink import Origin, StreamReport

# Tags that muxers write themselves, or that would be wrong in the new file.
_OWN_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "vendor_id"}
_STATISTICS = ("bps", "number_of_", "_statistics_", "duration-", "bps-")


class Lane(Protocol):
    """The way of one stream from its packets to those of the output."""

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return what is to be written once `packet` is taken in."""

    def flush(self) -> list[Packet[Any]]:
        """Return what is still to be written at the end."""


class Copy:
    """Passes packets on as they are; only their time base changes where the container has another."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return the packet itself, assigned to the output's stream."""
        packet.stream = self._stream
        return [packet]

    def flush(self) -> list[Packet[Any]]:
        """Return nothing: a copy holds nothing back."""
        return []


class Passthrough:
    """All streams beside the video.

    Attributes:
        reports: what becomes of each, in the order of the input.
        warnings: what was repaired or lost on the way.

    """

    def __init__(self, output: Any, container: Container, source: Origin | None, keep: frozenset[str]) -> None:
        self._lanes: dict[int, Lane] = {}
        self._reports: list[StreamReport] = []
        self.warnings: list[str] = []
        for stream in source.passthrough if source else ():
            if stream.type not in keep:
                continue
            codec = codec_name(stream)
            if codec in container.audio | container.subtitles:
                self._lanes[stream.index] = Copy(output.add_stream_from_template(stream))
                self._reports.append(StreamReport(stream.index, stream.type, codec, "copied"))
            else:
                self._reports.append(StreamReport(stream.index, stream.type, codec, "dropped", "no place for it"))

    @property
    def reports(self) -> tuple[StreamReport, ...]:
        """What became of each stream, in the order of the input."""
        return tuple(self._reports)

    def take(self, packet: Packet[Any]) -> list[Packet[Any]]:
        """Return the packets to write for one of the input; those of dropped streams give none."""
        lane = self._lanes.get(packet.stream_index)
        return lane.take(packet) if lane else []

    def flush(self) -> list[Packet[Any]]:
        """Return what is still to be written at the end."""
        return [packet for lane in self._lanes.values() for packet in lane.flush()]


def codec_name(stream: Stream) -> str:
    """Return FFmpeg's name of what a stream holds, whichever decoder it would take."""
    context = stream.codec_context
    return context.codec.canonical_name if context else stream.name or "unknown"


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a container or stream that stay true in another file."""
    return {
        name: value
        for name, value in tags.items()
        if name.lower() not in _OWN_TAGS and not name.lower().startswith(_STATISTICS)
    }
