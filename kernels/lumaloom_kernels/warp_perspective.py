"""Warp by a perspective map: see a plane from elsewhere, pin the corners of an image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Array, ArrayT, Border, no_cuda
from ._warp import Interpolation, Value, check_matrix, grid, prepared, run, sample

CASES = (
    {"matrix": ((1.05, 0.1, -6.0), (0.03, 0.98, 10.0), (2e-5, 1e-5, 1.0))},
    {
        "matrix": ((1.05, 0.1, -6.0), (0.03, 0.98, 10.0), (2e-5, 1e-5, 1.0)),
        "interpolation": "bicubic",
        "border": "replicate",
    },
)


def warp_perspective(
    src: ArrayT,
    matrix: Any,
    *,
    size: tuple[int, int] | None = None,
    inverse: bool = False,
    interpolation: Interpolation = "bilinear",
    border: Border = "constant",
    value: Value = 0.0,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Move every pixel of an image by a perspective map.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        matrix: Three rows of three numbers within 1e9 of 0 that lead from source to output pixels, in homogeneous
            coordinates, where (0, 0) is the centre of the first pixel, x before y: OpenCV's convention.
        size: Width and height of the result, each from 1 to 2**20, at most 2**31 samples in all; None is the
            source's.
        inverse: Whether the matrix leads from output to source pixels already (``WARP_INVERSE_MAP``).
        interpolation: ``"nearest"``, ``"bilinear"``, or ``"bicubic"``, the Catmull-Rom spline as in ``resize``
            (OpenCV's cubic has a = -3/4 in place of -1/2).
        border: What lies outside the image: ``"constant"`` is ``value``, ``"replicate"`` is ``aaa|abcd|ddd``,
            ``"reflect101"`` is ``dcb|abcd|cba``. Pixels at the edge mix with it.
        value: The pixel of the border ``"constant"``: a number, or one for each channel; whole and in the range
            of the dtype for integers.
        out: Takes the result: shape (height, width) or (height, width, C), dtype of ``src``, any strides, memory
            apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of that shape and the dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), for a matrix without an inverse (with ``inverse`` too), and for CuPy arrays.

    With A the matrix that leads from output to source pixels,

    .. math:: out(x, y) = \sum_{i, j} w(u / d - i)\, w(v / d - j)\, src(i, j), \quad (u, v, d)^T = A\, (x, y, 1)^T

    where w is the triangle of radius 1 or the spline of radius 2; ``nearest`` is
    :math:`src(\lfloor u + 1/2 \rfloor, \lfloor v + 1/2 \rfloor)`. Nothing is averaged where the image shrinks:
    ``resize`` it first. Coordinates count to 1e9; what is farther away is as far, and 0 / 0 lies at -1e9. Beyond
    the horizon, where d changes its sign, the formula goes on, as in OpenCV.

    Coordinates are good to 2**-24 of a pixel, and weights are not rounded to 1/32, as OpenCV's were for long: integers
    are within 1 step of the exact result, which rounds half up and saturates; where ``nearest`` finds two pixels as
    near as that, it may take either. A float32 pixel that is not finite makes
    those not finite that have it among their taps, with weight 0 too.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import warp_perspective
        >>> shift = [[1, 0, 0.5], [0, 1, 0], [0, 0, 1]]
        >>> warp_perspective(np.array([[0, 100, 200]], np.uint8), shift).tolist()
        [[0, 50, 150]]
    """
    result, method, edge, filler, count = prepared(
        "warp_perspective", src, size, interpolation, border, value, out, threads
    )  # fmt: skip
    cpu(src, result, check_matrix(matrix, 3, inverse), method, edge, filler, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    matrix: Any,
    *,
    size: tuple[int, int] | None = None,
    inverse: bool = False,
    interpolation: Interpolation = "bilinear",
    border: Border = "constant",
    value: Value = 0.0,
) -> NDArray[Any]:
    """Warp by the definition, in float64."""
    back = check_matrix(matrix, 3, inverse)
    x, y = grid(*(size or src.shape[1::-1]))
    u, v, d = (row[0] * x + (row[1] * y + row[2]) for row in back)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        u, v = u / d, v / d
    return sample(src, u, v, interpolation, border, value)


def cpu(
    src: Array, out: Array, back: NDArray[np.float64], method: str, border: str, value: NDArray[Any], threads: int
) -> None:
    """Warp on this machine's processor; ``back`` leads from output to source pixels."""
    from ._warp_cpu import PERSPECTIVE, Geometry

    run(src, out, Geometry(PERSPECTIVE, back), method, border, value, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("warp_perspective")
