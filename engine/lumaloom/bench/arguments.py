"""What a kernel takes beside an image and the parameters of a case: `ARGUMENTS` makes it from the two.

A kernel that is not listed takes the image and the parameters as they are. A function returns the positional
arguments and the keywords, or None where the kernel does not take such an image.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
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


@cache
def cube_of(size: int) -> Image:
    """Make a look: warm lights, cool shadows, less colour."""
    r, g, b = np.meshgrid(*[np.linspace(0, 1, size)] * 3, indexing="ij")
    grey = 0.3 * r + 0.6 * g + 0.1 * b
    colours = [0.8 * r**0.9 + 0.2 * grey, 0.9 * g + 0.1 * grey**1.1, 0.85 * b**1.1 + 0.1 * grey + 0.05 * (1 - grey)]
    return np.asarray(np.stack(colours, axis=-1).astype(np.float32))


def with_cube(image: Image, case: dict[str, Any]) -> Made | None:
    """Take a cube of the size that the case names."""
    made = three_channels(image, case)
    options = {key: value for key, value in case.items() if key != "size"}
    return made and ((image, cube_of(case["size"])), options)


def blended(image: Image, case: dict[str, Any]) -> Made | None:
    """Take two images, of three channels where the mode asks for them."""
    if case["mode"] in ("hue", "saturation", "color", "luminosity") and image.shape[2:] != (3,):
        return None
    return two_images(image, case)


def several(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the image moved by some rows as the other frames."""
    count = case["count"]
    frames = [np.ascontiguousarray(np.roll(image, 3 * number, axis=0)) for number in range(count)]
    top = 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max)
    options = {"threshold": case["threshold"] * top} if "threshold" in case else {}
    weights = [1 + min(n, count - 1 - n) for n in range(count)]
    return (frames, weights) if case.get("triangle") else (frames,), options


def grained(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the strength as a part of the range."""
    top = 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype).max)
    return (image,), {"strength": case["strength"] * top}


def with_maps(image: Image, case: dict[str, Any]) -> Made | None:
    """Take maps of waves of three pixels: everything moves, and neighbours stay neighbours."""
    y, x = np.indices(image.shape[:2], np.float32)
    return (image, x + 3 * np.sin(y / 30), y + 3 * np.cos(x / 30)), case


def with_palette(image: Image, case: dict[str, Any]) -> Made | None:
    """Take the colours of a picture of 8 bits, spread over its pixels."""
    if image.dtype != np.uint8 or image.shape[2:] != (3,):
        return None
    pixels = image.reshape(-1, 3)
    return (image, np.ascontiguousarray(pixels[:: -(-len(pixels) // case["colours"])])), {}


def nearly_whole(image: Image, case: dict[str, Any]) -> Made | None:
    """Cut a few pixels off each side, whatever the size."""
    height, width = image.shape[:2]
    return (image,), {"box": (3, 5, width - 6, height - 7)}


ARGUMENTS: dict[str, Callable[[Image, dict[str, Any]], Made | None]] = {
    "add_grain": grained,
    "alpha_over": pictures,
    "apply_lut": with_table,
    "apply_lut3d": with_cube,
    "color_matrix": three_channels,
    "diffuse": with_palette,
    "hsv_to_rgb": three_channels,
    "blend": blended,
    "frame_blend": several,
    "crop": nearly_whole,
    "mix": two_images,
    "psnr": two_images,
    "remap": with_maps,
    "rgb_to_gray": three_channels,
    "rgb_to_hsv": three_channels,
    "rgb_to_yuv": rgb_of_integers,
    "ssim": two_images,
    "temporal_denoise": several,
    "temporal_median": several,
    "yuv_to_rgb": coded,
}
