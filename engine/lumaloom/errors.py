"""Every error that Lumaloom raises on purpose.

Each carries one line that says what was expected, what came and the mend; `exit_code` is what the command
line returns for it: 1 failure, 2 usage, 3 input unreadable, 130 interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from traceback import walk_tb
from types import FrameType


class LumaloomError(Exception):
    """Base of all. Catching it catches every failure that has a message for a person."""

    exit_code = 1


class UsageError(LumaloomError):
    """What was asked for makes no sense: the request has to change, not the file or the machine."""

    exit_code = 2


class UnknownEffectError(UsageError):
    """No effect has that name."""


class ParameterError(UsageError, ValueError):
    """An effect's parameter is unknown, of the wrong type or out of range."""


class FormatError(UsageError):
    """A pixel format, container or encoder is unknown or does not fit the others."""


class PluginError(LumaloomError):
    """A plugin could not be loaded, or what it gave breaks the contract."""


class GraphError(LumaloomError):
    """Services of the engine can't be made as they are declared; the message shows the path."""


class TraceError(PluginError):
    """A pointwise effect's function does what can't be compiled; the message names its author's file and line."""


class EffectError(LumaloomError):
    """An effect failed on a frame.

    Attributes:
        effect: its name, empty where the failure is of no effect alone.
        seconds: time of the frame.
    """

    def __init__(self, message: str, *, effect: str = "", seconds: float = 0.0) -> None:
        super().__init__(message)
        self.effect, self.seconds = effect, seconds


class InputError(LumaloomError):
    """The input can't be read, or not to its end."""

    exit_code = 3


class OutputError(LumaloomError):
    """The output can't be written."""


class DeviceError(LumaloomError):
    """The device asked for is not there, or it failed."""


class WorkerError(LumaloomError):
    """The process or machine that a job ran on was lost."""


class MemoryLimitError(LumaloomError):
    """A buffer would go past the pool's limit in bytes."""


class FrameReleasedError(LumaloomError):
    """A frame was used, or released again, after it had given its buffers back."""


class CancelledError(LumaloomError):
    """The job was stopped from outside before its end."""

    exit_code = 130


# How alike a name has to be, by difflib: below, what it finds is mostly noise.
_CUTOFF = 0.65


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the known name closest to `name`, or an empty string."""
    close = get_close_matches(name, list(known), n=1, cutoff=_CUTOFF)
    return f"; did you mean {close[0]!r}?" if close else ""


def told(problem: BaseException, is_own: Callable[[FrameType], bool]) -> str:
    """Return `file:line: Kind: message` of what an author's code raised, with the innermost line that is their own.

    Errors of ours say what they are without their kind.
    """
    trace = walk_tb(problem.__traceback__)
    places = [f"{frame.f_code.co_filename}:{line}: " for frame, line in trace if is_own(frame)]
    kind = "" if isinstance(problem, LumaloomError) else f"{type(problem).__name__}: "
    return f"{places[-1] if places else ''}{kind}{problem}"


def counted(number: int, things: str) -> str:
    """Return a count in words: `3 damaged frames`, `1 damaged frame`, `1 entry`."""
    if number == 1:
        things = re.sub(r"(ie)?s\b", lambda end: "y" if end[1] else "", things, count=1)
    return f"{number} {things}"
