"""The checksums of FFV1, which FFmpeg's decoder verifies but reports in its log alone.

Source: RFC 9043, sections 4.5 and 4.9: in version 3 every slice ends with its size in 24 bits and, where the stream
carries checksums, an error status and a CRC-32 (polynomial 0x04C11DB7, initial value 0) that makes the remainder of
the whole slice 0.
"""

from __future__ import annotations

import zlib

_FOOTER = 8
# zlib takes bits from the other end of a byte and starts from all ones; so bytes are mirrored and the start undone.
_MIRROR = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_START = 0xFFFFFFFF


class SliceChecksums:
    """Verifies the packets of one FFV1 stream.

    Whether a stream carries checksums is learned from the first packet that proves it.
    """

    def __init__(self) -> None:
        self._proven = False
        self._suspects = 0

    def damaged(self, packet: bytes) -> int:
        """Return how many more packets are now known to be damaged: 1, or all suspects once checksums are proven."""
        if _intact(packet):
            self._proven, found = True, self._suspects
            self._suspects = 0
            return found
        if self._proven:
            return 1
        self._suspects += 1
        return 0


def _intact(data: bytes) -> bool:
    """Whether every slice of a packet has its right checksum."""
    end = len(data)
    mirrored = data.translate(_MIRROR)
    while end > 0:
        size = int.from_bytes(data[end - _FOOTER : end - _FOOTER + 3], "big") + _FOOTER
        if end < _FOOTER or size > end or zlib.crc32(memoryview(mirrored)[end - size : end], _START) != _START:
            return False
        end -= size
    return bool(data)
