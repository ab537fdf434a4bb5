"""Pad: an image with a border around it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import OUTSIDE, border_indices
from ._checks import (
    Array,
    ArrayT,
    Border,
    KindError,
    ParameterError,
    check_border,
    check_image,
    check_result,
    check_size,
    check_threads,
    is_gpu,
    is_whole,
    no_cuda,
)
from ._later import Later
from ._warp import Value, check_value

_pad_cpu, _plain = Later("_pad_cpu"), Later("_plain")

MAX_WIDTH = 1 << 20

CASES = (
    {"widths": 16, "border": "reflect101"},
    {"widths": (8, 4, 24, 12), "border": "replicate"},
    {"widths": (100, 0, 100, 0), "border": "constant"},
)


def pad(
    src: ArrayT,
    widths: int | tuple[int, int, int, int],
    border: Border = "constant",
    *,
    value: Value = 0.0,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    """Put a border around an image.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        widths: Pixels to add, 0 to 2**20: on all sides, or as (left, top, right, bottom).
        border: What the border is: ``"constant"`` is ``value``, ``"replicate"`` is ``aaa|abcd|ddd``,
            ``"reflect101"`` is ``dcb|abcd|cba``, as often as it takes.
        value: The pixel of the border ``"constant"``: a number, or one for each channel; whole and in the range
            of the dtype for integers.
        out: Takes the result: shape (top + H + bottom, left + W + right) or with the channels of ``src``, dtype of
            ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of that shape and the dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), for results with a side of more than 2**20 pixels or with more than 2**31
            samples, and for CuPy arrays.

    Pixels come out to the bit, NaN too.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import pad
        >>> pad(np.array([[1, 2, 3]], np.uint8), (2, 0, 1, 0), "reflect101").tolist()
        [[3, 2, 1, 2, 3, 2]]
    """
    image: Array = src
    goal: Array = out
    look = _plain.seen_apart(src, out)
    if look[0] < 0:
        check_image(src)
        if is_gpu(image):
            gpu()
    left, top, right, bottom = _check_widths(widths)
    edge, filler = check_border(border), check_value(value, image)
    count = check_threads(threads)
    width, height = check_size((left + image.shape[1] + right, top + image.shape[0] + bottom), image)
    if out is not None and look[0] >= 0 and count == 1 and goal.shape[:2] == (height, width):
        _pad_cpu.pad_plain(look, height, width, left, top, edge, filler)
        return out
    result = check_result(image, (height, width, *image.shape[2:]), image.dtype, out)
    cpu(image, result, (left, top), edge, filler, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    widths: int | tuple[int, int, int, int],
    border: Border = "constant",
    *,
    value: Value = 0.0,
) -> NDArray[Any]:
    """Pad by the definition."""
    left, top, right, bottom = _check_widths(widths)
    rows = border_indices(-top, src.shape[0] + bottom, src.shape[0], border)
    columns = border_indices(-left, src.shape[1] + right, src.shape[1], border)
    result = src[rows][:, columns]
    filler = check_value(value, src)
    result[rows == OUTSIDE] = result[:, columns == OUTSIDE] = filler if src.ndim == 3 else filler[0]
    return np.ascontiguousarray(result)


def cpu(
    src: NDArray[Any], out: NDArray[Any], corner: tuple[int, int], border: Border, value: NDArray[Any], threads: int
) -> None:
    """Pad on this machine's processor."""
    _pad_cpu.pad_image(src, out, corner, border, value, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("pad")


def _check_widths(widths: Any) -> tuple[int, int, int, int]:
    if type(widths) is int and 0 <= widths <= MAX_WIDTH:  # the usual case, quickly
        return widths, widths, widths, widths
    sides = tuple(widths) if isinstance(widths, (tuple, list)) else (widths,) * 4
    if len(sides) != 4:
        raise ParameterError(f"widths: expected a whole number or (left, top, right, bottom), got {len(sides)} values")
    for side in sides:
        if not is_whole(side):
            raise KindError(f"widths: expected a whole number or (left, top, right, bottom), got {widths!r}")
        if not 0 <= int(side) <= MAX_WIDTH:
            raise ParameterError(f"widths: expected 0 to {MAX_WIDTH} pixels, got {side}")
    left, top, right, bottom = map(int, sides)
    return left, top, right, bottom
