"""Temporal denoising: the mean of what a sample is in frames around, as far as it is the same there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import ArrayT, KindError, ParameterError, check_threads, no_cuda
from ._frames import any_gpu, check_frames, check_frames_out
from ._stencil_checks import check_number

CASES: tuple[dict[str, Any], ...] = ({"count": 3, "threshold": 0.05}, {"count": 5, "threshold": 0.05})


def temporal_denoise(
    frames: Sequence[ArrayT],
    threshold: float,
    *,
    centre: int | None = None,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Average one frame with those around it, sample by sample, where they differ by no more than noise does.

    Args:
        frames: A list or tuple of 1 to 64 arrays of one shape, (H, W) or (H, W, C) with C from 1 to 4, and dtype,
            uint8, uint16 or float32, with any strides. The same array may stand more than once.
        threshold: Difference from which on a sample of another frame counts for nothing, in the unit of the samples,
            1e-6 to 1e6. About four times the standard deviation of the noise.
        centre: Which frame is denoised, from 0; None is the middle one, the later of two.
        out: Takes the result: shape and dtype of a frame, any strides, memory apart from all of them.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of a frame.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    With the sample :math:`c` of the frame to be denoised, :math:`f_i` of the others and the threshold :math:`t`

    .. math:: w_i = \max(0, 1 - ((f_i - c) / t)^2), \quad out = c + \frac{\sum_i w_i (f_i - c)}{1 + \sum_i w_i}

    the weights of Epanechnikov, a bilateral filter along time: what moves and what is cut differs, and is left alone.
    Integers round half up. A float32 sample that is not finite stays as it is, and counts for nothing elsewhere.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import temporal_denoise
        >>> frames = [np.array([[a, b]], np.uint8) for a, b in ((10, 10), (12, 12), (11, 200))]
        >>> temporal_denoise(frames, 100).tolist()
        [[11, 11]]
    """
    images = check_frames(frames)
    limit = check_number("threshold", threshold, 1e-6, 1e6)
    middle = _middle(centre, len(images))
    count = check_threads(threads)
    if any_gpu(images):
        gpu()
    result = check_frames_out(images, out)
    cpu(images, limit, middle, result, count)
    return result  # type: ignore[no-any-return]


def reference(frames: Sequence[NDArray[Any]], threshold: float, *, centre: int | None = None) -> NDArray[Any]:
    """Compute by the definition, in float64."""
    middle = _middle(centre, len(frames))
    c = frames[middle].astype(np.float64)
    total, weights = np.zeros_like(c), np.ones_like(c)
    with np.errstate(invalid="ignore", over="ignore"):
        for number, frame in enumerate(frames):
            difference = frame - c
            weight = 1 - (difference / threshold) ** 2
            near = (weight > 0) & (number != middle)
            total += np.where(near, weight * difference, 0)
            weights += np.where(near, weight, 0)
        return round_to(c + total / weights, frames[0].dtype)


def cpu(frames: list[Any], threshold: float, centre: int, out: NDArray[Any], threads: int) -> None:
    """Compute on this machine's processor."""
    others = [frame for number, frame in enumerate(frames) if number != centre]
    if not others:
        out[...] = frames[0]
        return
    from ._temporal_denoise_cpu import denoise

    denoise([frames[centre], *others], threshold, out, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("temporal_denoise")


def _middle(centre: Any, count: int) -> int:
    if centre is None:
        return count // 2
    if not isinstance(centre, (int, np.integer)) or isinstance(centre, bool):
        raise KindError(f"centre: expected a whole number or None, got {centre!r}")
    if not 0 <= centre < count:
        raise ParameterError(f"centre: expected a frame from 0 to {count - 1}, got {centre}")
    return int(centre)
