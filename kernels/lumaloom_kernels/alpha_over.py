"""Alpha over: a picture with transparency laid over another one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import (
    ArrayT,
    DtypeError,
    KindError,
    ShapeError,
    check_image,
    check_out,
    check_result,
    check_threads,
    is_gpu,
    no_cuda,
)

CASES = (
    {"premultiplied": False, "opaque": True},
    {"premultiplied": True, "opaque": True},
    {"premultiplied": False, "opaque": False},
    {"premultiplied": True, "opaque": False},
)


def alpha_over(
    front: ArrayT,
    back: ArrayT,
    *,
    premultiplied: bool = False,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Lay a picture over another.

    Args:
        front: Array of shape (H, W, 2) for gray or (H, W, 4) for colour whose last channel is alpha, uint8,
            uint16 or float32, with any strides. Alpha is 0 to 255, 65535 or 1.0, transparent to opaque.
        back: Array of the dtype, height and width of ``front``: with as many channels, alpha last, or with one
            fewer, opaque.
        premultiplied: Whether the colours of both were multiplied by their alpha; the result's are then too.
        out: Takes the result: shape and dtype of ``back``, any strides, memory apart from both.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``back``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    The operator "over" of Porter and Duff (1984), with alphas from 0 to 1 and an opaque ``back`` having 1:

    .. math:: \alpha = \alpha_f + \alpha_b (1 - \alpha_f)

    and for colours :math:`c = c_f + c_b (1 - \alpha_f)` where premultiplied, else
    :math:`c = (c_f \alpha_f + c_b \alpha_b (1 - \alpha_f)) / \alpha`, 0 where :math:`\alpha` is 0. Whole
    numbers round half up, saturate, and are within 1 step of that. float32 alpha is taken as it is, also
    beyond 0 and 1; what is not finite in a pixel makes that pixel of the result not finite.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import alpha_over
        >>> half_red, white = np.array([[[255, 0, 0, 51]]], np.uint8), np.full((1, 1, 3), 255, np.uint8)
        >>> alpha_over(half_red, white).tolist()
        [[[255, 204, 204]]]
    """
    check_image(front, "front")
    check_image(back, "back")
    first: Any = front
    second: Any = back
    if is_gpu(first) or is_gpu(second):
        gpu()
    _check_channels(first, second)
    if not isinstance(premultiplied, (bool, np.bool_)):
        raise KindError(f"premultiplied: expected True or False, got {premultiplied!r}")
    count = check_threads(threads)
    planar = second.ndim == 2
    result = check_out(second, out)
    check_result(first, second.shape, second.dtype, result)
    cpu(first, second[..., None] if planar else second, result[..., None] if planar else result, premultiplied, count)
    return result  # type: ignore[no-any-return]


def reference(front: NDArray[Any], back: NDArray[Any], *, premultiplied: bool = False) -> NDArray[Any]:
    """Compose by the definition, in float64."""
    _check_channels(front, back)
    top = 1 if front.dtype.kind == "f" else np.iinfo(front.dtype).max
    f, b = front / np.float64(top), back.reshape(*front.shape[:2], -1) / np.float64(top)
    opaque = b.shape[2] < f.shape[2]
    fc, fa, bc, ba = f[..., :-1], f[..., -1:], b if opaque else b[..., :-1], 1.0 if opaque else b[..., -1:]
    alpha = fa + ba * (1 - fa)
    if premultiplied:
        colour = fc + bc * (1 - fa)
    else:
        total = fc * fa + bc * ba * (1 - fa)
        colour = np.divide(total, alpha, out=np.zeros_like(total), where=np.broadcast_to(alpha != 0, total.shape))
    whole = colour if opaque else np.concatenate([colour, alpha], axis=2)
    return round_to(whole * top, back.dtype).reshape(back.shape)


def cpu(front: NDArray[Any], back: NDArray[Any], out: NDArray[Any], premultiplied: bool, threads: int) -> None:
    """Compose on this machine's processor."""
    from ._over_cpu import put_over

    put_over(front, back, out, premultiplied, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("alpha_over")


def _check_channels(front: NDArray[Any], back: NDArray[Any]) -> None:
    if front.ndim != 3 or front.shape[2] not in (2, 4):
        raise ShapeError(f"front: expected shape (H, W, 2) or (H, W, 4), got {front.shape}")
    if back.dtype != front.dtype:
        raise DtypeError(f"back: expected dtype {front.dtype} as front has, got {back.dtype}; convert it")
    channels = back.shape[2] if back.ndim == 3 else 1
    if back.shape[:2] != front.shape[:2] or front.shape[2] - channels not in (0, 1):
        size, with_alpha = front.shape[:2], front.shape[2]
        raise ShapeError(
            f"back: expected shape {(*size, with_alpha)} or {(*size, with_alpha - 1)} beside front, got {back.shape}"
        )
