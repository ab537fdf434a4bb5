"""The Python front door: `render` a file, `open` a clip."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import dropwhile, takewhile
from typing import overload

from lumaloom.cache import DiskCache, MemoryCache
from lumaloom.composition import Engine
from lumaloom.device import Machine
from lumaloom.effect import Effect
from lumaloom.errors import InputError, LumaloomError, counted
from lumaloom.frame import Frame, FrameSpec
from lumaloom.graph import Plan, make_plan
from lumaloom.jobs import CacheEvicted, Progress, RenderRequest, RenderResult, parse_position
from lumaloom.jobs.request import check_kind
from lumaloom.jobs.segments.terms import side_by_side
from lumaloom.jobs.timecode import parse_rate
from lumaloom.media.losses import Losses
from lumaloom.media.reader import Reader
from lumaloom.media.sequence import found
from lumaloom.memory import default_limit, default_pool
from lumaloom.plugins import default_registry
from lumaloom.run import Here, Meter, OtherClips, Workers, run_plan
from lumaloom.services.events import EventBus
from lumaloom.services.pools import Pools
from lumaloom.services.settings import Settings

# A position as people give it: seconds, or text such as `1:02.5` or `37f`.
Time = str | float | Fraction
# Decoders of other clips that stay open.
_OTHERS = 8


def render(
    input: str | os.PathLike[str],  # noqa: A002 - the words of the command line
    output: str | os.PathLike[str],
    effects: Sequence[str | Effect] = (),
    *,
    device: str | None = None,
    threads: int | None = None,
    encoder: str | None = None,
    crf: float | None = None,
    preset: str | None = None,
    pixel_format: str | None = None,
    encoder_options: Mapping[str, str | float] | None = None,
    rate: str | float | Fraction | None = None,
    start: Time | None = None,
    end: Time | None = None,
    overwrite: bool = False,
    best_effort: bool = False,
    dither: bool = False,
    table_error: float = 0.0,
    segments: float | None = None,
    jobs: int | None = None,
    fuse: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    events: EventBus | None = None,
) -> RenderResult:
    """Decode `input`, run every frame through `effects`, encode to `output`.

    Args:
        input: path of a file with video; or of pictures, one a frame, as `shot.%04d.png`, whose first number is found,
            or `shots/*.png`, in natural order.
        output: path of the result, its extension chooses the container; `null` throws the frames away.
        effects: in order; effects, or text such as `blur sigma=5`.
        device: `auto`, `cpu` or `cuda`; None for what the settings say.
        threads: for decoding, effects and encoding each; None for what the settings say, usually their shares of
            the cores. The result does not depend on it where the encoder's does not.
        encoder: such as `h264`, `hevc`, `av1`, `ffv1`; None for the container's usual one.
        crf: quality on the encoder's own scale.
        preset: the encoder's speed preset.
        pixel_format: what is encoded, by FFmpeg's name, such as `yuv420p`, which every player takes; None for what
            keeps most of the pictures.
        encoder_options: further options, by the encoder's own names.
        rate: frames per second of such pictures, as 25, "23.976" or "24000/1001"; None for 25.
        start: where to start, inclusive: seconds, or text such as `1:02.5` or `37f`.
        end: where to end, exclusive.
        overwrite: replace an output that exists.
        best_effort: render what is readable of a damaged input instead of failing.
        dither: hide the steps where frames lose depth, as from 10 bits to 8, by an ordered pattern.
        table_error: levels of 255 that costly runs of colour effects may be off, looked up in a cube instead of
            computed; `lumaloom render --dry-run --explain` prints how far they are. 0 computes them.
        segments: seconds of a segment of the output. Finished ones are kept in the disk cache, as far as its limit
            allows: a render that was killed, or one that is changed, makes only those that are not there. The encoder
            starts anew in each: rates are controlled within it, and files grow by its first picture. None renders the
            whole straight to the output.
        jobs: segments that are made at a time, each in a process of its own with its part of the cores, or where the
            setting `executor` says; None for what the settings say, usually one. The script then needs
            `if __name__ == "__main__":` around what it does. It pays in long renders that leave cores idle; those
            whose effects and encoder keep all cores busy gain little. Where an encoder's packets depend on its
            threads, as those of x264 do, segments made with other `jobs` are not taken for these.
        fuse: do neighbouring pointwise effects in one pass; False makes each a pass of its own, to see what fusing
            gives and to find an effect that fails or is slow. The result is the same but for float32's rounding.
        on_progress: called from this thread about ten times a second; what it raises ends the render.
        cancel: set it from another thread to stop; the output is removed.
        events: an `EventBus` of `lumaloom.services.events`, whose subscribers are told what happens;
            `lumaloom.jobs` has the events.

    Returns:
        Counts, times per stage, losses and warnings.

    Raises:
        LumaloomError: one line says what was expected, what came, and the mend; no output is left behind.
    """
    request = RenderRequest(
        input=input,
        output=output,
        effects=effects,
        device=device,
        threads=threads,
        encoder=encoder,
        crf=crf,
        preset=preset,
        pixel_format=pixel_format,
        encoder_options=encoder_options or {},
        rate=rate,
        start=None if start is None else parse_position(start, "start"),
        end=None if end is None else parse_position(end, "end"),
        overwrite=overwrite,
        best_effort=best_effort,
        dither=dither,
        table_error=table_error,
        segments=segments,
        fuse=fuse,
    )
    settings = side_by_side(jobs, segments, {})
    with Engine(settings=settings, events=events) as engine:
        return engine.render(request, on_progress=on_progress, cancel=cancel)


def open(  # noqa: A001
    path: str | os.PathLike[str],
    *,
    rate: str | float | Fraction | None = None,
    device: str | None = None,
    threads: int | None = None,
    best_effort: bool = False,
    events: EventBus | None = None,
) -> Clip:
    """Open a video for frame-exact access; its index is built once, without decoding, and kept.

    Args:
        path: of a file with video, or of pictures, as `shot.%04d.png` and `shots/*.png`.
        rate: frames per second of such pictures, as 25, "23.976" or "24000/1001"; None for 25.
        device: `auto`, `cpu` or `cuda`; None for what the settings say.
        threads: of the decoder; None for what the settings say, usually one per core.
        best_effort: give what is readable of a damaged file, `Clip.losses` counts the rest; instead of failing at what
            is cut off, and at frames that are damaged.
        events: a bus whose subscribers are told what happens until the clip is closed.

    Raises:
        InputError: the file can't be read, or it is cut off and `best_effort` is off.
        DeviceError: `cuda` was asked for and can't be used.
        UsageError: an argument of another kind.
    """
    for name, value in (("path", path), ("device", device), ("threads", threads)):
        if name == "path" or value is not None:
            check_kind(name, value)
    engine = Engine(events=events)
    try:
        settings = engine.get(Settings)
        chosen = engine.get(Machine).choose(device or settings.device)
        threads = settings.threads if threads is None else threads
        reader = Reader(
            found(path, None if rate is None else parse_rate(rate)),
            threads=threads,
            best_effort=best_effort,
            store=engine.get(DiskCache),
            kept=settings.frame_cache,
            on_evict=_told(engine, "frames"),
        )
        others = OtherClips(threads, engine.get(DiskCache), kept=int(settings.frame_cache) // 4, most=_OTHERS)
        return Clip(_Opened(engine, reader, others, int(settings.frame_cache)), range(len(reader)), (), chosen)
    except BaseException:
        engine.close()
        raise


def _told(engine: Engine, cache: str) -> Callable[[int, int], None]:
    events = engine.get(EventBus)
    return lambda entries, nbytes: events.emit(CacheEvicted(cache=cache, entries=entries, nbytes=nbytes))


class _Opened:
    """What all clips on one file share: the reader, pictures that were made of its frames, and an engine for both.

    Attributes:
        reader: gives the frames.
        others: reads other clips that effects lay over them.
        previews: frames by their numbers, the first of those numbers for the effects, and the effects.
        workers: for many frames.
        ahead: for the frame that is probably looked at next.
    """

    def __init__(self, engine: Engine, reader: Reader, others: OtherClips, kept: int) -> None:
        self.reader, self.others, self._engine = reader, others, engine
        self.previews: MemoryCache[tuple[int, int, tuple[Effect, ...]], Frame] = MemoryCache(
            min(kept, default_limit() // 4), size=lambda frame: frame.nbytes, on_evict=_told(engine, "previews")
        )
        pools = engine.get(Pools)
        self.workers, self.ahead = pools.cpu.lane("clip"), pools.background.lane("preview", room=1)

    def close(self) -> None:
        self.ahead.close()
        self.reader.close()
        self.others.close()
        self.previews.clear()
        self._engine.close()


class Clip:
    """Frames of a file by number, through a chain of effects. Slices and `apply` give new clips on the same file.

    `len(clip)` frames; `clip[n]` is exact for any n, also in files of variable rate, open GOPs and B-frames;
    iteration renders ahead on all cores. A damaged frame raises InputError; opened with `best_effort` it comes as it
    is, and iteration leaves out what can't be decoded. Effects that look at neighbouring frames look at those of the
    file, so a frame is the same in every slice. For effects time begins at the first frame of the clip that the first
    of them was applied to: `clip[100:].apply("fade")` fades in from frame 100. Close it, or use it in a `with` block.
    """

    def __init__(
        self, opened: _Opened, frames: range, effects: tuple[Effect, ...], device: str, origin: int = 0
    ) -> None:
        self._opened, self._frames, self._effects, self._device = opened, frames, effects, device
        self._origin = origin  # number of the frame at which time begins
        self._plan: Plan | None = None
        self._last: int | None = None
        self._coming: tuple[int, Future[None] | None] = -1, None

    @property
    def plan(self) -> Plan:
        """The steps from the decoder's frames to this clip's."""
        if self._plan is None:
            self._plan = make_plan(self._opened.reader.spec, self._effects, None, self._device)
        return self._plan

    @property
    def spec(self) -> FrameSpec:
        """Format, size and colour of this clip's frames."""
        return self.plan.output

    def __repr__(self) -> str:
        chain = "".join(f" | {effect!r}" for effect in self._effects)
        reader = self._opened.reader
        return f"<Clip of {os.fspath(reader.path)}: {counted(len(self), 'frames')}, {reader.spec}{chain}>"

    @property
    def rate(self) -> Fraction | None:
        """Average frames per second of the file, None where it is unknown; `frame.timing` says when each is shown."""
        return self._opened.reader.index.rate

    @property
    def losses(self) -> Losses:
        """What is damaged of the file, as far as its frames were read."""
        return self._opened.reader.losses

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Clip: ...
    def __getitem__(self, index: int | slice) -> Frame | Clip:
        if isinstance(index, slice):
            return Clip(self._opened, self._frames[index], self._effects, self._device, self._origin)
        try:
            number = self._frames[index]
        except IndexError:
            raise IndexError(f"frame {index} of a clip of {len(self)}") from None
        last, self._last = self._last, number
        following, coming = self._coming
        if following == number and coming is not None and not coming.cancel():
            wait([coming])
        frame = self._preview(number)
        if last is not None and abs(number - last) == 1 and (following := 2 * number - last) in self._frames:
            self._coming = following, self._opened.ahead.offer(self._look_ahead, following)
        return frame

    def _preview(self, number: int) -> Frame:
        """Return a frame by its number in the file, made once; a copy of it stays where it took effects to make."""
        if not self.plan.runs:
            return self._opened.reader.frame(number)
        previews, key = self._opened.previews, (number, self._origin, self._effects)
        kept = previews.get(key)
        if kept is not None:
            return kept.copy(default_pool())
        frame = next(self._rendered(range(number, number + 1), Here()), None)
        if frame is None:
            frame = self._opened.reader.frame(number)  # says why it can't be decoded
        if frame.nbytes <= previews.limit:
            previews.put(key, frame.copy(default_pool()))
        return frame

    def _look_ahead(self, number: int) -> None:
        """Make the frame that comes next when somebody goes through the clip frame by frame."""
        with suppress(LumaloomError):  # whoever asks for it will be told
            self._preview(number)

    def __iter__(self) -> Iterator[Frame]:
        if self._frames.step == 1 or not any(self.plan.window):
            return self._rendered(self._frames, self._opened.workers)
        return self._one_by_one()

    def _one_by_one(self) -> Iterator[Frame]:
        for index in range(len(self)):
            try:
                frame = self[index]
            except InputError:
                if not self._opened.reader.best_effort:
                    raise
                continue
            yield frame

    def _rendered(self, numbers: range, workers: Workers) -> Iterator[Frame]:
        """Yield frames by their numbers in the file; where neighbours count, the numbers are side by side."""
        reader = self._opened.reader
        before, after = self.plan.window
        read = numbers
        if numbers and (before or after):
            read = range(max(numbers.start - before, 0), min(numbers.stop + after, len(reader)))
        timed = map(self._timed, reader.frames(read))
        items = run_plan(
            self.plan,
            timed,
            pool=default_pool(),
            workers=workers,
            limit=64 << 20,
            meter=Meter(),
            others=self._opened.others,
        )
        frames = (item for item in items if isinstance(item, Frame))
        if read == numbers:
            return frames
        # Counting would go wrong where frames are lost.
        first, last = (reader.index.timing(number).pts for number in (numbers.start, numbers.stop - 1))
        return takewhile(lambda frame: frame.pts <= last, dropwhile(lambda frame: frame.pts < first, frames))

    def _timed(self, frame: Frame) -> Frame:
        frame.timing = replace(frame.timing, origin=int(self._opened.reader.index.pts[self._origin]))
        return frame

    def apply(self, *effects: str | Effect) -> Clip:
        """Return a clip whose frames go through `effects` after those it has.

        Times of keyframes count from this clip's first frame; where it has effects, as theirs do.

        Raises:
            UsageError: an unknown effect or bad parameters.
        """
        chain = (*self._effects, *default_registry().create_all(effects))
        origin = self._origin if self._effects or not self._frames else min(self._frames[0], self._frames[-1])
        return Clip(self._opened, self._frames, chain, self._device, origin)

    def close(self) -> None:
        """Close the file, for every clip made from it."""
        self._opened.close()

    def __enter__(self) -> Clip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
