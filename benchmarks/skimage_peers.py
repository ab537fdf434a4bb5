"""What scikit-image and SciPy offer, on one thread, which is all they use.

They compute in floating point: scikit-image gets float32 images alone, because it would convert others first. Images
larger than a frame of 1080p are left out: they take a hundred times as long as the fastest and more.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage
from skimage import color, filters, metrics, transform

from benchmarks.peers import Call, Image, Peer, pair

LARGEST = 1080 * 1920 * 3
ORDERS = {"nearest": 0, "bilinear": 1}  # its bicubic takes twelve seconds


def offered(
    make: Callable[[Image, dict[str, Any]], Call | None], *, floats: bool = True, channels: bool = True
) -> Peer:
    """Leave out what a function is not for: other dtypes, several channels, threads and large images."""

    def peer(image: Image, case: dict[str, Any], threads: int) -> Call | None:
        if threads > 1 or image.size > LARGEST or (floats and image.dtype.kind != "f"):
            return None
        return make(image, case) if channels or image.ndim == 2 else None

    return peer


def axis_of(image: Image) -> int | None:
    return None if image.ndim == 2 else 2


def gaussian(image: Image, case: dict[str, Any]) -> Call | None:
    x, y = pair(case["sigma"])
    if min(x, y) == 0:
        return None
    out = np.empty_like(image)
    return lambda: filters.gaussian(image, (y, x), mode="mirror", channel_axis=axis_of(image), out=out)


def uniform(image: Image, case: dict[str, Any]) -> Call | None:
    x, y = pair(case["radius"])
    out = np.empty_like(image)
    return lambda: ndimage.uniform_filter(image, (2 * y + 1, 2 * x + 1), out, "mirror", axes=(0, 1))


def gradient(function: Any, unit: float) -> Callable[[Image, dict[str, Any]], Call | None]:
    def make(image: Image, case: dict[str, Any]) -> Call | None:
        if "axis" in case:
            return None
        scale = np.float32(case.get("scale", 1.0) * unit * 2**0.5)  # its magnitude is that of the mean square

        def call() -> Image:
            length = function(image, mode="mirror")
            length *= scale
            return np.asarray(length)

        return call

    return make


def unsharp(image: Image, case: dict[str, Any]) -> Call | None:
    x, y = pair(case["sigma"])
    if x != y or case.get("threshold"):
        return None
    return lambda: filters.unsharp_mask(image, x, case["amount"], preserve_range=True, channel_axis=axis_of(image))


def gray(image: Image, case: dict[str, Any]) -> Call | None:
    return (lambda: color.rgb2gray(image)) if case.get("matrix") == "bt709" else None


def psnr(image: Image, case: dict[str, Any]) -> Call | None:
    first, second = case["images"]
    top = 1.0 if image.dtype.kind == "f" else float(np.iinfo(image.dtype).max)
    return lambda: np.asarray(metrics.peak_signal_noise_ratio(first, second, data_range=top))


def resize(image: Image, case: dict[str, Any]) -> Call | None:
    (width, height), order = case["size"], ORDERS.get(case["filter"])
    if order is None or "box" in case or width < image.shape[1]:
        return None  # on shrinking it blurs by a Gaussian first, which is another operation
    return lambda: transform.resize(image, (height, width), order, mode="reflect", preserve_range=True)


def rank(function: Any) -> Callable[[Image, dict[str, Any]], Call | None]:
    def make(image: Image, case: dict[str, Any]) -> Call | None:
        width, height = pair(case["size"])
        out = np.empty_like(image)
        return lambda: function(image, (height, width), None, out, "mirror", axes=(0, 1))

    return make


PEERS: dict[str, dict[str, Peer]] = {
    "box_blur": {"scipy_uniform": offered(uniform)},
    "dilate": {"scipy_maximum": offered(rank(ndimage.maximum_filter), channels=False)},
    "erode": {"scipy_minimum": offered(rank(ndimage.minimum_filter), channels=False)},
    "gaussian_blur": {"skimage_gaussian": offered(gaussian)},
    "psnr": {"skimage_psnr": offered(psnr, floats=False)},
    "resize": {"skimage_resize": offered(resize)},
    "rgb_to_gray": {"skimage_rgb2gray": offered(gray)},
    "scharr": {"skimage_scharr": offered(gradient(filters.scharr, 16), channels=False)},
    "sobel": {"skimage_sobel": offered(gradient(filters.sobel, 4), channels=False)},
    "unsharp_mask": {"skimage_unsharp": offered(unsharp)},
}
