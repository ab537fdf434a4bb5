"""SSIM: how alike two pictures are in structure, from windows of 11 by 11 pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Array, ArrayT, ShapeError, check_image, check_same, check_threads, is_gpu, no_cuda
from ._later import Later
from .psnr import _peak

_ssim_cpu = Later("_ssim_cpu")

CASES: tuple[dict[str, Any], ...] = ({},)
RADIUS, SIGMA = 5, 1.5
SIDE = 2 * RADIUS + 1
K1, K2 = 0.01, 0.03


def ssim(a: ArrayT, b: ArrayT, *, peak: float | None = None, threads: int | None = None) -> float:
    r"""Return the mean structural similarity of two images.

    Args:
        a: Array of shape (H, W) or (H, W, C) with C from 1 to 4, H and W of at least 11, uint8, uint16 or float32,
            with any strides.
        b: Array of the shape and dtype of ``a``.
        peak: The greatest value that samples can have, above 0; None is 255, 65535 or 1.0. For video of 10
            bits in uint16 it is 1023.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        The mean over all windows of all channels, 1 where the images are equal, at least -1; NaN where a float32
        sample is not finite.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity"
    (2004): in every window that lies inside the image, with the Gaussian weights of sigma 1.5, cut to 11 by 11 pixels
    and of sum 1, means :math:`\mu`, variances :math:`\sigma^2` and covariance :math:`\sigma_{ab}`,

    .. math:: \frac{(2 \mu_a \mu_b + c_1)(2 \sigma_{ab} + c_2)}{(\mu_a^2 + \mu_b^2 + c_1)
        (\sigma_a^2 + \sigma_b^2 + c_2)}, \quad c_1 = (0.01\,peak)^2, \; c_2 = (0.03\,peak)^2

    as scikit-image has it with ``gaussian_weights=True, use_sample_covariance=False``. Moments are in float32, around
    the middle of the range, so that the result is within 1e-4 of the definition. FFmpeg's filter of this name takes
    the plain mean of 8 by 8 pixels at every fourth place, which is another measure.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import ssim
        >>> ramp = np.tile(np.arange(0, 240, 15, dtype=np.uint8), (16, 1))
        >>> ssim(ramp, ramp), round(ssim(ramp, ramp[:, ::-1]), 2)
        (1.0, -0.81)
    """
    check_image(a, "a")
    check_image(b, "b")
    check_same("b", b, "a", a)
    first: Array = a
    if is_gpu(first):
        gpu()
    if min(first.shape[:2]) < SIDE:
        raise ShapeError(f"a: expected at least {SIDE} rows and columns, got {first.shape}")
    most = _peak(peak, first.dtype)
    return cpu(first, b, most, check_threads(threads))


def weights() -> NDArray[np.float64]:
    """Return the Gaussian along one axis."""
    bell = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    return bell / bell.sum()  # type: ignore[no-any-return]


def reference(a: NDArray[Any], b: NDArray[Any], *, peak: float | None = None) -> float:
    """Compute by the definition, in float64."""
    top, bell = _peak(peak, a.dtype), weights()

    def mean(image: NDArray[Any]) -> NDArray[np.float64]:
        rows = sum(bell[i] * image[i : len(image) - 2 * RADIUS + i] for i in range(SIDE))
        across = np.asarray(rows)
        return np.asarray(sum(bell[i] * across[:, i : across.shape[1] - 2 * RADIUS + i] for i in range(SIDE)))

    x, y = a.astype(np.float64), b.astype(np.float64)
    mx, my = mean(x), mean(y)
    xx, yy, xy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (K1 * top) ** 2, (K2 * top) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * xy + c2) / ((mx * mx + my * my + c1) * (xx + yy + c2))))


def cpu(a: NDArray[Any], b: Any, peak: float, threads: int) -> float:
    """Compute on this machine's processor."""
    return _ssim_cpu.mean_similarity(a, b, weights(), peak, (K1**2, K2**2), threads)  # type: ignore[no-any-return]


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("ssim")
