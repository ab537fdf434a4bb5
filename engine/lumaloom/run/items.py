"""Sizes and kinds of what flows along the path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lumaloom.frame import Frame
from lumaloom.media.source import Item
from lumaloom.pointwise.footage import NOTHING, Beside

__all__ = ["Accompanied", "Item", "Window", "is_packet", "size_of", "taken_apart"]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A frame and its neighbours, in order; near the ends the first and the last frame stand more than once.

    Attributes:
        frames: before, at and after the centre.
        centre: the frame that is to be made anew.

    """

    frames: tuple[Frame, ...]
    centre: Frame

    @property
    def nbytes(self) -> int:
        """Bytes that it counts for: its neighbours are other windows' centres."""
        return self.centre.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Accompanied:
    """A frame, with its neighbours or without, and what is shown with it of other clips."""

    item: Frame | Window
    beside: Beside

    @property
    def nbytes(self) -> int:
        """Bytes that it counts for; a frame of another clip counts with every frame that it accompanies."""
        return self.item.nbytes + sum(shown.nbytes for shown in self.beside.values() if shown is not None)


Work = Frame | Window | Accompanied


def size_of(item: Item | Work) -> int:
    """Bytes of an item."""
    return item.nbytes if isinstance(item, Work) else item.size


def is_packet(item: Item | Work) -> bool:
    """Whether the item is no frame, so that it passes through."""
    return not isinstance(item, Work)


def taken_apart(item: Work) -> tuple[Frame, Sequence[Frame], Beside]:
    """Return a frame, those around it, itself among them, if it came with any, and what is shown beside it."""
    inner, beside = (item.item, item.beside) if isinstance(item, Accompanied) else (item, NOTHING)
    return (inner.centre, inner.frames, beside) if isinstance(inner, Window) else (inner, (), beside)
