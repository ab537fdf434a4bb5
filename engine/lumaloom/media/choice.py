"""What an output is made with: the container by its name, the encoder by choice, the format by least loss."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from lumaloom.errors import FormatError, nearest
from lumaloom.frame.cost import conversion_cost
from lumaloom.frame.formats import FORMATS, FULL_RANGE_ALIASES, Model, PixelFormat
from lumaloom.media.containers import CONTAINERS, NULL, Container
from lumaloom.media.encoder import Encoder
from lumaloom.media.encoders import available, encoder, labels, settings

# The number in the name of a picture in a sequence, as in `frame%04d.png`.
PATTERN = re.compile(r"%(0\d+)?d")


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """A container and an encoder that fit, with the encoder's options.

    Attributes:
        container: row of `CONTAINERS`, or `NULL`.
        encoder: row of `ENCODERS`, None for `NULL`.
        options: FFmpeg's options for the encoder.
        formats: rows of the pixel-format table that the encoder takes.

    """

    container: Container
    encoder: Encoder | None
    options: dict[str, str] = field(default_factory=dict)
    formats: tuple[PixelFormat, ...] = ()

    def __str__(self) -> str:
        return f"{self.encoder.label} in {self.container.name}" if self.encoder else self.container.name


def choose(
    target: str | os.PathLike[str],
    encoder_name: str | None = None,
    *,
    crf: float | None = None,
    preset: str | None = None,
    pixel_format: str | None = None,
    options: dict[str, str] | None = None,
) -> EncoderChoice:
    """Return what writes `target`: the container by its extension, its usual encoder unless another is asked for.

    With `pixel_format`, FFmpeg's name, that is the only format that it is given. `null` stands for an output that
    counts frames and throws them away.

    Raises:
        FormatError: the extension or the encoder is unknown, the encoder takes no such pixel format, or the container
            can't hold what the encoder makes.
        ParameterError: `crf`, `preset` or one of `options` does not fit the encoder.

    """
    if os.fspath(target) == "null":
        return EncoderChoice(NULL, None, formats=_formats(tuple(FORMATS.values()), pixel_format, "lumaloom"))
    container = container_for(target)
    row = encoder(encoder_name or container.encoder)
    if row.codec not in container.video:
        fitting = tuple(r for r in available() if r.codec in container.video)
        elsewhere = [f".{c.name}" for c in dict.fromkeys(CONTAINERS.values()) if row.codec in c.video]
        raise FormatError(
            f".{container.name} can't hold {row.codec}: choose from {labels(fitting)}, or write {', '.join(elsewhere)}"
        )
    formats = _formats(row.formats(), pixel_format, row.label)
    return EncoderChoice(container, row, settings(row, crf, preset, options), formats)


def _formats(rows: tuple[PixelFormat, ...], wanted: str | None, owner: str) -> tuple[PixelFormat, ...]:
    """Return all rows, or the one that is wanted."""
    if wanted is None:
        return rows
    known = {row.name: row for row in rows}
    name = FULL_RANGE_ALIASES.get(wanted.lower(), wanted.lower())
    if name not in known:
        raise FormatError(
            f"{owner} takes no pixel format {wanted!r}{nearest(name, known)} (it takes: {', '.join(known)})"
        )
    return (known[name],)


def container_for(target: str | os.PathLike[str]) -> Container:
    """Return the container that the extension of `target` names.

    Raises:
        FormatError: it has no extension, or an unknown one.

    """
    extension = Path(target).suffix.lower().removeprefix(".")
    if extension in CONTAINERS:
        return CONTAINERS[extension]
    known = ", ".join(f".{name}" for name in CONTAINERS)
    if not extension:
        raise FormatError(f"{target}: an output needs an extension that names its format (one of {known})")
    raise FormatError(f"{target}: unknown extension .{extension}{nearest(extension, CONTAINERS)} (one of {known})")


def best_format(source: PixelFormat, choice: EncoderChoice, width: int = 0, height: int = 0) -> PixelFormat:
    """Return the format of the encoder that keeps most of `source`, itself where the encoder takes it.

    `conversion_cost` says which that is.
    Formats that the encoder refuses at `width` x `height` (odd sizes with subsampled chroma) are left out.

    Raises:
        FormatError: no format is left.

    """
    fitting = [row for row in choice.formats if _fits(row, choice, width, height)]
    if not fitting:
        raise FormatError(f"{choice}: takes no picture of {width}x{height}: odd sizes don't fit; crop to even ones")
    return min(fitting, key=lambda row: conversion_cost(source, row))


def losses(source: PixelFormat, row: PixelFormat) -> list[str]:
    """Return what frames of `source` lose in the format `row`, a few words each."""
    (from_x, from_y), (to_x, to_y) = source.subsampling, row.subsampling
    lost = []
    if source.model is not Model.GRAY and row.model is Model.GRAY:
        lost.append("colour")
    elif source.model is not Model.GRAY and (to_x > from_x or to_y > from_y):
        lost.append("resolution of colour")
    if source.depth > row.depth:
        lost.append(f"depth ({'float' if source.is_float else source.depth} to {row.depth} bits)")
    if source.has_alpha and not row.has_alpha:
        lost.append("alpha")
    return lost


def _fits(row: PixelFormat, choice: EncoderChoice, width: int, height: int) -> bool:
    if choice.encoder is None or not choice.encoder.even:
        return True
    sub_x, sub_y = row.subsampling
    return width % (1 << sub_x) == 0 and height % (1 << sub_y) == 0


def numbered(pattern: str, number: int) -> str:
    """Return a name with the number in the place of `%d` or `%04d`; other percent signs stay."""
    return PATTERN.sub(lambda match: str(match.group() % number), pattern, count=1)
