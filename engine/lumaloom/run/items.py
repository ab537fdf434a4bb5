"""What flows along the path: frames, and between them packets of other streams, which pass through untouched."""

from __future__ import annotations

from typing import TypeAlias

import av

from lumaloom.frame import Frame

Item: TypeAlias = "Frame | av.Packet[av.stream.Stream]"


def size_of(item: Item) -> int:
    """Bytes of an item."""
    return item.nbytes if isinstance(item, Frame) else item.size


def is_packet(item: Item) -> bool:
    """Whether the item is no frame, so that it passes through."""
    return not isinstance(item, Frame)
