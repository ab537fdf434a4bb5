"""Crop: a copy of a rectangle of an image."""

from typing import Any

from numpy.typing import NDArray

from ._checks import (
    Array,
    ArrayT,
    KindError,
    ParameterError,
    check_image,
    check_result,
    check_threads,
    is_gpu,
    is_whole,
    no_cuda,
)
from ._later import Later

_copies, _plain = Later("_copies"), Later("_plain")
CASES = ({"box": (3, 5, 190, 80)},)


def crop(
    src: ArrayT, box: tuple[int, int, int, int], *, out: ArrayT | None = None, threads: int | None = None
) -> ArrayT:  # fmt: skip
    """Copy a rectangle out of an image.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written.
        box: Left, top, right and bottom (x0, y0, x1, y1) in whole pixels, of which right and bottom are the first
            outside: 0 <= x0 < x1 <= W, and so for y.
        out: Takes the result: shape (y1 - y0, x1 - x0) or with the channels of ``src``, dtype of ``src``, any
            strides, memory apart from that of the rectangle.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of that shape and the dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), and for CuPy arrays.

    Pixels come out to the bit, NaN too. Who needs no copy has a view in ``src[y0:y1, x0:x1]``.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import crop
        >>> crop(np.array([[1, 2, 3], [4, 5, 6]], np.uint8), (1, 0, 3, 2)).tolist()
        [[2, 3], [5, 6]]
    """
    image: Array = src
    goal: Array = out
    look = _plain.seen_apart(src, out)
    if look[0] < 0:
        check_image(src)
        if is_gpu(image):
            gpu()
    x0, y0, x1, y1 = _check_box(box, image)
    count = check_threads(threads)
    if out is not None and look[0] >= 0 and count == 1 and goal.shape[:2] == (y1 - y0, x1 - x0):
        _copies.copy_plain(look, y1 - y0, x1 - x0, start=(y0 * image.strides[0] + x0 * image.strides[1]))
        return out
    part = image[y0:y1, x0:x1]
    result = check_result(part, part.shape, part.dtype, out)
    cpu(part, result, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], box: tuple[int, int, int, int]) -> NDArray[Any]:
    """Crop by the definition."""
    return src[box[1] : box[3], box[0] : box[2]].copy()


def cpu(src: NDArray[Any], out: NDArray[Any], threads: int) -> None:
    """Copy on this machine's processor."""
    _copies.copy_image(src, out, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("crop")


def _check_box(box: Any, src: Array) -> tuple[int, int, int, int]:
    if not isinstance(box, (tuple, list)) or len(box) != 4:
        raise KindError(f"box: expected (x0, y0, x1, y1), got {box!r}")
    x0, y0, x1, y1 = box
    if not type(x0) is type(y0) is type(x1) is type(y1) is int:
        if not all(map(is_whole, box)):
            raise KindError(f"box: expected whole numbers (x0, y0, x1, y1), got {box!r}")
        x0, y0, x1, y1 = map(int, box)
    height, width = src.shape[:2]
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise ParameterError(f"box: expected x0 < x1 and y0 < y1 within the {width}x{height} image, got {box!r}")
    return x0, y0, x1, y1
