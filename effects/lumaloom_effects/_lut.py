"""What a colour lookup file holds, and the bounds that every kind of file keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from lumaloom.effect import ParameterError

# Adobe's limit for curves; cubes as large as the largest Hald picture taken, of level 12: 36 MB of float32.
MAX_CURVE, MAX_CUBE = 65536, 144
_MAX_LINE = 4096

Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Lut:
    """A curve per channel, then a cube; either may be absent, not both.

    Attributes:
        curve: `(N, 3)`, float32: column c maps channel c, samples evenly spread over its domain.
        curve_domain: `(2, 3)`: the inputs that the first and the last row stand for.
        cube: `(N, N, N, 3)`, float32, indexed by red, green, blue.
        cube_domain: `(2, 3)`: the inputs that its faces stand for.
        title: as the file has it.

    """

    curve: Table | None = None
    curve_domain: NDArray[np.float64] | None = None
    cube: Table | None = None
    cube_domain: NDArray[np.float64] | None = None
    title: str = ""


def unit_domain() -> NDArray[np.float64]:
    """Return the domain from 0 to 1 of all channels."""
    return np.array([[0.0] * 3, [1.0] * 3])


def refuse(path: Path, expected: str, line: int = 0) -> NoReturn:
    """Raise the error of a file, in one line, with the number of the line where it has one."""
    where = f" line {line}" if line else ""
    raise ParameterError(f"lut: file {str(path)!r}{where}: {expected}") from None


def check_regular(path: Path) -> int:
    """Return the size in bytes of a regular file.

    Raises:
        ParameterError: it is not there, or a folder, a pipe or a device, which may never end.

    """
    try:
        status = path.stat()
    except (OSError, ValueError) as problem:
        refuse(path, f"can't be read: {getattr(problem, 'strerror', None) or problem}")
    if not S_ISREG(status.st_mode):
        refuse(path, "is no regular file; give the name of a .cube, .3dl or Hald .png file")
    return status.st_size


class TextLines:
    """The lines of a text file that say something, one at a time: comments, blank lines and a BOM are left out.

    Lines end with LF, CRLF or CR. Never more than one line is held.

    Raises:
        ParameterError: the file can't be read, or a line is too long or no text.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        check_regular(self.path)
        try:
            # Universal newlines; what is no UTF-8 in titles and comments does no harm.
            with self.path.open(encoding="utf-8-sig", errors="replace") as file:
                while raw := file.readline(_MAX_LINE):
                    self.number += 1
                    if len(raw) == _MAX_LINE or "\0" in raw:
                        self.refuse("expected a line of text, got binary data or thousands of characters")
                    text = raw.strip()
                    if text and not text.startswith("#"):
                        yield text
        except OSError as problem:
            refuse(self.path, f"can't be read: {problem.strerror}")

    def refuse(self, expected: str) -> NoReturn:
        """Raise the error of the line that was read last."""
        refuse(self.path, expected, self.number)

    def numbers(self, text: str, count: int) -> list[float]:
        """Return the numbers on a line.

        Raises:
            ParameterError: not so many, or one is not finite as a float32.

        """
        words = text.split()
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != count or not all(-3e38 < value < 3e38 for value in values):
            self.refuse(f"expected {count} {'number' if count == 1 else 'numbers'}, got {shown(text)}")
        return values

    def whole(self, text: str, low: int, high: int, what: str) -> int:
        """Return a whole number from `low` to `high`.

        Raises:
            ParameterError: it is none.

        """
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high):
            self.refuse(f"expected {what} from {low} to {high}, got {shown(text)}")
        return int(text)


def shown(text: str) -> str:
    """Return what came, quoted, on one line and not too long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


class Rows:
    """Rows of three numbers, gathered as they come; never more than were announced."""

    def __init__(self, count: int) -> None:
        self.values: Table = np.empty((count, 3), np.float32)
        self.filled = 0

    @property
    def missing(self) -> int:
        """How many are still to come."""
        return len(self.values) - self.filled

    def add(self, row: list[float]) -> None:
        """Take the next row."""
        self.values[self.filled] = row
        self.filled += 1
