"""FFmpeg's filters where only they reach: palettes for GIF, and the flags of a frame that PyAV has no setter for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from math import isqrt
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext

from lumaloom.frame import FrameSpec
from lumaloom.frame.bridge import spec_of
from lumaloom.frame.pyav import wrapped_planes


class Filter(ABC):
    """A graph that returns one frame for every frame, with its timing; frames must be of one size and format."""

    def __init__(self) -> None:
        self._graph: Graph | None = None

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return the filtered frame."""
        if self._graph is None:
            self._graph = self._built(picture)
        self._graph.vpush(picture)
        result = self._graph.vpull()
        result.pts, result.time_base, result.duration = picture.pts, picture.time_base, picture.duration
        return result

    def _built(self, picture: av.VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=picture.width, height=picture.height, format=picture.format, time_base=picture.time_base
        )
        self._link(graph, source, graph.add("buffersink"))
        graph.configure()
        return graph

    @abstractmethod
    def _link(self, graph: Graph, source: FilterContext, end: FilterContext) -> None:
        """Put the filter's nodes between the two."""


# Pixels by which a palette is chosen, at least: with more, measured pictures come no nearer.
_ENOUGH = 1 << 14
_COLOURS = 256


class Palette(Filter):
    """Turns RGB frames into `pal8`, each with the colours that suit it best, its errors diffused.

    Of large pictures, every n-th pixel of every n-th row chooses the colours. FFmpeg's `paletteuse` takes many times as
    long as `diffuse`, and keeps less of the means of neighbours.
    """

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._step = max(isqrt(width * height // _ENOUGH), 1)
        self._alpha = False

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return the frame in the colours of its palette."""
        from lumaloom_kernels import diffuse

        spec, samples = _samples(picture)
        self._alpha = spec.format.has_alpha
        chosen = _samples(super().__call__(picture))[1].reshape(-1, 4)
        opaque = chosen[: _COLOURS - self._alpha, :3]  # B, G, R
        order = opaque if spec.format.channels.startswith("b") else opaque[:, ::-1]
        result = av.VideoFrame(picture.width, picture.height, "pal8")
        indices, palette = (np.frombuffer(memoryview(plane), np.uint8) for plane in result.planes)
        rows = indices.reshape(-1, result.planes[0].line_size)[: picture.height, : picture.width]
        rows[...] = diffuse(samples, order, hole=_COLOURS - 1 if self._alpha else None)
        palette[: chosen.size] = chosen.reshape(-1)
        result.pts, result.time_base, result.duration = picture.pts, picture.time_base, picture.duration
        return result

    def _link(self, graph: Graph, source: FilterContext, end: FilterContext) -> None:
        part = graph.add("scale", f"ceil(iw/{self._step}):ceil(ih/{self._step}):flags=neighbor")
        make = graph.add("palettegen", f"stats_mode=single:reserve_transparent={int(self._alpha)}")
        source.link_to(part)
        part.link_to(make)
        make.link_to(end)


def _samples(picture: av.VideoFrame) -> tuple[FrameSpec, np.ndarray[Any, Any]]:
    """Return the spec of a frame of packed RGB, and a view of its samples."""
    spec = spec_of(picture)
    assert spec is not None
    return spec, wrapped_planes(picture, spec)[0]


class Flags(Filter):
    """Sets the order of the fields and the sample aspect ratio on frames; the samples are not touched."""

    def __init__(self, *, top_first: bool | None, sar: Fraction) -> None:
        super().__init__()
        self._top_first, self._sar = top_first, sar

    def _link(self, graph: Graph, source: FilterContext, end: FilterContext) -> None:
        last = source
        if self._top_first is not None:
            fields = graph.add("setfield", "tff" if self._top_first else "bff")
            last.link_to(fields)
            last = fields
        if self._sar:
            shape = graph.add("setsar", f"{self._sar.numerator}/{self._sar.denominator}")
            last.link_to(shape)
            last = shape
        last.link_to(end)
