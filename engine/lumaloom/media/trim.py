"""Cuts a stream of frames and packets to a range of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from av.packet import Packet
from av.stream import Stream

from lumaloom.frame import Frame

if TYPE_CHECKING:
    from lumaloom.frame import Timing

# What a source delivers and a sink takes.
Item: TypeAlias = "Frame | Packet[Stream]"
# How far past the end packets of other streams are waited for: files interleave within a second or so.
INTERLEAVE_SECONDS = 3


def trimmed(
    items: Iterator[Item],
    start: Fraction | None,
    end: Fraction | None,
    sounds: int,
    origin: Fraction | None = None,
) -> Iterator[Item]:
    """Keep the frames with `start <= time < end` and the packets that belong to them.

    `start`, `end` and `origin` are seconds on the clock of the items' own timestamps. With a start, `origin`, or else
    the first kept frame, becomes time 0 and everything else moves with it: packets that start before it are dropped,
    but for subtitles, which are shortened. `sounds` is the number of audio streams, whose packets may follow the last
    frame in the file.
    """
    origin = Fraction(0) if start is None else origin
    held: deque[Packet[Stream]] = deque()
    finished: set[int] = set()
    video_done = False
    for item in items:
        if isinstance(item, Frame):
            time = item.timing.seconds
            if end is not None and time >= end:
                video_done = True
                if len(finished) >= sounds or time > end + INTERLEAVE_SECONDS:
                    return
                continue
            if start is not None and time < start:
                continue
            if origin is None:
                origin = time
                yield from _released(held, origin)
            if start is not None:
                item.timing = _moved(item.timing, origin)
            yield item
            continue
        time_or_none = _time(item)
        if end is not None and time_or_none is not None and time_or_none >= end:
            if item.stream.type == "audio":
                finished.add(item.stream.index)
                if video_done and len(finished) >= sounds:
                    return
            continue
        if origin is None:
            assert start is not None
            if time_or_none is None or time_or_none + _length(item) > start:
                held.append(item)
        elif start is None or _move(item, origin):
            yield item


def _released(held: deque[Packet[Stream]], origin: Fraction) -> Iterator[Packet[Stream]]:
    while held:
        packet = held.popleft()
        if _move(packet, origin):
            yield packet


def _moved(timing: Timing, origin: Fraction) -> Timing:
    return replace(timing, pts=timing.pts - round(origin / timing.time_base))


def _time(packet: Packet[Stream]) -> Fraction | None:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return None if ticks is None else ticks * packet.time_base


def _length(packet: Packet[Stream]) -> Fraction:
    return (packet.duration or 0) * packet.time_base


def _move(packet: Packet[Stream], origin: Fraction) -> bool:
    """Make `origin` time 0 of a packet; False where it starts before and has to go."""
    time = _time(packet)
    if time is None:
        return True
    before = round((origin - time) / packet.time_base)
    if before > 0:
        if packet.stream.type != "subtitle" or not packet.duration or packet.duration <= before:
            return False
        packet.pts = packet.dts = 0
        packet.duration -= before
        return True
    shift = round(origin / packet.time_base)
    if packet.pts is not None:
        packet.pts -= shift
    if packet.dts is not None:
        packet.dts -= shift
    return True
