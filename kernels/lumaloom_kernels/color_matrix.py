"""Colour matrix: each channel becomes a weighted sum of all channels, the core of saturation and hue."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._borders import round_to
from ._checks import ArrayT, ShapeError, check_image, check_numbers, check_out, check_threads, is_gpu, no_cuda

SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))

CASES = (
    {"matrix": SEPIA},
    {"matrix": ((1.4, -0.3, -0.1), (-0.1, 1.2, -0.1), (-0.1, -0.3, 1.4)), "offset": (0.1, 0.0, -0.1)},
)


def color_matrix(
    src: ArrayT,
    matrix: ArrayLike,
    offset: ArrayLike | None = None,
    *,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Multiply every pixel by a matrix and add an offset.

    Args:
        src: Array of shape (H, W, C) with C 3 or 4, uint8, uint16 or float32, with any strides.
        matrix: C rows of C finite numbers, each within 1e6 of 0: row ``i`` holds the weights of the channels
            in channel ``i`` of the result.
        offset: C finite numbers within 1e6 of 0 that are added, in units of samples; None adds nothing.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: out_i = \sum_j matrix_{ij} \cdot src_j + offset_i

    Integers round half up, saturate, and are within 1 step of that; with weights beyond 1000 float32
    arithmetic may cost 16-bit samples more. A float32 channel that is not finite makes all channels of its
    pixel not finite.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import color_matrix
        >>> swap = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
        >>> color_matrix(np.array([[[10, 20, 30]]], np.uint8), swap, (1, 0, 0)).tolist()
        [[[31, 20, 10]]]
    """
    check_image(src)
    if is_gpu(src):
        gpu()
    image: Any = src
    whole = _whole(image, matrix, offset)
    count = check_threads(threads)
    result = check_out(image, out)
    cpu(image, result, whole, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], matrix: ArrayLike, offset: ArrayLike | None = None) -> NDArray[Any]:
    """Multiply by the definition, in float64."""
    whole = _whole(src, matrix, offset)
    return round_to(src.astype(np.float64) @ whole[:, :-1].T + whole[:, -1], src.dtype)


def cpu(src: NDArray[Any], out: NDArray[Any], matrix: NDArray[np.float64], threads: int) -> None:
    """Multiply on this machine's processor; the last column of the matrix is the offset."""
    from ._matrix import multiply

    multiply(src, out, matrix, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("color_matrix")


def _whole(src: NDArray[Any], matrix: ArrayLike, offset: ArrayLike | None) -> NDArray[np.float64]:
    if src.ndim != 3 or src.shape[2] not in (3, 4):
        raise ShapeError(f"src: expected shape (H, W, 3) or (H, W, 4), got {src.shape}")
    channels = src.shape[2]
    square = check_numbers("matrix", matrix, (channels, channels))
    whole = np.zeros((channels, channels + 1))
    whole[:, :-1] = square
    if offset is not None:
        whole[:, -1] = check_numbers("offset", offset, (channels,))
    return whole
