"""Outputs that appear under their name only when they are whole."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import weakref
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from lumaloom.errors import OutputError, UsageError
from lumaloom.media.claim import claim, sweep
from lumaloom.media.sequence import files_of

_NAME_MAX = 255
# What tells hidden names of one target apart, as a regular expression.
TOKEN = "[0-9a-f]{8}"


class Staged(Protocol):
    """A temporary place beside the target: `commit` makes it the target, `discard` removes it."""

    path: Path

    def commit(self) -> int:
        """Put the result in place, safe on the disk, and return its bytes."""

    def discard(self) -> None:
        """Remove what was written. Does nothing after `commit` or a second time."""


class AtomicFile:
    """A file that is written under a hidden name beside `target` and renamed by `commit`.

    Left alone, it is removed when the object dies or the interpreter exits; one that a killed process left is removed
    by the next for the same target. A target that is a symbolic link
    stays one: the file that it points to is replaced.

    Raises:
        UsageError: the target exists and `overwrite` is off.
        OutputError: the target's folder is missing or can't be written, or the target is no regular file.

    """

    def __init__(self, target: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        check_target(target, overwrite=overwrite)
        self._given = os.fspath(target)
        self.target = Path(os.path.realpath(target))
        self._overwrite = overwrite
        self.path = _hidden(self.target)
        try:
            held = claim(self.path)
        except OSError as error:
            raise write_error(self._given, error) from None
        self._finalizer = weakref.finalize(self, remove, self.path, os.getpid(), held)
        self._held = held

    def commit(self) -> int:
        """Flush the file to the disk, rename it, and return its bytes.

        Raises:
            OutputError: the disk is full, or the target can't be replaced; nothing is left then.
            UsageError: the target has come into being meanwhile and `overwrite` is off.

        """
        try:
            size = sync(self.path)
            if self._overwrite:
                if self.target.exists():
                    shutil.copymode(self.target, self.path)
                os.replace(self.path, self.target)
            else:
                place(self.path, self.target)
            sync(self.target.parent)
        except FileExistsError:
            self.discard()
            raise exists_error(self._given) from None
        except OSError as error:
            self.discard()
            raise write_error(self._given, error) from None
        self._finalizer.detach()
        os.close(self._held)
        return size

    def discard(self) -> None:
        """Remove the temporary file. Does nothing after `commit` or a second time."""
        self._finalizer()


class HiddenFolder:
    """A folder for what a target is made of, under a hidden name beside it; used by `with`, whose end removes it.

    One that a killed process left is removed by the next that writes that target.

    Raises:
        OutputError: it can't be made.

    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        self.path = _hidden(Path(os.path.realpath(target)))
        try:
            held = claim(self.path, folder=True)
        except OSError as error:
            raise write_error(target, error) from None
        self._finalizer = weakref.finalize(self, remove, self.path, os.getpid(), held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finalizer()


def check_target(target: str | os.PathLike[str], *, overwrite: bool = False, source: object = None) -> None:
    """Check that a file can be written under the name `target`, before any work is done for it.

    Raises:
        UsageError: it is the file `source`, or it exists and `overwrite` is off.
        OutputError: its folder is missing or can't be written, or it is no regular file.

    """
    path = Path(target)
    try:
        mode: int | None = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise write_error(target, error) from None
    if mode is not None:
        if isinstance(source, str | os.PathLike) and any(_same(path, each) for each in files_of(source)):
            raise UsageError(f"{target}: is the input itself; write to another name")
        if stat.S_ISDIR(mode):
            raise OutputError(f"{target}: is a directory; name a file in it")
        if not stat.S_ISREG(mode):
            raise OutputError(f"{target}: is no regular file; write to one")
        if not overwrite:
            raise exists_error(target)
    try:
        folder = Path(os.path.realpath(path)).parent
    except OSError as error:  # the working directory was removed
        raise write_error(target, error) from None
    check_folder(target, folder)


def check_folder(target: str | os.PathLike[str], folder: Path) -> None:
    """Check that files can be made in `folder`.

    Raises:
        OutputError: it is missing, no folder, or read-only.

    """
    if not folder.exists():
        raise OutputError(f"{target}: the folder {folder} does not exist; make it first")
    if not folder.is_dir():
        raise OutputError(f"{target}: {folder} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{target}: the folder {folder} can't be written to")


def _hidden(target: Path) -> Path:
    """Return a new hidden name beside a target, where what others that were killed left is removed."""
    before, after = _around(target)
    sweep(target.parent, re.compile(re.escape(before) + TOKEN + re.escape(after), re.DOTALL))
    return target.with_name(f"{before}{secrets.token_hex(4)}{after}")


def _around(target: Path) -> tuple[str, str]:
    """Return what hidden names beside `target` begin and end with, within the length that file systems take."""
    ending = f".partial{target.suffix}"
    room = _NAME_MAX - len(f"..{'0' * 8}") - len(os.fsencode(ending))
    return f".{os.fsencode(target.stem)[:room].decode(errors='ignore')}.", ending


def place(source: Path, target: Path) -> None:
    """Rename a file without replacing another.

    Raises:
        FileExistsError: `target` exists.

    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # A file system without hard links: the test and the rename are two steps there.
        if target.exists():
            raise FileExistsError(target) from None
        os.rename(source, target)
    else:
        os.unlink(source)


def sync(path: Path) -> int:
    """Flush a file or a folder to the disk and return its size in bytes."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
        return os.fstat(handle).st_size
    except OSError as error:
        # Some file systems have no fsync for folders.
        if error.errno != errno.EINVAL or not stat.S_ISDIR(os.fstat(handle).st_mode):
            raise
        return 0
    finally:
        os.close(handle)


def exists_error(target: object) -> UsageError:
    """Return the error for a target that is there already."""
    return UsageError(f"{target}: exists already; choose another name, or replace it with --overwrite (overwrite=True)")


def write_error(target: object, error: Exception) -> OutputError:
    """Return the error for a write that failed, in one line."""
    code = getattr(error, "errno", None)
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EFBIG: "the file grew past the limit on file sizes",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
    }
    reason = reasons.get(code) if code is not None else None
    return OutputError(f"{target}: can't be written: {reason or getattr(error, 'strerror', None) or error}")


def _same(path: Path, source: str | os.PathLike[str]) -> bool:
    try:
        return path.samefile(source)
    except OSError:
        return False


def remove(path: Path, owner: int, held: int) -> None:
    """Remove a claimed file or folder, then let go of it; a forked child of `owner` leaves it alone."""
    if os.getpid() != owner:
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    os.close(held)
