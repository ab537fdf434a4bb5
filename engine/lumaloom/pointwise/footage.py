"""Other clips as inputs of pointwise effects: what a plan knows of one, and a frame of it as tables.

Who reads them lies above: a run gets, beside each of its frames, the frames of other clips that are shown with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NoReturn

import numpy as np

from lumaloom.errors import ParameterError
from lumaloom.frame import FORMATS, Frame, FrameSpec, Matrix, Range, Transfer
from lumaloom.frame.layout import turned
from lumaloom.pointwise.laying import (
    WHITE,
    Box,
    Lie,
    Samples,
    Size,
    closed,
    inner_size,
    laid,
    new_table,
    planes_of,
    recoded,
)
from lumaloom.pointwise.spaces import Coding

Opacity = Literal["kept", "multiplied", "divided"]
"""What becomes of colours: they are as they are, multiplied by opacity, or divided by it."""

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
        fmt = self.footage.spec.format
        return 16 if fmt.depth > 8 or fmt.has_alpha or self.transfer is not None else 8

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
def _nothing(size: Size, channels: int, bits: int) -> Samples:
    table = new_table(size, channels, f"u{bits // 8}")
    table[...] = 0
    return table


class Shown:
    """A decoded frame of a clip, and the tables that were made of it; safe to use from several threads.

    Args:
        frame: of `Footage.spec`.
        convert: writes every sample of a frame, planar RGB of full range, from one of the same size; told what becomes
            of colours.
    """

    def __init__(self, frame: Frame, convert: Callable[[Frame, Frame, Opacity], None]) -> None:
        self._frame, self._convert = frame, convert
        self._lock = threading.Lock()
        self._tables: dict[object, Samples] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the frame; of tables there are only those of the frames that are worked on."""
        return self._frame.nbytes

    def table(self, how: Moving, size: Size, *numbers: int) -> Samples:
        """Return the table for frames of a width and height; the same object for the same words, while it is kept."""
        with self._lock:
            key = (how, size, numbers)
            if key not in self._tables:
                while len(self._tables) >= _KEPT:
                    del self._tables[next(iter(self._tables))]
                self._tables[key] = self._laid(how, size, numbers)
            return self._tables[key]

    def _laid(self, how: Moving, size: Size, numbers: tuple[int, ...]) -> Samples:
        lie, (x, y, width), spec = how.lie, numbers, self._frame.spec
        own = (spec.width, spec.height) if spec.rotation % 180 == 0 else (spec.height, spec.width)
        inner = inner_size(own, lie, size, width, how.footage.refuse)
        recodes = how.transfer is not None
        if inner == own == size and not recodes and not (lie.leaves_room and (x, y) != (0, 0)):
            return self._own(own, how)
        # What is see-through lends no colour to its neighbours.
        multiplied = spec.format.has_alpha and not recodes and inner != own
        table = self._own(own, how, "multiplied" if multiplied else "kept")
        planes = planes_of(table, own)[: 4 if spec.format.has_alpha else 3]
        if how.transfer is not None:
            planes = recoded(planes, how.transfer)
        resize = self._resize if multiplied else None
        made = laid(planes, lie, size, (x, y, width), how.footage.refuse, resize)
        return made if made.shape[1] == how.channels else _opaque(made, size)

    def _own(self, own: Size, how: Moving, opacity: Opacity = "kept") -> Samples:
        """Return the table of the frame, upright, in its own size."""
        spec = self._frame.spec
        table = new_table(own, how.channels, np.uint16 if spec.format.depth > 8 or spec.format.has_alpha else np.uint8)
        planes = planes_of(table, own)
        if how.channels == 4 and not spec.format.has_alpha:
            planes.pop()[...] = np.iinfo(table.dtype).max
        views = [turned(plane, -spec.rotation % 360) for plane in planes]
        self._convert(self._frame, _framed(views, spec), opacity)
        return closed(table, own)

    def _resize(self, planes: Sequence[Samples], size: Size, box: Box, out: Sequence[Samples]) -> None:
        """Resize colours that are multiplied by opacity, and divide them."""
        from lumaloom_kernels import resize

        between = planes_of(new_table(size, 4, planes[0].dtype), size)
        for plane, target in zip(planes, between, strict=True):
            resize(plane, size, "bilinear", box=box, out=target)
        spec = self._frame.spec
        self._convert(_framed(between, spec), _framed(out, spec), "divided")


def _framed(planes: Sequence[Samples], like: FrameSpec) -> Frame:
    """Return planes of red, green, blue, and opacity if there is any, as a frame."""
    fmt = FORMATS[f"gbr{'a' * (len(planes) == 4)}p{'16le' * (planes[0].itemsize == 2)}"]
    height, width = planes[0].shape
    colour = replace(like.colour, matrix=Matrix.RGB, range=Range.FULL)
    spec = replace(like, format=fmt, width=width, height=height, colour=colour)
    return Frame(spec, tuple(planes["rgba".index(plane.channels)] for plane in fmt.planes))


def _opaque(table: Samples, size: Size) -> Samples:
    """Return a table of three channels with opacity as its fourth."""
    whole = new_table(size, 4, table.dtype)
    whole[:, :3], whole[:, 3] = table, np.iinfo(table.dtype).max
    return whole


Beside = Mapping[Footage, Shown | None]
"""What is shown of other clips with a frame; None where nothing is."""

NOTHING: Beside = MappingProxyType({})
