"""What the commands print: plain text and tables for people, NDJSON for programs.

Strings of the user's, such as file names, are never read as markup, and what could steer a terminal is escaped.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Columns of a table where no terminal sets a limit.
_WIDE = 160


def emit(event: str, **fields: Any) -> None:
    """Print one event as a line of JSON on stdout; what JSON lacks, such as fractions and paths, becomes text."""
    sys.stdout.write(json.dumps({"event": event, **fields}, default=str) + "\n")
    sys.stdout.flush()


def dump(value: Any) -> None:
    """Print a value as indented JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def printable(text: object) -> str:
    """Return text on one line, with control characters and undecodable bytes escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in str(text)
    )


def warn(message: object) -> None:
    """Print one line of warning on stderr."""
    sys.stderr.write(f"lumaloom: warning: {printable(message)}\n")


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: colours on a terminal only, and not where NO_COLOR is set."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDE
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def heading(target: Console, text: str) -> None:
    """Print a heading of a block of lines."""
    from rich.text import Text

    target.print(Text(printable(text), "bold"))


def fields(target: Console, rows: Iterable[tuple[str, object]]) -> None:
    """Print `name  value` lines, the values in one column; empty values are left out."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=12)
    grid.add_column(overflow="fold")
    for name, value in rows:
        if value not in ("", None):
            grid.add_row(Text(f"  {name}", "cyan"), Text("\n".join(map(printable, str(value).split("\n")))))
    _print(target, grid)


def table(
    target: Console, headings: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[int] = ()
) -> None:
    """Print rows under headings; the columns numbered in `right` are aligned to the right."""
    from rich.table import Table
    from rich.text import Text

    numeric = set(right)
    result = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(headings):
        justify: Any = "right" if number in numeric else "left"
        result.add_column(name, justify=justify, overflow="fold", style="cyan" if number == 0 else "")
    for row in rows:
        result.add_row(*(Text(printable(cell)) for cell in row))
    _print(target, result)


def _print(target: Console, what: Table) -> None:
    """Print a table, without the spaces that fill its last column where no terminal shows them anyway."""
    if target.is_terminal:
        target.print(what)
        return
    with target.capture() as captured:
        target.print(what)
    target.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def amount(nbytes: float) -> str:
    """Return bytes for people, such as `3.2 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if nbytes < 1024:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1024
    return f"{nbytes:.1f} TiB"


def clock(seconds: float) -> str:
    """Return a length of time for people, such as `0:07` or `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percentages(shares: dict[str, float]) -> str:
    """Return shares of time for people, such as `decode 12%  blur 60%  encode 28%`."""
    return "  ".join(f"{name} {share:.0%}" for name, share in shares.items())
