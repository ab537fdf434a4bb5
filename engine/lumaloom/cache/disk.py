"""Bytes on disk under keys: one raw file per content, an index in SQLite, any number of processes.

The folder holds `index.sqlite` and `data/xx/CONTENT`, where CONTENT is the hash of the file's bytes. A file appears
under its name by a rename and never changes; the index says which key stands for which content. Whatever goes
wrong (no space, no permission, a damaged index or file, another process that clears it all) makes a value missing,
never wrong, and raises nothing: what is cached can be made again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from lumaloom.cache import files
from lumaloom.cache.index import Index

# What may go wrong with the folder: the disk's errors and the index's.
PROBLEMS = (OSError, sqlite3.Error)

# Is told how many entries were dropped to make room, and their bytes.
Watcher = Callable[[int, int], None]

# Connections of a parent process: SQLite forbids to use and even to close them on this side of a fork.
_ABANDONED: list[Index] = []


@dataclass(frozen=True, slots=True)
class DiskStats:
    """What a cache holds, and what this process asked of it; sizes in bytes.

    Attributes:
        folder: where it is.
        entries, nbytes: keys and bytes of their contents.
        limit: bytes that it may hold.
        hits, misses: of `get`.
        corrupt: damaged entries and indexes that were dropped.
        failed: values that could not be kept or read because of the disk.
        evicted: entries dropped to make room.

    """

    folder: str
    entries: int
    nbytes: int
    limit: int
    hits: int
    misses: int
    corrupt: int
    failed: int
    evicted: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: entries that are whole, damaged or gone (both dropped), and files without an entry."""

    good: int
    damaged: int
    missing: int
    orphans: int


