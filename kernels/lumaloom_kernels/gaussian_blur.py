"""Gaussian blur: each pixel becomes the mean of its neighbours, weighted by a Gaussian of their distance."""

import math
from functools import lru_cache
from importlib import import_module
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
)
from ._gaussian_plan import PRECISION, plan_axis
from ._later import Later

_packed, _separable = Later("_packed"), Later("_separable")

MAX_SIGMA = 1000.0

CASES = (
    {"sigma": 0.5},
    {"sigma": 1.0},
    {"sigma": 2.0},
    {"sigma": 5.0},
    {"sigma": 10.0},
    {"sigma": 20.0},
    {"sigma": (3.0, 1.5)},
    {"sigma": (0.0, 8.0)},
)


def gaussian_blur(
    src: ArrayT,
    sigma: float | tuple[float, float],
    *,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Blur an image with a Gaussian.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy or CuPy, uint8, uint16 or float32,
            with any strides. It is never written. Rows whose pixels do not lie side by side in memory are
            copied first.
        sigma: Standard deviation in pixels, 0 to 1000, for both directions or as ``(x, y)``. 0 leaves its
            direction as it is. The cost does not grow with it.
        border: What lies outside the image: ``"reflect101"`` is ``dcb|abcd|cba``, ``"replicate"`` is
            ``aaa|abcd|ddd``, ``"constant"`` is ``000|abcd|000``.
        out: Takes the result: shape, dtype and kind of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number. CuPy arrays ignore it.

    Returns:
        ``out``, or a new array of the shape, dtype and kind of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError).

    The definition is separable, with the same weights in either direction:

    .. math:: w_k = \frac{e^{-k^2 / 2\sigma^2}}{\sum_{j=-r}^{r} e^{-j^2 / 2\sigma^2}},
              \qquad r = \lceil 5 \sigma \rceil

    in exact arithmetic; integers round half up at the end. At five sigma the weights left out sum to 6e-7,
    below a tenth of a step of 16-bit pixels, so that fast methods without a cut-off agree. The result is
    within 1 step of it for integers and within ``1e-5 + 1e-4 * abs(value)`` for float32 pixels of the range
    0 to 1. A float32 pixel that is not finite makes its surroundings, at most ten sigma wide, not finite.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import gaussian_blur
        >>> dot = np.zeros((5, 5), np.uint8)
        >>> dot[2, 2] = 255
        >>> gaussian_blur(dot, 1.0)[2].tolist()
        [11, 25, 41, 25, 11]
    """
    check_image(src)
    pair = check_pair("sigma", sigma, high=MAX_SIGMA)
    border = check_border(border)
    count = check_threads(threads)
    image: Array = src
    result = check_out(image, out)
    if is_gpu(image):
        gpu(image, result, pair, border)
    else:
        cpu(image, result, pair, border, count)
    return result  # type: ignore[no-any-return]


@lru_cache(256)
def taps(sigma: float) -> NDArray[np.float64]:
    """Return the weights of the definition in one direction: ``2 * ceil(5 * sigma) + 1`` of them, sum 1."""
    if sigma < 0.02:  # the neighbours' weights are no float64 any more
        return np.ones(1)
    radius = math.ceil(5 * sigma)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    weights.flags.writeable = False
    return weights


def reference(src: NDArray[Any], sigma: float | tuple[float, float], *, border: Border = "reflect101") -> NDArray[Any]:
    """Blur by the definition, in plain float64 sums."""
    pair = check_pair("sigma", sigma, high=MAX_SIGMA)
    image = src.astype(np.float64)
    for axis, weights in ((0, taps(pair[1])), (1, taps(pair[0]))):
        radius = len(weights) // 2
        padded = extend(image, radius * (axis == 1), radius * (axis == 0), border)
        size = image.shape[axis]
        image = np.zeros_like(image)
        for k, weight in enumerate(weights):
            image += weight * (padded[k : k + size] if axis == 0 else padded[:, k : k + size])
    return round_to(image, src.dtype)


def cpu(src: NDArray[Any], out: NDArray[Any], sigma: tuple[float, float], border: Border, threads: int) -> None:
    """Blur on this machine's processor."""
    precision = PRECISION[src.dtype.name]
    plan_x, plan_y = plan_axis(sigma[0], precision), plan_axis(sigma[1], precision)
    source = src if _packed.is_packed(src) else np.ascontiguousarray(src)
    target = out if _packed.is_packed(out) else np.empty(out.shape, out.dtype)
    image, result = _packed.Image.of(source), _packed.Image.of(target)
    _separable.separable(image, result, plan_x, plan_y, border, threads)
    if target is not out:
        out[...] = target


def gpu(src: Array, out: Array, sigma: tuple[float, float], border: Border) -> None:
    """Blur on the device that holds the arrays."""
    import_module("._cuda", __package__).gaussian_blur(src, out, sigma, border)
