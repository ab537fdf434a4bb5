"""Other clips beside the frames: read in step with them, each frame of theirs by its time."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from fractions import Fraction
from math import floor, inf
from types import TracebackType
from typing import Any, Self

import numpy as np

from lumaloom.cache import DiskCache
from lumaloom.errors import InputError, ParameterError, UsageError
from lumaloom.frame import Frame, Timing
from lumaloom.graph import Run
from lumaloom.graph.clips import said
from lumaloom.media.index import FrameIndex
from lumaloom.media.reader import Reader
from lumaloom.pointwise.footage import Beside, Footage, Opacity, Shown
from lumaloom.pointwise.program import program
from lumaloom.pointwise.stage import Stage
from lumaloom.run.items import Accompanied, Item, Window, is_packet, taken_apart
from lumaloom.run.meter import Meter

# By how much timestamps may be off that Matroska rounds to milliseconds: each one, and the first that they count from.
_SLACK = Fraction(2, 1000)
# So many frames further decoding goes on; a seek costs more.
_STEPS = 32


class OtherClips:
    """The clips that a plan's effects read beside its frames: opened when first needed, each run with its own decoder.

    Safe to use from several threads.

    Args:
        threads: of each decoder; None for one per core.
        store: where indexes are kept; None for the default cache.
        kept: bytes of frames that each keeps for going back to.
        most: decoders that are open at once; the one that was not needed for longest is closed for another.
    """

    def __init__(
        self,
        threads: int | None = None,
        store: DiskCache | None = None,
        *,
        kept: int = 0,
        most: float = inf,
    ) -> None:
        self._words: dict[str, Any] = {"threads": threads, "store": store, "kept": kept}
        self._most = most
        self._playing: dict[tuple[int, Footage], _Playing] = {}
        self._lock, self._closed = threading.Lock(), False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; nothing can be read any more."""
        with self._lock:
            self._closed = True
            playing = list(self._playing.values())
            self._playing.clear()
        for each in playing:
            each.close()

    def at(self, timing: Timing, clips: Iterable[Footage], run: int = 0) -> Beside:
        """Return what is shown of clips with a frame of the run that has this number.

        Raises:
            ParameterError: a file can't be read or is damaged; names effect, parameter and file.
        """
        return {clip: self._shown(timing, clip, run) for clip in clips}

    def _shown(self, timing: Timing, clip: Footage, run: int) -> Shown | None:
        while True:
            with suppress(_ClosedError):  # another thread needed its place meanwhile
                return self._opened(clip, run).at(timing)

    def _opened(self, clip: Footage, run: int) -> _Playing:
        with self._lock:
            if self._closed:
                raise UsageError(f"{clip.path}: is closed, with the clip that it lies over; open that again")
            found = self._playing.pop((run, clip), None) or _Playing(clip, self._words)
            self._playing[run, clip] = found  # the last one
            dropped = [self._playing.pop(next(iter(self._playing)))] if len(self._playing) > self._most else []
        for each in dropped:
            each.close()
        return found


class _ClosedError(Exception):
    """A clip that was closed before it was asked."""


class _Playing:
    """One clip that is read on, by time."""

    def __init__(self, clip: Footage, words: dict[str, Any]) -> None:
        self._clip, self._lock = clip, threading.Lock()
        try:
            self._reader = Reader(clip.path, **words)
        except InputError as problem:
            raise self._refusal(problem) from None
        self._last: tuple[int, Shown] | None = None
        self._closed = False

    def close(self) -> None:
        with self._lock:
            self._last, self._closed = None, True
            self._reader.close()

    def at(self, timing: Timing) -> Shown | None:
        """Return the frame that is shown at a time, the same object while it is shown; None where none is.

        Raises:
            _ClosedError: it is.
        """
        number = number_at(timing, self._clip, self._reader.index)
        if number is None:
            return None
        with self._lock:
            if self._closed:
                raise _ClosedError
            if self._last is None or self._last[0] != number:
                self._last = number, Shown(self._frame(number), planar)
            return self._last[1]

    def _frame(self, number: int) -> Frame:
        last = -1 if self._last is None else self._last[0]
        begin = last + 1 if last < number <= last + _STEPS else number
        self._last = None
        try:
            for each in range(begin, number + 1):
                frame = self._reader.frame(each)
        except InputError as problem:
            raise self._refusal(problem) from None
        if frame.spec.shapes != self._clip.spec.shapes or frame.format is not self._clip.spec.format:
            self._clip.refuse("changed while it was read")
        return frame

    def _refusal(self, problem: InputError) -> ParameterError:
        return ParameterError(said(problem, self._clip.owner, str(self._clip.path)))


def number_at(timing: Timing, clip: Footage, index: FrameIndex) -> int | None:
    """Return the number of the clip's frame that is shown at a time, None where none is.

    Time 0 is that of the first frame of both. Times that differ by less than timestamps can tell are the same.
    """
    base, first = index.time_base, int(index.pts[0])
    now = timing.elapsed + clip.start + min(timing.time_base + base, _SLACK)
    length = max(int(index.pts[-1]) + int(index.durations[-1]) - first, 1) * base
    if now < 0 or (now >= length and clip.after == "none"):
        return None
    if now >= length and clip.after == "loop":
        now %= length
    return int(np.searchsorted(index.pts, first + floor(now / base), side="right")) - 1


def planar(frame: Frame, out: Frame, opacity: Opacity) -> None:
    """Write every sample of a frame from one of the same size, with what becomes of its colours: see `Shown`."""
    stages = _STAGES[opacity]
    program(stages, frame.spec, out.spec).run(stages, frame, out)


def _multiplied(r: Any, g: Any, b: Any, alpha: Any) -> Any:
    return r * alpha, g * alpha, b * alpha, alpha


def _divided(r: Any, g: Any, b: Any, alpha: Any) -> Any:
    share = 1 / np.maximum(alpha, 1e-6)
    return r * share, g * share, b * share, alpha


_STAGES: dict[Opacity, tuple[Stage, ...]] = {
    "kept": (),
    "multiplied": (Stage("multiplied", _multiplied, "rgb", True, (), {}, {}),),
    "divided": (Stage("divided", _divided, "rgb", True, (), {}, {}),),
}


def accompanied(
    items: Iterable[Item | Window], run: Run, number: int, others: OtherClips, meter: Meter
) -> Generator[Item | Accompanied, None, None]:
    """Yield the items, every frame with what is shown beside it. Closing the generator closes `items`.

    Args:
        items: frames, with neighbours or without, and packets.
        run: says which clips are needed.
        number: of the run among those that share `others`.
        others: reads them.
        meter: gets the time that it takes as `decode beside`.

    Raises:
        ParameterError: as `OtherClips.at` does.
    """
    try:
        for item in items:
            if isinstance(item, (Frame, Window)):
                frame, _, _ = taken_apart(item)
                with meter.stage("decode beside"):
                    beside = others.at(frame.timing, run.clips, number)
                yield Accompanied(item, beside)
                del frame, beside
            elif is_packet(item):
                yield item
            del item
    finally:
        if isinstance(items, Generator):
            items.close()
