"""Keys of things that are made from files."""

from __future__ import annotations

import os
from hashlib import blake2b


def file_key(kind: str, path: str | os.PathLike[str], *details: object) -> str | None:
    """Return a key for what is made from a file, which changes whenever the file does; None where it is not there.

    The file is told apart by its place, identity, size and times, which costs no read of its content. A time of
    change can't be set back by ordinary means, so a file that was replaced or edited gets another key even where
    its date was kept.

    Args:
        kind: what is made, with the version of the form that it is kept in.
        path: the file.
        details: whatever else the result depends on; their `repr` counts.

    """
    try:
        name = os.path.abspath(path)
        found = os.stat(name)
    except (OSError, ValueError):
        return None
    identity = (kind, name, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, details)
    return blake2b(repr(identity).encode(errors="surrogateescape"), digest_size=20).hexdigest()
