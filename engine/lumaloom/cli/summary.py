"""How a render went, for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lumaloom.cli.output import amount, console, fields, heading, percentages, printable
from lumaloom.errors import counted

if TYPE_CHECKING:
    from lumaloom.jobs import RenderResult
    from lumaloom.media.losses import Losses

_LOSSES = {
    "decode_errors": "packets that could not be decoded",
    "corrupt_packets": "damaged packets",
    "corrupt_frames": "damaged frames",
    "changed_frames": "frames of another size or format left out",
    "timestamps_repaired": "timestamps repaired",
}


def losses_line(losses: Losses) -> str:
    """Return what the source could not deliver as one line, empty if it delivered everything."""
    parts = [counted(getattr(losses, name), words) for name, words in _LOSSES.items() if getattr(losses, name)]
    if losses.truncated:
        parts.append("the file ends early")
    if parts and losses.any and losses.frames_declared:
        parts.append(f"{losses.frames_readable} of {losses.frames_declared} frames were readable")
    return ", ".join(parts)


def show(result: RenderResult) -> None:
    """Print how a render went: some lines on a terminal, one elsewhere."""
    speed = f"{counted(result.frames, 'frames')} in {result.seconds:.2f} s, {result.fps:.1f} fps on {result.device}"
    sink = result.sink
    target = f"{sink.path} ({amount(sink.bytes)})" if sink.encoder else "null: the frames were thrown away"
    streams = [str(stream) for stream in sink.streams]
    losses = losses_line(result.losses)
    segments = f"{result.segments} segments, {result.reused} of them reused" if result.segments > 1 else ""
    if not sys.stdout.isatty():
        words = [
            f"{target}: {speed}",
            *streams,
            *([segments] if segments else []),
            *([f"lost: {losses}"] if losses else []),
        ]
        sys.stdout.write(printable("; ".join(words)) + "\n")
        return
    total = sum(result.stage_seconds.values()) or 1.0
    out = console()
    heading(out, target)
    fields(
        out,
        [
            ("frames", speed),
            ("time", percentages({name: value / total for name, value in result.stage_seconds.items()})),
            ("encoder", f"{sink.encoder} {sink.format}".strip()),
            ("streams", "\n".join(streams)),
            ("segments", segments.removesuffix(" segments")),
            ("losses", losses),
        ],
    )
