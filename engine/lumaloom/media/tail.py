"""The end of a file: how much of one that is cut off is there, and damage that draining a decoder hides."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from av.packet import Packet
from av.video.stream import VideoStream

from lumaloom.media.decoder import DECODE_ERRORS
from lumaloom.media.decoders import open_decoder
from lumaloom.media.opening import open_input, pick_stream, reason
from lumaloom.media.seeking import packets_from

# A file that keeps its length is short where this many seconds, or this share, are missing.
_SHORT_SECONDS, _SHORT_SHARE = Fraction(2), Fraction(1, 50)
_MARKED = "the decoder marks one of the last frames as damaged"


def count_whole(path: str | os.PathLike[str], stream: int, max_pixels: int) -> int:
    """Return the number of whole packets of a video stream, one a frame, up to the first that the demuxer refuses."""
    count = 0
    with open_input(path, max_pixels=max_pixels) as container:
        video = pick_stream(container, path, stream)
        try:
            for packet in container.demux(video):
                count += bool(packet.size and not packet.is_corrupt and not packet.is_discard)
        except DECODE_ERRORS:
            pass
    return count


def tail_damage(path: str | os.PathLike[str], stream: int, max_pixels: int, last_key: int | None) -> str | None:
    """Decode again from the keyframe at pts `last_key`, frame by frame, and say what the decoder refuses, if anything.

    None as `last_key` decodes the whole file.
    """
    if last_key is not None:
        with open_input(path, max_pixels=max_pixels) as container:
            video = pick_stream(container, path, stream)
            packets = packets_from(container, video, [video], last_key)
            if packets is not None:
                return _damage(video, packets, max_pixels)
    with open_input(path, max_pixels=max_pixels) as container:
        video = pick_stream(container, path, stream)
        return _damage(video, container.demux(video), max_pixels)


def _damage(video: VideoStream, packets: Iterable[Packet[Any]], max_pixels: int) -> str | None:
    decoder = open_decoder(video, threads=1, max_pixels=max_pixels, frame_threads=False)
    try:
        for packet in packets:
            if any(frame.is_corrupt for frame in decoder.decode(packet)):
                return _MARKED
        if any(frame.is_corrupt for frame in decoder.drain()):
            return _MARKED
    except DECODE_ERRORS as error:
        return reason(error)
    return None


def ends_early(declared: Fraction, end: Fraction) -> bool:
    """Whether a file ends well before the duration that it declares, both in seconds."""
    return declared - end > max(_SHORT_SECONDS, declared * _SHORT_SHARE)
