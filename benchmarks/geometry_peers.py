"""What other libraries offer for changes of size and place.

Filters are compared where they weigh alike. OpenCV's resize does so in three ways: nearest, linear where it enlarges
(where an image shrinks it does not widen, so that it does less work and aliases), and area where it shrinks. Its cubic
has a = -3/4, its Lanczos four lobes. The cubic of its warps is here all the same, as what people use. Their differences
are printed. OpenCV takes coordinates of pixels' centres, as we do.
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import av.filter
import cv2
import numpy as np
import PIL.Image

from benchmarks.peers import PLANAR, Call, Image, Peer, ffmpeg

CV_FILTERS = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
}
PILLOW_FILTERS = {
    "nearest": PIL.Image.Resampling.NEAREST,
    "bilinear": PIL.Image.Resampling.BILINEAR,
    "bicubic": PIL.Image.Resampling.BICUBIC,
    "lanczos": PIL.Image.Resampling.LANCZOS,
}
SWS_FLAGS = {
    "nearest": "neighbor",
    "bilinear": "bilinear",
    "bicubic": "bicubic:param0=0:param1=0.5",
    "lanczos": "lanczos:param0=3",
    "area": "area",
}
CV_WARPS = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
CV_BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect101": cv2.BORDER_REFLECT_101,
}


def empty(image: Image, width: int, height: int) -> Image:
    return np.empty((height, width, *image.shape[2:]), image.dtype)


def opencv_resize(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    """Leave out what weighs otherwise: shrinking linearly, enlarging by area, cubic and Lanczos."""
    size, name = case["size"], case["filter"]
    (width, height), method = size, CV_FILTERS.get(name)
    shrinks = width < image.shape[1] or height < image.shape[0]
    grows = width > image.shape[1] or height > image.shape[0]
    if method is None or (name == "bilinear" and shrinks) or (name == "area" and grows):
        return None
    out = empty(image, *size)
    return lambda: cv2.resize(image, size, dst=out, interpolation=method)


def pillow_resize(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    method = PILLOW_FILTERS.get(case["filter"])
    if method is None or image.dtype != np.uint8 or threads > 1:
        return None
    picture = PIL.Image.fromarray(image)
    return lambda: picture.resize(case["size"], method)  # type: ignore[return-value]


def swscale_resize(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    """Run FFmpeg's scale filter on planes: packed RGB would be converted on the way.

    What has the size already, as chroma does of an image halved, the filter hands on, and no pixel is touched.
    """
    name = PLANAR.get((image.dtype, image.ndim))
    if name is None or image.dtype == np.float32 or image.ndim == 3 or image.shape[::-1] == case["size"]:
        return None
    (height, width), (new_width, new_height) = image.shape, case["size"]
    graph = av.filter.Graph()
    graph.threads = threads
    source = graph.add_buffer(width=width, height=height, format=name, time_base=Fraction(1, 25))
    options = f"w={new_width}:h={new_height}:flags={SWS_FLAGS[case['filter']]}"
    steps = [source, graph.add("scale", options), graph.add("buffersink")]
    for one, two in pairwise(steps):
        one.link_to(two)
    graph.configure()
    frame = av.VideoFrame(width, height, name)
    rows = np.frombuffer(frame.planes[0], np.uint8).reshape(height, -1).view(image.dtype)  # type: ignore[call-overload]
    rows[:, :width] = image
    clock = iter(range(1 << 60))

    def call() -> Image:
        assert graph.configured
        frame.pts = next(clock)
        source.push(frame)
        return steps[-1].pull()  # type: ignore[return-value]

    return call


def opencv_scale(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    """Only its 8 bits saturate as numbers, and it takes what is below zero as if it were above."""
    if image.dtype != np.uint8 or case["gain"] < 0 or case["offset"] < 0 or "low" in case:
        return None
    out = np.empty_like(image)
    return lambda: cv2.convertScaleAbs(image, dst=out, alpha=case["gain"], beta=case["offset"])


def opencv_scale_lut(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8:
        return None
    values = np.floor(np.arange(256) * case["gain"] + case["offset"] + 0.5)
    table = np.clip(values, case.get("low", 0), case.get("high", 255)).astype(np.uint8)
    out = np.empty_like(image)
    return lambda: cv2.LUT(image, table, dst=out)


def ffmpeg_lut(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype == np.float32:
        return None
    top = np.iinfo(image.dtype).max
    text = f"clip(floor(val*{case['gain']}+{case['offset']}+0.5),{case.get('low', 0)},{case.get('high', top)})"
    words = [f"{c}='{text}'" for c in ("rgb" if image.ndim == 3 else "y")]
    return ffmpeg(image, "lutrgb" if image.ndim == 3 else "lutyuv", ":".join(words), threads)


def opencv_warp(function: Callable[..., Image]) -> Peer:
    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        matrix, size, out = np.array(case["matrix"], float), image.shape[1::-1], np.empty_like(image)
        options: dict[str, Any] = {"flags": CV_WARPS[case.get("interpolation", "bilinear")]}
        options["borderMode"] = CV_BORDERS[case.get("border", "constant")]
        return lambda: function(image, matrix, size, dst=out, **options)

    return peer


def opencv_remap(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    _, x, y = case["images"]
    out, border = np.empty_like(image), CV_BORDERS[case.get("border", "constant")]
    return lambda: cv2.remap(image, x, y, CV_WARPS[case["interpolation"]], dst=out, borderMode=border)


def opencv_rotate(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    code = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}[case["turns"]]
    height, width = image.shape[:2]
    out = empty(image, *((height, width) if case["turns"] % 2 else (width, height)))
    return lambda: cv2.rotate(image, code, dst=out)


def pillow_transpose(image: Image, method: PIL.Image.Transpose) -> Call | None:
    if image.dtype != np.uint8:
        return None
    picture = PIL.Image.fromarray(image)
    return lambda: picture.transpose(method)  # type: ignore[return-value]


def pillow_rotate(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    kind = PIL.Image.Transpose
    return pillow_transpose(image, (kind.ROTATE_90, kind.ROTATE_180, kind.ROTATE_270)[case["turns"] - 1])


def opencv_flip(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    out, code = np.empty_like(image), {"horizontal": 1, "vertical": 0, "both": -1}[case["axis"]]
    return lambda: cv2.flip(image, code, dst=out)


def numpy_crop(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x0, y0, x1, y1 = case["box"]
    out, part = empty(image, x1 - x0, y1 - y0), image[y0:y1, x0:x1]

    def call() -> Image:
        np.copyto(out, part)
        return out

    return call


def pillow_crop(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8:
        return None
    picture = PIL.Image.fromarray(image)
    return lambda: picture.crop(case["box"])  # type: ignore[return-value]


def opencv_border(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    widths = case["widths"]
    left, top, right, bottom = widths if isinstance(widths, tuple) else (widths,) * 4
    out = empty(image, image.shape[1] + left + right, image.shape[0] + top + bottom)
    code = CV_BORDERS[case["border"]]
    return lambda: cv2.copyMakeBorder(image, top, bottom, left, right, code, dst=out)


PEERS: dict[str, dict[str, Peer]] = {
    "crop": {"numpy": numpy_crop, "pillow": pillow_crop},
    "flip": {"opencv": opencv_flip},
    "pad": {"opencv": opencv_border},
    "remap": {"opencv": opencv_remap},
    "resize": {"opencv": opencv_resize, "pillow": pillow_resize, "swscale": swscale_resize},
    "rotate90": {"opencv": opencv_rotate, "pillow": pillow_rotate},
    "scale_offset": {"opencv": opencv_scale, "opencv_lut": opencv_scale_lut, "ffmpeg_lut": ffmpeg_lut},
    "warp_affine": {"opencv": opencv_warp(cv2.warpAffine)},
    "warp_perspective": {"opencv": opencv_warp(cv2.warpPerspective)},
}