class DiskCache:
    """A cache in one folder, at most `limit` bytes of content large; safe with many threads and processes.

    Args:
        folder: made when first written, for its owner alone (mode 0700).
        limit: bytes of content; the least recently used go first. 0 keeps nothing.
        on_problem: called with one line for whatever went wrong; by default nothing is said.

    """

    def __init__(self, folder: Path, limit: int, on_problem: Callable[[str], None] = lambda line: None) -> None:
        self.folder, self.limit = folder, limit
        self._on_problem = on_problem
        self._watchers: list[Watcher] = []
        self._index: Index | None = None
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(("hits", "misses", "corrupt", "failed", "evicted"), 0)
        self._told = ""

    def get(self, key: str) -> bytes | None:
        """Return the bytes kept under `key`, checked against their hash, or None."""
        with self._lock:
            with self._guarded():
                index = self._opened(make=False)
                content = index.content_of(key) if index else None
                data = None if content is None else files.read(self.folder, content)
                if content and self._is_whole(key, content, None if data is None else files.hasher(data).hexdigest()):
                    self._counts["hits"] += 1
                    return data
            self._counts["misses"] += 1
            return None

    def get_file(self, key: str) -> BinaryIO | None:
        """Return what is kept under `key` as an open file, checked against its hash, or None.

        It stays whole until the caller closes it, whatever becomes of the entry. For what is large: a piece of it is
        in memory at a time.
        """
        with self._lock:
            with self._guarded(), ExitStack() as stack:
                index = self._opened(make=False)
                content = index.content_of(key) if index else None
                file = files.opened(self.folder, content) if content else None
                if file is not None:
                    stack.enter_context(file)
                if content and self._is_whole(key, content, None if file is None else files.digest(file)):
                    self._counts["hits"] += 1
                    stack.pop_all()
                    return file
            self._counts["misses"] += 1
            return None

    def put(self, key: str, data: bytes) -> bool:
        """Keep bytes under `key`, in place of what it had; return whether they are kept."""
        return self.put_file(key, BytesIO(data))

    def put_file(self, key: str, data: BinaryIO) -> bool:
        """Keep the whole content of a file, which is read from its start, as `put` keeps bytes."""
        size = data.seek(0, os.SEEK_END)
        if size > self.limit:
            return False
        content, kept, evicted, freed = files.digest(data), False, 0, 0
        with self._lock, self._guarded():
            index = self._opened(make=True)
            assert index is not None
            files.write(self.folder, content, data, size)
            dropped, evicted, freed = index.put(key, content, size, self.limit)
            self._counts["evicted"] += evicted
            self._unlink(index, dropped)
            kept = True
        if evicted:
            for watcher in tuple(self._watchers):
                watcher(evicted, freed)
        return kept

    def use(self, key: str) -> bool:
        """Whether something is kept under `key`, not whether it is whole; counts as a use."""
        with self._lock, self._guarded():
            index = self._opened(make=False)
            return bool(index and index.content_of(key))
        return False

    def totals(self, kind: str) -> tuple[int, int]:
        """Return the number of keys that begin with `kind`, and the bytes of their contents."""
        with self._lock, self._guarded():
            index = self._opened(make=False)
            return index.totals(kind) if index else (0, 0)
        return 0, 0

    @contextmanager
    def watching(self, on_evict: Watcher) -> Iterator[None]:
        """Call `on_evict` with the number of entries that this process drops to make room, and their bytes."""
        self._watchers.append(on_evict)
        try:
            yield
        finally:
            self._watchers.remove(on_evict)

    def remove(self, key: str) -> None:
        """Forget a key, if it is there."""
        with self._lock, self._guarded():
            index = self._opened(make=False)
            if index:
                self._unlink(index, index.remove(key))

    def clear(self) -> None:
        """Forget everything and delete the files of content, and nothing else that lies in the folder."""
        with self._lock, self._guarded():
            index = self._opened(make=False)
            if index:
                index.clear()
            files.delete_contents(self.folder)

    def verify(self) -> Verification:
        """Read every entry, drop what is damaged or gone, and delete files that no entry names."""
        good = damaged = missing = orphans = 0
        with self._lock, self._guarded():
            index = self._opened(make=False)
            if index:
                for key, content in index.entries():
                    if not files.path_of(self.folder, content).exists():
                        missing += 1
                        index.remove(key)
                    elif self._is_kept_whole(key, content):
                        good += 1
                    else:
                        damaged += 1
            named = {content for _, content in index.entries()} if index else set()
            orphans = files.delete_orphans(self.folder, named)
        return Verification(good, damaged, missing, orphans)

    @property
    def stats(self) -> DiskStats:
        """Counts of this moment."""
        entries = nbytes = 0
        with self._lock:
            with self._guarded():
                index = self._opened(make=False)
                if index:
                    entries, nbytes = index.totals()
            return DiskStats(str(self.folder), entries, nbytes, self.limit, **self._counts)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as a JSON-ready dictionary."""
        return asdict(self.stats)

    def close(self) -> None:
        """Close the index; the next use opens it again."""
        with self._lock:
            self._close()

    def _is_kept_whole(self, key: str, content: str) -> bool:
        file = files.opened(self.folder, content)
        if file is None:
            return self._is_whole(key, content, None)
        with file:
            return self._is_whole(key, content, files.digest(file))

    def _is_whole(self, key: str, content: str, found: str | None) -> bool:
        """Whether the hash of an entry's bytes, None for no file, is the one it has; else the entry is dropped."""
        if found == content:
            return True
        if found is not None:
            self._counts["corrupt"] += 1
            self._on_problem(f"cache: {files.path_of(self.folder, content)} is damaged; dropped")
        if self._index:
            self._unlink(self._index, self._index.remove(key) if found is None else self._index.remove_content(content))
        return False

    def _unlink(self, index: Index, contents: list[str]) -> None:
        for content in contents:
            if not index.has_content(content):
                files.delete(self.folder, content)

    def _opened(self, make: bool) -> Index | None:
        """Return the index of this process, or None where there is none and none is to be made."""
        path = self.folder / files.INDEX
        if self._index is not None and (self._index.pid != os.getpid() or not self._index.is_at(path)):
            self._close()  # made on the other side of a fork, or thrown away by another process
        if self._index is None and (make or path.exists()):
            files.make_folder(self.folder)
            self._index = Index(path)
        return self._index

    def _close(self) -> None:
        if self._index is not None:
            if self._index.pid == os.getpid():
                self._index.close()
            else:
                _ABANDONED.append(self._index)
        self._index = None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what goes wrong with the disk into a count and a line, once for each; a damaged index is thrown away."""
        try:
            yield
        except PROBLEMS as problem:
            damaged = type(problem) is sqlite3.DatabaseError  # its subclasses are about locks, space and permissions
            self._counts["corrupt" if damaged else "failed"] += 1
            line, last = f"cache: {self.folder}: {problem}{'; made anew' if damaged else ''}", self._told
            if line != last:  # a disk stays full for a while
                self._told = line
                self._on_problem(line)
            with suppress(*PROBLEMS):
                self._close()
            if damaged:
                with suppress(OSError):
                    files.delete_index(self.folder)
