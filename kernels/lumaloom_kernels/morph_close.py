"""Closing: dilation, then erosion."""

from typing import Any

from numpy.typing import NDArray

from ._checks import Array, ArrayT, Border, is_gpu, no_cuda
from ._morphology import SIZES, Shape, compute, prepared, reference_extreme

CASES = SIZES


def morph_close(
    src: ArrayT,
    size: int | tuple[int, int],
    shape: Shape = "rectangle",
    *,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Remove dark details that a shape does not fit into.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        size: The sides of the shape in pixels, 1 to 8193, for both directions or as ``(width, height)``. 1 leaves
            its direction as it is. Ellipses and crosses have odd sides up to 501.
        shape: ``"rectangle"``, whose cost does not grow with its size; ``"ellipse"`` or ``"cross"``, the row and the
            column through the centre, whose cost grows with their height.
        border: What lies outside the image: ``"reflect101"`` is ``dcb|abcd|cba``, ``"replicate"`` is
            ``aaa|abcd|ddd``, ``"constant"`` is ``000|abcd|000``. With the first at odd sizes and with the
            second at all of them, what lies outside changes nothing.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), and for CuPy arrays.

    The definition is ``erode(dilate(src, size), size)``; dilate and erode take the same border.

    Closing never makes a pixel darker (but near a border of zeros), and closing twice is closing once.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import morph_close
        >>> dot = np.full((5, 5), 9, np.uint8)
        >>> dot[2, 2] = 0
        >>> int(morph_close(dot, 3).min())
        9
    """
    result, pair, shape, border, count = prepared(src, size, shape, border, out, threads)
    image: Array = src
    if is_gpu(image):
        gpu(image, result, pair, shape, border)
    else:
        cpu(image, result, pair, shape, border, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any], size: int | tuple[int, int], shape: Shape = "rectangle", *, border: Border = "reflect101"
) -> NDArray[Any]:
    """Close by the definition."""
    return reference_extreme(
        reference_extreme(src, size, border, greatest=True, shape=shape), size, border, greatest=False, shape=shape
    )


def cpu(
    src: NDArray[Any], out: NDArray[Any], size: tuple[int, int], shape: Shape, border: Border, threads: int
) -> None:
    """Close on this machine's processor."""
    compute("close", src, out, size, shape, border, threads)


def gpu(src: Array, out: Array, size: tuple[int, int], shape: Shape, border: Border) -> None:
    """Say that there is no variant for CUDA yet."""
    no_cuda("morph_close")
