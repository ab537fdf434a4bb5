"""What other libraries offer for the filters that smooth along a line or by colour.

scikit-image's `denoise_bilateral` is left out: it takes a hundred times as long. FFmpeg's `dblur` is too: its
weights fall off along the line, so it does not average it.
"""

from typing import Any

import cv2
import numpy as np

from benchmarks.peers import Call, Image, Peer, ffmpeg
from lumaloom.bench.arguments import Made
from lumaloom_kernels.motion_blur import line_kernel


def white(image: Image) -> float:
    return 1.0 if image.dtype.kind == "f" else float(np.iinfo(image.dtype).max)


def scaled_colour(image: Image, case: dict[str, Any]) -> Made | None:
    """Cases are in steps of uint8."""
    return (image,), {**case, "sigma_color": case["sigma_color"] * white(image) / 255}


def opencv_bilateral(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype == np.uint16:
        return None
    side, out = 2 * case["radius"] + 1, np.empty_like(image)
    color, space = case["sigma_color"], case["sigma_space"]
    return lambda: cv2.bilateralFilter(image, side, color, space, dst=out, borderType=cv2.BORDER_REFLECT_101)


def ffmpeg_bilateral(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    share = case["sigma_color"] / white(image)
    return ffmpeg(image, "bilateral", f"sigmaS={case['sigma_space']}:sigmaR={share}:planes=7", threads)


def opencv_line(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    kernel, out = line_kernel(float(case["length"]), float(case["angle"])), np.empty_like(image)
    return lambda: cv2.filter2D(image, -1, kernel, dst=out, borderType=cv2.BORDER_REFLECT_101)


PEERS: dict[str, dict[str, Peer]] = {
    "bilateral_filter": {"opencv": opencv_bilateral, "ffmpeg_bilateral": ffmpeg_bilateral},
    "motion_blur": {"opencv": opencv_line},
}
ARGUMENTS = {"bilateral_filter": scaled_colour}
