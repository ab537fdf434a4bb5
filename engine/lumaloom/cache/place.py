"""Where the disk cache of this user is, and how large it may grow."""

from __future__ import annotations

import atexit
import logging
import os
from functools import cache
from pathlib import Path

from lumaloom.cache.disk import DiskCache
from lumaloom.errors import UsageError

_log = logging.getLogger("lumaloom.cache")

_LIMIT = 1 << 30


def default_folder() -> Path:
    """Return the folder that LUMALOOM_CACHE_DIR names, else `lumaloom` in the user's cache."""
    asked = os.environ.get("LUMALOOM_CACHE_DIR")
    if asked:
        return Path(asked)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path(os.path.expanduser("~")) / ".cache") / "lumaloom"


def default_limit() -> int:
    """Return the bytes that LUMALOOM_CACHE_LIMIT allows, else 1 GiB.

    Raises:
        UsageError: it is no whole number of bytes.

    """
    asked = os.environ.get("LUMALOOM_CACHE_LIMIT", "")
    if not asked:
        return _LIMIT
    if not asked.isdecimal():
        raise UsageError(f"LUMALOOM_CACHE_LIMIT: expected a whole number of bytes, got {asked!r}; 0 turns it off")
    return int(asked)


def default_disk_cache() -> DiskCache:
    """Return this process's cache in the default folder."""
    return opened(default_folder(), default_limit())


@cache
def opened(folder: Path, limit: int) -> DiskCache:
    """Return this process's cache in a folder; what goes wrong with it is a warning in the log."""
    made = DiskCache(folder, limit, _log.warning)
    atexit.register(made.close)
    return made
