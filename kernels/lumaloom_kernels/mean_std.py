"""Mean and standard deviation of each channel."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import ArrayT, check_image, check_threads, is_gpu, no_cuda
from ._later import Later

_moments, _plain = Later("_moments"), Later("_plain")

CASES: tuple[dict[str, Any], ...] = ({},)


def mean_std(src: ArrayT, *, threads: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return the mean and the standard deviation of each channel.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``(mean, std)``: two float64 arrays of shape (C,), or (1,) for an image of shape (H, W), in units of
        samples. NaN for a channel of float32 that is not finite everywhere.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: \mu = \frac{1}{n} \sum src, \qquad
              \sigma = \sqrt{\frac{1}{n} \sum src^2 - \mu^2}

    over the n pixels. Sums are exact for whole numbers. Those of float32 are in float64, so that a deviation
    below 1e-7 of the mean is lost in rounding.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import mean_std
        >>> mean, std = mean_std(np.array([[2, 4]], np.uint8))
        >>> mean.tolist(), std.tolist()
        ([3.0], [1.0])
    """
    image: Any = src
    look = _plain.seen_one(src)
    if look[0] < 0:
        check_image(src)
        if is_gpu(image):
            gpu()
    count = check_threads(threads)
    totals = _moments.plain_sums_of(look) if count == 1 else None
    if totals is None:
        totals = cpu(image, count)
    pixels = image.shape[0] * image.shape[1]
    channels = len(totals) // 2
    if image.dtype.kind == "u":  # in whole numbers, which Python does not round
        sums = list(map(int, totals.tolist()))
        deviations = [math.sqrt(pixels * sums[channels + c] - sums[c] ** 2) / pixels for c in range(channels)]
        return np.array([total / pixels for total in sums[:channels]]), np.array(deviations)
    with np.errstate(invalid="ignore"):
        means = totals / pixels
        spread = means[channels:] - means[:channels] ** 2
        finite = np.isfinite(spread)
        mean = np.where(finite, means[:channels], np.nan)
        return mean, np.where(finite, np.sqrt(np.maximum(spread, 0)), np.nan)


def reference(src: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute by the definition, in float64."""
    samples = src.reshape(src.shape[0] * src.shape[1], -1).astype(np.float64)
    return samples.mean(0), samples.std(0)


def cpu(src: NDArray[Any], threads: int) -> NDArray[np.float64]:
    """Return the sums of the channels, and then those of their squares, computed on this machine's processor."""
    return _moments.sums_of(src, threads)  # type: ignore[no-any-return]


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("mean_std")
