"""Frame indexes kept on disk: a long file is read through once, not once a run."""

from __future__ import annotations

import json
import os
from fractions import Fraction

import av
import numpy as np

from lumaloom.cache import DiskCache, default_disk_cache, file_key
from lumaloom.media.index import FrameIndex
from lumaloom.media.opening import MAX_PIXELS

_FORM = "frame index 1"
_ARRAYS = ("pts", "durations", "keys", "stamps")


def stored_index(
    path: str | os.PathLike[str], *, stream: int = 0, max_pixels: int = MAX_PIXELS, store: DiskCache | None = None
) -> FrameIndex:
    """Return `FrameIndex.build` of a file, from the cache where the file has not changed since.

    Args:
        path: of the file.
        stream: which of its video streams.
        max_pixels: largest picture that is decoded.
        store: the cache; None for the default one.

    Raises:
        InputError: as `FrameIndex.build` does.

    """
    what = (_FORM, path, av.__version__, stream, max_pixels)
    key, store = file_key(*what), store or default_disk_cache()
    kept = store.get(key) if key else None
    if kept is not None:
        return unpacked(kept)
    index = FrameIndex.build(path, stream=stream, max_pixels=max_pixels)
    if key and key == file_key(*what):  # the file did not change meanwhile
        store.put(key, packed(index))
    return index


def packed(index: FrameIndex) -> bytes:
    """Return an index as bytes: a line of JSON, then the arrays as little-endian int64."""
    head = {
        "time_base": str(index.time_base),
        "rate": index.rate and str(index.rate),
        "seekable": index.seekable,
        "counts": [len(getattr(index, name)) for name in _ARRAYS],
    }
    arrays = b"".join(np.asarray(getattr(index, name), "<i8").tobytes() for name in _ARRAYS)
    return json.dumps(head).encode() + b"\n" + arrays


def unpacked(data: bytes) -> FrameIndex:
    """Return the index that `packed` made these bytes of."""
    line, _, rest = data.partition(b"\n")
    head = json.loads(line)
    numbers = np.frombuffer(rest, "<i8").astype(np.int64)
    parts = dict(zip(_ARRAYS, np.split(numbers, np.cumsum(head["counts"])[:-1]), strict=True))
    rate = Fraction(head["rate"]) if head["rate"] else None
    return FrameIndex(Fraction(head["time_base"]), rate, seekable=head["seekable"], **parts)
