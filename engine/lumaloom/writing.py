"""`write`: frames that a program has, as arrays or as frames, become a file."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np

from lumaloom.cache import DiskCache
from lumaloom.composition import Engine
from lumaloom.device import Machine
from lumaloom.effect import Effect
from lumaloom.errors import UsageError
from lumaloom.frame import FORMATS, Colour, Frame, FrameSpec, Range, Timing
from lumaloom.graph import make_plan
from lumaloom.jobs import RenderRequest
from lumaloom.jobs.kept import lost, mistaken, played, unplayed
from lumaloom.jobs.preparation import chosen, shares_of, threads_of
from lumaloom.jobs.timecode import parse_rate
from lumaloom.media.opensink import open_sink
from lumaloom.media.sink import SinkSummary
from lumaloom.memory import default_pool
from lumaloom.plugins import Registry
from lumaloom.run import Meter, OtherClips, run_plan
from lumaloom.services.pools import Budget, Pools
from lumaloom.services.settings import Settings

Picture = Frame | np.ndarray[Any, Any]

# Formats of arrays by their channels and dtype.
_ROWS = {
    (1, "uint8"): "gray",
    (1, "uint16"): "gray16le",
    (1, "float32"): "grayf32le",
    (3, "uint8"): "rgb24",
    (3, "uint16"): "rgb48le",
    (3, "float32"): "gbrpf32le",
    (4, "uint8"): "rgba",
    (4, "uint16"): "rgba64le",
    (4, "float32"): "gbrapf32le",
}
_USUAL_RATE = Fraction(25)
# The largest denominator of a rate, as in 30000/1001.
_FINEST = 1001


def write(
    frames: Iterable[Picture],
    output: str | os.PathLike[str],
    effects: Sequence[str | Effect] = (),
    *,
    rate: float | str | Fraction | None = None,
    device: str | None = None,
    threads: int | None = None,
    encoder: str | None = None,
    crf: float | None = None,
    preset: str | None = None,
    pixel_format: str | None = None,
    encoder_options: Mapping[str, str | float] | None = None,
    overwrite: bool = False,
    dither: bool = False,
) -> SinkSummary:
    """Run frames that a program makes through `effects`, and encode them to `output`.

    ```python
    import numpy as np

    with lumaloom.open("in.mp4") as clip:
        pictures = (np.flipud(frame.to_rgb()) for frame in clip)
        lumaloom.write(pictures, "out.mp4", ["sepia"], rate=clip.rate)
    ```

    There is no sound. To change the pictures of a file and keep all else of it, `render` it with an `Effect`.

    Args:
        frames: arrays of one shape and dtype, or `Frame`s of one size and format, such as those of a clip. Arrays are
            gray `(H, W)`, RGB `(H, W, 3)` or RGBA `(H, W, 4)`; uint8 and uint16 from black at 0 to white at the
            dtype's greatest, float32 from 0 to 1. They are asked for in this thread, no more than a few ahead, and
            copied: one array may be filled anew each time. What their iterator raises ends the writing, and nothing
            is left of the output.
        output: path of the result, its extension chooses the container; `null` throws the frames away, and a name with
            `%04d` numbers pictures.
        effects: in order; effects, or text such as `blur sigma=5`. Their time begins at the first frame.
        rate: frames per second, as a number or text such as `30000/1001`. None keeps the times of `Frame`s, from 0 on;
            arrays have none, and need it unless pictures are written.
        device: `auto`, `cpu` or `cuda`; None for what the settings say.
        threads: for effects and encoding each; None for what the settings say, usually their shares of the cores.
        encoder: such as `h264`, `hevc`, `av1`, `ffv1`; None for the container's usual one.
        crf: quality on the encoder's own scale.
        preset: the encoder's speed preset.
        pixel_format: what is encoded, by FFmpeg's name. None for what keeps most of the pictures; of arrays in MP4 and
            MOV, for what every player takes, such as `yuv420p`.
        encoder_options: further options, by the encoder's own names.
        overwrite: replace an output that exists.
        dither: hide the steps where frames lose depth, by an ordered pattern.

    Returns:
        Counts, encoder, format, and warnings: what is not kept of the pictures, a line each.

    Raises:
        LumaloomError: one line says what was expected, what came, and the mend; no output is left behind.
    """
    if isinstance(frames, (str, os.PathLike)) or not isinstance(frames, Iterable):
        raise UsageError(f"frames: expected arrays or frames, got {frames!r}; lumaloom.render takes files")
    if isinstance(frames, np.ndarray) and (frames.ndim < 3 or (frames.ndim == 3 and frames.shape[2] in (1, 3, 4))):
        raise UsageError(f"frames: expected several, got one array of shape {frames.shape}; put it into a list")
    request = RenderRequest(
        input="frames",  # of no file
        output=output,
        effects=effects,
        device=device,
        threads=threads,
        encoder=encoder,
        crf=crf,
        preset=preset,
        pixel_format=pixel_format,
        encoder_options=encoder_options or {},
        overwrite=overwrite,
        dither=dither,
    )
    choice = chosen(request)
    with Engine() as engine, ExitStack() as stack:
        settings = engine.get(Settings)
        made = engine.get(Registry).create_all(request.effects)
        device = engine.get(Machine).choose(request.device or settings.device)
        pictures = choice.encoder is None or choice.container.is_pictures
        every = None if rate is None else parse_rate(rate).limit_denominator(_FINEST)
        timed = _timed(frames, every, _USUAL_RATE if pictures else None)
        first, of_array = next(timed, (None, False))
        if first is None:
            raise UsageError("frames: expected at least one, got none")
        if of_array and pixel_format is None:
            choice = played(choice, first.spec)
        upright = choice.encoder is not None and not choice.container.rotation
        plan = make_plan(first.spec, made, choice.formats, device, upright=upright, dither=dither)
        stack.enter_context(engine.get(Budget).job())
        on_cpu, pixels = (len(made) if device == "cpu" else 0), first.width * first.height
        shares = shares_of(choice, on_cpu, pixels, threads_of(request, settings), engine.get(Budget))
        lane = stack.enter_context(engine.get(Pools).cpu.lane("write", width=max(shares.effects, 1)))
        base, duration = first.time_base, first.timing.duration
        sink = stack.enter_context(
            open_sink(
                request.output,
                choice,
                plan.output,
                time_base=base,
                rate=1 / (base * duration) if duration > 0 else None,
                overwrite=overwrite,
                threads=shares.encoder,
            )
        )
        items = chain([first], (frame for frame, _ in timed))
        limit = int(settings.ahead)
        others = stack.enter_context(OtherClips(shares.decoder, engine.get(DiskCache)))
        pool, meter = default_pool(), Meter()
        path = run_plan(plan, items, pool=pool, workers=lane, limit=limit, meter=meter, others=others)
        if isinstance(path, Generator):
            stack.callback(path.close)
        for item in path:
            sink.write(item)
        summary = sink.finish()
        warnings = (
            *lost(plan),
            *mistaken(choice, plan.output),
            *unplayed(choice, plan.output, pixel_format is not None),
            *summary.warnings,
        )
        return replace(summary, warnings=warnings)


def _timed(frames: Iterable[Picture], rate: Fraction | None, usual: Fraction | None) -> Iterator[tuple[Frame, bool]]:
    """Yield a copy of every frame with its time, and whether it was an array.

    Args:
        frames: as `write` takes them.
        rate: of all; None for the times that frames have.
        usual: that of arrays without; None where they need one.
    """
    first: Frame | None = None
    start, last = Fraction(0), Fraction(-1)
    for number, given in enumerate(frames):
        frame = given.copy(default_pool()) if isinstance(given, Frame) else _from_array(given, number)
        if first is None:
            first, start = frame, frame.timing.seconds
        elif frame.spec.shapes != first.spec.shapes or frame.format is not first.format:
            raise UsageError(f"frame {number}: expected {first.spec} as before, got {frame.spec}; make them alike")
        if rate is None and isinstance(given, Frame):
            shift = round(start / frame.time_base)
            frame.timing = replace(frame.timing, pts=frame.pts - shift, origin=0)
            if frame.timing.seconds <= last:
                raise UsageError(f"frame {number}: its time is not after that before; give the rate, such as rate=25")
            last = frame.timing.seconds
        elif (chosen_rate := rate or usual) is not None:
            frame.timing = Timing(number, 1 / chosen_rate, 1)
        else:
            raise UsageError("rate: expected frames per second, such as rate=25, since arrays have no times")
        yield frame, not isinstance(given, Frame)


def _from_array(given: Any, number: int) -> Frame:
    """Return a copy of an array, or of what NumPy makes one of, as a frame."""
    try:
        array = np.asarray(given)
    except Exception as problem:  # a stranger's __array__
        raise UsageError(f"frame {number}: is no array: {problem}") from None
    channels = array.shape[2] if array.ndim == 3 else 1
    row = _ROWS.get((channels, array.dtype.name))
    if row is None or array.ndim not in (2, 3) or 0 in array.shape:
        raise UsageError(
            f"frame {number}: expected an array (H, W), (H, W, 3) or (H, W, 4) of uint8, uint16 or float32, got "
            f"{array.shape} of {array.dtype}; astype() converts"
        )
    colour = Colour(range=Range.FULL)
    frame = Frame.allocate(FrameSpec(FORMATS[row], array.shape[1], array.shape[0], colour), default_pool())
    for fmt, plane in frame.items():
        if plane.ndim == 3:
            plane[...] = array
        else:
            plane[...] = array[..., "rgba".index(fmt.channels)] if channels > 1 else array.reshape(plane.shape)
    return frame
