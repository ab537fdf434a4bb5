"""Remap: an image whose every pixel says where it comes from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import (
    Array,
    ArrayT,
    Border,
    DtypeError,
    KindError,
    OutputError,
    ShapeError,
    check_image,
    no_cuda,
)
from ._warp import Interpolation, Value, prepared, run, sample

CASES = (
    {"interpolation": "nearest"},
    {"interpolation": "bilinear"},
    {"interpolation": "bicubic", "border": "replicate"},
)


def remap(
    src: ArrayT,
    map_x: NDArray[np.float32],
    map_y: NDArray[np.float32],
    *,
    interpolation: Interpolation = "bilinear",
    border: Border = "constant",
    value: Value = 0.0,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Take every pixel of an image from where two maps say.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        map_x: Array of shape (height, width), float32, any strides: the column of the source that each output pixel
            is taken from, where 0 is the centre of the first.
        map_y: The row, likewise.
        interpolation: ``"nearest"``, ``"bilinear"``, or ``"bicubic"``, the Catmull-Rom spline as in ``resize``
            (OpenCV's cubic has a = -3/4 in place of -1/2).
        border: What lies outside the image: ``"constant"`` is ``value``, ``"replicate"`` is ``aaa|abcd|ddd``,
            ``"reflect101"`` is ``dcb|abcd|cba``. Pixels at the edge mix with it.
        value: The pixel of the border ``"constant"``: a number, or one for each channel; whole and in the range
            of the dtype for integers.
        out: Takes the result: shape of the maps with the channels of the source, dtype of ``src``, any strides, memory
            apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of that shape and the dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), and for CuPy arrays.

    .. math:: out(x, y) = \sum_{i, j} w(map_x(x, y) - i)\, w(map_y(x, y) - j)\, src(i, j)

    where w is the triangle of radius 1 or the spline of radius 2; ``nearest`` is
    :math:`src(\lfloor map_x + 1/2 \rfloor, \lfloor map_y + 1/2 \rfloor)`. Nothing is averaged where the image shrinks:
    ``resize`` it first. Coordinates count to 1e9; what is farther away, infinite too, is as far, and NaN is -1e9:
    with the border ``"constant"`` that is ``value``.

    Weights are not rounded to 1/32 of a pixel, as OpenCV's were for long: integers are within 1 step of the exact
    result, which rounds half up and saturates. A float32 pixel that is not finite makes
    those not finite that have it among their taps, with weight 0 too.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import remap
        >>> x = np.array([[2, 0.5, 0]], np.float32)
        >>> remap(np.array([[0, 100, 200]], np.uint8), x, np.zeros_like(x)).tolist()
        [[200, 50, 0]]
    """
    check_image(src)
    shape = check_maps(map_x, map_y)
    result, method, edge, filler, count = prepared(
        "remap", src, shape[::-1], interpolation, border, value, out, threads
    )  # fmt: skip
    for name, array in (("map_x", map_x), ("map_y", map_y)):
        if np.may_share_memory(array, result):
            raise OutputError(f"out: expected memory apart from {name}, got an array that shares it; pass a new array")
    cpu(src, result, map_x, map_y, method, edge, filler, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    map_x: NDArray[np.float32],
    map_y: NDArray[np.float32],
    *,
    interpolation: Interpolation = "bilinear",
    border: Border = "constant",
    value: Value = 0.0,
) -> NDArray[Any]:
    """Warp by the definition, in float64."""
    return sample(src, map_x.astype(np.float64), map_y.astype(np.float64), interpolation, border, value)


def cpu(
    src: Array, out: Array, map_x: Any, map_y: Any, method: str, border: str, value: NDArray[Any], threads: int
) -> None:
    """Remap on this machine's processor."""
    from ._warp_cpu import MAPS, Geometry
    from ._warp_points import GROUP

    width = map_x.shape[1]
    rows = [array if array[:1].flags.c_contiguous and array.flags.aligned else array.copy() for array in (map_x, map_y)]
    if width % GROUP or rows[0].strides != rows[1].strides:
        rows = [np.pad(array, ((0, 0), (0, -width % GROUP))) for array in rows]  # so that groups are whole
    geometry = Geometry(MAPS, np.eye(3), rows[0].ctypes.data, rows[1].ctypes.data, rows[0].strides[0])
    run(src, out, geometry, method, border, value, threads)


def check_maps(map_x: Any, map_y: Any) -> tuple[int, int]:
    """Return the shape of both maps."""
    for name, array in (("map_x", map_x), ("map_y", map_y)):
        if not isinstance(array, np.ndarray):
            raise KindError(f"{name}: expected a NumPy array, got {type(array).__name__}")
        if array.dtype != np.float32 or not array.dtype.isnative:
            raise DtypeError(f"{name}: expected dtype float32 in native byte order, got {array.dtype}; convert it")
        if array.ndim != 2 or 0 in array.shape:
            raise ShapeError(f"{name}: expected shape (height, width), got {array.shape}")
    if map_x.shape != map_y.shape:
        raise ShapeError(f"map_y: expected shape {map_x.shape} as map_x has, got {map_y.shape}")
    return map_x.shape  # type: ignore[no-any-return]


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("remap")
