"""Pictures through colour effects and through FFmpeg's filters."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np

from lumaloom.effect import Effect, Frame
from lumaloom.frame import FORMATS, Colour, FrameSpec, Timing
from lumaloom.graph import make_plan
from lumaloom.pointwise.reference import reference
from tests.effects.definitions import POOL, effect

Picture = np.ndarray[Any, np.dtype[Any]]
PLAIN = Colour()
LUMA = np.array([0.2126, 0.7152, 0.0722])


def colours(height: int = 24, width: int = 40, seed: int = 3) -> Picture:
    """Return `(H, W, 3)` random colours with black, white, grays and primaries among them, 0 to 1."""
    picture = np.random.default_rng(seed).random((height, width, 3))
    picture[0, :8] = [[k & 1, k >> 1 & 1, k >> 2] for k in range(8)]
    picture[1] = np.linspace(0, 1, width)[:, None]
    return picture


def through(
    call: str,
    picture: Picture,
    colour: Colour = PLAIN,
    timing: Timing = Timing(),  # noqa: B008
) -> Picture:
    """Return an `(H, W, 3)` or `(H, W, 4)` picture after an effect, as float RGB; the definition has to agree."""
    fmt = FORMATS["gbrapf32le" if picture.shape[2] == 4 else "gbrpf32le"]
    spec = FrameSpec(fmt, picture.shape[1], picture.shape[0], colour)
    src = Frame.allocate(spec, POOL)
    src.timing = timing
    for (plane, samples), _ in zip(src.items(), src.planes, strict=True):
        samples[...] = picture[..., "rgba".index(plane.channels)]
    out = src
    for step in make_plan(spec, [effect(call)]).parts:
        assert isinstance(step.action, Effect)
        before, out = out, step.apply(out, POOL)
        defined = Frame.allocate(out.spec, POOL)
        reference((step.action.at(timing).stage,), before, defined)  # type: ignore[attr-defined]
        for found, wanted in zip(out.planes, defined.planes, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    planes = {plane.channels: samples for plane, samples in out.items()}
    return np.stack([planes[letter] for letter in "rgba"[: picture.shape[2]]], axis=-1).astype(np.float64)


def by_pixel(picture: Picture, function: Callable[[list[float]], Any]) -> Picture:
    """Return a picture with plain Python at every pixel."""
    return np.array([[function(pixel.tolist()) for pixel in row] for row in picture])


def ffmpeg(frame: av.VideoFrame, filters: str) -> av.VideoFrame:
    """Return a frame after FFmpeg's filters."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=av.VideoFormat(frame.format.name), time_base=Fraction(1, 25)
    )
    last = source
    for text in filters.split(";"):
        name, _, arguments = text.partition("=")
        step = graph.add(name, arguments or None)
        last.link_to(step)
        last = step
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    frame.pts = 0
    source.push(frame)
    result = sink.pull()
    assert isinstance(result, av.VideoFrame)
    return result


def eight_bits(call: str, planes: Picture, name: str, colour: Colour = PLAIN) -> tuple[Picture, str]:
    """Return the planes `(N, H, W)` of an 8-bit planar picture after an effect, and their format."""
    spec = FrameSpec(FORMATS[name], planes.shape[2], planes.shape[1], colour)
    out = Frame(spec, tuple(np.ascontiguousarray(plane) for plane in planes))
    for step in make_plan(spec, [effect(call)]).steps:
        out = step.apply(out, POOL)
    return np.stack(out.planes), out.format.name


def theirs(filters: str, planes: Picture, name: str) -> Picture:
    """Return the planes `(N, H, W)` of an 8-bit planar picture after FFmpeg's filters."""
    frame = av.VideoFrame(planes.shape[2], planes.shape[1], name)
    for plane, samples in zip(frame.planes, planes, strict=True):
        view = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        view[:, : plane.width] = samples
    out = ffmpeg(frame, filters)
    views = [np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size) for plane in out.planes]
    return np.stack([view[:, : out.width] for view in views]).astype(int)


def rgb8(seed: int = 0) -> Picture:
    """Return the planes of a `gbrp` picture, G, B, R."""
    return np.moveaxis((colours(seed=seed) * 255).round().astype(np.uint8), 2, 0)[[1, 2, 0]]
