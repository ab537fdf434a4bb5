"""Bilateral filter: each pixel becomes a mean of those near it in place and in colour."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import extend, round_to
from ._checks import (
    Array,
    ArrayT,
    Border,
    ParameterError,
    check_border,
    check_image,
    check_out,
    check_pair,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._scalars import check_number

MAX_RADIUS = 100
LEAST_SIGMA, MOST_SIGMA = 1e-6, 1e6

CASES = (
    {"radius": 2, "sigma_color": 30.0, "sigma_space": 1.5},
    {"radius": 4, "sigma_color": 30.0, "sigma_space": 3.0},
    {"radius": 7, "sigma_color": 75.0, "sigma_space": 5.0},
)


def bilateral_filter(
    src: ArrayT,
    radius: int | tuple[int, int],
    sigma_color: float,
    sigma_space: float | tuple[float, float],
    *,
    border: Border = "reflect101",
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Replace each pixel by the mean of a disc around it, in which pixels of other colours count less.

    Noise and texture go, edges stay. The channels of a pixel are one colour and get the same weights.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy, uint8, uint16 or float32, with any
            strides. It is never written. Rows whose pixels do not lie side by side in memory are copied first.
        radius: The disc reaches this many pixels from its centre, 0 to 100; as ``(x, y)`` it is an ellipse. The
            cost grows with its area: every weight depends on both its pixels, and the ways around a sum over all
            of them (recursive filters, grids, series) leave the definition by more than a step.
        sigma_color: How much colours may differ to count as near, 1e-6 to 1e6, in units of the samples.
        sigma_space: How far away pixels may be to count as near, in pixels, 1e-6 to 1e6, for both directions or as
            ``(x, y)``.
        border: What lies outside the image: ``"reflect101"`` is ``dcb|abcd|cba``, ``"replicate"`` is
            ``aaa|abcd|ddd``, ``"constant"`` is ``000|abcd|000``.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError), and for CuPy arrays.

    The definition is

    .. math:: out(p) = \frac{\sum_q w(p, q)\, src(q)}{\sum_q w(p, q)}, \qquad
              w(p, q) = \exp\left(-\frac{x^2}{2 \sigma_x^2} - \frac{y^2}{2 \sigma_y^2}
                                  - \frac{d(p, q)^2}{2 \sigma_c^2}\right)

    over the pixels q, x columns and y rows away, with :math:`x^2 r_y^2 + y^2 r_x^2 \le r_x^2 r_y^2`, where
    :math:`d(p, q) = \sum_c |src_c(p) - src_c(q)|` is the sum over all channels. Integers are rounded half up. A float32
    pixel that has a channel which is not finite counts nowhere and stays as it is. It is OpenCV's ``bilateralFilter``
    with ``d = 2 * radius + 1``.

    C. Tomasi and R. Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import bilateral_filter
        >>> edge = np.array([[10, 12, 10, 200, 202, 200]], np.uint8)
        >>> bilateral_filter(edge, 1, 20, 1.0).tolist()
        [[11, 11, 10, 200, 201, 201]]
    """
    check_image(src)
    reach = check_pair("radius", radius, high=MAX_RADIUS, integer=True)
    color = check_number("sigma_color", sigma_color, LEAST_SIGMA, MOST_SIGMA)
    space = _space(sigma_space)
    border = check_border(border)
    count = check_threads(threads)
    image: Array = src
    result = check_out(image, out)
    if is_gpu(image):
        gpu(image, result, reach, color, space, border)
    else:
        cpu(image, result, reach, color, space, border, count)
    return result  # type: ignore[no-any-return]


def _space(value: Any) -> tuple[float, float]:
    pair: tuple[float, float] = check_pair("sigma_space", value, high=MOST_SIGMA)
    if min(pair) < LEAST_SIGMA:
        raise ParameterError(f"sigma_space: expected a number from {LEAST_SIGMA:g} to {MOST_SIGMA:g}, got {value!r}")
    return pair


def reference(
    src: NDArray[Any],
    radius: int | tuple[int, int],
    sigma_color: float,
    sigma_space: float | tuple[float, float],
    *,
    border: Border = "reflect101",
) -> NDArray[Any]:
    """Filter by the definition, in float64."""
    rx, ry = check_pair("radius", radius, high=MAX_RADIUS, integer=True)
    sx, sy = _space(sigma_space)
    image = (src if src.ndim == 3 else src[..., None]).astype(np.float64)
    height, width = image.shape[:2]
    odd = np.asarray(~np.isfinite(image).all(axis=2))
    around, strange = (extend(array, rx, ry, border) for array in (np.where(odd[..., None], 0, image), odd))
    total, weights = np.zeros(image.shape), np.zeros((height, width, 1))
    for y in range(-ry, ry + 1):
        for x in range(-rx, rx + 1):
            if x * x * ry * ry + y * y * rx * rx > rx * rx * ry * ry:
                continue
            window = slice(ry + y, ry + y + height), slice(rx + x, rx + x + width)
            with np.errstate(invalid="ignore"):
                far = abs(around[window] - image).sum(axis=2) / sigma_color
            with np.errstate(over="ignore"):
                weight = np.exp(-((x / sx) ** 2 + (y / sy) ** 2 + far * far) / 2)
            weight = np.where(strange[window] | odd, 0, weight)[..., None]
            total += weight * around[window]
            weights += weight
    means = np.where(odd[..., None], image, total / np.where(odd[..., None], 1, weights))
    return round_to(means, src.dtype).reshape(src.shape)


def cpu(
    src: NDArray[Any], out: NDArray[Any], radius: tuple[int, int], sigma_color: float,
    sigma_space: tuple[float, float], border: Border, threads: int,
) -> None:  # fmt: skip
    """Filter on this machine's processor."""
    from . import _bilateral  # loads numba

    if radius == (0, 0):
        out[...] = src
    else:
        _bilateral.run(src, out, radius, sigma_color, sigma_space, border, threads)


def gpu(
    src: Array, out: Array, radius: tuple[int, int], sigma_color: float, sigma_space: tuple[float, float],
    border: Border,
) -> None:  # fmt: skip
    """Say that there is no variant for CUDA yet."""
    no_cuda("bilateral_filter")
