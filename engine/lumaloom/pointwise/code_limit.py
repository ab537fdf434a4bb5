"""How much compiled code may lie on disk: what was used longest ago goes first."""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

LIMIT = 256 << 20
"""Bytes of a folder of compiled runs, their text included: about a thousand runs."""

_LEFT = 0.75  # share of the limit that is left, so that not every new run looks for room again


def used(file: Path) -> None:
    """Note that a file was used now."""
    with suppress(OSError):
        os.utime(file)


def keep_within(folder: Path, limit: int = LIMIT) -> None:
    """Delete what was used longest ago if a folder holds more than `limit` bytes; code and its text go together.

    The newest stays whatever its size. What another process deletes or uses meanwhile does no harm: whoever misses
    code compiles it anew.
    """
    sizes: dict[str, int] = defaultdict(int)
    times: dict[str, float] = defaultdict(float)
    files: dict[str, list[Path]] = defaultdict(list)
    for file in folder.iterdir():
        with suppress(OSError):
            status = file.stat()
            sizes[file.stem] += status.st_size
            times[file.stem] = max(times[file.stem], status.st_mtime)
            files[file.stem].append(file)
    total = sum(sizes.values())
    if total <= limit:
        return
    for stem in sorted(sizes, key=lambda stem: times[stem])[:-1]:
        if total <= limit * _LEFT:
            return
        for file in files[stem]:
            with suppress(OSError):
                file.unlink()
        total -= sizes[stem]
