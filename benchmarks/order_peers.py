"""What other libraries offer for erosion, dilation and what is made of them."""

from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter
from scipy import ndimage

from benchmarks.peers import Call, Image, Peer, ffmpeg, pair

OPERATIONS = {
    "erode": cv2.MORPH_ERODE,
    "dilate": cv2.MORPH_DILATE,
    "morph_open": cv2.MORPH_OPEN,
    "morph_close": cv2.MORPH_CLOSE,
    "morph_gradient": cv2.MORPH_GRADIENT,
}


def opencv_morphology(name: str) -> Peer:
    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        width, height = pair(case["size"])
        element = np.ones((height, width), np.uint8)
        if name != "erode" and (width % 2 == 0 or height % 2 == 0):
            return None  # its window of even size lies elsewhere
        out = np.empty_like(image)
        return lambda: cv2.morphologyEx(image, OPERATIONS[name], element, dst=out)

    return peer


def scipy_extreme(function: Any) -> Peer:
    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        width, height = pair(case["size"])
        if width % 2 == 0 or height % 2 == 0 or threads > 1 or max(width, height) > 9:
            return None  # as slow at larger sizes, which says nothing new
        size = (height, width, 1)[: image.ndim]
        out = np.empty_like(image)

        def call() -> Image:
            function(image, size, output=out, mode="mirror")
            return out

        return call

    return peer


def ffmpeg_extreme(filter_name: str) -> Peer:
    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        if case["size"] != 3 or image.dtype == np.float32:
            return None
        return ffmpeg(image, filter_name, "coordinates=255", threads)

    return peer


def pillow_extreme(make: Any) -> Peer:
    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        size = case["size"]
        if image.dtype != np.uint8 or isinstance(size, tuple) or size > 9 or threads > 1:
            return None
        picture, wanted = Pillow.fromarray(image), make(size)
        return lambda: np.asarray(picture.filter(wanted))

    return peer


def opencv_median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    radius = case["radius"]
    if isinstance(radius, tuple) or (radius > 2 and image.dtype != np.uint8):
        return None
    out = np.empty_like(image)
    return lambda: cv2.medianBlur(image, 2 * radius + 1, dst=out)


def ffmpeg_median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["radius"])
    if image.dtype == np.float32:
        return None
    return ffmpeg(image, "median", f"radius={x}:radiusV={y}", threads)


def scipy_median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["radius"])
    if threads > 1 or x > 3 or image.size > 1 << 22:
        return None  # seconds
    out = np.empty_like(image)

    def call() -> Image:
        ndimage.median_filter(image, (2 * y + 1, 2 * x + 1, 1)[: image.ndim], output=out, mode="nearest")
        return out

    return call


def pillow_median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    radius = case["radius"]
    if image.dtype != np.uint8 or isinstance(radius, tuple) or radius > 3 or threads > 1:
        return None
    picture, wanted = Pillow.fromarray(image), ImageFilter.MedianFilter(2 * radius + 1)
    return lambda: np.asarray(picture.filter(wanted))


PEERS: dict[str, dict[str, Peer]] = {name: {"opencv": opencv_morphology(name)} for name in OPERATIONS}
PEERS["erode"] |= {
    "ffmpeg_erosion": ffmpeg_extreme("erosion"),
    "scipy": scipy_extreme(ndimage.minimum_filter),
    "pillow": pillow_extreme(ImageFilter.MinFilter),
}
PEERS["dilate"] |= {
    "ffmpeg_dilation": ffmpeg_extreme("dilation"),
    "scipy": scipy_extreme(ndimage.maximum_filter),
    "pillow": pillow_extreme(ImageFilter.MaxFilter),
}
PEERS["median_blur"] = {
    "opencv": opencv_median,
    "ffmpeg_median": ffmpeg_median,
    "scipy": scipy_median,
    "pillow": pillow_median,
}
