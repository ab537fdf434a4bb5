"""The demuxer's marks of damage, and which of them the video has to fear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumaloom.media.seeking import is_stream_of_recordings

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

# Within how many packets a keyframe shows that a mark of damage is due to a join.
_JOIN_PACKETS = 3


class Marks:
    """Tells whether a packet of one stream is damaged so that the video is.

    Transport streams also have the mark on one of the last packets before a place where recordings were joined.
    Nothing refers to it when a keyframe follows soon.
    """

    def __init__(self, container: InputContainer) -> None:
        self._joins = is_stream_of_recordings(container)
        self._doubtful = 0

    def tell(self, packet: Packet[Stream]) -> bool:
        """Return whether damage is sure with this packet. Call it for every packet, in file order."""
        if not self._joins:
            return packet.is_corrupt
        if packet.is_keyframe:
            self._doubtful = 0
        elif packet.is_corrupt:
            self._doubtful = _JOIN_PACKETS
        elif self._doubtful:
            self._doubtful -= 1
            return not self._doubtful
        return False
