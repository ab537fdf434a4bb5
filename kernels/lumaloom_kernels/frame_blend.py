"""Frame blend: the weighted mean of several frames, for motion blur in time and smooth changes of speed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import ArrayT, ParameterError, check_numbers, check_threads, is_gpu, no_cuda
from ._frames import check_frames, check_frames_out
from ._later import Later

_frame_blend_cpu = Later("_frame_blend_cpu")

CASES: tuple[dict[str, Any], ...] = ({"count": 2}, {"count": 3}, {"count": 5}, {"count": 5, "triangle": True})


def frame_blend(
    frames: Sequence[ArrayT],
    weights: Sequence[float] | None = None,
    *,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Return the weighted mean of frames, in one pass over all of them.

    Args:
        frames: A list or tuple of 1 to 64 arrays of one shape, (H, W) or (H, W, C) with C from 1 to 4, and dtype,
            uint8, uint16 or float32, with any strides. The same array may stand more than once.
        weights: One number of 0 to 1e6 for each frame, not all 0; None weighs all alike. They are divided by their
            sum.
        out: Takes the result: shape and dtype of a frame, any strides, memory apart from all of them.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of a frame.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: out = \frac{\sum_i w_i f_i}{\sum_i w_i}

    Integers round half up and are within 1 step of that. A float32 sample that is not finite in a frame makes the
    result not finite there, unless that frame's weight is 0: such a frame is not looked at.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import frame_blend
        >>> frames = [np.full((1, 2), level, np.uint8) for level in (0, 100, 200)]
        >>> frame_blend(frames, [1, 2, 5]).tolist()
        [[150, 150]]
    """
    images = check_frames(frames)
    shares = _shares(weights, len(images))
    count = check_threads(threads)
    if is_gpu(images[0]):
        gpu()
    result = check_frames_out(images, out)
    cpu(images, shares, result, count)
    return result  # type: ignore[no-any-return]


def reference(frames: Sequence[NDArray[Any]], weights: Sequence[float] | None = None) -> NDArray[Any]:
    """Compute by the definition, in float64."""
    shares = _shares(weights, len(frames))
    terms = [frame.astype(np.float64) * share for frame, share in zip(frames, shares, strict=True) if share]
    return round_to(np.asarray(sum(terms)), frames[0].dtype)


def cpu(frames: list[Any], shares: list[float], out: NDArray[Any], threads: int) -> None:
    """Compute on this machine's processor."""
    if 0 in shares:
        taken = [(frame, share) for frame, share in zip(frames, shares, strict=True) if share]
        frames, shares = [frame for frame, _ in taken], [share for _, share in taken]
    if len(frames) == 1:
        out[...] = frames[0]
        return
    _frame_blend_cpu.blend_frames(frames, shares, out, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("frame_blend")


def _shares(weights: Any, count: int) -> list[float]:
    if weights is None:
        return [1 / count] * count
    values = np.asarray(check_numbers("weights", weights, (count,)))
    if values.min() < 0 or values.sum() < 1e-9:
        raise ParameterError(f"weights: expected numbers of at least 0 with a sum above 0, got {values.tolist()}")
    return (values / values.sum()).tolist()  # type: ignore[no-any-return]
