"""Pictures in files of their own, named by a pattern, that are the frames of one clip."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import ceil
from pathlib import Path

from lumaloom.errors import InputError, UsageError
from lumaloom.media.choice import PATTERN, numbered

# Frames per second unless others are asked for, as in FFmpeg.
DEFAULT_RATE = Fraction(25)
# Numbers between the first and the last that may be missing, so that a stray file claims no memory.
_MOST_MISSING = 1_000_000
# Gaps that a message names.
_NAMED = 6
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)

# A path to an input: of one file, or of a sequence.
AnyPath = str | os.PathLike[str]


@dataclass(frozen=True)
class Sequence(os.PathLike[str]):
    """The files that a pattern named when it was looked at; a path wherever one file's is.

    Attributes:
        pattern: as it was given: with a number, as in `shot.%04d.png`, or one of the shell's, as in `shots/*.png`.
        files: by frame; None where a number between the first and the last is missing.
        rate: frames per second.
        first: the number of frame 0; None for a pattern of the shell's.

    """

    pattern: str
    files: tuple[str | None, ...]
    rate: Fraction = DEFAULT_RATE
    first: int | None = None

    def __fspath__(self) -> str:
        return self.pattern

    def __str__(self) -> str:
        return self.pattern

    def __len__(self) -> int:
        return len(self.files)

    @property
    def present(self) -> tuple[str, ...]:
        """The files that are there."""
        return tuple(name for name in self.files if name is not None)

    def name(self, frame: int) -> str:
        """Return the name of a frame's file, without its folder."""
        file = self.files[frame]
        return os.path.basename(file) if file is not None else self._name(frame)

    def number_at(self, seconds: Fraction | None) -> int:
        """Return the number of the first file that is not before a time; None is the start."""
        return (self.first or 0) + self._frame(seconds or Fraction(0))

    def gaps(self, start: Fraction | None = None, end: Fraction | None = None) -> str:
        """Return which files are missing from one time to another, in seconds; empty for none."""
        first = self._frame(start or Fraction(0))
        last = len(self) if end is None else min(self._frame(end), len(self))
        missing = (number for number in range(first, last) if self.files[number] is None)
        runs = [[number for _, number in run] for _, run in groupby(enumerate(missing), lambda pair: pair[1] - pair[0])]
        words = [self._name(run[0]) + (f" to {self._name(run[-1])}" if len(run) > 1 else "") for run in runs]
        if len(words) > _NAMED:
            words = [*words[:_NAMED], f"{sum(map(len, runs[_NAMED:]))} more"]
        return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))

    def _frame(self, seconds: Fraction) -> int:
        return ceil(seconds * self.rate)

    def _name(self, frame: int) -> str:
        return numbered(os.path.basename(self.pattern), (self.first or 0) + frame)


def found(path: AnyPath, rate: Fraction | None = None) -> AnyPath:
    """Return the sequence that a path names, or the path itself where it names a file or nothing.

    A file of exactly that name comes before the pattern.

    Args:
        path: `shot.%04d.png`, whose first number is found, or `shots/*.png`, whose files are put into their natural
            order (`2` before `10`); or any other.
        rate: frames per second of the sequence; None for 25.

    Raises:
        InputError: the pattern names no file.
        UsageError: a rate is given for what is no sequence, or a pattern that names numbers too far apart.

    """
    sequence = path if isinstance(path, Sequence) else _sequence(path, rate)
    if sequence is None and rate is not None:
        raise UsageError(f"{path}: a rate is for pictures such as 'shot.%04d.png' or 'shots/*.png'; a file has its own")
    return path if sequence is None else sequence


def check_gaps(path: AnyPath, start: Fraction | None = None, end: Fraction | None = None) -> None:
    """Check that no file of a sequence is missing from one time to another, in seconds.

    Raises:
        InputError: one is.

    """
    if isinstance(path, Sequence) and (gaps := path.gaps(start, end)):
        raise InputError(
            f"{path}: missing between {path.name(0)} and {path.name(len(path) - 1)}: {gaps}; make them, or "
            "--best-effort (best_effort=True) leaves them out"
        )


def file_of(path: AnyPath, frame: int | None) -> str:
    """Return the name of the file of a frame, in parentheses after a space; nothing where all are in one file."""
    inside = isinstance(path, Sequence) and frame is not None and 0 <= frame < len(path)
    return f" ({path.name(frame)})" if inside else ""  # type: ignore[union-attr]


def files_of(path: AnyPath) -> Iterator[AnyPath]:
    """Yield the files that an input is made of."""
    if isinstance(path, Sequence):
        yield from path.present
    else:
        yield path


def plain_name(path: AnyPath) -> Path:
    """Return a path without the number of a pattern and what sets it apart: `shot.png` of `shot.%04d.png`."""
    whole = Path(path)
    stem, _, rest = PATTERN.sub("\0", whole.name, count=1).partition("\0")
    return whole.with_name(stem.rstrip("._- ") + rest) if PATTERN.search(whole.name) and stem else whole


def _sequence(path: AnyPath, rate: Fraction | None) -> Sequence | None:
    try:
        text = os.fspath(path)
        if not isinstance(text, str) or os.path.exists(text) or _ADDRESS.match(text):
            return None
    except (ValueError, TypeError):
        return None
    rate = DEFAULT_RATE if rate is None else rate
    if PATTERN.search(os.path.basename(text)):
        return _numbers(text, rate)
    if glob.has_magic(text):
        files = sorted((name for name in glob.glob(text) if os.path.isfile(name)), key=_natural)
        if not files:
            raise InputError(f"{text}: no such file, and none that matches")
        return Sequence(text, tuple(map(os.path.abspath, files)), rate)
    return None


def _numbers(text: str, rate: Fraction) -> Sequence:
    folder, name = os.path.split(os.path.abspath(text))
    match = PATTERN.search(name)
    assert match is not None
    any_number = re.compile(re.escape(name[: match.start()]) + r"(\d+)" + re.escape(name[match.end() :]))
    try:
        digits = [found[1] for entry in os.listdir(folder) if (found := any_number.fullmatch(entry))]
    except OSError as error:
        raise InputError(f"{text}: {(error.strerror or str(error)).lower()}") from None
    there = {number for each in digits if match.group() % (number := int(each)) == each}
    if not there:
        hint = f"; there is {name[: match.start()]}{min(digits)}{name[match.end() :]}" if digits else ""
        raise InputError(f"{text}: no such file, and none with a number for {match.group()}{hint}")
    first, last = min(there), max(there)
    if last - first + 1 - len(there) > _MOST_MISSING:
        raise UsageError(
            f"{text}: from {first} to {last} more than {_MOST_MISSING} numbers are missing; move some away"
        )
    names = (os.path.join(folder, numbered(name, n)) if n in there else None for n in range(first, last + 1))
    return Sequence(text, tuple(names), rate, first)


def _natural(name: str) -> list[str | int]:
    """Return what puts numbers in names in the order of their values."""
    return [int(part) if number % 2 else part for number, part in enumerate(re.split(r"(\d+)", name))]
