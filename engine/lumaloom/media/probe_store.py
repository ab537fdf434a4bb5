"""Probes kept on disk: what is in a file is looked up once until the file changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import IntEnum
from fractions import Fraction
from typing import Any

import av

from lumaloom.cache import DiskCache, default_disk_cache, file_key
from lumaloom.frame import ChromaLocation, Colour, Matrix, Primaries, Range, Transfer
from lumaloom.media.info import AudioInfo, ChapterInfo, MediaInfo, StreamInfo, VideoInfo
from lumaloom.media.opening import MAX_PIXELS
from lumaloom.media.probe import probe

# What a probe is made of. Its fields are part of the key: with one more, what was kept without it is not found.
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(MediaInfo, StreamInfo, VideoInfo, AudioInfo, ChapterInfo, Colour),
        *(Matrix, Primaries, Transfer, Range, ChromaLocation, Fraction),
    )
}
_FORM = repr([(name, [f.name for f in fields(kind)]) for name, kind in _KINDS.items() if is_dataclass(kind)])


def stored_probe(
    path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS, store: DiskCache | None = None
) -> MediaInfo:
    """Return `probe` of a file, from the cache where the file has not changed since.

    Args:
        path: of the file.
        max_pixels: largest picture that is decoded.
        store: the cache; None for the default one.

    Raises:
        InputError: as `probe` does.

    """
    what = ("probe 1", path, av.__version__, max_pixels, _FORM)
    key, store = file_key(*what), store or default_disk_cache()
    kept = store.get(key) if key else None
    if kept is not None:
        return replace(unpacked(kept), path=os.fspath(path))
    info = probe(path, max_pixels=max_pixels)
    if key and key == file_key(*what):  # the file did not change meanwhile
        store.put(key, packed(info))
    return info


def packed(info: MediaInfo) -> bytes:
    """Return a probe as JSON, in which a list begins with the name of what it stands for."""
    return json.dumps(_plain(info)).encode()


def unpacked(data: bytes) -> MediaInfo:
    """Return the probe that `packed` made these bytes of."""
    info: MediaInfo = _made(json.loads(data))
    return info


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return [type(value).__name__, {f.name: _plain(getattr(value, f.name)) for f in fields(value)}]
    if isinstance(value, IntEnum):
        return [type(value).__name__, int(value)]
    if isinstance(value, Fraction):
        return ["Fraction", str(value)]
    if isinstance(value, tuple):
        return ["", *map(_plain, value)]
    return dict(value) if isinstance(value, Mapping) else value


def _made(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    name, *rest = value
    if not name:
        return tuple(map(_made, rest))
    kind, given = _KINDS[name], rest[0]
    return kind(**{key: _made(each) for key, each in given.items()}) if isinstance(given, dict) else kind(given)
