"""Flip: swap left and right, top and bottom, or both."""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ._checks import Array, ArrayT, ParameterError, check_image, check_out, check_threads, is_gpu, no_cuda
from ._later import Later

_copies, _plain = Later("_copies"), Later("_plain")
Axis: TypeAlias = Literal["horizontal", "vertical", "both"]
AXES: tuple[str, ...] = get_args(Axis)

CASES = ({"axis": "horizontal"}, {"axis": "vertical"}, {"axis": "both"})


def flip(
    src: ArrayT, axis: Axis = "horizontal", *, out: ArrayT | None = None, threads: int | None = None
) -> ArrayT:  # fmt: skip
    """Mirror an image.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        axis: ``"horizontal"`` swaps left and right, ``"vertical"`` top and bottom, ``"both"`` is half a turn.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), and for CuPy arrays.

    ``"horizontal"`` is ``out[y, x] = src[y, W - 1 - x]``. Pixels come out to the bit, NaN too. Who needs no copy has
    a view in ``src[:, ::-1]``.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import flip
        >>> flip(np.array([[1, 2, 3], [4, 5, 6]], np.uint8)).tolist()
        [[3, 2, 1], [6, 5, 4]]
    """
    image: Array = src
    look = _plain.seen(src, out)
    if look[0] < 0:
        check_image(src)
        if is_gpu(image):
            gpu()
    if not isinstance(axis, str) or axis not in AXES:
        raise ParameterError(f"axis: expected one of {', '.join(AXES)}, got {axis!r}")
    count = check_threads(threads)
    if out is not None and look[0] >= 0 and count == 1:
        if axis == "vertical":
            _copies.copy_plain(look, look[1], look[2], turned=True)
        else:
            _copies.mirror_plain(look, turned=axis == "both")
        return out
    result = check_out(image, out)
    cpu(image, result, axis, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], axis: Axis = "horizontal") -> NDArray[Any]:
    """Flip by the definition."""
    mirrored = src[:: 1 if axis == "horizontal" else -1, :: 1 if axis == "vertical" else -1]
    return np.ascontiguousarray(mirrored)


def cpu(src: NDArray[Any], out: NDArray[Any], axis: str, threads: int) -> None:
    """Flip on this machine's processor."""
    if axis == "vertical":
        _copies.copy_image(src, out, threads, turned=True)
    else:
        _copies.mirror_image(src, out, threads, turned=axis == "both")


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("flip")
