"""What the first bytes of a packet tell without decoding it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from av.packet import Packet

_START_CODE = re.compile(b"\0\0\1")
_IDR = 5


def starts_afresh(packet: bytes, extradata: bytes | None) -> bool:
    """Whether an H.264 packet is an IDR picture, after which nothing refers to what came before.

    `extradata` says whether units have a length in front, as in MP4, or start codes (ITU-T H.264, 7.4.1 and Annex B;
    ISO/IEC 14496-15, 5.3.3).
    """
    return any(unit & 31 == _IDR for unit in _unit_heads(packet, extradata))


def _unit_heads(packet: bytes, extradata: bytes | None) -> Iterator[int]:
    """Yield the first byte of every unit."""
    if not extradata or extradata[0] != 1 or len(extradata) < 5:
        for match in _START_CODE.finditer(packet):
            yield from packet[match.end() : match.end() + 1]
        return
    size, position = (extradata[4] & 3) + 1, 0
    while position + size < len(packet):
        yield packet[position + size]
        position += size + int.from_bytes(packet[position : position + size], "big")


def _hidden_vp8(packet: Packet[Any]) -> bool:
    """Whether a VP8 frame only serves as a reference: bit 4 of its first byte, RFC 6386 section 9.1."""
    return not bytes(packet)[0] & 0x10


def _hidden_vp9(packet: Packet[Any]) -> bool:
    """Whether a VP9 packet shows nothing: its header ends in show_frame, unless an existing frame is shown."""
    data = bytes(packet)
    if data[-1] & 0xE0 == 0xC0:
        # A superframe carries hidden frames along with the one it shows.
        return False
    profile = data[0] >> 5 & 1 | data[0] >> 3 & 2
    shift = 3 if profile < 3 else 2
    shows_existing, shown = data[0] >> shift & 1, data[0] >> (shift - 2) & 1
    return not (shows_existing or shown)


# By codec: whether a packet is decoded, but not shown.
HIDDEN: dict[str, Callable[[Packet[Any]], bool]] = {"vp8": _hidden_vp8, "vp9": _hidden_vp9}
