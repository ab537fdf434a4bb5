"""Hidden places that belong to a living writer: it holds a lock, which ends with it however it ends."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path


def claim(path: Path, *, folder: bool = False) -> int:
    """Make a file or a folder, and return a descriptor that keeps others from sweeping it away until it is closed.

    Raises:
        OSError: it can't be made, or exists.
    """
    while True:
        if folder:
            path.mkdir()
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        else:
            held = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        with suppress(OSError):  # a file system without locks: nobody can sweep there either
            fcntl.flock(held, fcntl.LOCK_EX)
        if path.exists():
            return held
        os.close(held)  # somebody swept between the two steps


def sweep(folder: Path, names: re.Pattern[str]) -> None:
    """Remove the files and folders of such names whose writers are gone."""
    with suppress(OSError):
        found = [entry.path for entry in os.scandir(folder) if names.fullmatch(entry.name)]
        for path in found:
            with suppress(OSError):
                _remove_unclaimed(path)


def _remove_unclaimed(path: str) -> None:
    held = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    finally:
        os.close(held)
