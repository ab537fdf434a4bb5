"""Pieces of coded video in files: packets as an encoder made them, and what it said at the end.

A file is records of packets (numbers, side data, bytes), then a line of JSON, then the length of that line in 8 bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from io import SEEK_END
from typing import Any, BinaryIO

from av.packet import Packet, PacketSideData, packet_sidedata_type_from_literal

# pts, dts, duration, flags, items of side data, bytes
_RECORD = struct.Struct("<qqqIIQ")
_ITEM = struct.Struct("<HQ")
_LENGTH = struct.Struct("<Q")
_KEY = 1
_MAGIC = b"lumaloom coded 1\n"
# Notes of encoders on how they fared; no muxer writes them.
_NOTES = frozenset(("quality_stats", "cpb_properties"))


@dataclass(frozen=True, slots=True)
class Coded:
    """What a piece of coded video is.

    Attributes:
        frames: that the encoder took, with those dropped.
        dropped: frames that fell together with the one before.
        packets: how many there are.
        delay: packets that are decoded before the first picture is shown: how far the encoder may reorder.
        extradata: of the stream, in hexadecimal digits.

    """

    frames: int
    dropped: int
    packets: int
    delay: int
    extradata: str


class CodedWriter:
    """Writes packets to an empty file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.packets = self.delay = 0
        self._first = 0
        file.write(_MAGIC)

    def write(self, packet: Packet[Any]) -> None:
        """Append one packet, which has a pts and a dts.

        Raises:
            OSError: the disk is full.

        """
        assert packet.pts is not None
        assert packet.dts is not None
        notes = [(item.data_type, bytes(item)) for item in packet.iter_sidedata() if item.data_type not in _NOTES]
        flags = _KEY * packet.is_keyframe
        times = packet.pts, packet.dts, packet.duration or 0
        self._file.write(_RECORD.pack(*times, flags, len(notes), packet.size))
        for name, data in notes:
            self._file.write(_ITEM.pack(len(name), len(data)) + name.encode() + data)
        self._file.write(packet)
        self._first = packet.pts if self.packets == 0 else self._first
        self.delay += packet.dts < self._first
        self.packets += 1

    def finish(self, said: Coded) -> None:
        """Write what the encoder said."""
        line = json.dumps(asdict(said)).encode()
        self._file.write(line + _LENGTH.pack(len(line)))


def said(file: BinaryIO) -> Coded:
    """Return what the encoder said at the end of a file."""
    file.seek(-_LENGTH.size, SEEK_END)
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    file.seek(-_LENGTH.size - length, SEEK_END)
    return Coded(**json.loads(file.read(length)))


def packets(file: BinaryIO, time_base: Fraction) -> Iterator[Packet[Any]]:
    """Yield the packets of a file, which belong to no stream; their times are in `time_base`."""
    count = said(file).packets
    file.seek(len(_MAGIC))
    for _ in range(count):
        pts, dts, duration, flags, items, size = _RECORD.unpack(file.read(_RECORD.size))
        notes = [_note(file) for _ in range(items)]
        packet: Packet[Any] = Packet(file.read(size))
        packet.pts, packet.dts, packet.duration, packet.time_base = pts, dts, duration, time_base
        packet.is_keyframe = bool(flags & _KEY)  # PyAV lets no other flag be set
        for note in notes:
            packet.set_sidedata(note)
        yield packet


def _note(file: BinaryIO) -> PacketSideData:
    length, size = _ITEM.unpack(file.read(_ITEM.size))
    name: Any = file.read(length).decode()
    note: Any = PacketSideData
    made: PacketSideData = note(packet_sidedata_type_from_literal(name), size)
    made.update(file.read(size))
    return made
