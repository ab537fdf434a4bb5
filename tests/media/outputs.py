"""Makes frames without a file, drives sinks with them, and reads back what came out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from lumaloom.frame import FORMATS, Colour, Frame, FrameSpec, Timing
from lumaloom.frame.bridge import from_av
from lumaloom.frame.colour import UNTAGGED
from lumaloom.media.choice import choose
from lumaloom.media.opensink import open_sink
from lumaloom.media.sink import SinkSummary


def samples(row: Any, shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    """A smooth ramp with noise over the whole range of the format."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.1, 0.9, int(np.prod(shape))).reshape(shape)
    values = np.clip(ramp + rng.uniform(-0.1, 0.1, shape), 0, 1)
    if row.is_float:
        return values.astype(np.float32)
    return (values * ((1 << row.depth) - 1)).round().astype(row.dtype) << row.shift


def frame(
    number: int = 0,
    fmt: str = "yuv420p",
    width: int = 64,
    height: int = 48,
    *,
    pts: int | None = None,
    time_base: Fraction = Fraction(1, 25),
    duration: int = 1,
    colour: Colour = UNTAGGED,
    side_data: tuple[tuple[str, bytes], ...] = (),
    **spec: Any,
) -> Frame:
    row = FORMATS[fmt]
    full = FrameSpec(row, width, height, colour, **spec)
    planes = tuple(samples(row, shape, 7 * number + i) for i, shape in enumerate(full.shapes))
    return Frame(full, planes, Timing(number if pts is None else pts, time_base, duration), side_data)


def frames(count: int, fmt: str = "yuv420p", width: int = 64, height: int = 48, **given: Any) -> list[Frame]:
    return [frame(n, fmt, width, height, **given) for n in range(count)]


def write(
    target: Path | str,
    items: Sequence[Any],
    encoder: str | None = None,
    *,
    rate: Fraction | None = Fraction(25),
    source: Any = None,
    overwrite: bool = False,
    threads: int | None = 2,
    **choice: Any,
) -> SinkSummary:
    """Write items to `target` through the sink that fits."""
    first = next(item for item in items if isinstance(item, Frame))
    chosen = choose(target, encoder, **choice)
    with open_sink(
        target,
        chosen,
        first.spec,
        time_base=first.time_base,
        rate=rate,
        source=source,
        overwrite=overwrite,
        threads=threads,
    ) as sink:
        for item in items:
            sink.write(item)
        return sink.finish()


@dataclass
class PlainSource:
    """The least that a sink needs of a source: PyAV's demuxer, everything in memory."""

    path: Path
    streams: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.container = av.open(str(self.path))
        self.video = self.container.streams.video[0]
        self.passthrough = [s for s in self.container.streams if s.type in ("audio", "subtitle", "data")]
        self.attachments = list(self.container.streams.attachments)
        self.metadata = dict(self.container.metadata)
        self.stream_metadata = dict(self.video.metadata)
        self.chapters = self.container.chapters()
        self.bottom_field_first, self.first_number = False, 0

    @property
    def time_base(self) -> Fraction:
        return self.video.time_base

    def items(self, limit: int | None = None) -> Iterator[Any]:
        count = 0
        for packet in self.container.demux(self.video, *self.passthrough):
            if packet.stream.index != self.video.index:
                if packet.size:
                    yield packet
                continue
            for decoded in packet.decode():
                count += 1
                if limit is None or count <= limit:
                    yield self.wrapped(decoded)

    def wrapped(self, decoded: av.VideoFrame) -> Frame:
        result = from_av(decoded, Timing(decoded.pts, self.time_base, decoded.duration))
        sar = self.video.sample_aspect_ratio or Fraction(0)
        result.spec = replace(result.spec, sar=sar, rotation=decoded.rotation)
        return result


def read(path: Path | str) -> list[Frame]:
    """Decode the video of a file with PyAV alone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [from_av(f, Timing(f.pts, stream.time_base, f.duration)) for f in container.decode(stream)]


def packets(path: Path | str, kind: str = "audio") -> list[tuple[Any, ...]]:
    """Every packet of the first stream of a kind: `(pts in seconds, duration in seconds, hash of the bytes)`."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, {"subtitle": "subtitles"}.get(kind, kind))[0]
        return [
            (p.pts * p.time_base, (p.duration or 0) * p.time_base, hashlib.sha256(bytes(p)).hexdigest())
            for p in container.demux(stream)
            if p.size
        ]


def times(items: Sequence[Frame]) -> list[Fraction]:
    return [item.timing.seconds for item in items]


def same_samples(first: Frame, second: Frame) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first.planes, second.planes, strict=True))
