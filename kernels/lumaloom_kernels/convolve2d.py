"""Convolution with a small matrix: sharpening, embossing, edges, motion blur, any linear filter."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._borders import extend, round_to
from ._checks import Array, ArrayT, Border, check_border, check_image, check_out, check_threads, is_gpu, no_cuda
from ._later import Later
from ._stencil_checks import check_high, check_kernel, check_number

_stencil_run = Later("_stencil_run")


class _Matrix(tuple[tuple[float, ...], ...]):
    """The matrix of a case, shown by its size and its name."""

    name: str

    @classmethod
    def called(cls, name: str, rows: Any) -> "_Matrix":
        matrix = cls(tuple(map(float, row)) for row in rows)
        matrix.name = name
        return matrix

    def __repr__(self) -> str:
        return f"{self.name}{len(self)}x{len(self[0])}"

    __str__ = __repr__


CASES: tuple[dict[str, Any], ...] = (
    {"kernel": _Matrix.called("sharpen", ((0, -1, 0), (-1, 5, -1), (0, -1, 0)))},
    {"kernel": _Matrix.called("emboss", ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))), "offset": 10},
    {"kernel": _Matrix.called("binomial", np.outer((1, 2, 1), (1, 2, 1)) / 16)},
    {"kernel": _Matrix.called("any", [[(3 * x + 5 * y) % 7 / 75.6 for x in range(5)] for y in range(5)])},
    {"kernel": _Matrix.called("any", [[(x + 2 * y) ** 2 % 11 / 270.1 for x in range(7)] for y in range(7)])},
    {"kernel": _Matrix.called("motion", np.eye(15) / 15)},
    {"kernel": _Matrix.called("product", [[(8 - abs(x - 7)) * (1 + y) / 7680 for x in range(15)] for y in range(15)])},
)


def convolve2d(
    src: ArrayT,
    kernel: ArrayLike,
    *,
    offset: float = 0.0,
    high: float | None = None,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Convolve every channel of an image with a matrix.

    This is convolution: the matrix is turned by half a turn, as ``scipy.ndimage.convolve`` does. What OpenCV's
    ``filter2D`` and machine learning call convolution is correlation; pass ``kernel[::-1, ::-1]`` for it.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        kernel: Matrix of finite weights with two odd sides of at most 255; its centre lies on the pixel. It is
            used as it is: weights that sum to 1 keep the brightness.
        offset: What is added to every result, in units of the samples.
        high: Greatest value of the result, in units of the samples, whole for whole numbers; None is the
            greatest of the dtype, for float32 no bound.
        border: What lies outside the image: ``"reflect101"`` is ``dcb|abcd|cba``, ``"replicate"`` is
            ``aaa|abcd|ddd``, ``"constant"`` is ``000|abcd|000``.
        out: Takes the result: shape, dtype and kind of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape, dtype and kind of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError).

    .. math:: out(x, y) = offset + \sum_{i, j} kernel(j, i) \cdot src(x + r_x - i, y + r_y - j)

    Integers round half up and stay in their range; they are within 1 step of that, and weights that are small
    multiples of one number give uint8 results without any error. float32 sums are in float32. Where the matrix is
    the product of a column and a row, which is found here, the cost grows with the sum of its sides instead of
    their product. A float32 pixel that is not finite makes pixels no further than the matrix reaches not finite.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import convolve2d
        >>> dot = np.zeros((3, 4), np.uint8)
        >>> dot[1, 1] = 10
        >>> convolve2d(dot, [[0, 0, 0], [1, 2, 3], [0, 0, 0]])[1].tolist()
        [10, 20, 30, 0]
    """
    check_image(src)
    weights = check_kernel(kernel)
    image: Array = src
    numbers = check_number("offset", offset), check_high(high, image.dtype)
    border = check_border(border)
    count = check_threads(threads)
    if is_gpu(image):
        gpu(image)
    result = check_out(image, out)
    cpu(image, result, weights, *numbers, border, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    kernel: ArrayLike,
    *,
    offset: float = 0.0,
    high: float | None = None,
    border: Border = "reflect101",
) -> NDArray[Any]:
    """Convolve by the definition, in plain float64 sums."""
    weights = check_kernel(kernel)
    height, width = weights.shape
    padded = extend(src.astype(np.float64), width // 2, height // 2, border)
    total = np.full(src.shape, float(offset))
    for j in range(height):
        for i in range(width):
            y, x = height - 1 - j, width - 1 - i
            total += weights[j, i] * padded[y : y + src.shape[0], x : x + src.shape[1]]
    return round_to(np.minimum(total, check_high(high, src.dtype)), src.dtype)


def cpu(
    src: NDArray[Any],
    out: NDArray[Any],
    kernel: NDArray[np.float64],
    offset: float,
    high: float,
    border: Border,
    threads: int,
) -> None:
    """Convolve on this machine's processor."""
    source, target, result = _stencil_run.prepared(src, out)
    _stencil_run.weighted(source, target, kernel[::-1, ::-1], offset, high, border, threads)
    if result is not out:
        out[...] = result


def gpu(src: Array) -> None:
    """Say that there is no CUDA variant."""
    no_cuda("convolve2d")
