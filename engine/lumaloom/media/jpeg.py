"""Whether a JPEG file is whole: FFmpeg fills in what is missing of the last rows without an error.

Source: ITU-T T.81, annex B: segments begin with a marker and their length; between them and the marker of the end lie
the scans, in which a byte of ones is followed by 0 or by the marker of a restart.
"""

from __future__ import annotations

import re

_END, _SCAN = 0xD9, 0xDA
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def is_cut_jpeg(data: bytes) -> bool:
    """Whether the marker of the end is missing. False for what is no JPEG; what follows the end is no matter."""
    if data[:2] != b"\xff\xd8":
        return False
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        kind = data[place + 1]
        if kind == _END:
            return False
        if kind == 0xFF:  # markers may be filled up
            place += 1
            continue
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if kind == _SCAN:
            found = _AFTER_SCAN.search(data, place)
            if found is None:
                return True
            place = found.start()
    return place + 4 > len(data) and data[place : place + 2] != bytes((0xFF, _END))
