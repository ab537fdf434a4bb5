"""Median: each pixel becomes the middle one of a rectangle around it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import extend
from ._checks import (
    Array,
    ArrayT,
    Border,
    check_border,
    check_image,
    check_out,
    check_pair,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._later import Later
from ._morphology import keys, pixels

_median = Later("_median")

MAX_RADIUS = 1000

CASES = (
    {"radius": 1, "border": "replicate"},
    {"radius": 2, "border": "replicate"},
    {"radius": 3, "border": "replicate"},
    {"radius": 5, "border": "replicate"},
    {"radius": 15, "border": "replicate"},
    {"radius": (1, 2), "border": "replicate"},
)


def median_blur(
    src: ArrayT,
    radius: int | tuple[int, int],
    *,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Replace each pixel by the median of a rectangle around it: specks go, edges stay.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
            Channels do not mix.
        radius: The rectangle reaches this many pixels to either side, 0 to 1000, for both directions or as
            ``(x, y)``; it is ``2 * radius + 1`` wide. Up to 3 in both directions networks of exchanges are
            fastest. Beyond, the cost for uint8 does not grow with it; for uint16 and float32 it grows with
            the height of the rectangle.
        border: What lies outside the image: ``"reflect101"`` is ``dcb|abcd|cba``, ``"replicate"`` is
            ``aaa|abcd|ddd``, ``"constant"`` is ``000|abcd|000``.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), and for CuPy arrays.

    The definition is

    .. math:: out(x, y) = s_{(n - 1) / 2}, \qquad n = (2 r_x + 1)(2 r_y + 1)

    where s are the n pixels ``src(x + i, y + j)`` with :math:`|i| \le r_x` and :math:`|j| \le r_y` in rising
    order, counted from 0. The order of float32 pixels is the total order of IEEE 754, where -0 is below 0 and
    a NaN is above all numbers (below, where its sign is set). Every result is one of the pixels, exactly.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import median_blur
        >>> dot = np.zeros((5, 5), np.uint8)
        >>> dot[2, 2] = 255
        >>> int(median_blur(dot, 1).max())
        0
    """
    check_image(src)
    pair = check_pair("radius", radius, high=MAX_RADIUS, integer=True)
    border = check_border(border)
    count = check_threads(threads)
    image: Array = src
    result = check_out(image, out)
    if is_gpu(image):
        gpu(image, result, pair, border)
    else:
        cpu(image, result, pair, border, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], radius: int | tuple[int, int], *, border: Border = "reflect101") -> NDArray[Any]:
    """Take medians by the definition."""
    rx, ry = check_pair("radius", radius, high=MAX_RADIUS, integer=True)
    ordered = keys(extend(src, rx, ry, border)).astype(np.int32 if src.dtype.kind == "f" else src.dtype)
    result = np.empty(src.shape, ordered.dtype)
    for y in range(src.shape[0]):
        rows = ordered[y : y + 2 * ry + 1]
        windows = np.lib.stride_tricks.sliding_window_view(rows, (2 * ry + 1, 2 * rx + 1), axis=(0, 1))[0]
        flat = windows.reshape(*windows.shape[:-2], -1)
        middle = flat.shape[-1] // 2
        result[y] = np.partition(flat, middle, axis=-1)[..., middle]
    return pixels(result.astype(np.int64), src.dtype)


def cpu(src: NDArray[Any], out: NDArray[Any], radius: tuple[int, int], border: Border, threads: int) -> None:
    """Take medians on this machine's processor."""
    _median.run(src, out, *radius, border, threads)


def gpu(src: Array, out: Array, radius: tuple[int, int], border: Border) -> None:
    """Say that there is no variant for CUDA yet."""
    no_cuda("median_blur")
