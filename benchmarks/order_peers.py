"""What other libraries offer for medians, erosion, dilation and what is made of them.

A peer that takes forty times as long as the fastest or more is left out: its calls empty the caches for the next
contender, and it is never the fastest. So SciPy is here where it is alone, FFmpeg's median for large windows,
FFmpeg's erosion and dilation and Pillow nowhere.
"""

from typing import Any

import cv2
import numpy as np
from scipy import ndimage

from benchmarks.peers import Call, Image, Peer, ffmpeg, pair

OPERATIONS = {
    "erode": cv2.MORPH_ERODE,
    "dilate": cv2.MORPH_DILATE,
    "morph_open": cv2.MORPH_OPEN,
    "morph_close": cv2.MORPH_CLOSE,
    "morph_gradient": cv2.MORPH_GRADIENT,
}
SHAPES = {"rectangle": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE, "cross": cv2.MORPH_CROSS}


def opencv_morphology(name: str) -> Peer:
    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        width, height = pair(case["size"])
        element = cv2.getStructuringElement(SHAPES[case.get("shape", "rectangle")], (width, height))
        if name != "erode" and (width % 2 == 0 or height % 2 == 0):
            return None  # its window of even size lies elsewhere
        out = np.empty_like(image)
        return lambda: cv2.morphologyEx(image, OPERATIONS[name], element, dst=out)

    return peer


def opencv_median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    radius = case["radius"]
    if isinstance(radius, tuple) or (radius > 2 and image.dtype != np.uint8):
        return None
    out = np.empty_like(image)
    return lambda: cv2.medianBlur(image, 2 * radius + 1, dst=out)


def ffmpeg_median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["radius"])
    if image.dtype == np.float32 or max(x, y) < 3:
        return None
    return ffmpeg(image, "median", f"radius={x}:radiusV={y}", threads)


def scipy_median(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["radius"])
    if threads > 1 or x != y or x != 3 or image.dtype == np.uint8 or image.size > 1 << 22:
        return None
    out = np.empty_like(image)

    def call() -> Image:
        ndimage.median_filter(image, (2 * y + 1, 2 * x + 1, 1)[: image.ndim], output=out, mode="nearest")
        return out

    return call


PEERS: dict[str, dict[str, Peer]] = {name: {"opencv": opencv_morphology(name)} for name in OPERATIONS}
PEERS["median_blur"] = {"opencv": opencv_median, "ffmpeg_median": ffmpeg_median, "scipy": scipy_median}
