"""SSIM: how alike two pictures are in structure, from windows of 11 by 11 or 8 by 8 pixels."""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ._checks import (
    Array,
    ArrayT,
    ParameterError,
    ShapeError,
    check_image,
    check_same,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._later import Later
from .psnr import _peak

_ssim_cpu, _ssim_blocks = Later("_ssim_cpu"), Later("_ssim_blocks")

Window: TypeAlias = Literal["gaussian", "block"]
WINDOWS: tuple[str, ...] = get_args(Window)

CASES: tuple[dict[str, Any], ...] = ({}, {"window": "block"})
RADIUS, SIGMA = 5, 1.5
SIDE = 2 * RADIUS + 1
BLOCK = 8
K1, K2 = 0.01, 0.03


def ssim(
    a: ArrayT, b: ArrayT, *, peak: float | None = None, window: Window = "gaussian", threads: int | None = None
) -> float:  # fmt: skip
    r"""Return the mean structural similarity of two images.

    Args:
        a: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides; H and W of
            at least 11, or 8 for ``"block"``.
        b: Array of the shape and dtype of ``a``.
        peak: The greatest value that samples can have, above 0; None is 255, 65535 or 1.0. For video of 10
            bits in uint16 it is 1023.
        window: What is compared: ``"gaussian"``, 11 by 11 pixels around each, weighted; or ``"block"``, 8 by 8 at every
            fourth place, a coarser measure in a fraction of the time.
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
    the middle of the range, so that the result is within 1e-4 of the definition.

    ``"block"`` is the measure of FFmpeg's filter of this name and of x264: plain means, with
    :math:`c_1 = (0.01\,peak)^2 / 64` and :math:`c_2 = (0.03\,peak)^2 \cdot 63 / 64`, over windows whose left and top
    are multiples of 4, as far as whole blocks of 4 by 4 pixels reach. Its moments are whole numbers for uint8, in
    float64 for the others.

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
    if not isinstance(window, str) or window not in WINDOWS:
        raise ParameterError(f"window: expected one of {', '.join(WINDOWS)}, got {window!r}")
    side = SIDE if window == "gaussian" else BLOCK
    if min(first.shape[:2]) < side:
        raise ShapeError(f"a: expected at least {side} rows and columns, got {first.shape}")
    most = _peak(peak, first.dtype)
    return cpu(first, b, most, window, check_threads(threads))


def weights() -> NDArray[np.float64]:
    """Return the Gaussian along one axis."""
    bell = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    return bell / bell.sum()  # type: ignore[no-any-return]


def reference(
    a: NDArray[Any], b: NDArray[Any], *, peak: float | None = None, window: Window = "gaussian"
) -> float:  # fmt: skip
    """Compute by the definition, in float64."""
    top = _peak(peak, a.dtype)
    bell = weights() if window == "gaussian" else np.full(BLOCK, 1 / BLOCK)
    side = len(bell)

    def mean(image: NDArray[Any]) -> NDArray[np.float64]:
        rows = sum(bell[i] * image[i : len(image) - side + 1 + i] for i in range(side))
        across = np.asarray(rows)
        means = np.asarray(sum(bell[i] * across[:, i : across.shape[1] - side + 1 + i] for i in range(side)))
        return means if window == "gaussian" else means[:: BLOCK // 2, :: BLOCK // 2]

    x, y = a.astype(np.float64), b.astype(np.float64)
    mx, my = mean(x), mean(y)
    xx, yy, xy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = _constants(top, window)
    return float(np.mean((2 * mx * my + c1) * (2 * xy + c2) / ((mx * mx + my * my + c1) * (xx + yy + c2))))


def cpu(a: NDArray[Any], b: Any, peak: float, window: Window, threads: int) -> float:
    """Compute on this machine's processor."""
    if window == "block":
        return _ssim_blocks.mean_block_similarity(a, b, _constants(peak, window), threads)  # type: ignore[no-any-return]
    return _ssim_cpu.mean_similarity(a, b, weights(), peak, _constants(1.0, window), threads)  # type: ignore[no-any-return]


def _constants(peak: float, window: Window) -> tuple[float, float]:
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    pixels = BLOCK * BLOCK
    return (c1, c2) if window == "gaussian" else (c1 / pixels, c2 * (pixels - 1) / pixels)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("ssim")
