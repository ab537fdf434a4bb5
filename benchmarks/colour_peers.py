"""What other libraries offer for the kernels that look at each pixel by itself.

Some kernels need more than an image and the parameters of a case: `ARGUMENTS` makes the rest of them from
the image. Peers find the images in the case, under ``images``.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks.peers import Call, Image, Peer

Made = tuple[tuple[Any, ...], dict[str, Any]]


def one_image(image: Image, case: dict[str, Any]) -> Made | None:
    return (image,), case


def two_images(image: Image, case: dict[str, Any]) -> Made | None:
    return (image, np.ascontiguousarray(image[::-1])), case


def opencv_add_weighted(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    a, b = case["images"]
    out = np.empty_like(image)
    return lambda: cv2.addWeighted(a, 1 - case["amount"], b, case["amount"], 0, dst=out)


ARGUMENTS: dict[str, Callable[[Image, dict[str, Any]], Made | None]] = {
    "mix": two_images,
}

PEERS: dict[str, dict[str, Peer]] = {
    "mix": {"opencv": opencv_add_weighted},
}
