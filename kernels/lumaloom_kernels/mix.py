"""Mix: the weighted mean of two images, the core of fades, dissolves and the strength of an effect."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import (
    Array,
    ArrayT,
    check_image,
    check_out,
    check_same,
    check_threads,
    check_unit,
    is_gpu,
    no_cuda,
)
from ._later import Later

_mix_cpu, _plain = Later("_mix_cpu"), Later("_plain")

CASES = ({"amount": 0.25}, {"amount": 0.5}, {"amount": 0.9})


def mix(a: ArrayT, b: ArrayT, amount: float, *, out: ArrayT | None = None, threads: int | None = None) -> ArrayT:
    r"""Mix two images.

    Args:
        a: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides.
        b: Array of the shape and dtype of ``a``.
        amount: How much of ``b``, 0 to 1. 0 gives ``a`` and 1 gives ``b``, to the bit.
        out: Takes the result: shape and dtype of ``a``, any strides, memory apart from both.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``a``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: out = a \cdot (1 - amount) + b \cdot amount

    Integers round half up and are within 1 step of that; equal pixels stay as they are. A float32 pixel
    that is not finite in either image makes the result not finite, unless ``amount`` is 0 or 1.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import mix
        >>> mix(np.array([[0, 100]], np.uint8), np.array([[100, 200]], np.uint8), 0.25).tolist()
        [[25, 125]]
    """
    look = _plain.seen_three(a, b, out)
    if look[0] < 0:
        check_image(a, "a")
        check_image(b, "b")
        check_same("b", b, "a", a)
    share = check_unit("amount", amount)
    count = check_threads(threads)
    if out is not None and count == 1 and _mix_cpu.mix_plain(look, share):
        return out
    first: Array = a
    if is_gpu(first):
        gpu()
    result = check_out(first, out)
    check_out(b, out)
    cpu(first, b, result, share, count)
    return result  # type: ignore[no-any-return]


def reference(a: NDArray[Any], b: NDArray[Any], amount: float) -> NDArray[Any]:
    """Mix by the definition, in float64."""
    if amount in (0, 1):
        return (b if amount else a).copy()
    return round_to(a.astype(np.float64) * (1 - amount) + b.astype(np.float64) * amount, a.dtype)


def cpu(a: NDArray[Any], b: Any, out: NDArray[Any], amount: float, threads: int) -> None:
    """Mix on this machine's processor."""
    if amount in (0, 1):
        out[...] = b if amount else a
        return
    _mix_cpu.mix_images(a, b, out, amount, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("mix")
