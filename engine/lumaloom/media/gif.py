"""Pictures of 256 colours: a palette for every frame, and dithering, by FFmpeg's filters."""

from __future__ import annotations

from fractions import Fraction

import av
from av.filter import Graph

from lumaloom.frame import FrameSpec
from lumaloom.media.encoders import Encoder


class Palette:
    """Turns RGB frames into `pal8` frames, one at a time, each with the palette that suits it best."""

    def __init__(self, row: Encoder, spec: FrameSpec, time_base: Fraction) -> None:
        self._time_base = time_base
        self._format = ""
        self._graph: Graph | None = None

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return the frame in `pal8`, with its timing."""
        if self._graph is None or picture.format.name != self._format:
            self._graph, self._format = self._built(picture), picture.format.name
        self._graph.vpush(picture)
        result = self._graph.vpull()
        result.pts, result.time_base, result.duration = picture.pts, picture.time_base, picture.duration
        return result

    def _built(self, picture: av.VideoFrame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(
            width=picture.width, height=picture.height, format=picture.format, time_base=self._time_base
        )
        split = graph.add("split")
        make = graph.add("palettegen", "stats_mode=single")
        use = graph.add("paletteuse", "new=1")
        end = graph.add("buffersink")
        source.link_to(split)
        split.link_to(make, 0, 0)
        split.link_to(use, 1, 0)
        make.link_to(use, 0, 1)
        use.link_to(end)
        graph.configure()
        return graph
