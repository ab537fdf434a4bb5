"""Box blur: each pixel becomes the plain mean of a rectangle around it."""

import math
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import extend, round_to
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
)
from ._later import Later

_march, _packed, _separable = Later("_march"), Later("_packed"), Later("_separable")
_small_min, _stencil_run = Later("_small_min"), Later("_stencil_run")

MAX_RADIUS = 4096
MOST_PAIRED = 9  # words up to which sums of products are faster than running sums

CASES = (
    {"radius": 1},
    {"radius": 5},
    {"radius": 15},
    {"radius": 100},
    {"radius": (4, 2)},
    {"radius": (0, 7)},
)


def box_blur(
    src: ArrayT,
    radius: int | tuple[int, int],
    *,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Blur an image with the mean of a rectangle.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy or CuPy, uint8, uint16 or float32,
            with any strides. It is never written. Rows whose pixels do not lie side by side in memory are
            copied first.
        radius: The rectangle reaches this many pixels to either side, 0 to 4096, for both directions or as
            ``(x, y)``; it is ``2 * radius + 1`` wide. 0 leaves its direction as it is. The cost does not
            grow with it.
        border: What lies outside the image: ``"reflect101"`` is ``dcb|abcd|cba``, ``"replicate"`` is
            ``aaa|abcd|ddd``, ``"constant"`` is ``000|abcd|000``.
        out: Takes the result: shape, dtype and kind of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number. CuPy arrays ignore it.

    Returns:
        ``out``, or a new array of the shape, dtype and kind of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError).

    The definition is

    .. math:: out(x, y) = \frac{1}{(2 r_x + 1)(2 r_y + 1)}
              \sum_{|i| \le r_x} \sum_{|j| \le r_y} src(x + i, y + j)

    Integers round to the nearest (no tie is possible: the rectangle holds an odd number of pixels) and are
    within 1 step of that.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import box_blur
        >>> dot = np.zeros((5, 5), np.uint8)
        >>> dot[2, 2] = 90
        >>> box_blur(dot, 1)[2].tolist()
        [0, 10, 10, 10, 0]
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
    """Blur by the definition, in plain float64 sums."""
    pair = check_pair("radius", radius, high=MAX_RADIUS, integer=True)
    image = src.astype(np.float64)
    for axis, reach in ((0, pair[1]), (1, pair[0])):
        padded = extend(image, reach * (axis == 1), reach * (axis == 0), border)
        size = image.shape[axis]
        image = np.zeros_like(image)
        for k in range(2 * reach + 1):
            image += padded[k : k + size] if axis == 0 else padded[:, k : k + size]
    return round_to(image / ((2 * pair[0] + 1) * (2 * pair[1] + 1)), src.dtype)


def cpu(src: NDArray[Any], out: NDArray[Any], radius: tuple[int, int], border: Border, threads: int) -> None:
    """Blur on this machine's processor."""
    mirrored = int(border == "reflect101")
    if radius == (1, 1) and _small_min.march_down(src, out, _march.MEAN, (3, 3), border, threads, mirrored=mirrored):
        return
    source = src if _packed.is_packed(src) else np.ascontiguousarray(src)
    target = out if _packed.is_packed(out) else np.empty(out.shape, out.dtype)
    image, result = _packed.Image.of(source), _packed.Image.of(target)
    shape = 2 * radius[1] + 1, 2 * radius[0] + 1
    if src.dtype == np.uint16 and math.prod(shape) <= MOST_PAIRED:
        _stencil_run.weighted(image, result, np.full(shape, 1 / math.prod(shape)), 0, 65535, border, threads)
    else:
        _separable.box_mean(image, result, radius[0], radius[1], border, threads)
    if target is not out:
        out[...] = target


def gpu(src: Array, out: Array, radius: tuple[int, int], border: Border) -> None:
    """Blur on the device that holds the arrays."""
    import_module("._cuda", __package__).box_blur(src, out, radius, border)
