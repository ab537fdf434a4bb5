"""Motion blur: each pixel becomes the mean of a line through it."""

import math
from functools import lru_cache
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
    check_threads,
    is_gpu,
    no_cuda,
)
from ._scalars import check_number

MAX_LENGTH = 500

CASES = (
    {"length": 9, "angle": 30},
    {"length": 31, "angle": 30},
    {"length": 101, "angle": 70},
    {"length": 31, "angle": 45},
    {"length": 10, "angle": 0},
    {"length": 31, "angle": 0},
    {"length": 31, "angle": 90},
    {"length": 101, "angle": 0},
)


def motion_blur(
    src: ArrayT,
    length: float,
    angle: float,
    *,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Replace each pixel by the mean of a line around it, as a camera sees what moves while its shutter is open.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        length: How long the line is, in pixels, 0 to 500; up to 1 it changes nothing. Along rows and columns the
            cost does not grow with it. In other directions it does: the line meets the pixels at other places in
            every row, so sums of two lines that overlap share no term.
        angle: Where the line points, in degrees, counterclockwise as seen: 0 is along the rows, 90 along the
            columns. Turned by 180 degrees it is the same line.
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

    Where the line is nearer to the rows than to the columns, it is cut at every column i, and shared there by the two
    pixels above and below it, as near as each is to it:

    .. math:: out(x, y) = \frac{\sum_i w_i \left[(1 - f_i)\, src(x + i, y + k_i)
                                + f_i\, src(x + i, y + k_i + 1)\right]}{\sum_i w_i}, \qquad
              k_i = \lfloor -i \tan\alpha \rfloor,\quad f_i = -i \tan\alpha - k_i

    with :math:`w_i`, the part of the pixel's width that half the line's length along the rows,
    :math:`h = \max(length\,|\cos\alpha|, 1) / 2`, covers: :math:`w_i = \min(\max(h + 1/2 - |i|, 0), 1)`. Else the
    same holds with rows and columns exchanged. Integers are rounded half up. So the weights have the sum 1 and are
    symmetric, and they change without a jump when length and angle do. Float32 pixels that are not finite spread as
    far as the line reaches.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import motion_blur
        >>> motion_blur(np.array([[0, 0, 90, 0, 0]], np.uint8), 3, 0).tolist()
        [[0, 30, 30, 30, 0]]
        >>> motion_blur(np.array([[0, 0, 90, 0, 0]], np.uint8), 2, 0).tolist()
        [[0, 23, 45, 23, 0]]
    """
    check_image(src)
    size, turn = check_number("length", length, 0, MAX_LENGTH), check_number("angle", angle)
    border = check_border(border)
    count = check_threads(threads)
    image: Array = src
    result = check_out(image, out)
    if is_gpu(image):
        gpu(image, result, size, turn, border)
    else:
        cpu(image, result, size, turn, border, count)
    return result  # type: ignore[no-any-return]


@lru_cache(64)
def line_kernel(length: float, angle: float) -> NDArray[np.float64]:
    """Return the weights in the order of the pixels that they multiply; both sides are odd."""
    turn = math.radians(math.fmod(angle, 180))
    across, down = math.cos(turn), -math.sin(turn)
    steep = abs(down) > abs(across)
    major, minor = (down, across) if steep else (across, down)
    slope = minor / major
    half = max(length * abs(major), 1) / 2
    reach = math.ceil(half - 0.5)
    places = np.arange(-reach, reach + 1)
    weights = np.clip(half + 0.5 - abs(places), 0, 1)
    offsets = np.round(places * slope, 9)  # the angles of the axes are whole
    low = np.floor(offsets).astype(int)
    side = int(abs(offsets).max().__ceil__())
    kernel = np.zeros((2 * side + 2, 2 * reach + 1))
    kernel[low + side, places + reach] = weights * (1 - (offsets - low))
    kernel[low + side + 1, places + reach] += weights * (offsets - low)
    found: NDArray[np.float64] = kernel[:-1] / weights.sum()
    found.flags.writeable = False
    return found.T if steep else found


def reference(src: NDArray[Any], length: float, angle: float, *, border: Border = "reflect101") -> NDArray[Any]:
    """Average by the definition, in float64."""
    kernel = line_kernel(float(length), float(angle))
    ry, rx = (side // 2 for side in kernel.shape)
    around = extend(src.astype(np.float64), rx, ry, border)
    height, width = src.shape[:2]
    total = np.zeros(src.shape)
    for y, x in zip(*np.nonzero(kernel), strict=True):
        total += kernel[y, x] * around[y : y + height, x : x + width]
    return round_to(total, src.dtype)


def cpu(src: NDArray[Any], out: NDArray[Any], length: float, angle: float, border: Border, threads: int) -> None:
    """Average on this machine's processor."""
    from . import _line  # loads numba

    kernel = line_kernel(length, angle)
    if kernel.size == 1:
        out[...] = src
    else:
        _line.run(src, out, kernel, border, threads)


def gpu(src: Array, out: Array, length: float, angle: float, border: Border) -> None:
    """Say that there is no variant for CUDA yet."""
    no_cuda("motion_blur")
