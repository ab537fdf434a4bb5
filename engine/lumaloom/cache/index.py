"""Which key stands for which content, and which was used last: a table in SQLite."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 3.0  # seconds to wait for another process's transaction

# `used` counts uses rather than seconds: no clock that jumps can make an entry look old.
_TABLE = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, bytes INTEGER NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_use ON entries (used);
CREATE INDEX IF NOT EXISTS by_content ON entries (content);
"""
_NEXT = "(SELECT coalesce(max(used), 0) + 1 FROM entries)"


class Index:
    """One connection to the table, for one thread at a time of the process that made it.

    Every method raises `sqlite3.Error` where the file is damaged, locked for too long, or can't be written.
    """

    def __init__(self, path: Path) -> None:
        self.pid = os.getpid()
        # Autocommit: transactions are begun by hand, with the lock for writing from the start.
        self._db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLE)
        except sqlite3.Error:
            self._db.close()
            raise
        self._identity = _identity(path)
        # Who forgets to close a clip loses nothing but time; Python would complain.
        weakref.finalize(self, self._db.close).atexit = False

    def is_at(self, path: Path) -> bool:
        """Whether this is still the file of that name, in the process that opened it."""
        return self._identity == _identity(path)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def content_of(self, key: str) -> str | None:
        """Return the content of a key, which counts as a use, or None."""
        row = self._db.execute(f"SELECT content, used, {_NEXT} FROM entries WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        content, used, following = row
        if used + 1 != following:  # else it is the last used already
            self._db.execute(f"UPDATE entries SET used = {_NEXT} WHERE key = ?", (key,))
        return str(content)

    def put(self, key: str, content: str, nbytes: int, limit: int) -> tuple[list[str], int, int]:
        """Set a key and drop the least recently used until all fit in `limit`.

        Returns:
            The contents let go, that which the key had among them; how many keys were dropped; and their bytes.
        """
        with self._writing():
            old = self._db.execute("SELECT content FROM entries WHERE key = ?", (key,)).fetchone()
            dropped = [old[0]] if old and old[0] != content else []
            self._db.execute(f"INSERT OR REPLACE INTO entries VALUES (?, ?, ?, {_NEXT})", (key, content, nbytes))
            _, total = self.totals()
            keys = freed = 0
            while total > limit:
                oldest = self._db.execute("SELECT key, content, bytes FROM entries ORDER BY used LIMIT 1").fetchone()
                self._db.execute("DELETE FROM entries WHERE key = ?", (oldest[0],))
                dropped.append(oldest[1])
                total -= oldest[2]
                keys, freed = keys + 1, freed + oldest[2]
            return dropped, keys, freed

    def remove(self, key: str) -> list[str]:
        """Forget a key and return the content let go."""
        return [row[0] for row in self._db.execute("DELETE FROM entries WHERE key = ? RETURNING content", (key,))]

    def clear(self) -> None:
        """Forget every key."""
        self._db.execute("DELETE FROM entries")

    def remove_content(self, content: str) -> list[str]:
        """Forget every key of a content and return it."""
        self._db.execute("DELETE FROM entries WHERE content = ?", (content,))
        return [content]

    def has_content(self, content: str) -> bool:
        """Whether any key stands for this content."""
        return self._db.execute("SELECT 1 FROM entries WHERE content = ? LIMIT 1", (content,)).fetchone() is not None

    def entries(self) -> list[tuple[str, str]]:
        """Return every key with its content."""
        return [(str(key), str(content)) for key, content in self._db.execute("SELECT key, content FROM entries")]

    def totals(self, kind: str = "") -> tuple[int, int]:
        """Return the number of keys that begin with `kind` and the bytes of their contents."""
        query = "SELECT count(*), coalesce(sum(bytes), 0) FROM entries WHERE substr(key, 1, ?) = ?"
        count, nbytes = self._db.execute(query, (len(kind), kind)).fetchone()
        return int(count), int(nbytes)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
