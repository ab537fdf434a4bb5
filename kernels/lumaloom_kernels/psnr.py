"""PSNR: how near one picture is to another, as the logarithm of the mean squared difference."""

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import ArrayT, KindError, ParameterError, check_image, check_same, check_threads, is_gpu, no_cuda
from ._later import Later

_moments, _plain = Later("_moments"), Later("_plain")

CASES: tuple[dict[str, Any], ...] = ({},)


def psnr(a: ArrayT, b: ArrayT, *, peak: float | None = None, threads: int | None = None) -> float:
    r"""Return the peak signal-to-noise ratio of two images in decibels.

    Args:
        a: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides.
        b: Array of the shape and dtype of ``a``.
        peak: The greatest value that samples can have, above 0; None is 255, 65535 or 1.0. For video of 10
            bits in uint16 it is 1023.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        The ratio over all samples of all channels, infinity where the images are equal, NaN where a float32
        sample is NaN or both hold the same infinity, and minus infinity where one sample is infinite.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: 10 \log_{10} \frac{peak^2}{\frac{1}{n} \sum (a - b)^2}

    with an exact sum for whole numbers, and differences in float32 and their sum in float64 otherwise.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import psnr
        >>> round(psnr(np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8)), 2)
        0.0
    """
    look = _plain.seen_pair(a, b)
    first: Any = a
    if look[0] < 0:
        check_image(a, "a")
        check_image(b, "b")
        check_same("b", b, "a", a)
        if is_gpu(first):
            gpu()
    most = _peak(peak, first.dtype)
    count = check_threads(threads)
    total = _moments.plain_sum_of_squares(look) if count == 1 else None
    return _decibels((cpu(first, b, count) if total is None else total) / first.size, most)


def reference(a: NDArray[Any], b: NDArray[Any], *, peak: float | None = None) -> float:
    """Compute by the definition, in float64."""
    return _decibels(float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)), _peak(peak, a.dtype))


def cpu(a: NDArray[Any], b: Any, threads: int) -> float:
    """Return the sum of squared differences, computed on this machine's processor."""
    return _moments.sum_of_squares(a, b, threads)  # type: ignore[no-any-return]


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("psnr")


def _decibels(mean_square: float, peak: float) -> float:
    if mean_square == 0 or math.isnan(mean_square):
        return math.inf if mean_square == 0 else math.nan
    return -math.inf if math.isinf(mean_square) else 10 * math.log10(peak**2 / mean_square)


def _peak(peak: Any, dtype: np.dtype[Any]) -> float:
    if peak is None:
        return 1.0 if dtype.kind == "f" else 256.0**dtype.itemsize - 1
    if not isinstance(peak, numbers.Real) or isinstance(peak, (bool, np.bool_)):
        raise KindError(f"peak: expected a number, got {peak!r}")
    if not 0 < float(peak) < 1e30:
        raise ParameterError(f"peak: expected a number above 0 and below 1e30, got {peak!r}")
    return float(peak)
