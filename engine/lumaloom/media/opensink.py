"""The choice among the sinks."""

from __future__ import annotations

import os
from fractions import Fraction

from lumaloom.errors import UsageError
from lumaloom.frame import FrameSpec
from lumaloom.media.choice import EncoderChoice
from lumaloom.media.filesink import FileSink
from lumaloom.media.pictures import PictureSink
from lumaloom.media.sink import KEPT, NullSink, Origin, Sink


def open_sink(
    target: str | os.PathLike[str],
    choice: EncoderChoice,
    spec: FrameSpec,
    *,
    time_base: Fraction,
    rate: Fraction | None = None,
    source: Origin | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    keep: frozenset[str] = KEPT,
) -> Sink:
    """Return the sink for `target`, which writes nothing under that name before `finish`.

    Args:
        target: the file; `null` for none; a name with `%04d` for numbered pictures.
        choice: what `choose(target, ...)` returned.
        spec: of the frames to come; a format that the encoder lacks is converted to the nearest that it has.
        time_base: of the frames' timestamps, kept where the container allows.
        rate: average frames per second, a hint for the encoder.
        source: whose other streams, tags and chapters are kept.
        overwrite: whether a file under that name is replaced.
        threads: of the encoder; None for one per core.
        keep: the kinds of other streams that are kept.

    Raises:
        UsageError: the target is the input, or exists and `overwrite` is off.
        OutputError: the target can't be written.
        FormatError: the encoder takes no frames of this size.

    """
    if unknown := keep - KEPT:
        raise UsageError(f"can't keep {', '.join(sorted(unknown))}: expected some of {', '.join(sorted(KEPT))}")
    if choice.encoder is None:
        return NullSink()
    if choice.container.is_pictures:
        return PictureSink(target, choice, spec, source=source, overwrite=overwrite, threads=threads, keep=keep)
    return FileSink(
        target,
        choice,
        spec,
        time_base=time_base,
        rate=rate,
        source=source,
        overwrite=overwrite,
        threads=threads,
        keep=keep,
    )
