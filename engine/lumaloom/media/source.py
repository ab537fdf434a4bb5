"""A video file as one stream of decoded frames and of the packets that pass by them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

import av
from av.error import FFmpegError
from av.packet import Packet
from av.stream import AttachmentStream, Discard, Disposition, Stream
from av.video.stream import VideoStream

from lumaloom.errors import InputError, UsageError
from lumaloom.frame import Colour, Frame, FrameSpec, Matrix, Primaries, Range, Transfer
from lumaloom.frame.bridge import from_av, nearest_format, spec_of
from lumaloom.frame.colour import tag
from lumaloom.media.decoder import open_decoder
from lumaloom.media.losses import Losses
from lumaloom.media.opening import MAX_PIXELS, open_input, reason
from lumaloom.media.timeline import Timeline

if TYPE_CHECKING:
    from av.container.core import Chapter

# What a source delivers and a sink takes.
Item: TypeAlias = "Frame | Packet[Stream]"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """How a source is read.

    Attributes:
        best_effort: deliver what is readable of a damaged file and count the losses, rather than raise.
        threads: decoding threads; None for one per core.
        start: seconds from the start of the file at which the clip starts, None for its first frame.
        end: seconds from the start of the file at which the clip ends, exclusive, None for its last frame.
        start_frame: first frame, counted from 0, in place of `start`.
        end_frame: frame after the last one, in place of `end`.
        max_pixels: largest picture that is decoded.
        stream: which of the video streams, counted from 0.

    """

    best_effort: bool = False
    threads: int | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    start_frame: int | None = None
    end_frame: int | None = None
    max_pixels: int = MAX_PIXELS
    stream: int = 0


class Source:
    """Decodes one video stream of a file, once, from its start to its end.

    Attributes:
        path: as it was given.
        options: as they were given.
        losses: filled while `items()` is read.

    Raises:
        InputError: the file can't be read or has no such video stream.

    """

    def __init__(self, path: str | os.PathLike[str], options: SourceOptions = SourceOptions()) -> None:
        self.path = path
        self.options = options
        self._container = open_input(path, max_pixels=options.max_pixels)
        try:
            self._video = pick_stream(self._container, path, options.stream)
            self._decoder = open_decoder(
                self._video,
                threads=options.threads,
                max_pixels=options.max_pixels,
                frame_threads=not options.best_effort,
            )
        except (FFmpegError, ValueError) as error:
            self._container.close()
            raise InputError(f"{path}: can't be decoded: {reason(error)}") from None
        except InputError:
            self._container.close()
            raise
        self.losses = Losses(frames_declared=self._video.frames or None)
        self._timeline = Timeline(self.time_base, self.rate)
        self._spec: FrameSpec | None = None
        self._base: FrameSpec | None = None
        self._native = ""
        self._kept = {stream.index for stream in self.passthrough}
        for stream in self._container.streams:
            if stream.index not in self._kept and stream.index != self._video.index:
                stream.discard = Discard.all
        self._steps: Iterator[Item] | None = self._read()
        self._primed: deque[Item] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames that were delivered stay valid."""
        if self._steps is not None:
            self._steps.close()  # type: ignore[attr-defined]
            self._steps = None
        self._primed.clear()
        self._container.close()

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of the frames' pts."""
        return self._video.time_base or Fraction(1, 90000)

    @property
    def rate(self) -> Fraction | None:
        """Average frames per second, None where it is unknown."""
        return self._video.average_rate or self._video.guessed_rate or None

    @property
    def frame_count(self) -> int | None:
        """Frames that the whole file declares, or an estimate from its duration; None where there is no ground."""
        if self._video.frames:
            return self._video.frames
        if self._container.duration and self.rate:
            return round(self._container.duration * self.rate / av.time_base)
        return None

    @property
    def passthrough(self) -> tuple[Stream, ...]:
        """The audio, subtitle and data streams, whose packets `items()` delivers as they are."""
        return tuple(s for s in self._container.streams if s.type in ("audio", "subtitle", "data"))

    @property
    def attachments(self) -> tuple[AttachmentStream, ...]:
        """Attached files such as fonts."""
        return tuple(self._container.streams.attachments)

    @property
    def metadata(self) -> dict[str, str]:
        """The container's tags."""
        return dict(self._container.metadata)

    @property
    def chapters(self) -> list[Chapter]:
        """Chapters as PyAV has them: `id`, `start`, `end`, `time_base`, `metadata`."""
        return list(self._container.chapters())

    @property
    def spec(self) -> FrameSpec:
        """Format, size and tags of the first frame, which all others share. Decodes it where that is still to do.

        Raises:
            InputError: no frame can be decoded.

        """
        while self._spec is None:
            if self._steps is None:
                raise UsageError(f"{self.path}: the source is closed")
            item = next(self._steps, None)
            if item is None:
                raise InputError(f"{self.path}: has no decodable video frame")
            self._primed.append(item)
        return self._spec

    def items(self) -> Iterator[Item]:
        """Yield frames in presentation order and, in file order between them, packets of the other streams.

        It can be read once. Closing it stops decoding.

        Raises:
            InputError: the file is damaged or cut off and `best_effort` is off; its frames changed in size.

        """
        steps = self._steps
        if steps is None:
            raise UsageError(f"{self.path}: its frames were read already; open the source again")
        while self._primed:
            yield self._primed.popleft()
        yield from steps

    def _read(self) -> Iterator[Item]:
        wanted = [self._video, *self.passthrough]
        try:
            for packet in self._container.demux(wanted):
                if packet.stream is not self._video:
                    if packet.size:
                        yield packet
                    continue
                for frame in self._decoder.decode(packet if packet.size else None):
                    yield self._wrapped(frame)
        except (FFmpegError, OSError, ValueError) as error:
            raise InputError(f"{self.path}: {reason(error)}") from None

    def _wrapped(self, decoded: av.VideoFrame) -> Frame:
        timing = self._timeline.place(decoded.pts, decoded.duration)
        if self._base is None:
            self._base = self._first_spec(decoded)
        frame = from_av(decoded, timing, self._base)
        if self._spec is None:
            self._spec = frame.spec
        self.losses.frames_readable += 1
        self.losses.timestamps_repaired = self._timeline.repaired
        return frame

    def _first_spec(self, first: av.VideoFrame) -> FrameSpec:
        context = self._video.codec_context
        colour = Colour(
            tag(Matrix, context.colorspace, Matrix.UNSPECIFIED),
            tag(Primaries, context.color_primaries, Primaries.UNSPECIFIED),
            tag(Transfer, context.color_trc, Transfer.UNSPECIFIED),
            tag(Range, context.color_range, Range.UNSPECIFIED),
        )
        found = spec_of(first)
        row = found.format if found else nearest_format(first.format.name)
        rotation = round(first.rotation / 90) * 90 % 360
        sar = self._video.sample_aspect_ratio or Fraction(0)
        return FrameSpec(row, first.width, first.height, colour, sar, rotation, first.interlaced_frame)


def pick_stream(container: av.container.InputContainer, path: str | os.PathLike[str], number: int) -> VideoStream:
    """Return video stream `number`, counted from 0 without cover pictures.

    Raises:
        InputError: there is no such stream.

    """
    found = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not found:
        kinds = sorted({stream.type for stream in container.streams})
        raise InputError(f"{path}: has no video stream; it holds {', '.join(kinds) or 'no streams'}")
    if not 0 <= number < len(found):
        raise InputError(f"{path}: has no video stream {number}; it has {len(found)}, counted from 0")
    return found[number]
