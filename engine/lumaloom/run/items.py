"""Sizes and kinds of what flows along the path."""

from __future__ import annotations

from dataclasses import dataclass

from lumaloom.frame import Frame
from lumaloom.media.source import Item

__all__ = ["Item", "Window", "is_packet", "size_of"]


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


def size_of(item: Item | Window) -> int:
    """Bytes of an item."""
    return item.nbytes if isinstance(item, (Frame, Window)) else item.size


def is_packet(item: Item | Window) -> bool:
    """Whether the item is no frame, so that it passes through."""
    return not isinstance(item, (Frame, Window))
