"""What a plan asks of an effect: answers that hold for every frame, and errors that name the author's line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lumaloom.effect import Effect, ParameterError, TemporalEffect
from lumaloom.effect.effect import told_of
from lumaloom.errors import LumaloomError, PluginError
from lumaloom.frame import FrameSpec, PixelFormat


def accepts(effect: Effect, fmt: PixelFormat) -> bool:
    """Whether the effect takes this format at every moment looked at."""
    try:  # thousands of times for a plan: no context manager
        return all(moment.accepts(fmt) for moment in effect.moments())
    except LumaloomError:
        raise
    except (Exception, SystemExit) as problem:
        raise PluginError(f"{effect.name}: {told_of(effect, problem)}") from problem


def fitted(effect: Effect, spec: FrameSpec) -> Effect:
    """Return the effect to use for frames of `spec`."""
    with _asked(effect):
        return effect.fitted(spec)


def is_idle(effect: Effect, spec: FrameSpec) -> bool:
    """Whether the effect changes nothing at any of its moments."""
    with _asked(effect):
        return all(moment.is_identity(spec) for moment in effect.moments())


def output(effect: Effect, spec: FrameSpec) -> FrameSpec:
    """Return what comes out, which has to be the same at every moment.

    Raises:
        ParameterError: as `Effect.output` does; or what is animated would change the frames' size or kind.
        PluginError: it is not what frames can be.

    """
    with _asked(effect):
        results = {moment.output(spec) for moment in effect.moments()}
    if len(results) > 1:
        names = ", ".join(name for name in effect.settings if effect.settings[name] != effect.values[name])
        kinds = " and ".join(sorted({str(result) for result in results})[:2])
        raise ParameterError(f"{effect.name}: {names} can't be animated so: frames would be {kinds}; keep one size")
    after = results.pop()
    if not (isinstance(after, FrameSpec) and _counts(after.width, after.height, least=1)):
        raise _wrong(effect, "output", "a FrameSpec with whole numbers from 1 as width and height", after)
    return after


def window(effect: TemporalEffect) -> tuple[int, int]:
    """Return how many frames before and after its own the effect looks at.

    Raises:
        PluginError: it does not say so.

    """
    with _asked(effect):
        looked_at: Any = effect.window()
    if not (isinstance(looked_at, tuple) and len(looked_at) == 2 and _counts(*looked_at, least=0)):
        raise _wrong(effect, "window", "how many frames before and how many after, such as (2, 2)", looked_at)
    before, after = looked_at
    return before, after


def _counts(*values: Any, least: int) -> bool:
    return all(isinstance(value, int) and value >= least for value in values)


def _wrong(effect: Effect, method: str, expected: str, came: object) -> PluginError:
    code = getattr(type(effect), method).__code__
    where = f"{code.co_filename}:{code.co_firstlineno}"
    return PluginError(f"{effect.name}: {where}: {method}() has to return {expected}, got {came}")


@contextmanager
def _asked(effect: Effect) -> Iterator[None]:
    """Turn what an author's code raises into an error that names the effect, the file and the line."""
    try:
        yield
    except LumaloomError:
        raise
    except (Exception, SystemExit) as problem:
        raise PluginError(f"{effect.name}: {told_of(effect, problem)}") from problem
