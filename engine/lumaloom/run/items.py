"""Sizes and kinds of what flows along the path."""

from __future__ import annotations

from lumaloom.frame import Frame
from lumaloom.media.source import Item

__all__ = ["Item", "is_packet", "size_of"]


def size_of(item: Item) -> int:
    """Bytes of an item."""
    return item.nbytes if isinstance(item, Frame) else item.size


def is_packet(item: Item) -> bool:
    """Whether the item is no frame, so that it passes through."""
    return not isinstance(item, Frame)
