"""What other libraries offer for the kernels that look at each pixel by itself.

Some kernels need more than an image and the parameters of a case: `ARGUMENTS` makes the rest of them from
the image. Peers find the images in the case, under ``images``.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import PIL.Image

from benchmarks.peers import Call, Image, Peer, ffmpeg
from lumaloom_kernels.rgb_to_gray import WEIGHTS

Made = tuple[tuple[Any, ...], dict[str, Any]]


def one_image(image: Image, case: dict[str, Any]) -> Made | None:
    return (image,), case


def two_images(image: Image, case: dict[str, Any]) -> Made | None:
    return (image, np.ascontiguousarray(image[::-1])), case


def opencv_add_weighted(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    a, b = case["images"]
    out = np.empty_like(image)
    return lambda: cv2.addWeighted(a, 1 - case["amount"], b, case["amount"], 0, dst=out)


def three_channels(image: Image, case: dict[str, Any]) -> Made | None:
    return ((image,), case) if image.shape[2:] == (3,) else None


def opencv_transform(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    matrix = np.column_stack([case["matrix"], case.get("offset", np.zeros(3))]).astype(np.float32)
    out = np.empty_like(image)
    return lambda: cv2.transform(image, matrix, dst=out)


def ffmpeg_colorchannelmixer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if "offset" in case:
        return None
    names = (f"{to}{of}={case['matrix'][i][j]}" for i, to in enumerate("rgb") for j, of in enumerate("rgb"))
    return ffmpeg(image, "colorchannelmixer", ":".join(names), threads)


def opencv_gray(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    out = np.empty(image.shape[:2], image.dtype)
    if case.get("matrix", "bt601") != "bt601":
        weights = np.array([WEIGHTS[case["matrix"]]], np.float32)
        return lambda: cv2.transform(image, weights, dst=out)
    return lambda: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY, dst=out)


def pillow_gray(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    if image.dtype != np.uint8 or case.get("matrix", "bt601") != "bt601":
        return None
    picture = PIL.Image.fromarray(image)
    assert np.asarray(picture.convert("L")).shape == image.shape[:2]
    return lambda: picture.convert("L")  # type: ignore[return-value]


ARGUMENTS: dict[str, Callable[[Image, dict[str, Any]], Made | None]] = {
    "color_matrix": three_channels,
    "mix": two_images,
    "rgb_to_gray": three_channels,
}

PEERS: dict[str, dict[str, Peer]] = {
    "color_matrix": {"opencv": opencv_transform, "ffmpeg_colorchannelmixer": ffmpeg_colorchannelmixer},
    "mix": {"opencv": opencv_add_weighted},
    "rgb_to_gray": {"opencv": opencv_gray, "pillow": pillow_gray},
}
