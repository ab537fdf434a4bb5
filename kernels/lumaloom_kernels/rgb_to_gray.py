"""RGB to gray: the luma of each pixel, a weighted sum of its gamma-coded channels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import (
    ArrayT,
    ParameterError,
    ShapeError,
    check_image,
    check_result,
    check_threads,
    is_gpu,
    no_cuda,
)

WEIGHTS = {  # of red, green and blue
    "bt601": (0.299, 0.587, 0.114),
    "bt709": (0.2126, 0.7152, 0.0722),
    "bt2020": (0.2627, 0.6780, 0.0593),
}

CASES: tuple[dict[str, str], ...] = ({}, {"matrix": "bt709"})


def rgb_to_gray(src: ArrayT, matrix: str = "bt601", *, out: ArrayT | None = None, threads: int | None = None) -> ArrayT:
    r"""Reduce RGB to one channel.

    Args:
        src: Array of shape (H, W, 3), or (H, W, 4) whose fourth channel is ignored, with red first, uint8,
            uint16 or float32, with any strides.
        matrix: Whose weights: ``"bt601"`` (0.299, 0.587, 0.114), ``"bt709"`` (0.2126, 0.7152, 0.0722) or
            ``"bt2020"`` (0.2627, 0.6780, 0.0593).
        out: Takes the result: shape (H, W), dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of shape (H, W) and the dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: out = w_r \cdot R + w_g \cdot G + w_b \cdot B

    with the weights of ITU-R BT.601-7, BT.709-6 or BT.2020-2, on samples as they are: this is luma, not
    linear luminance. Integers round half up and are within 1 step of that.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import rgb_to_gray
        >>> rgb_to_gray(np.array([[[255, 0, 0], [9, 9, 9]]], np.uint8)).tolist()
        [[76, 9]]
    """
    check_image(src)
    if is_gpu(src):
        gpu()
    image: Any = src
    weights = _weights(image, matrix)
    count = check_threads(threads)
    result = check_result(image, image.shape[:2], image.dtype, out)
    cpu(image, result, weights, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], matrix: str = "bt601") -> NDArray[Any]:
    """Weigh by the definition, in float64."""
    return round_to(src.astype(np.float64) @ _weights(src, matrix)[0, :-1], src.dtype)


def cpu(src: NDArray[Any], out: NDArray[Any], weights: NDArray[np.float64], threads: int) -> None:
    """Weigh on this machine's processor."""
    from ._matrix import multiply

    multiply(src, out[..., None], weights, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("rgb_to_gray")


def _weights(src: NDArray[Any], matrix: Any) -> NDArray[np.float64]:
    if src.ndim != 3 or src.shape[2] not in (3, 4):
        raise ShapeError(f"src: expected shape (H, W, 3) or (H, W, 4), got {src.shape}")
    if not isinstance(matrix, str) or matrix not in WEIGHTS:
        raise ParameterError(f"matrix: expected one of {', '.join(WEIGHTS)}, got {matrix!r}")
    row = np.zeros((1, src.shape[2] + 1))
    row[0, :3] = WEIGHTS[matrix]
    return row
