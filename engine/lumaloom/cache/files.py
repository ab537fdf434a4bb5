"""The files of a disk cache: content under the name of its hash, written beside it and renamed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

_CONTENT = re.compile(r"[0-9a-f]{40}")
INDEX = "index.sqlite"
_PART = ".part"
# Seconds after which a file that no entry names is nobody's work in progress.
_SETTLED = 3600
# Bytes that are read at once.
_PIECE = 1 << 20

# What the names of contents are made with.
hasher = partial(blake2b, digest_size=20)


def path_of(folder: Path, content: str) -> Path:
    """Return where the bytes of a hash lie."""
    return folder / "data" / content[:2] / content


def make_folder(folder: Path) -> None:
    """Make the folder for its owner alone; one that is there keeps its mode."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def read(folder: Path, content: str) -> bytes | None:
    """Return the bytes of a hash as they lie there, or None."""
    try:
        return path_of(folder, content).read_bytes()
    except FileNotFoundError:
        return None


def opened(folder: Path, content: str) -> BinaryIO | None:
    """Return the file of a hash as it lies there, open for reading, or None."""
    try:
        return path_of(folder, content).open("rb")
    except FileNotFoundError:
        return None


def digest(source: BinaryIO) -> str:
    """Return the hash of a file's bytes, from its start; the file stands there again afterwards."""
    source.seek(0)
    found = hasher()
    while piece := source.read(_PIECE):
        found.update(piece)
    source.seek(0)
    return found.hexdigest()


def write(folder: Path, content: str, data: BinaryIO, size: int) -> None:
    """Write the bytes of a hash, the whole of a file of that size, unless a file of that name and size is there."""
    target = path_of(folder, content)
    with suppress(FileNotFoundError):
        if target.stat().st_size == size:
            return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=target.parent, suffix=_PART)
    try:
        with os.fdopen(number, "wb") as file:
            data.seek(0)
            shutil.copyfileobj(data, file, _PIECE)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def delete(folder: Path, content: str) -> None:
    """Delete the bytes of a hash, if they are there."""
    path_of(folder, content).unlink(missing_ok=True)


def delete_index(folder: Path) -> None:
    """Delete the index with what SQLite keeps beside it."""
    for suffix in ("-wal", "-shm", ""):
        (folder / f"{INDEX}{suffix}").unlink(missing_ok=True)


def delete_contents(folder: Path) -> None:
    """Delete every file of content, whole or in the making."""
    for file in _contents(folder):
        file.unlink(missing_ok=True)


def delete_orphans(folder: Path, named: set[str]) -> int:
    """Delete settled files whose content no entry names, and return how many there were."""
    count = 0
    for file in _contents(folder):
        with suppress(FileNotFoundError):
            if file.name not in named and abs(time.time() - file.stat().st_mtime) > _SETTLED:
                file.unlink()
                count += 1
    return count


def _contents(folder: Path) -> Iterator[Path]:
    for file in (folder / "data").glob("??/*"):
        if _CONTENT.fullmatch(file.name) or file.name.endswith(_PART):
            yield file
