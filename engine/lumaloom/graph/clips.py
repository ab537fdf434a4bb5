"""Effects that read videos beside the frames: what a plan has to know of these files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from lumaloom.effect import Effect, ParameterError, Pointwise
from lumaloom.errors import InputError
from lumaloom.media.choice import PATTERN
from lumaloom.media.reader import MEND, Reader
from lumaloom.pointwise.footage import ENDS, Footage
from lumaloom.pointwise.pictures import is_clip


def with_clips(effect: Effect) -> Effect:
    """Return an effect that knows the videos among its pictures; itself where there are none.

    Raises:
        ParameterError: one can't be read, or its start is animated; the message names effect, parameter and file.
    """
    if not isinstance(effect, Pointwise):
        return effect
    found = {}
    for name in effect.stage.pictures:
        file = effect.values[name]
        if PATTERN.search(Path(file).name) and not Path(file).exists():
            raise ParameterError(
                f"{effect.name}: {name} {file!r}: is a sequence of pictures, effects read pictures and videos; make a "
                "video of it first"
            )
        if is_clip(file):
            found[name] = file
    return effect.with_clips({name: _footage(effect, name, file) for name, file in found.items()}) if found else effect


def _footage(effect: Effect, name: str, file: str) -> Footage:
    owner = f"{effect.name}: {name}"
    start, after = effect.settings.get("start", 0.0), effect.values.get("after", ENDS[0])
    if not isinstance(start, float):
        raise ParameterError(f"{effect.name}: start of a video expects one number, got keyframes")
    try:
        with Reader(file, threads=1, kept=0) as reader:
            spec = reader.spec
    except InputError as problem:
        raise ParameterError(said(problem, owner, file)) from None
    return Footage(Path(file), spec, Fraction(str(start)), after, owner)


def said(problem: InputError, owner: str, file: str) -> str:
    """Return what is wrong with a file as that of an effect's parameter: it has to be whole."""
    return f"{owner} {file!r}: {str(problem).removeprefix(f'{file}: ').removesuffix(f'; {MEND}')}"
