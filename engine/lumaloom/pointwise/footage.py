"""Other clips as inputs of pointwise effects: what a plan knows of one, and a frame of it as tables.

Who reads them lies above: a run gets, beside each of its frames, the frames of other clips that are shown with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

import numpy as np

from lumaloom.errors import ParameterError
from lumaloom.frame import FORMATS, Frame, FrameSpec, Matrix, Range, Transfer
from lumaloom.frame.layout import turned
from lumaloom.pointwise.laying import WHITE, Lie, Samples, closed, laid, new_table, planes_of, recoded
from lumaloom.pointwise.spaces import Coding

ENDS = ("hold", "loop", "none")
"""What a text parameter `after` may say: what is shown once the clip is over."""

_KEPT = 2


@dataclass(frozen=True)
class Footage:
    """Another clip as an input of an effect, as it was when the plan was made; equal ones are read once.

    Attributes:
        path: of the file.
        spec: of all its frames.
        start: seconds into it at which the first frame rendered finds it; below 0 it begins that much later.
        after: one of `ENDS`.
        owner: effect and parameter, for messages.
    """

    path: Path
    spec: FrameSpec
    start: Fraction
    after: str
    owner: str = field(compare=False)

    def __str__(self) -> str:
        turn = f", turned by {self.spec.rotation} degrees" if self.spec.rotation else ""
        return f"{self.path}: {self.spec}{turn}, from {float(self.start):g} s on, then {self.after}"

    @property
    def may_be_absent(self) -> bool:
        """Whether there are times at which nothing of it is shown."""
        return self.after == "none" or self.start < 0

    def refuse(self, what: str) -> NoReturn:
        """Raise the error of what is wrong with it.

        Raises:
            ParameterError: always.
        """
        raise ParameterError(f"{self.owner} {str(self.path)!r}: {what}")

    def check(self, spec: FrameSpec) -> None:
        """See whether it can lie on frames of `spec`.

        Raises:
            ParameterError: it is coded for light that theirs can't be compared with.
        """
        own, theirs = self.spec.colour.transfer, Coding.of(spec).transfer
        if own in WHITE and own is not theirs:
            self.refuse(
                f"is coded by {own.name}, the frames by {theirs.name}; make them alike, by hdr2sdr for instance"
            )


@dataclass(frozen=True)
class Moving:
    """A clip and how it lies on frames: a table of the compiled code that is another one for every frame."""

    footage: Footage
    fit: str
    anchor: str
    transfer: Transfer | None

    @classmethod
    def on(cls, footage: Footage, lie: Lie, coding: Coding) -> Moving:
        """Return how a clip lies on frames of a coding: as it is coded, or, on HDR frames, recoded from SDR."""
        recodes = coding.transfer in WHITE and footage.spec.colour.transfer not in WHITE
        return cls(footage, lie.fit, lie.anchor, coding.transfer if recodes else None)

    def __repr__(self) -> str:
        return "picture"  # code does not depend on what is in it

    @property
    def lie(self) -> Lie:
        """How it lies, without numbers."""
        return Lie(self.fit, self.anchor)

    @property
    def channels(self) -> int:
        """How many its tables have."""
        see_through = self.footage.spec.format.has_alpha or self.lie.leaves_room or self.footage.may_be_absent
        return 4 if see_through else 3

    @property
    def bits(self) -> int:
        """Of a sample of its tables."""
        return 16 if self.footage.spec.format.depth > 8 or self.transfer is not None else 8

    def __call__(self, *numbers: float) -> Samples:
        """Return samples of any kind, for who looks into how exact code is; frames get theirs by `of`."""
        dtype = np.dtype(f"u{self.bits // 8}")
        return np.random.default_rng(0).integers(0, 1 << self.bits, (64, self.channels, 64), dtype)

    def of(self, beside: Beside, width: float, height: float, *numbers: float) -> Samples:
        """Return the table for a frame, by what is shown beside it.

        Raises:
            ParameterError: nobody says what is.
        """
        size = int(width), int(height)
        if self.footage not in beside:
            self.footage.refuse("is a video, which only renders and clips read; this effect was called by itself")
        shown = beside[self.footage]
        if shown is None:
            return _nothing(size, self.channels, self.bits)
        return shown.table(self, size, *map(int, numbers))


@lru_cache(_KEPT)
def _nothing(size: tuple[int, int], channels: int, bits: int) -> Samples:
    table = new_table(size, channels, f"u{bits // 8}")
    table[...] = 0
    return table


class Shown:
    """A decoded frame of a clip, and the tables that were made of it; safe to use from several threads.

    Args:
        frame: of `Footage.spec`.
        convert: writes every sample of a frame, planar RGB of full range, from one of the same size.
    """

    def __init__(self, frame: Frame, convert: Callable[[Frame, Frame], None]) -> None:
        self._frame, self._convert = frame, convert
        self._lock = threading.Lock()
        self._tables: dict[object, Samples] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the frame; of tables there are only those of the frames that are worked on."""
        return self._frame.nbytes

    def table(self, how: Moving, size: tuple[int, int], *numbers: int) -> Samples:
        """Return the table for frames of a width and height; the same object for the same words, while it is kept."""
        with self._lock:
            key = (how, size, numbers)
            if key not in self._tables:
                while len(self._tables) >= _KEPT:
                    del self._tables[next(iter(self._tables))]
                self._tables[key] = self._laid(how, size, numbers)
            return self._tables[key]

    def _laid(self, how: Moving, size: tuple[int, int], numbers: tuple[int, ...]) -> Samples:
        own, table = self._own(how.channels)
        lie, (x, y, width) = how.lie, numbers
        moved = lie.leaves_room and (x, y) != (0, 0)
        scaled = own != size or (lie.fit == "none" and width not in (0, own[0]))
        if how.transfer is None and not moved and not scaled:
            return closed(table, size)
        planes = planes_of(table, own)[: 4 if self._frame.format.has_alpha else 3]
        if how.transfer is not None:
            planes = recoded(planes, how.transfer)
        made = laid(planes, lie, size, (x, y, width), how.footage.refuse)
        return made if made.shape[1] == how.channels else _opaque(made, size)

    def _own(self, channels: int) -> tuple[tuple[int, int], Samples]:
        """Return the frame's width and height, upright, and its samples in a table of them."""
        spec, frame = self._frame.spec, self._frame
        own = (spec.width, spec.height) if spec.rotation % 180 == 0 else (spec.height, spec.width)
        deep = spec.format.depth > 8
        table = new_table(own, channels, np.uint16 if deep else np.uint8)
        planes = dict(zip("rgba", planes_of(table, own), strict=False))
        if channels == 4 and not spec.format.has_alpha:
            planes["a"][...] = np.iinfo(table.dtype).max
        fmt = FORMATS[f"gbr{'a' * spec.format.has_alpha}p{'16le' * deep}"]
        after = replace(spec, format=fmt, colour=replace(spec.colour, matrix=Matrix.RGB, range=Range.FULL))
        views = tuple(turned(planes[plane.channels], -spec.rotation % 360) for plane in fmt.planes)
        self._convert(frame, Frame(after, views, frame.timing))
        return own, table


def _opaque(table: Samples, size: tuple[int, int]) -> Samples:
    """Return a table of three channels with opacity as its fourth."""
    whole = new_table(size, 4, table.dtype)
    whole[:, :3], whole[:, 3] = table, np.iinfo(table.dtype).max
    return whole


Beside = Mapping[Footage, Shown | None]
"""What is shown of other clips with a frame; None where nothing is."""

NOTHING: Beside = MappingProxyType({})
