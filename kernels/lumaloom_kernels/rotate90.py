"""Rotate by quarter turns: pixels change places and keep their values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Array, ArrayT, KindError, check_image, check_result, check_threads, is_gpu, is_whole, no_cuda
from ._later import Later

_copies, _plain = Later("_copies"), Later("_plain")
CASES = ({"turns": 1}, {"turns": 2}, {"turns": 3})


def rotate90(src: ArrayT, turns: int = 1, *, out: ArrayT | None = None, threads: int | None = None) -> ArrayT:
    """Turn an image counter-clockwise by a number of quarters, as ``numpy.rot90`` does.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        turns: Any whole number of quarters; negative ones turn clockwise.
        out: Takes the result: shape (W, H) or (W, H, C) for odd turns, else that of ``src``, dtype of ``src``, any
            strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of that shape and the dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), and for CuPy arrays.

    One turn is ``out[y, x] = src[x, W - 1 - y]``. Pixels come out to the bit, NaN too.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import rotate90
        >>> rotate90(np.array([[1, 2, 3], [4, 5, 6]], np.uint8)).tolist()
        [[3, 6], [2, 5], [1, 4]]
    """
    image: Array = src
    goal: Array = out
    look = _plain.seen_apart(src, out)
    if look[0] < 0:
        check_image(src)
        if is_gpu(image):
            gpu()
    if not is_whole(turns):
        raise KindError(f"turns: expected a whole number, got {turns!r}")
    quarter = int(turns) % 4
    height, width = image.shape[1::-1] if quarter % 2 else image.shape[:2]
    count = check_threads(threads)
    if out is not None and look[0] >= 0 and count == 1 and goal.shape[:2] == (height, width):
        _plain_cpu(look, quarter)
        return out
    result = check_result(image, (height, width, *image.shape[2:]), image.dtype, out)
    cpu(image, result, quarter, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], turns: int = 1) -> NDArray[Any]:
    """Rotate by the definition."""
    return np.rot90(src, turns).copy()


def cpu(src: NDArray[Any], out: NDArray[Any], turns: int, threads: int) -> None:
    """Rotate on this machine's processor."""
    if turns == 0:
        _copies.copy_image(src, out, threads)
    elif turns == 2:
        _copies.mirror_image(src, out, threads, turned=True)
    else:
        _copies.transpose_image(src, out, threads, clockwise=turns == 3)


def _plain_cpu(look: Any, turns: int) -> None:
    if turns == 0:
        _copies.copy_plain(look, look[1], look[2])
    elif turns == 2:
        _copies.mirror_plain(look, turned=True)
    else:
        _copies.transpose_plain(look, clockwise=turns == 3)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("rotate90")
