"""Histogram: how often each value occurs in each channel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import ArrayT, KindError, ParameterError, check_image, check_threads, is_gpu, no_cuda
from ._later import Later

_histogram_cpu = Later("_histogram_cpu")

CASES: tuple[dict[str, Any], ...] = ({},)


def histogram(src: ArrayT, bins: int = 256, *, threads: int | None = None) -> NDArray[np.int64]:
    r"""Count the samples of each channel that fall into each of a number of equal bins.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides.
        bins: How many bins share the range from 0 to 255, 65535 or 1.0: 1 to 65536, and a power of two no
            greater than the number of values for whole numbers, so that bins are equal.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same for any number.

    Returns:
        int64 array of shape (C, bins), or (1, bins) for an image of shape (H, W).

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    A whole number v of n bits goes to bin :math:`\lfloor v \cdot bins / 2^n \rfloor`, exactly. A float32 goes to
    :math:`\lfloor v \cdot bins \rfloor`, multiplied in float32, those below 0 to the first bin and those of 1 and
    above to the last; NaN is counted nowhere.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import histogram
        >>> histogram(np.array([[0, 1, 200, 255]], np.uint8), 4).tolist()
        [[2, 0, 0, 2]]
    """
    check_image(src)
    image: Any = src
    if is_gpu(image):
        gpu()
    number = _bins(bins, image.dtype)
    counts = cpu(image, number, check_threads(threads))
    if counts.shape[1] == number:
        return counts
    return np.asarray(counts.reshape(len(counts), number, -1).sum(2))


def reference(src: NDArray[Any], bins: int = 256) -> NDArray[np.int64]:
    """Count by the definition."""
    number = _bins(bins, src.dtype)
    samples = src.reshape(src.shape[0] * src.shape[1], -1)
    if src.dtype.kind == "u":
        places = samples.astype(np.int64) * number // (np.iinfo(src.dtype).max + 1)
    else:
        clipped = np.clip(np.nan_to_num(samples, nan=0.0), 0, 1) * np.float32(number)
        places = np.where(np.isnan(samples), -1, np.minimum(clipped.astype(np.int64), number - 1))
    return np.stack([np.bincount(channel[channel >= 0], minlength=number) for channel in places.T])


def cpu(src: NDArray[Any], bins: int, threads: int) -> NDArray[np.int64]:
    """Return the counts of single values, or of the bins of float32, from this machine's processor."""
    return _histogram_cpu.count_values(src, bins, threads)  # type: ignore[no-any-return]


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("histogram")


def _bins(bins: Any, dtype: np.dtype[Any]) -> int:
    if not isinstance(bins, (int, np.integer)) or isinstance(bins, bool):
        raise KindError(f"bins: expected a whole number, got {bins!r}")
    most = 256 if dtype == np.uint8 else 65536
    if not 1 <= bins <= most:
        raise ParameterError(f"bins: expected 1 to {most} for {dtype}, got {bins}")
    if dtype.kind == "u" and bins & (bins - 1):
        raise ParameterError(f"bins: expected a power of two for {dtype}, got {bins}")
    return int(bins)
