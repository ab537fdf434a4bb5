"""A video file as one stream of decoded frames and of the packets that pass by them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

import av
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.frame import VideoFrame

from lumaloom.errors import InputError, LumaloomError, UsageError
from lumaloom.frame import Frame, FrameSpec
from lumaloom.frame.bridge import from_av
from lumaloom.media.decoder import DECODE_ERRORS
from lumaloom.media.decoders import open_decoder
from lumaloom.media.facts import OpenFile
from lumaloom.media.index_store import stored_index
from lumaloom.media.losses import Losses
from lumaloom.media.marks import Marks
from lumaloom.media.opening import open_input, pick_stream, reason
from lumaloom.media.options import DEFAULTS, SourceOptions
from lumaloom.media.probe import first_spec
from lumaloom.media.seeking import clock_may_jump, packets_from, texts_on_at
from lumaloom.media.sequence import Sequence, check_gaps, file_of, found
from lumaloom.media.structure import has_broken_blocks, is_cut_off
from lumaloom.media.tail import count_whole, ends_early, tail_damage
from lumaloom.media.timeline import Continuity, Timeline
from lumaloom.media.trim import Item, trimmed

if TYPE_CHECKING:
    from av.container.core import Chapter

__all__ = ["Item", "Source", "SourceOptions"]

# What every message about damage ends with.
_MEND = "--best-effort (best_effort=True) takes what can be read"
_DEMUX_RETRIES = 8
# Codecs of which MP4 and Matroska hold one picture, which is shown, in every packet.
_PICTURE_A_PACKET = frozenset(("h264", "hevc", "av1", "ffv1", "prores", "mjpeg", "png"))


class Source(OpenFile):
    """Decodes one video stream of a file, once, from its start to its end.

    Without a start the frames' timestamps are those of the file; with one, the first frame's is 0 and the packets
    move with it.

    Attributes:
        path: as it was given.
        options: as they were given.
        losses: filled while `items()` is read.

    Raises:
        InputError: the file can't be read or has no such video stream; or it is cut off, and neither an end nor
            `best_effort` is asked for.
        UsageError: the clip would start after the file's last frame.

    """

    def __init__(self, path: str | os.PathLike[str], options: SourceOptions = DEFAULTS) -> None:
        self.path = path = found(path)
        self.options = options
        self._container = open_input(path, max_pixels=options.max_pixels)
        try:
            self._prepare()
        except LumaloomError:
            self._container.close()
            raise
        except DECODE_ERRORS as error:
            self._container.close()
            raise InputError(f"{path}: can't be decoded: {reason(error)}") from None

    def _prepare(self) -> None:
        self._choose_streams()
        self.losses = Losses(frames_declared=self._video.frames or None)
        self._timeline = Timeline(self.time_base, self.rate)
        self._continuity = Continuity(self._video.index)
        self._first: Frame | None = None
        self._base: FrameSpec | None = None
        self._side_data: tuple[tuple[str, bytes], ...] | None = None
        self._last_end = Fraction(0)
        self._last_key: int | None = None
        self._marks = Marks(self._container)
        self._expected: int | None = None
        self._gaps = False
        self._cut_off = is_cut_off(self.path, self._container.format.name)
        self._start, self._end = self._range()
        if not self.options.best_effort:
            check_gaps(self.path, self._start, self._end)
        if self._cut_off and self._end is None:  # what ends before the cut is whole, which reading tells
            self._fail_short()
        self._landed = self._land(self._start)
        self._reading = self._read()
        self._steps: Iterator[Item] | None = self._cut(self._reading)
        self._primed: deque[Item] = deque()

    def _choose_streams(self) -> None:
        """Open the decoder of the video stream and have the demuxer skip what nobody reads."""
        options = self.options
        self._video = pick_stream(self._container, self.path, options.stream)
        threads = options.threads
        self._decoder = open_decoder(
            self._video,
            threads=threads(self._video.width, self._video.height) if callable(threads) else threads,
            max_pixels=options.max_pixels,
            frame_threads=not options.best_effort,
            sure=True,
        )
        self._wanted = [self._video, *(() if options.alone else self.passthrough)]
        skipped = [s for s in self._container.streams if s not in self._wanted and s.type != "attachment"]
        for stream in skipped:
            stream.discard = Discard.all
        self._all_wanted = not skipped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames that were delivered stay valid."""
        self._steps = None
        self._reading.close()
        self._primed.clear()
        self._container.close()

    @property
    def range(self) -> tuple[Fraction | None, Fraction | None]:
        """Start, inclusive, and end, exclusive, in seconds on the clock of the file's own timestamps."""
        return self._start, self._end

    @property
    def first_number(self) -> int:
        """The number of the clip's first frame among the files of a sequence; 0 for any other input."""
        return self.path.number_at(self._start) if isinstance(self.path, Sequence) else 0

    @property
    def chapters(self) -> list[Chapter]:
        """Chapters as PyAV has them, `id`, `start`, `end`, `time_base`, `metadata`, cut to the clip."""
        kept: list[Chapter] = []
        for chapter in self._container.chapters():
            base = chapter["time_base"]
            if base is None or not base:
                continue
            first = 0 if self._start is None else round(self._start / base)
            last = chapter["end"] if self._end is None else min(chapter["end"], round(self._end / base))
            if last > max(first, chapter["start"]):
                shifted = {**chapter, "start": max(chapter["start"] - first, 0), "end": last - first}
                kept.append(shifted)  # type: ignore[arg-type]
        return kept

    @property
    def spec(self) -> FrameSpec:
        """Format, size and tags of the first frame, which all others share. Decodes it where that is still to do.

        Raises:
            InputError: no frame can be decoded.
            UsageError: the clip starts after the last frame.

        """
        return self.first.spec

    @property
    def first(self) -> Frame:
        """The first frame. Decodes it, and raises, as `spec` does; `items` must not have been read yet."""
        while self._first is None:
            item = next(self._open_steps(), None)
            if item is None:
                raise UsageError(f"{self.path}: there is no frame in the range that was asked for{self.lasts}")
            self._primed.append(item)
            if isinstance(item, Frame):
                self._first = item
        return self._first

    def like(self, other: Source) -> Self:
        """Take what is said once for a whole stream, such as HDR metadata, from another source of it that is read."""
        self._base, self._side_data = other._base, other._side_data
        return self

    def _cut(self, items: Iterator[Item]) -> Iterator[Item]:
        """Return what lies in the clip."""
        if self._start is None and self._end is None:
            return items
        sounds = sum(stream.type == "audio" for stream in self._wanted)
        return trimmed(items, self._start, self._end, sounds, self.options.origin)

    def items(self) -> Iterator[Item]:
        """Yield frames in presentation order and, in file order between them, packets of the other streams.

        It can be read once. Closing it stops decoding.

        Raises:
            InputError: no frame can be decoded; or `best_effort` is off and the file is damaged, or its frames
                change in size or pixel format.
            UsageError: the clip holds no frame.

        """
        self.spec  # noqa: B018 - decodes the first frame, so that a file without any fails here
        steps = self._open_steps()
        while self._primed:
            yield self._primed.popleft()
        yield from steps

    def _open_steps(self) -> Iterator[Item]:
        if self._steps is None:
            raise UsageError(f"{self.path}: the source is closed; open it again")
        return self._steps

    def _range(self) -> tuple[Fraction | None, Fraction | None]:
        """Return start and end in seconds on the clock of the stream's timestamps, and find out whether to seek."""
        options = self.options
        by_number = options.start_frame is not None or options.end_frame is not None
        first = Fraction(self._container.start_time or 0, av.time_base)
        start = None if options.start is None else options.start + first
        end = None if options.end is None else options.end + first
        self._seekable = not clock_may_jump(self._container)
        if not by_number and (start is None or self._seekable):
            return start, end
        index = stored_index(self.path, stream=options.stream, max_pixels=options.max_pixels, store=options.store)
        self._seekable = index.seekable
        if options.start_frame is not None:
            if not 0 <= options.start_frame < len(index):
                raise UsageError(f"{self.path}: has no frame {options.start_frame}; it has {len(index)}, from 0")
            start = index.timing(options.start_frame).seconds
        if options.end_frame is not None and options.end_frame < len(index):
            end = index.timing(max(options.end_frame, 0)).seconds
        return start, end

    def _read(self) -> Generator[Item, None, None]:
        """Yield frames and packets from the keyframe before the start on; the timestamps are those of the file."""
        for packet in self._packets():
            raw_pts = packet.pts
            self._note(packet)
            if packet.stream is not self._video:
                if packet.size:
                    yield packet
                continue
            if self._is_over(packet):
                return
            if packet.is_keyframe:
                self._last_key = raw_pts
            yield from self._decoded(packet)
        try:
            frames = self._decoder.drain()
        except DECODE_ERRORS as error:
            self._refused(error)
            frames = []
        yield from self._wrapped(frames)
        self._check_end()

    def _is_over(self, packet: Packet[Stream]) -> bool:
        """Whether a packet is a picture after the range: what is wrong with its file is no matter."""
        if self._end is None or packet.pts is None or not isinstance(self.path, Sequence):
            return False
        return packet.pts * packet.time_base >= self._end

    def _note(self, packet: Packet[Stream]) -> None:
        """Mend the clock of a packet, and note where it ends."""
        self._continuity.mend(packet)
        if packet.pts is not None:
            self._last_end = max(self._last_end, (packet.pts + (packet.duration or 0)) * packet.time_base)

    def _land(self, start: Fraction | None) -> Iterator[Packet[Stream]] | None:
        """Return the packets from which the frame at `start` decodes; None for those from the start of the file."""
        if start is None or not self._seekable or start <= Fraction(self._container.start_time or 0, av.time_base):
            return None
        texts = [stream for stream in self._wanted if stream.type == "subtitle"]
        shown = texts_on_at(self._container, self._video, texts, start) if texts else []
        packets = packets_from(self._container, self._video, self._wanted, int(-(-start // self.time_base)))
        if packets is not None:
            known = {(packet.stream.index, packet.pts) for packet in shown}
            return chain(shown, (p for p in packets if not known or (p.stream.index, p.pts) not in known))
        # Not every demuxer seeks back to its very beginning.
        self._container.close()
        self._container = open_input(self.path, max_pixels=self.options.max_pixels)
        self._choose_streams()
        return None

    def _packets(self) -> Iterator[Packet[Stream]]:
        packets, failures = self._landed or self._container.demux(self._wanted), 0
        while failures < _DEMUX_RETRIES:
            try:
                for packet in packets:
                    yield packet
                    failures = 0
                return
            except DECODE_ERRORS as error:
                self._refused(error)
                failures += 1
                packets = self._container.demux(self._wanted)

    def _decoded(self, packet: Packet[Stream]) -> Iterator[Frame]:
        if self._marks.tell(packet):
            self.losses.corrupt_packets += 1
            if not self.options.best_effort:
                self._fail("the container's data are broken inside a packet")
        try:
            frames = self._decoder.decode(packet)
        except DECODE_ERRORS as error:
            self._refused(error)
            return
        yield from self._wrapped(frames)

    def _wrapped(self, frames: list[VideoFrame]) -> Iterator[Frame]:
        for decoded in frames:
            timing = self._timeline.place(decoded.pts, decoded.duration)
            self._gaps |= self._expected is not None and timing.pts > self._expected
            self._expected = timing.pts + timing.duration * 3 // 2
            if self._base is None:
                self._base = first_spec(self._video, decoded)
            if decoded.is_corrupt:
                if not self.options.best_effort:
                    self._fail("the decoder marks the next frame as damaged")
                self.losses.corrupt_frames += 1
            frame = from_av(decoded, timing, self._base, self._side_data)
            self._side_data = frame.side_data
            if self._changed(frame):
                continue
            self.losses.frames_readable += 1
            self.losses.timestamps_repaired = self._timeline.repaired + self._continuity.shifted
            yield frame

    def _changed(self, frame: Frame) -> bool:
        """Whether a frame differs in shape from the first; its losses are counted."""
        assert self._base is not None
        if (frame.width, frame.height, frame.format) == (self._base.width, self._base.height, self._base.format):
            return False
        if not self.options.best_effort:
            number = self.losses.frames_readable
            raise InputError(
                f"{self.path}: frame {number}{file_of(self.path, frame.pts)} changes from {self._base} to "
                f"{frame.spec}; --best-effort (best_effort=True) leaves such frames out"
            )
        self.losses.changed_frames += 1
        return True

    def _refused(self, error: BaseException) -> None:
        """Count a packet that FFmpeg refuses; fatal unless `best_effort`."""
        self.losses.decode_errors += 1
        if not self.options.best_effort:
            self._fail(reason(error))

    def _fail_short(self) -> None:
        """Note that the file ends too early; fatal unless `best_effort`."""
        self.losses.truncated = True
        if not self.options.best_effort:
            self.losses.frames_readable = count_whole(self.path, self.options.stream, self.options.max_pixels)
            raise InputError(f"{self.path}: is cut off: {self.losses.readable()} there; {_MEND}")

    def _fail(self, why: str) -> NoReturn:
        raise InputError(f"{self.path}: is damaged: {self.losses.readable()} readable ({why}); {_MEND}")

    def _check_end(self) -> None:
        """Look for what was lost without an error."""
        losses, options = self.losses, self.options
        if not losses.frames_readable:
            raise InputError(f"{self.path}: has no decodable video frame")
        if self._cut_off:
            self._fail_short()
        missing = self._missing_pictures()
        if missing > losses.decode_errors:
            losses.decode_errors = missing
            if not options.best_effort:
                self._fail(f"packets that decode to nothing: {missing}")
        if self._gaps and self._container.format.name.startswith("matroska") and has_broken_blocks(self.path):
            losses.corrupt_packets += 1
            if not options.best_effort:
                self._fail("packets are missing between them")
        self._check_length()
        if not options.best_effort and self._decoder.missing:
            seekable = self._seekable and not self._continuity.broken
            damage = tail_damage(self.path, options.stream, options.max_pixels, self._last_key if seekable else None)
            if damage:
                self._fail(damage)

    def _check_length(self) -> None:
        """Look whether all packets together end well before the duration that a Matroska file declares."""
        keeps_length = self.container_name.startswith("matroska") and self._all_wanted
        declared = Fraction(self._container.duration or 0, av.time_base)
        if self._start is None and keeps_length and ends_early(declared, self._last_end):
            self._fail_short()

    def _missing_pictures(self) -> int:
        """Return how many packets gave neither a frame nor an error, where every packet holds one picture."""
        assert self._base is not None
        form, codec = self._container.format.name, self._video.codec_context.codec.canonical_name
        if not form.startswith(("mov", "matroska")) or codec not in _PICTURE_A_PACKET or self._base.interlaced:
            return 0
        return self._decoder.missing
