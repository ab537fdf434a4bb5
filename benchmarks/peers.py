"""What the files of peers share.

A peer takes the image and the parameters of a case and returns a callable that makes the output, or None
where the library cannot do the case. Every file `*_peers.py` lists its own in `PEERS`, under the kernel's name
and then a name that begins with the library's; a kernel that takes more than an image finds the rest of it in the
case, under ``images``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Call = Callable[[], Image]
Peer = Callable[[Image, dict[str, Any], int], Call | None]

PLANAR = {
    (np.dtype(np.uint8), 2): "gray",
    (np.dtype(np.uint16), 2): "gray16le",
    (np.dtype(np.float32), 2): "grayf32le",
    (np.dtype(np.uint8), 3): "gbrp",
    (np.dtype(np.uint16), 3): "gbrp16le",
    (np.dtype(np.float32), 3): "gbrpf32le",
}
GBR = (1, 2, 0)


@dataclass(frozen=True)
class Later:
    """A result in a library's own form, and how to get an array of it, which is not timed."""

    array: Callable[[], Image]


def pair(value: Any) -> tuple[Any, Any]:
    return value if isinstance(value, tuple) else (value, value)


def ffmpeg(image: Image, filter_name: str, arguments: str, threads: int) -> Call | None:
    """Run one of FFmpeg's filters on a frame that has its format already."""
    pixel_format = PLANAR.get((image.dtype, image.ndim))
    if pixel_format is None:
        return None
    height, width = image.shape[:2]
    graph = av.filter.Graph()
    graph.threads = threads
    source = graph.add_buffer(width=width, height=height, format=pixel_format, time_base=Fraction(1, 25))
    step = graph.add(filter_name, arguments)
    sink = graph.add("buffersink")
    source.link_to(step)
    step.link_to(sink)
    graph.configure()
    frame = av.VideoFrame(width, height, pixel_format)
    planes = [image] if image.ndim == 2 else [image[..., c] for c in GBR]
    for target, plane in zip(_planes(frame, image), planes, strict=True):
        target[...] = plane
    clock = iter(range(1 << 60))

    def call() -> Image:
        assert graph.configured  # and the graph lives as long as this function
        frame.pts = next(clock)
        source.push(frame)
        return sink.pull()  # type: ignore[return-value]

    made: Any = call()
    return call if made.format.name == pixel_format else None  # else it converts, which is other work


def _planes(frame: av.VideoFrame, image: Image) -> list[Image]:
    rows = [np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size) for plane in frame.planes]  # type: ignore[call-overload]
    return [row.view(image.dtype)[:, : frame.width] for row in rows]


def as_array(result: Any, image: Image) -> Image:
    """Return a peer's result in the layout of the image."""
    if isinstance(result, Later):
        return result.array()
    if not isinstance(result, av.VideoFrame):
        return np.asarray(result)
    planes = _planes(result, image)
    return planes[0] if image.ndim == 2 else np.stack([planes[GBR.index(c)] for c in range(3)], axis=2)


def frame_rows(frame: av.VideoFrame, dtype: Any) -> list[Image]:
    """Return the planes of a frame of whole numbers without what lies beside them."""
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size).view(dtype)  # type: ignore[call-overload]
        planes.append(rows[:, : plane.width * (3 if len(frame.planes) == 1 else 1)])
    return planes


def distance(result: Any, ours: Any, image: Image) -> NDArray[Any]:
    """Return the differences of a peer's result, whatever its form, from ours."""
    if isinstance(ours, tuple) or (isinstance(result, av.VideoFrame) and len(result.planes) == 1 and image.ndim == 3):
        parts = frame_rows(result, image.dtype) if isinstance(result, av.VideoFrame) else [np.asarray(result)]
        mine = ours if isinstance(ours, tuple) else (ours,)
        flat = [np.concatenate([part.ravel() for part in some]).astype(np.float64) for some in (parts, mine)]
        return np.asarray(abs(flat[0] - flat[1]))
    theirs = as_array(result, image)
    exact = np.int32 if theirs.dtype.kind == "u" and np.asarray(ours).dtype.kind == "u" else np.float64
    return np.asarray(abs(theirs.astype(exact) - ours))
