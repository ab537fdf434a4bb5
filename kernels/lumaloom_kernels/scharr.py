"""Scharr's operator: the gradient whose direction errs least among those of 3 x 3 pixels."""

from typing import Any, Literal

from numpy.typing import NDArray

from . import _gradient
from ._checks import Array, ArrayT, Border, no_cuda

SMOOTHING = (3, 10)  # 3 10 3

CASES: tuple[dict[str, Any], ...] = (
    {},
    {"scale": 0.0625},
    {"axis": "x"},
    {"axis": "y", "scale": 0.03125},
)


def scharr(
    src: ArrayT,
    axis: Literal["x", "y"] | None = None,
    *,
    scale: float = 1.0,
    offset: float | None = None,
    high: float | None = None,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Take the gradient of every channel with Scharr's operator.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        axis: ``"x"`` is the derivative to the right, ``"y"`` the one downwards, None the length of the gradient.
        scale: What the result is multiplied by, 0 to 1e6. A derivative is up to 16 times the range of the samples
            to either side, a length up to 18.9 times; what leaves the dtype's range is clipped. 1/32 is the slope
            for a step of one pixel, which never clips.
        offset: What is added, in units of the samples. None is 0 for a length and for float32; a derivative of
            whole numbers has a sign, and None puts its zero in the middle of the range, 128 or 32768.
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

    .. math:: g_x = \begin{pmatrix}-3&0&3\\-10&0&10\\-3&0&3\end{pmatrix} \star src, \quad
              g_y = \begin{pmatrix}-3&-10&-3\\0&0&0\\3&10&3\end{pmatrix} \star src

    where the star is correlation; the result is :math:`scale \cdot g + offset` for one axis and
    :math:`scale \sqrt{g_x^2 + g_y^2} + offset` for none. Integers round half up and are within 1 step of that. A
    float32 pixel that is not finite makes its neighbours not finite; the length of gradients beyond 1e19 is infinite.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import scharr
        >>> step = np.array([[10, 10, 30, 30]] * 3, np.uint8)
        >>> scharr(step, scale=1 / 8)[1].tolist(), scharr(step, "x", scale=1 / 8)[1].tolist()
        ([0, 40, 40, 0], [128, 168, 168, 128])
    """
    return _gradient.gradient(  # type: ignore[no-any-return]
        "scharr", SMOOTHING, src, axis, scale, offset, high, border, out, threads
    )


def reference(
    src: NDArray[Any],
    axis: Literal["x", "y"] | None = None,
    *,
    scale: float = 1.0,
    offset: float | None = None,
    high: float | None = None,
    border: Border = "reflect101",
) -> NDArray[Any]:
    """Compute by the definition, in plain float64 sums."""
    return _gradient.reference(SMOOTHING, src, axis, scale, offset, high, border)


def cpu(*args: Any) -> None:
    """Compute on this machine's processor; the arguments are those of ``_gradient.cpu`` after the first."""
    _gradient.cpu(SMOOTHING, *args)


def gpu(src: Array) -> None:
    """Say that there is no CUDA variant."""
    no_cuda("scharr")
