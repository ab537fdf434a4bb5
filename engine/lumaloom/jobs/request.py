"""What a render is asked to do, as data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from lumaloom.effect import Effect
from lumaloom.errors import UsageError
from lumaloom.jobs.timecode import Position, parse_rate

_PATH, _TEXT, _NUMBER = ("a path", (str, os.PathLike)), ("text", (str,)), ("a number", (int, float))
# What attributes hold where they are not None.
_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    **dict.fromkeys(("input", "output", "path"), _PATH),
    **dict.fromkeys(("device", "encoder", "preset", "pixel_format"), _TEXT),
    **dict.fromkeys(("crf", "table_error", "segments"), _NUMBER),
    "threads": ("a whole number", (int,)),
    **dict.fromkeys(("overwrite", "best_effort", "dither"), ("True or False", (bool,))),
}


def check_kind(name: str, value: Any) -> None:
    """Check a value that a program gives for an attribute of a request, or for an argument of that name.

    Raises:
        UsageError: it is of another kind; what it says is checked where it is used.
    """
    words, kinds = _KINDS[name]
    right = isinstance(value, kinds) and isinstance(value, bool) is (bool in kinds)
    if right and _KINDS[name] is _PATH:
        right = os.fspath(value) != "" and "\0" not in os.fspath(value)
    if not right:
        raise UsageError(f"{name}: expected {words}, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """One input, a chain of effects, one output.

    Attributes:
        input: path of the source: a file, or pictures, as in `shot.%04d.png` and `shots/*.png`.
        output: path of the result; `null` throws the frames away.
        effects: effects, or text such as `blur sigma=5`.
        device: `auto`, `cpu` or `cuda`; None for what the settings say.
        threads: decoder, worker and encoder threads each; None for what the settings say, usually
            their shares of the cores.
        encoder: short or FFmpeg name; None for the container's usual one.
        crf: quality on the encoder's own scale; None for its default.
        preset: the encoder's speed preset.
        pixel_format: FFmpeg's name of the format that is encoded; None for that which keeps most.
        encoder_options: further options, by the encoder's own names; numbers become text.
        rate: frames per second of a sequence of pictures; None for 25, and for any other input. Text becomes a number.
        start: where the clip starts, inclusive.
        end: where the clip ends, exclusive.
        overwrite: replace an output that exists.
        best_effort: render what is readable of a damaged input.
        dither: hide the steps where frames lose depth, as from 10 bits to 8.
        table_error: levels of 255 that costly colour may be off, looked up in a cube instead of computed; 0 computes.
        segments: seconds of a segment of the output, which is kept on disk, so that what is there already is not
            rendered again; None renders the whole straight to the output.
        fuse: do neighbouring pointwise effects in one pass; False makes each a pass of its own, to see what fusing
            gives and to find an effect that fails or is slow. The result is the same but for float32's rounding.

    Raises:
        UsageError: an attribute of another kind.
    """

    input: str | os.PathLike[str]
    output: str | os.PathLike[str]
    effects: Sequence[str | Effect] = ()
    device: str | None = None
    threads: int | None = None
    encoder: str | None = None
    crf: float | None = None
    preset: str | None = None
    pixel_format: str | None = None
    encoder_options: Mapping[str, str | float] = field(default_factory=dict)
    rate: str | float | Fraction | None = None
    start: Position | None = None
    end: Position | None = None
    overwrite: bool = False
    best_effort: bool = False
    dither: bool = False
    table_error: float = 0.0
    segments: float | None = None
    fuse: bool = True

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if name in _KINDS and not (value is None and self.__dataclass_fields__[name].default is None):
                check_kind(name, value)
        if isinstance(self.effects, (str, Mapping)) or not isinstance(self.effects, Iterable):
            raise UsageError(f"effects: expected a list of effects, got {self.effects!r}; write [{self.effects!r}]")
        if not isinstance(self.encoder_options, Mapping):
            raise UsageError(f"encoder_options: expected a dictionary, got {self.encoder_options!r}")
        if self.rate is not None:
            object.__setattr__(self, "rate", parse_rate(self.rate))
        options = {name: _option(name, value) for name, value in self.encoder_options.items()}
        object.__setattr__(self, "effects", tuple(self.effects))
        object.__setattr__(self, "encoder_options", options)


def _option(name: str, value: str | float) -> str:
    """Return the value of an encoder's option as FFmpeg reads it."""
    if not isinstance(name, str):
        raise UsageError(f"encoder_options: expected the name of an option, got {name!r}")
    if not isinstance(value, (str, int, float)):
        raise UsageError(f"encoder_options: {name}: expected text or a number, got {value!r}")
    return str(int(value)) if isinstance(value, bool) else str(value)
