"""What other libraries offer for the kernels that weigh small neighbourhoods."""

from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter

from benchmarks.peers import Call, Image, Peer, ffmpeg, pair

BORDER = cv2.BORDER_REFLECT_101


def turned(case: dict[str, Any]) -> Image:
    """Return the matrix as correlation takes it."""
    return np.ascontiguousarray(np.array(case["kernel"], np.float32)[::-1, ::-1])


def opencv_filter2d(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    kernel, offset, out = turned(case), case.get("offset", 0.0), np.empty_like(image)
    return lambda: cv2.filter2D(image, -1, kernel, dst=out, delta=offset, borderType=BORDER)


def opencv_sep_filter(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    left, sizes, right = np.linalg.svd(turned(case).astype(np.float64))
    if sizes[1:].sum() > 1e-5 * sizes[0]:
        return None
    column, row = (vector * sizes[0] ** 0.5 for vector in (left[:, 0], right[0]))
    offset, out = case.get("offset", 0.0), np.empty_like(image)
    return lambda: cv2.sepFilter2D(image, -1, row, column, dst=out, delta=offset, borderType=BORDER)


def ffmpeg_convolution(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    kernel = turned(case)
    if len(kernel) > 7 or image.dtype.kind == "f":
        return None
    unit = np.abs(kernel[kernel != 0]).min()
    whole = np.rint(kernel / unit)
    if abs(whole * unit - kernel).max() > 1e-6:
        return None
    matrix, bias = " ".join(f"{weight:.0f}" for weight in whole.ravel()), case.get("offset", 0)
    words = [f"{p}m={matrix}:{p}rdiv={unit}:{p}bias={bias}" for p in range(3 if image.ndim == 3 else 1)]
    return ffmpeg(image, "convolution", ":".join(words), threads)


def pillow_kernel(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    kernel = turned(case)
    if len(kernel) not in (3, 5) or image.dtype != np.uint8:
        return None
    source = Pillow.fromarray(image)
    work = ImageFilter.Kernel(kernel.shape, kernel[::-1].ravel().tolist(), scale=1, offset=case.get("offset", 0))
    return lambda: np.asarray(source.filter(work))


def opencv_gradient(image: Image, case: dict[str, Any], threads: int, operator: Any) -> Call | None:
    scale, axis, out = case.get("scale", 1.0), case.get("axis"), np.empty_like(image)
    if axis is not None:
        x = int(axis == "x")
        depth, middle = cv2.CV_8U, 128.0
        if image.dtype == np.uint16:
            depth, middle = cv2.CV_16U, 32768.0
        elif image.dtype == np.float32:
            depth, middle = cv2.CV_32F, 0.0
        return lambda: operator(image, depth, x, 1 - x, dst=out, scale=scale, delta=middle, borderType=BORDER)

    def call() -> Image:
        x = operator(image, cv2.CV_32F, 1, 0, scale=scale, borderType=BORDER)
        length = cv2.magnitude(x, operator(image, cv2.CV_32F, 0, 1, scale=scale, borderType=BORDER))
        if image.dtype == np.uint8:
            return cv2.convertScaleAbs(length, dst=out)
        if image.dtype == np.uint16:
            np.minimum(length, 65535, out=length)
            np.copyto(out, length, casting="unsafe")
            return out
        return np.asarray(length)

    return call


def opencv_sobel(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    return opencv_gradient(image, case, threads, cv2.Sobel)


def opencv_scharr(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    return opencv_gradient(image, case, threads, cv2.Scharr)


def ffmpeg_gradient(image: Image, case: dict[str, Any], threads: int, name: str, unit: float) -> Call | None:
    if "axis" in case:
        return None
    return ffmpeg(image, name, f"scale={case.get('scale', 1.0) * unit}", threads)


def ffmpeg_sobel(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    return ffmpeg_gradient(image, case, threads, "sobel", 1)


def ffmpeg_scharr(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    return ffmpeg_gradient(image, case, threads, "scharr", 1)


def opencv_laplacian(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    scale, out = case.get("scale", 1.0), np.empty_like(image)
    depth = {"uint8": cv2.CV_8U, "uint16": cv2.CV_16U, "float32": cv2.CV_32F}[image.dtype.name]
    middle = case.get("offset", {"uint8": 128.0, "uint16": 32768.0, "float32": 0.0}[image.dtype.name])
    return lambda: cv2.Laplacian(image, depth, dst=out, ksize=1, scale=scale, delta=middle, borderType=BORDER)


def opencv_unsharp(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    (x, y), amount = pair(case["sigma"]), case["amount"]
    if case.get("threshold"):
        return None
    soft, out = np.empty_like(image), np.empty_like(image)

    def call() -> Image:
        cv2.GaussianBlur(image, (0, 0), x, dst=soft, sigmaY=y, borderType=BORDER)
        return cv2.addWeighted(image, 1 + amount, soft, -amount, 0, dst=out)

    return call


def pillow_unsharp(image: Image, case: dict[str, Any], threads: int) -> Call | None:
    x, y = pair(case["sigma"])
    if x != y or image.dtype != np.uint8 or case.get("threshold"):
        return None
    source = Pillow.fromarray(image)
    work = ImageFilter.UnsharpMask(x, round(100 * case["amount"]), 0)
    return lambda: np.asarray(source.filter(work))


PEERS: dict[str, dict[str, Peer]] = {
    "convolve2d": {
        "opencv": opencv_filter2d,
        "opencv_sep": opencv_sep_filter,
        "ffmpeg_convolution": ffmpeg_convolution,
        "pillow": pillow_kernel,
    },
    "laplacian": {"opencv": opencv_laplacian},
    "scharr": {"opencv": opencv_scharr, "ffmpeg_scharr": ffmpeg_scharr},
    "sobel": {"opencv": opencv_sobel, "ffmpeg_sobel": ffmpeg_sobel},
    "unsharp_mask": {"opencv": opencv_unsharp, "pillow": pillow_unsharp},
}
