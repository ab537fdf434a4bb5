"""The entry point: runs a command, and turns every failure into one line and an exit code."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from lumaloom.cli import overview
from lumaloom.cli.output import emit, printable, warn
from lumaloom.errors import CancelledError, LumaloomError, UsageError

INTERRUPTED = 130
# What is raised where a file can't grow.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What a process gives whose reader went away: 128 + SIGPIPE.
PIPE_CLOSED = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: words after the program's name; None for those of this process.

    Returns:
        The exit code: 0 ok, 1 failure, 2 usage, 3 input unreadable, 128 + n stopped by signal n.

    """
    words = list(sys.argv[1:] if argv is None else argv)
    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            _run(words)
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as problem:
            return _report(problem, as_json="--json" in words)
    except BrokenPipeError:
        _drop_stdout()
        return PIPE_CLOSED
    return 0


def _open_missing_streams() -> None:
    """Put the null device where the process was started without a stream: the next file would take its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _run(words: list[str]) -> None:
    """Parse and run one command; words that do not parse are a UsageError."""
    if words in ([], ["--help"], ["-h"]):
        overview.show()
        return
    logging.lastResort = _Warnings(logging.WARNING)
    from cyclopts import CycloptsError

    from lumaloom.cli.app import app
    from lumaloom.cli.usage import explain

    try:
        app(words)
    except CycloptsError as problem:
        raise UsageError(explain(problem)) from None


class _Warnings(logging.Handler):
    """Prints what is logged where nobody has set up logging as the commands print warnings."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        warn(record.getMessage())


def _report(problem: BaseException, as_json: bool) -> int:
    """Print a failure as one line on stderr, and as an event where events are printed; return its exit code."""
    debug = bool(os.environ.get("LUMALOOM_DEBUG"))
    if debug:
        import traceback

        traceback.print_exception(problem)
    label, message, code = "error: ", str(problem), 1
    if isinstance(problem, LumaloomError):
        code = problem.exit_code
        label = "" if isinstance(problem, CancelledError) else label
    elif isinstance(problem, KeyboardInterrupt):
        label, message, code = "", "interrupted", INTERRUPTED
    elif isinstance(problem, OSError) and problem.errno in _FULL and problem.filename is None:
        message = f"standard output can't be written: {str(problem.strerror).lower()}"
        _drop_stdout()
    else:
        hint = "" if debug else "; set LUMALOOM_DEBUG=1 for the traceback"
        message = f"unexpected {type(problem).__name__}: {message}{hint}"
    if as_json:
        emit("error", type=type(problem).__name__, message=message, exit_code=code)
    sys.stderr.write(f"lumaloom: {label}{printable(message)}\n")
    return code


def _drop_stdout() -> None:
    """Let what is still buffered go nowhere, so that the interpreter does not complain at its end."""
    with suppress(OSError, ValueError):  # tests and notebooks have no real file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
