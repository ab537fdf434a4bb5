"""Frames by number, exactly."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

from lumaloom.cache import DiskCache, MemoryCache
from lumaloom.errors import InputError, LumaloomError, UsageError, counted
from lumaloom.frame import Frame, FrameSpec
from lumaloom.frame.bridge import from_av
from lumaloom.media.decoder import DECODE_ERRORS
from lumaloom.media.decoders import open_decoder
from lumaloom.media.index_store import stored_index
from lumaloom.media.info import MediaInfo
from lumaloom.media.losses import Losses
from lumaloom.media.opening import MAX_PIXELS, open_input, pick_stream, reason
from lumaloom.media.probe import describe, first_spec
from lumaloom.media.seeking import packets_from
from lumaloom.media.sequence import check_gaps, file_of, found
from lumaloom.media.structure import is_cut_off
from lumaloom.memory import default_limit, default_pool

# Bytes of decoded frames that are kept for going back to, at most.
_KEPT = 256 << 20


MEND = "best_effort=True takes what can be read"


class _NotThereError(InputError):
    """Decoding went past a frame without giving it."""


class Reader:
    """Gives frame `n` of a file, the same to the bit as the n-th of a decode from the start, in any order.

    A frame that is damaged, or that decodes from one that is, is refused unless `best_effort`. Once damage shows,
    frames are decoded one at a time, which tells where it is.

    Frames in sequence cost no more than plain decoding; a jump costs the frames since the keyframe before, which are
    kept for a while: going back frame by frame decodes each once. Frames belong to whoever gets them and may be
    written. Safe to use from several threads, one at a time.

    Args:
        path: of the file.
        threads: of the decoder; None for one per core.
        stream: which of the video streams.
        max_pixels: largest picture that is decoded.
        best_effort: give what is readable of a damaged file; frames are decoded one at a time.
        store: where the index is kept; None for the default cache.
        kept: bytes of decoded frames that are kept for going back to, at most.
        on_evict: called with the number of kept frames dropped to make room, and their bytes.

    Attributes:
        path: as it was given.
        best_effort: as it was given.
        index: where the frames are.

    Raises:
        InputError: the file can't be read, or has no such video stream or no frame; or it is cut off and `best_effort`
            is off.

    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        threads: int | None = None,
        stream: int = 0,
        max_pixels: int = MAX_PIXELS,
        best_effort: bool = False,
        store: DiskCache | None = None,
        kept: int = _KEPT,
        on_evict: Callable[[int, int], None] = lambda entries, nbytes: None,
    ) -> None:
        self.path = path = found(path)
        self.index = stored_index(path, stream=stream, max_pixels=max_pixels, store=store)
        if not len(self.index):
            raise InputError(f"{path}: has no decodable video frame")
        self._threads, self._stream, self._max_pixels = threads, stream, max_pixels
        self._lock = threading.Lock()
        self._kept: MemoryCache[int, Frame] = MemoryCache(
            min(kept, default_limit() // 4), size=lambda frame: frame.nbytes, on_evict=on_evict
        )
        self._base: FrameSpec | None = None
        self._side_data: tuple[tuple[str, bytes], ...] | None = None
        self.best_effort = self._careful = best_effort
        self._marked: set[int] = set()
        self._refused: set[int | None] = set()
        self._spoiled: int | None = None
        self._broken, self._why = False, ""
        # Where every frame stands alone, what precedes one can't have harmed it.
        self._alone = len(self.index.keys) == len(self.index)
        self._closed = False
        self._frames: Iterator[tuple[int, VideoFrame]] = iter(())
        self._container = open_input(path, max_pixels=max_pixels)
        try:
            if not best_effort:
                check_gaps(path)
            self._cut_off = is_cut_off(path, self._container.format.name)
            self._begin()
        except DECODE_ERRORS as error:
            self._container.close()
            raise InputError(f"{path}: can't be decoded: {reason(error)}") from None
        if self._cut_off and not best_effort:
            self._container.close()
            are = "is" if len(self) == 1 else "are"
            raise InputError(f"{path}: is cut off: {counted(len(self), 'frames')} {are} there; {MEND}")

    def __len__(self) -> int:
        return len(self.index)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames that were delivered stay valid."""
        with self._lock:
            self._closed = True
            self._kept.clear()
            self._container.close()

    @cached_property
    def spec(self) -> FrameSpec:
        """Format, size and tags that all frames share: those of the first that can be decoded."""
        if self.best_effort and (first := next(self.frames(range(len(self))), None)):
            return first.spec
        return self.frame(0).spec

    @cached_property
    def info(self) -> MediaInfo:
        """What is in the file."""
        with self._lock:
            return describe(self._container, self.path)

    def frame(self, number: int) -> Frame:
        """Return frame `number`, from 0.

        Raises:
            IndexError: there is no such frame.
            InputError: it can't be decoded, or differs in shape from the first.
            UsageError: the reader is closed.

        """
        if not 0 <= number < len(self):
            raise IndexError(f"frame {number} of {len(self)}")
        with self._lock:
            if self._closed:
                raise UsageError(f"{self.path}: the reader is closed; open it again")
            try:
                return self._tried(number)
            except InputError:
                if self._careful:
                    raise
            # With frame threads damage shows late, and takes frames along that are whole.
            self._careful = True
            self._reopen()
            return self._tried(number)

    def frames(self, numbers: Iterable[int]) -> Iterator[Frame]:
        """Yield frames by their numbers; with `best_effort` those that can't be decoded are left out.

        Raises:
            IndexError, InputError, UsageError: as `frame` does.

        """
        for number in numbers:
            try:
                frame = self.frame(number)
            except InputError:
                if not self.best_effort:
                    raise
                continue
            yield frame

    @property
    def losses(self) -> Losses:
        """What was damaged of what was read so far; with `frames_readable` as the index has them."""
        with self._lock:
            return Losses(
                frames_readable=len(self),
                decode_errors=len(self._refused),
                corrupt_frames=len(self._marked),
                truncated=self._cut_off,
            )

    def _tried(self, number: int) -> Frame:
        try:
            return self._frame(number)
        except _NotThereError as error:
            self._reopen()
            raise InputError(str(error)) from None
        except LumaloomError:
            self._reopen()
            raise
        except DECODE_ERRORS as error:
            self._reopen()
            raise InputError(f"{self.path}: frame {number} of {len(self)} can't be decoded: {reason(error)}") from None

    def _frame(self, number: int) -> Frame:
        if self._base is None and number:
            try:
                self._take(0)
            except _NotThereError:
                if not self._alone:
                    raise
        jumps = number < self._next or self.index.key_for(number) > self._next
        if not jumps:
            return self._take(number)
        kept = self._kept.get(number)
        if kept is None:
            self._jump(number)
            try:
                kept = self._take(number, keep=True)
            except _NotThereError:
                # The demuxer landed where timestamps differ from those of a read from the start.
                self._reopen()
                kept = self._take(number, keep=True)
        return kept.copy(default_pool())

    def _take(self, number: int, *, keep: bool = False) -> Frame:
        """Decode on up to frame `number`; keep it, and those on the way, if told so."""
        for position, decoded in self._frames:
            self._next = position + 1
            if position > number:
                break
            self._judge(position, decoded)
            if position == number:
                frame = self._wrapped(number, decoded)
                if keep:
                    self._kept.put(number, frame)
                return frame
            if keep:
                with suppress(InputError):  # it differs from the others; whoever asks for it will be told
                    self._kept.put(position, self._wrapped(position, decoded))
        why = f": {self._why}" if self._why else "; the file is damaged there"
        raise _NotThereError(f"{self.path}: frame {number} of {len(self)} can't be decoded{why}")

    def _judge(self, number: int, decoded: VideoFrame) -> None:
        """Note whether a frame is damaged, and those after it up to the next keyframe with it."""
        # Before the keyframe come those that refer to what was not decoded; nobody gets them.
        if (self._broken and not self._alone) or (decoded.is_corrupt and number >= self._landed):
            self._spoiled = number
            if decoded.is_corrupt:
                self._marked.add(number)
            self._broken = False
        elif self._spoiled is not None and self.index.key_for(number) > self._spoiled:
            self._spoiled = None

    def _wrapped(self, number: int, decoded: VideoFrame) -> Frame:
        if self._spoiled is not None and not self.best_effort:
            where = f"frame {number} of {len(self)} is damaged since frame {self._spoiled}"
            raise InputError(f"{self.path}: {where}; {MEND}")
        if self._base is None:
            self._base = first_spec(self._video, decoded)
        frame = from_av(decoded, self.index.timing(number), self._base, self._side_data)
        self._side_data = frame.side_data
        if (frame.width, frame.height, frame.format) != (self._base.width, self._base.height, self._base.format):
            raise InputError(
                f"{self.path}: frame {number}{file_of(self.path, number)} changes from {self._base} to {frame.spec}"
            )
        return frame

    def _jump(self, number: int) -> None:
        """Go to where frame `number` decodes exactly: the keyframe before, or the start of the file."""
        if self.index.seekable and self.index.key_for(number) > 0:
            stamp = int(self.index.stamps[self.index.key_for(number)])
            packets = packets_from(self._container, self._video, [self._video], stamp)
            if packets is not None:
                self._decoder.restart()
                self._landed = self.index.key_for(number)
                self._forget()
                self._frames = self._numbered(packets)
                # Unknown until a frame is out; it is not past the keyframe.
                self._next = self.index.key_for(number)
                return
        self._reopen()

    def _reopen(self) -> None:
        """Stand before frame 0 again; not every demuxer seeks back to its very beginning."""
        self._container.close()
        self._container = open_input(self.path, max_pixels=self._max_pixels)
        self._begin()

    def _begin(self) -> None:
        self._video = pick_stream(self._container, self.path, self._stream)
        self._decoder = open_decoder(
            self._video, threads=self._threads, max_pixels=self._max_pixels, frame_threads=not self._careful, sure=True
        )
        self._next = self._landed = 0
        self._forget()
        self._frames = self._numbered(self._container.demux(self._video))

    def _forget(self) -> None:
        """Know of no damage from here on."""
        self._spoiled, self._broken, self._why = None, False, ""

    def _numbered(self, packets: Iterator[Packet[Any]]) -> Iterator[tuple[int, VideoFrame]]:
        """Decode packets and number the frames: by their pts, or by counting from the start of the file."""
        count = 0
        for decoded in self._decoded(packets):
            if not self.index.seekable:
                yield count, decoded
                count += 1
                continue
            if decoded.pts is None:
                continue
            position = int(np.searchsorted(self.index.stamps, decoded.pts))
            if position < len(self.index) and self.index.stamps[position] == decoded.pts:
                yield position, decoded

    def _decoded(self, packets: Iterator[Packet[Any]]) -> Iterator[VideoFrame]:
        for packet in packets:
            try:
                frames = self._decoder.decode(packet)
            except DECODE_ERRORS as error:
                if not self._careful:
                    raise
                self._refused.add(packet.pts)
                self._broken, self._why = True, reason(error)
                continue
            yield from frames
        yield from self._decoder.drain()
