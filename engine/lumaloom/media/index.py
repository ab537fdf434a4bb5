"""Where every frame of a video is: built by demuxing, without decoding more than the first frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from lumaloom.errors import InputError
from lumaloom.frame import Timing
from lumaloom.media.bitstream import HIDDEN
from lumaloom.media.decoder import DECODE_ERRORS
from lumaloom.media.decoders import open_decoder
from lumaloom.media.opening import MAX_PIXELS, open_input, pick_stream, reason, shown_in_decoding_time
from lumaloom.media.sequence import Sequence, found
from lumaloom.media.timeline import Continuity, Timeline

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

# Formats in which many packets have no timestamp of their own; what FFmpeg infers differs after a seek.
_GUESSED = frozenset(("mpeg", "mpegvideo"))

Ticks = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """The frames of one video stream in presentation order.

    Attributes:
        time_base: seconds per unit of the timestamps.
        rate: average frames per second, None where it is unknown.
        pts: of every frame, strictly increasing; the same as a `Source` gives.
        durations: of every frame.
        keys: numbers of the frames that, with all after them, decode without those before.
        seekable: whether the file's own timestamps name every frame; if not, frames are counted from the start.
        stamps: those timestamps, in the same order; empty where they don't serve.

    """

    time_base: Fraction
    rate: Fraction | None
    pts: Ticks
    durations: Ticks
    keys: Ticks
    stamps: Ticks
    seekable: bool

    @classmethod
    def build(cls, path: str | os.PathLike[str], *, stream: int = 0, max_pixels: int = MAX_PIXELS) -> FrameIndex:
        """Read all packets of video stream `stream`.

        A damaged file is indexed as far as it can be read: the frames that its packets promise.

        Raises:
            InputError: the file can't be opened or has no such stream.

        """
        path = found(path)
        with open_input(path, max_pixels=max_pixels) as container:
            try:
                video = pick_stream(container, path, stream)
                # Pictures in files of their own refer to no others.
                first = None if isinstance(path, Sequence) else _first_stamp(path, stream, max_pixels)
                return _build(container, video, first)
            except DECODE_ERRORS as error:
                raise InputError(f"{path}: can't be indexed: {reason(error)}") from None

    def __len__(self) -> int:
        return len(self.pts)

    def timing(self, number: int) -> Timing:
        """Return pts, time base and duration of frame `number`."""
        return Timing(int(self.pts[number]), self.time_base, int(self.durations[number]))

    def key_for(self, number: int) -> int:
        """Return the last frame not after `number` from which decoding can start."""
        found = int(np.searchsorted(self.keys, number, side="right"))
        return int(self.keys[found - 1]) if found else 0


@dataclass(slots=True)
class _Rows:
    """What the packets of a stream say, in file order; None for an absent pts."""

    raw: list[int | None]
    mended: list[int | None]
    durations: list[int]
    keys: list[bool]


def _build(container: InputContainer, video: VideoStream, first: int | None) -> FrameIndex:
    rows, broken = _read(container, video)
    base = video.time_base or Fraction(1, 90000)
    rate = video.average_rate or video.guessed_rate or None
    known = [pts for pts in rows.mended if pts is not None]
    order = list(range(len(rows.mended)))
    complete = len(known) == len(order)
    if complete:
        order.sort(key=known.__getitem__)
        if first is not None and not broken:
            # Frames before the first that comes out refer to pictures that the file does not hold.
            order = [n for n in order if known[n] >= first]
    unique = complete and len(set(known)) == len(known)
    timeline = Timeline(base, rate)
    timings = [timeline.place(rows.mended[n], rows.durations[n]) for n in order]
    stamped = all(pts is not None for pts in rows.raw) and container.format.name not in _GUESSED
    seekable = unique and stamped and not broken
    return FrameIndex(
        base,
        rate,
        np.array([t.pts for t in timings], np.int64),
        np.array([t.duration for t in timings], np.int64),
        np.flatnonzero([rows.keys[n] for n in order]),
        np.array([rows.raw[n] for n in order] if seekable else [], np.int64),
        seekable,
    )


def _demux(container: InputContainer, video: VideoStream) -> Iterator[Packet[Any]]:
    return container.demux(video)


def _read(container: InputContainer, video: VideoStream) -> tuple[_Rows, bool]:
    """Demux the whole stream; the flag says whether its clock jumps."""
    rows = _Rows([], [], [], [])
    continuity = Continuity(video.index)
    in_decoding_time = shown_in_decoding_time(container)
    hidden = HIDDEN.get(video.codec_context.codec.canonical_name if video.codec_context else "", lambda _: False)
    try:
        for packet in _demux(container, video):
            if not packet.size:
                continue
            raw = packet.pts
            continuity.mend(packet)
            if packet.is_discard or hidden(packet):
                continue
            rows.raw.append(raw)
            rows.mended.append(packet.dts if in_decoding_time else packet.pts)
            rows.durations.append(packet.duration or 0)
            rows.keys.append(packet.is_keyframe)
    except DECODE_ERRORS:
        # What is readable up to here is indexed; reading a frame beyond reports the damage.
        pass
    return rows, continuity.broken


def _first_stamp(path: str | os.PathLike[str], stream: int, max_pixels: int) -> int | None:
    """Return the pts of the first frame that decodes, None where it has none or none does."""
    with open_input(path, max_pixels=max_pixels) as container:
        video = pick_stream(container, path, stream)
        decoder = open_decoder(video, threads=1, max_pixels=max_pixels, frame_threads=False)
        for packet in _demux(container, video):
            try:
                frames = decoder.decode(packet) if packet.size else decoder.drain()
            except DECODE_ERRORS:
                continue
            if frames:
                return frames[0].pts
    return None
