"""What other libraries offer for the blurs."""

from typing import Any

import cv2
import numpy as np

from benchmarks.peers import Call, Image, Peer, ffmpeg, pair


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
