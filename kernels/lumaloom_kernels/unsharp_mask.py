"""Unsharp mask: sharpen by adding what a Gaussian blur takes away."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import extend, round_to
from ._checks import (
    Array,
    ArrayT,
    Border,
    check_border,
    check_image,
    check_out,
    check_pair,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._stencil_checks import LARGEST, check_high, check_number
from .gaussian_blur import MAX_SIGMA, taps

MAX_AMOUNT = 100.0

CASES: tuple[dict[str, Any], ...] = (
    {"sigma": 1.0, "amount": 0.5},
    {"sigma": 2.0, "amount": 1.5, "threshold": 0.02},
    {"sigma": 3.0, "amount": 3.0},
    {"sigma": 10.0, "amount": 0.8},
    {"sigma": (1.0, 0.5), "amount": 1.0},
)


def unsharp_mask(
    src: ArrayT,
    sigma: float | tuple[float, float],
    amount: float,
    threshold: float = 0,
    *,
    high: float | None = None,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Sharpen every channel of an image by unsharp masking.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        sigma: Standard deviation of the Gaussian in pixels, 0 to 1000, for both directions or as ``(x, y)``;
            details narrower than about this are sharpened. The cost does not grow with it.
        amount: How much of the detail is added, 0 to 100; 1 doubles it.
        threshold: How much of the detail is taken for noise, in units of the samples; only what exceeds it is
            added. There is no jump at the threshold (as Pillow's has), so that noise near it does not flicker.
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

    With the Gaussian of `gaussian_blur` in exact arithmetic,

    .. math:: d = src - G_\sigma(src), \qquad
              out = src + amount \cdot \operatorname{sgn}(d) \max(|d| - threshold,\; 0)

    Integers round half up. The blur is never rounded to the dtype in between, so integers are within 1 step of
    that for amounts up to 10; above, the error grows in proportion. A float32 pixel that is not finite makes its
    surroundings, at most ten sigma wide, not finite.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import unsharp_mask
        >>> edge = np.array([[50] * 4 + [100] * 4], np.uint8)
        >>> unsharp_mask(edge, 1.0, 1.0)[0].tolist()
        [50, 50, 47, 35, 115, 103, 100, 100]
    """
    check_image(src)
    pair = check_pair("sigma", sigma, high=MAX_SIGMA)
    gain = check_number("amount", amount, 0, MAX_AMOUNT)
    least = check_number("threshold", threshold, 0, LARGEST)
    image: Array = src
    top = check_high(high, image.dtype)
    border = check_border(border)
    count = check_threads(threads)
    if is_gpu(image):
        gpu(image)
    result = check_out(image, out)
    cpu(image, result, pair, gain, least, top, border, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    sigma: float | tuple[float, float],
    amount: float,
    threshold: float = 0,
    *,
    high: float | None = None,
    border: Border = "reflect101",
) -> NDArray[Any]:
    """Sharpen by the definition, in plain float64 sums."""
    pair = check_pair("sigma", sigma, high=MAX_SIGMA)
    image = src.astype(np.float64)
    for axis, weights in ((0, taps(pair[1])), (1, taps(pair[0]))):
        radius = len(weights) // 2
        padded = extend(image, radius * (axis == 1), radius * (axis == 0), border)
        size = image.shape[axis]
        image = np.zeros_like(image)
        for k, weight in enumerate(weights):
            image += weight * (padded[k : k + size] if axis == 0 else padded[:, k : k + size])
    detail = src - image
    result = src + amount * np.sign(detail) * np.maximum(np.abs(detail) - threshold, 0)
    return round_to(np.minimum(result, check_high(high, src.dtype)), src.dtype)


def cpu(
    src: NDArray[Any],
    out: NDArray[Any],
    sigma: tuple[float, float],
    amount: float,
    threshold: float,
    high: float,
    border: Border,
    threads: int,
) -> None:
    """Sharpen on this machine's processor."""
    from . import _stencil_run  # loads numba
    from ._unsharp import unsharp

    source, target, result = _stencil_run.prepared(src, out)
    unsharp(source, target, sigma, amount, min(threshold, math.sqrt(LARGEST)), high, border, threads)
    if result is not out:
        out[...] = result


def gpu(src: Array) -> None:
    """Say that there is no CUDA variant."""
    no_cuda("unsharp_mask")
