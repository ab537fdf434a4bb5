"""What a kernel takes beside an image and the parameters of a case: `ARGUMENTS` makes it from the two.

A kernel that is not listed takes the image and the parameters as they are. A function returns the positional
arguments and the keywords, or None where the kernel does not take such an image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Made = tuple[tuple[Any, ...], dict[str, Any]]
_STEPS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}


def one_image(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the image and the case as they are."""
    return (image,), case


def two_images(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the image and itself upside down."""
    return (image, np.ascontiguousarray(image[::-1])), case


def three_channels(image: Image, case: dict[str, Any]) -> Made | None:
    """Take RGB alone."""
    return ((image,), case) if image.shape[2:] == (3,) else None


def rgb_of_integers(image: Image, case: dict[str, Any]) -> Made | None:
    """Take RGB of whole numbers alone."""
    return ((image,), case) if image.shape[2:] == (3,) and image.dtype.kind == "u" else None


def coded(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the first channel as luma and the others, shrunk, as chroma."""
    if image.shape[2:] != (3,) or image.dtype.kind != "u":
        return None
    across, down = _STEPS[case["subsampling"]]
    planes = (image[..., 0], image[::down, ::across, 1], image[::down, ::across, 2])
    options = {key: value for key, value in case.items() if key != "subsampling"}
    return tuple(map(np.ascontiguousarray, planes)), options


def with_table(image: Image, case: dict[str, Any]) -> Made | None:
    """Take a table of a power, or one of each channel."""
    limit = 1 if image.dtype.kind == "f" else np.iinfo(image.dtype).max
    exponents = np.array([0.5, 0.6, 0.7]) if case.get("each") else np.array([0.6])
    if len(exponents) > 1 and image.ndim == 2:
        return None
    table = np.linspace(0, 1, case["entries"])[:, None] ** exponents * limit
    return (image, np.ascontiguousarray((table if case.get("each") else table[:, 0]).astype(image.dtype))), {}


def pictures(image: Image, case: dict[str, Any]) -> Made | None:
    """Take RGB, with a channel of it as alpha, over itself upside down."""
    if image.shape[2:] != (3,):
        return None
    front = np.concatenate([image, image[:, ::-1, :1]], axis=2)
    back = np.ascontiguousarray(front[::-1, :, : 3 if case["opaque"] else 4])
    return (front, back), {"premultiplied": case["premultiplied"]}


def with_maps(image: Image, case: dict[str, Any]) -> Made | None:
    """Take maps of waves of three pixels: everything moves, and neighbours stay neighbours."""
    y, x = np.indices(image.shape[:2], np.float32)
    return (image, x + 3 * np.sin(y / 30), y + 3 * np.cos(x / 30)), case


def nearly_whole(image: Image, case: dict[str, Any]) -> Made | None:
    """Cut a few pixels off each side, whatever the size."""
    height, width = image.shape[:2]
    return (image,), {"box": (3, 5, width - 6, height - 7)}


ARGUMENTS: dict[str, Callable[[Image, dict[str, Any]], Made | None]] = {
    "alpha_over": pictures,
    "apply_lut": with_table,
    "color_matrix": three_channels,
    "crop": nearly_whole,
    "mix": two_images,
    "psnr": two_images,
    "remap": with_maps,
    "rgb_to_gray": three_channels,
    "rgb_to_yuv": rgb_of_integers,
    "yuv_to_rgb": coded,
}
