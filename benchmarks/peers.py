"""What other libraries offer for each kernel.

A peer takes the image and the parameters of a case and returns a callable that makes the output, or None
where the library cannot do the case. `PEERS` lists them under the kernel's name.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import av.filter
import cv2
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


def pair(value: Any) -> tuple[Any, Any]:
    return value if isinstance(value, tuple) else (value, value)


def copy(image: Image, threads: int) -> Call:
    """Read the image and write it once."""
    out = np.empty_like(image)

    def call() -> Image:
        np.copyto(out, image)
        return out

    return call


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
    height, width = image.shape[:2]
    rows = [np.frombuffer(plane, np.uint8).reshape(height, plane.line_size) for plane in frame.planes]  # type: ignore[call-overload]
    return [row.view(image.dtype)[:, :width] for row in rows]


def as_array(result: Any, image: Image) -> Image:
    """Return a peer's result in the layout of the image."""
    if not isinstance(result, av.VideoFrame):
        return np.asarray(result)
    planes = _planes(result, image)
    return planes[0] if image.ndim == 2 else np.stack([planes[GBR.index(c)] for c in range(3)], axis=2)


def opencv_gaussian(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["sigma"])
    if x == 0 or y == 0:
        return None
    out = np.empty_like(image)
    return lambda: cv2.GaussianBlur(image, (0, 0), x, dst=out, sigmaY=y, borderType=cv2.BORDER_REFLECT_101)


def ffmpeg_gblur(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["sigma"])
    if x == 0 or y == 0:
        return None
    return ffmpeg(image, "gblur", f"sigma={x}:sigmaV={y}", threads)


def opencv_blur(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["radius"])
    out = np.empty_like(image)
    return lambda: cv2.blur(image, (2 * x + 1, 2 * y + 1), dst=out, borderType=cv2.BORDER_REFLECT_101)


def ffmpeg_avgblur(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["radius"])
    if x == 0 or y == 0:
        return None
    return ffmpeg(image, "avgblur", f"sizeX={x}:sizeY={y}", threads)


PEERS: dict[str, dict[str, Peer]] = {
    "gaussian_blur": {"opencv": opencv_gaussian, "ffmpeg_gblur": ffmpeg_gblur},
    "box_blur": {"opencv": opencv_blur, "ffmpeg_avgblur": ffmpeg_avgblur},
}
