"""FFmpeg's filters where only they reach: palettes for GIF, and the flags of a frame that PyAV has no setter for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from math import isqrt

import av
from av.filter import Graph
from av.filter.context import FilterContext


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
_ENOUGH = 1 << 16


class Palette(Filter):
    """Turns RGB frames into `pal8`, each with the 256 colours that suit it best, dithered.

    Of large pictures, every n-th pixel of every n-th row chooses the colours.
    """

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._step = max(isqrt(width * height // _ENOUGH), 1)

    def _link(self, graph: Graph, source: FilterContext, end: FilterContext) -> None:
        split = graph.add("split")
        part = graph.add("scale", f"ceil(iw/{self._step}):ceil(ih/{self._step}):flags=neighbor")
        make = graph.add("palettegen", "stats_mode=single")
        # Nearer to the picture than FFmpeg's usual dither, in smaller files and less time.
        use = graph.add("paletteuse", "new=1:dither=floyd_steinberg")
        source.link_to(split)
        split.link_to(part, 0, 0)
        part.link_to(make)
        split.link_to(use, 1, 0)
        make.link_to(use, 0, 1)
        use.link_to(end)


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
