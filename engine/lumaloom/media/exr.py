"""Whether an OpenEXR file is whole: FFmpeg gives black where one ends early.

Source: "OpenEXR File Layout" of the Academy Software Foundation: after the header, a table holds the place of every
chunk; a program that writes a file fills it in last.
"""

from __future__ import annotations

import struct

_MAGIC = b"\x76\x2f\x31\x01"
_TILED, _DEEP, _PARTS = 0x200, 0x800, 0x1000
# Rows of a chunk, by the number of the compression.
_ROWS = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}


def is_cut_exr(data: bytes) -> bool:
    """Whether chunks are missing. False for tiles, several parts and deep data, of which nothing is said."""
    if data[:4] != _MAGIC or len(data) < 8:
        return False
    (version,) = struct.unpack_from("<i", data, 4)
    if version & (_TILED | _DEEP | _PARTS):
        return False
    try:
        attributes, place = _header(data)
        _, top, _, bottom = struct.unpack("<4i", attributes["dataWindow"])
        rows = _ROWS[attributes["compression"][0]]
        chunks = struct.unpack_from(f"<{-(-(bottom - top + 1) // rows)}Q", data, place)
        # A chunk begins with its row and its size.
        last = max(chunks)
        (size,) = struct.unpack_from("<i", data, last + 4)
        return bool(min(chunks) == 0 or last + 8 + size > len(data))
    except (struct.error, ValueError, IndexError):
        return True
    except KeyError:
        return False


def _header(data: bytes) -> tuple[dict[str, bytes], int]:
    """Return the attributes and the place after them."""
    found, place = {}, 8
    while data[place] != 0:
        name_end = data.index(0, place)
        kind_end = data.index(0, name_end + 1)
        (size,) = struct.unpack_from("<i", data, kind_end + 1)
        begin, name = kind_end + 5, data[place:name_end].decode(errors="replace")
        if size < 0:
            raise ValueError("a negative size")
        found[name], place = data[begin : begin + size], begin + size
    return found, place + 1
