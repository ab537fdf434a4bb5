"""Colour lookup files of every kind, read once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lumaloom_effects._lut import Lut, check_regular, refuse
from lumaloom_effects._lut_3dl import read_3dl
from lumaloom_effects._lut_cube import read_cube
from lumaloom_effects._lut_hald import read_hald

_READERS = {".cube": read_cube, ".3dl": read_3dl, ".png": read_hald}


def read_lut(name: str) -> Lut:
    """Read a `.cube`, `.3dl` or Hald CLUT `.png` file; the same file is read once until it changes.

    Raises:
        ParameterError: it can't be read, or is none of these.

    """
    path = Path(name)
    if path.suffix.lower() not in _READERS:
        refuse(path, "expected a file that ends with .cube, .3dl or .png")
    size = check_regular(path)
    return _read(path, size, path.stat().st_mtime_ns)


@lru_cache(8)
def _read(path: Path, size: int, changed: int) -> Lut:
    # Size and time of change are there to be part of the key.
    return _READERS[path.suffix.lower()](path)
