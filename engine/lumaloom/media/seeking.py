"""Positions in a file from which a frame can be decoded exactly."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

from av.error import FFmpegError

from lumaloom.media.opening import has_timestamps

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream


# FFmpeg's AVFMT_TS_DISCONT, a flag of demuxers.
_TS_DISCONT = 0x0200

# How long before a clip a subtitle may have started that is still shown, in seconds.
_LONGEST_TEXT = 30


def clock_may_jump(container: InputContainer) -> bool:
    """Whether timestamps of the format may repeat or be missing, so that a time alone names no position."""
    return not has_timestamps(container) or is_stream_of_recordings(container)


def is_stream_of_recordings(container: InputContainer) -> bool:
    """Whether the format lets recordings be joined end to end, each with a clock of its own."""
    return bool(container.format.flags & _TS_DISCONT)


def packets_from(
    container: InputContainer, video: VideoStream, wanted: list[Stream], pts: int
) -> Iterator[Packet[Stream]] | None:
    """Seek so that the frame shown at `pts`, in the video stream's time base, and all after it decode exactly.

    The packets start at a keyframe whose own pts is not above `pts`: frames that precede a keyframe in presentation
    may need what came before it. Demuxers land imprecisely, so the landing is checked and earlier ones are tried.
    Returns None where none serves; then the file has to be read from its start.
    """
    step = round(1 / (video.time_base or 1)) or 1
    target = pts
    for _ in range(6):
        try:
            container.seek(target, stream=video, backward=True)
        except (FFmpegError, OverflowError):
            return None
        packets = container.demux(wanted)
        held = _up_to_keyframe(packets, video)
        landed = held[-1].pts if held else None
        if landed is not None and landed <= pts:
            return chain(held, packets)
        target -= step
        step *= 4
    return None


def _up_to_keyframe(packets: Iterator[Packet[Stream]], video: VideoStream) -> list[Packet[Stream]]:
    """Return the packets up to the first keyframe of the video stream, its earlier packets left out; [] if none."""
    held = []
    for packet in packets:
        if packet.stream is not video:
            held.append(packet)
        elif packet.size and packet.is_keyframe:
            held.append(packet)
            return held
    return []


def texts_on_at(
    container: InputContainer, video: VideoStream, texts: list[Stream], start: Fraction
) -> list[Packet[Any]]:
    """Return the subtitle packets that lie before `start`, in seconds, and are still shown then.

    Looks back half a minute. Leaves the container at another place.
    """
    base = video.time_base or Fraction(1)
    found = []
    try:
        container.seek(int((start - _LONGEST_TEXT) / base), stream=video, backward=True)
        for packet in container.demux([video, *texts]):
            time = None if packet.pts is None else packet.pts * packet.time_base
            if packet.stream is video:
                if packet.dts is not None and packet.dts * base >= start:
                    break
            elif time is not None and time < start < time + (packet.duration or 0) * packet.time_base:
                found.append(packet)
    except (FFmpegError, OverflowError):
        # The clip itself is read next, and reports what is damaged.
        pass
    return found
