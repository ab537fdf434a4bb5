"""Temporal median: the middle value of each sample over 3 or 5 frames, which drops what is seen in one alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import ArrayT, check_threads, no_cuda
from ._frames import any_gpu, check_frames, check_frames_out

CASES: tuple[dict[str, Any], ...] = ({"count": 3}, {"count": 5})


def temporal_median(frames: Sequence[ArrayT], *, out: ArrayT | None = None, threads: int | None = None) -> ArrayT:
    """Return the median of 3 or 5 frames, sample by sample.

    Args:
        frames: A list or tuple of 3 or 5 arrays of one shape, (H, W) or (H, W, C) with C from 1 to 4, and dtype,
            uint8, uint16 or float32, with any strides. The same array may stand more than once.
        out: Takes the result: shape and dtype of a frame, any strides, memory apart from all of them.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of a frame: of each sample the value that as many frames
        exceed as fall below it. Exact for every dtype; float32 is ordered as IEEE 754 does in total, -0 below 0, a
        NaN above every number (below, where its sign is set), so that two NaNs of five do not reach the result.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    Networks of comparisons as in Devillard, "Fast median search" (1998): 4 for three values, 10 for five.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import temporal_median
        >>> temporal_median([np.full((1, 2), level, np.uint8) for level in (10, 255, 12)]).tolist()
        [[12, 12]]
    """
    images = check_frames(frames, counts=(3, 5))
    count = check_threads(threads)
    if any_gpu(images):
        gpu()
    result = check_frames_out(images, out)
    cpu(images, result, count)
    return result  # type: ignore[no-any-return]


def reference(frames: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Compute by the definition: sort, and take the middle; NaNs come last."""
    middle: NDArray[Any] = np.sort(np.stack(frames), axis=0)[len(frames) // 2]
    return middle


def cpu(frames: list[Any], out: NDArray[Any], threads: int) -> None:
    """Compute on this machine's processor."""
    from ._temporal_median_cpu import median_of

    median_of(frames, out, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("temporal_median")
