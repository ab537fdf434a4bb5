"""Laplacian: the sum of the second derivatives, how far a pixel lies below its neighbours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import extend, round_to
from ._checks import Array, ArrayT, Border, check_border, check_image, check_out, check_threads, is_gpu, no_cuda
from ._later import Later
from ._stencil_checks import check_high, check_middle, check_number

_stencil_run = Later("_stencil_run")

WEIGHTS = np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])

CASES: tuple[dict[str, Any], ...] = (
    {},
    {"scale": 0.125},
    {"scale": 2.0, "offset": 0.0},
)


def laplacian(
    src: ArrayT,
    *,
    scale: float = 1.0,
    offset: float | None = None,
    high: float | None = None,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Take the Laplacian of every channel from the four nearest neighbours.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        scale: What the sum is multiplied by, -1e6 to 1e6. The sum is up to 4 times the range of the samples to
            either side; what leaves the dtype's range is clipped. 1/8 never clips.
        offset: What is added, since the sum has a sign, in units of the samples. None is the middle of the
            range, 128 for uint8 and 32768 for uint16, and 0 for float32.
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

    .. math:: out(x, y) = offset + scale \cdot (src(x - 1, y) + src(x + 1, y) + src(x, y - 1) + src(x, y + 1)
              - 4\, src(x, y))

    Integers round half up and are within 1 step of that. A float32 pixel that is not finite makes itself and its
    four neighbours not finite.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import laplacian
        >>> dot = np.zeros((3, 5), np.uint8)
        >>> dot[1, 2] = 20
        >>> laplacian(dot)[1].tolist()
        [128, 148, 48, 148, 128]
    """
    check_image(src)
    image: Array = src
    factor = check_number("scale", scale, -1e6, 1e6)
    middle, top = check_middle(offset, image.dtype), check_high(high, image.dtype)
    border = check_border(border)
    count = check_threads(threads)
    if is_gpu(image):
        gpu(image)
    result = check_out(image, out)
    cpu(image, result, factor, middle, top, border, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    *,
    scale: float = 1.0,
    offset: float | None = None,
    high: float | None = None,
    border: Border = "reflect101",
) -> NDArray[Any]:
    """Compute by the definition, in plain float64 sums."""
    image = extend(src.astype(np.float64), 1, 1, border)
    around = image[1:-1, :-2] + image[1:-1, 2:] + image[:-2, 1:-1] + image[2:, 1:-1]
    result = check_middle(offset, src.dtype) + scale * (around - 4 * image[1:-1, 1:-1])
    return round_to(np.minimum(result, check_high(high, src.dtype)), src.dtype)


def cpu(
    src: NDArray[Any], out: NDArray[Any], scale: float, offset: float, high: float, border: Border, threads: int
) -> None:
    """Compute on this machine's processor."""
    source, target, result = _stencil_run.prepared(src, out)
    _stencil_run.weighted(source, target, scale * WEIGHTS, offset, high, border, threads)
    if result is not out:
        out[...] = result


def gpu(src: Array) -> None:
    """Say that there is no CUDA variant."""
    no_cuda("laplacian")
