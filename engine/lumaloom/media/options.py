"""How a source is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from lumaloom.cache import DiskCache
from lumaloom.media.opening import MAX_PIXELS


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """How a source is read.

    Attributes:
        best_effort: deliver what is readable of a damaged file and count the losses, rather than raise. Frames are
            then decoded one at a time, which is slower.
        threads: decoding threads, or a function of a picture's width and height that gives them; None for one per
            core.
        start: seconds from the start of the file at which the clip starts, None for its first frame.
        end: seconds from the start of the file at which the clip ends, exclusive, None for its last frame.
        start_frame: first frame, counted from 0, in place of `start`.
        end_frame: frame after the last one, in place of `end`.
        origin: what becomes time 0, in seconds on the clock of the file's own timestamps; None for the first frame
            where there is a start, else for 0 of that clock.
        alone: deliver frames only, and nothing of the streams beside them.
        max_pixels: largest picture that is decoded.
        stream: which of the video streams, counted from 0.
        store: where indexes are kept, which positions by number need; None for the default cache.

    """

    best_effort: bool = False
    threads: int | Callable[[int, int], int] | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    start_frame: int | None = None
    end_frame: int | None = None
    origin: Fraction | None = None
    alone: bool = False
    max_pixels: int = MAX_PIXELS
    stream: int = 0
    store: DiskCache | None = None


# Strict, the whole of the first video stream, one decoding thread per core.
DEFAULTS = SourceOptions()
