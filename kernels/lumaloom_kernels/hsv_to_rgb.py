"""Hue, saturation and value to RGB."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import ArrayT, ShapeError, check_image, check_out, check_threads, is_gpu, no_cuda

CASES: tuple[dict[str, Any], ...] = ({},)


def hsv_to_rgb(src: ArrayT, *, out: ArrayT | None = None, threads: int | None = None) -> ArrayT:
    r"""Convert hue, saturation and value to RGB.

    Args:
        src: Array of shape (H, W, 3) or (H, W, 4), hue, saturation and value as `rgb_to_hsv` gives them, uint8,
            uint16 or float32, with any strides. A fourth channel is kept as it is.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``: red, green, blue.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    With V and S from 0 to 1 and hue H in turns (256 or 65536 steps of whole numbers),

    .. math:: R = V (1 - S \cdot clip(2 - |6 H - 3|)), \quad G = V (1 - S \cdot clip(|6 H - 2| - 1)), \quad
              B = V (1 - S \cdot clip(|6 H - 4| - 1))

    where clip bounds to 0 and 1. Whole numbers round half up and are within 1 step; 8 bits are too few for all
    colours to come back as they were. float32 hue may be any number of turns within 1e9, negative ones too. A float32
    pixel that is not finite gives NaN in its first three channels.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import hsv_to_rgb
        >>> hsv_to_rgb(np.array([[[1 / 3, 1.0, 0.5], [0.0, 0.0, 0.25]]], np.float32)).tolist()
        [[[0.0, 0.5, 0.0], [0.25, 0.25, 0.25]]]
    """
    check_image(src)
    if is_gpu(src):
        gpu()
    image: Any = src
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        raise ShapeError(f"src: expected shape (H, W, 3) or (H, W, 4), got {image.shape}")
    count = check_threads(threads)
    result = check_out(image, out)
    cpu(image, result, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any]) -> NDArray[Any]:
    """Convert by the definition, in float64."""
    top = 1.0 if src.dtype.kind == "f" else float(np.iinfo(src.dtype).max)
    hue, saturation, value = np.moveaxis(src[..., :3].astype(np.float64), -1, 0)
    with np.errstate(invalid="ignore"):
        sixths = 6 * (hue % 1.0 if src.dtype.kind == "f" else hue / (top + 1))
        depth = saturation / top * value
        shares = (2 - abs(sixths - 3), abs(sixths - 2) - 1, abs(sixths - 4) - 1)
        result = np.stack([value - depth * np.clip(share, 0, 1) for share in shares], axis=-1)
    result[~np.isfinite(src[..., :3]).all(axis=-1)] = np.nan
    return np.concatenate([round_to(result, src.dtype), src[..., 3:]], axis=-1)


def cpu(src: NDArray[Any], out: NDArray[Any], threads: int) -> None:
    """Convert on this machine's processor."""
    from ._hsv_cpu import convert

    convert(src, out, threads, back=True)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("hsv_to_rgb")
