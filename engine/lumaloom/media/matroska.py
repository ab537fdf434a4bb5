"""The shape of the picture in a Matroska file.

FFmpeg's muxer takes it from a field of the stream that PyAV does not reach. So room is made in the track's entry
by a name of blanks, and the display size is put there once the file is closed; nothing moves, so every position
that the file holds stays right.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

_SEGMENT, _TRACKS, _CLUSTER = 0x18538067, 0x1654AE6B, 0x1F43B675
_ENTRY, _TYPE, _NAME, _VIDEO, _CRC, _VOID = 0xAE, 0x83, 0x536E, 0xE0, 0xBF, 0xEC
_WIDTH, _HEIGHT, _UNIT = 0x54B0, 0x54BA, 0x54B2
_ASPECT_RATIO = 3  # A display size in this unit is a ratio.

# Blanks at the end of the track's name: enough for three numbers and for two sizes that grow by a byte.
ROOM = " " * 40


def set_shape(path: Path, width: int, height: int, sar: Fraction, *, ratio: bool) -> None:
    """Put the display size of the first video track where the blanks at the end of its name are.

    Args:
        path: a closed Matroska file whose first video track has a name that ends with `ROOM`.
        width: of the picture in samples.
        height: of the picture in rows.
        sar: sample aspect ratio.
        ratio: write the exact ratio, which WebM lacks; else a size in whole pixels.

    Raises:
        ValueError: the file is laid out otherwise.

    """
    shape = Fraction(width, height) * sar
    size = (shape.numerator, shape.denominator) if ratio else (max(round(width * sar), 1), height)
    numbers = [(_WIDTH, size[0]), (_HEIGHT, size[1]), *([(_UNIT, _ASPECT_RATIO)] if ratio else [])]
    with path.open("r+b") as file:
        start, end = _find_tracks(file.fileno())
        file.seek(start)
        old = file.read(end - start)
        new = _reshaped(old, numbers)
        if len(new) != len(old):
            raise ValueError("the track entry changed its length")
        file.seek(start)
        file.write(new)
        file.flush()


def _find_tracks(handle: int) -> tuple[int, int]:
    """Return where the content of the Tracks element starts and ends."""
    position, limit = 0, os.fstat(handle).st_size
    while position < limit:
        head = os.pread(handle, 16, position)
        kind, at = _kind(head, 0)
        length, at = _length(head, at)
        if kind == _TRACKS and length is not None:
            return position + at, position + at + length
        if kind == _CLUSTER or (length is None and kind != _SEGMENT):
            break
        position += at if kind == _SEGMENT or length is None else at + length
    raise ValueError("no tracks before the first cluster")


def _reshaped(tracks: bytes, numbers: list[tuple[int, int]]) -> bytes:
    """Return the content of Tracks, as long as before, with the display size in the first video track."""
    checksum, parts, done = b"", [], False
    for kind, head, content in _elements(tracks):
        if kind == _CRC:
            checksum = head
            continue
        if kind == _ENTRY and not done and (_TYPE, b"\1") in [(k, value) for k, _, value in _elements(content)]:
            content, done = _entry(content, numbers), True
        parts.append(head + content)
    if not done:
        raise ValueError("no video track")
    body = b"".join(parts)
    return checksum + struct.pack("<I", zlib.crc32(body)) + body if checksum else body


def _entry(content: bytes, numbers: list[tuple[int, int]]) -> bytes:
    """Return a track entry of the same length with the blanks of its name given to the display size."""
    parts = []
    for kind, head, value in _elements(content):
        if kind == _NAME:
            name = value.rstrip(b" ")
            parts.append(_raw(kind, name) if name else b"")
        elif kind == _VIDEO:
            kept = [h + v for k, h, v in _elements(value) if k not in (_WIDTH, _HEIGHT, _UNIT)]
            kept += [_raw(k, v.to_bytes((v.bit_length() + 7) // 8)) for k, v in numbers]
            parts.append(_raw(kind, b"".join(kept)))
        else:
            parts.append(head + value)
    body = b"".join(parts)
    spare = len(content) - len(body)
    if not 2 <= spare <= 120:
        raise ValueError("no room in the track entry")
    return body + _raw(_VOID, bytes(spare - 2))


def _elements(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the identity of every element, its head as it stands there, and its content."""
    position = 0
    while position < len(content):
        kind, at = _kind(content, position)
        length, at = _length(content, at)
        if length is None or at + length > len(content):
            raise ValueError("an element without an end")
        yield kind, content[position:at], content[at : at + length]
        position = at + length


def _raw(kind: int, value: bytes) -> bytes:
    """Write an element with the shortest length."""
    octets = next(n for n in range(1, 9) if len(value) < (1 << 7 * n) - 1)
    head = kind.to_bytes((kind.bit_length() + 7) // 8)
    return head + (len(value) | 1 << 7 * octets).to_bytes(octets) + value


def _kind(data: bytes, position: int) -> tuple[int, int]:
    """Read an element's identity, marker included, and the position after it."""
    octets = _octets(data, position, 4)
    return int.from_bytes(data[position : position + octets]), position + octets


def _length(data: bytes, position: int) -> tuple[int | None, int]:
    """Read a length, None for an unknown one, and the position after it."""
    octets = _octets(data, position, 8)
    value = int.from_bytes(data[position : position + octets]) & ~(1 << 7 * octets)
    return (None if value == (1 << 7 * octets) - 1 else value), position + octets


def _octets(data: bytes, position: int, most: int) -> int:
    octets = 9 - data[position].bit_length() if position < len(data) else 9
    if octets > most:
        raise ValueError("no EBML number")
    return octets
