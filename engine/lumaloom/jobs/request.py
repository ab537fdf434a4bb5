"""What a render is asked to do, as data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lumaloom.effect import Effect
from lumaloom.jobs.timecode import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """One input, a chain of effects, one output.

    Attributes:
        input: path of the source.
        output: path of the result; `null` throws the frames away.
        effects: effects, or text such as `blur sigma=5`.
        device: `auto`, `cpu` or `cuda`; None for what the settings say.
        threads: decoder, worker and encoder threads each; None for what the settings say, usually
            their shares of the cores.
        encoder: short or FFmpeg name; None for the container's usual one.
        crf: quality on the encoder's own scale; None for its default.
        preset: the encoder's speed preset.
        encoder_options: further options, by the encoder's own names.
        start: where the clip starts, inclusive.
        end: where the clip ends, exclusive.
        overwrite: replace an output that exists.
        best_effort: render what is readable of a damaged input.
        dither: hide the steps where frames lose depth, as from 10 bits to 8.
        table_error: levels of 255 that costly colour may be off, looked up in a cube instead of computed; 0 computes.
        segments: seconds of a segment of the output, which is kept on disk, so that what is there already is not
            rendered again; None renders the whole straight to the output.
    """

    input: str | os.PathLike[str]
    output: str | os.PathLike[str]
    effects: Sequence[str | Effect] = ()
    device: str | None = None
    threads: int | None = None
    encoder: str | None = None
    crf: float | None = None
    preset: str | None = None
    encoder_options: Mapping[str, str] = field(default_factory=dict)
    start: Position | None = None
    end: Position | None = None
    overwrite: bool = False
    best_effort: bool = False
    dither: bool = False
    table_error: float = 0.0
    segments: float | None = None
