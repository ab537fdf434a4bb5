"""What a plan asks of an effect whose parameters change over time: answers that hold for every frame."""

from __future__ import annotations

from lumaloom.effect import Effect, ParameterError
from lumaloom.frame import FrameSpec, PixelFormat


def accepts(effect: Effect, fmt: PixelFormat) -> bool:
    """Whether the effect takes this format at every moment looked at."""
    return all(moment.accepts(fmt) for moment in effect.moments())


def is_idle(effect: Effect, spec: FrameSpec) -> bool:
    """Whether the effect changes nothing at any of its moments."""
    return all(moment.is_identity(spec) for moment in effect.moments())


def output(effect: Effect, spec: FrameSpec) -> FrameSpec:
    """Return what comes out, which has to be the same at every moment.

    Raises:
        ParameterError: as `Effect.output` does; or what is animated would change the frames' size or kind.

    """
    results = {moment.output(spec) for moment in effect.moments()}
    if len(results) > 1:
        names = ", ".join(name for name in effect.settings if effect.settings[name] != effect.values[name])
        kinds = " and ".join(sorted({str(result) for result in results})[:2])
        raise ParameterError(f"{effect.name}: {names} can't be animated so: frames would be {kinds}; keep one size")
    return results.pop()
