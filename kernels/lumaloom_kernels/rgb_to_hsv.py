"""RGB to hue, saturation and value."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import ArrayT, ShapeError, check_image, check_out, check_threads, is_gpu, no_cuda

CASES: tuple[dict[str, Any], ...] = ({},)


def rgb_to_hsv(src: ArrayT, *, out: ArrayT | None = None, threads: int | None = None) -> ArrayT:
    r"""Convert RGB to hue, saturation and value (Smith's hexcone, 1978).

    Args:
        src: Array of shape (H, W, 3) or (H, W, 4), red first, uint8, uint16 or float32, with any strides. A fourth
            channel is kept as it is.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``: hue, saturation, value.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    With :math:`V = \max(R, G, B)` and :math:`D = V - \min(R, G, B)`,

    .. math:: S = D / V, \quad
              H = \frac16 \begin{cases} (G - B) / D \bmod 6 & V = R \\ (B - R) / D + 2 & V = G \\
                                      (R - G) / D + 4 & \text{else} \end{cases}

    and 0 where D or V is 0. Every channel uses the whole range of its type: saturation and value end at 255, 65535
    or 1.0, and a full turn of hue, which is no hue at all, is 256, 65536 or 1.0, as OpenCV's ``RGB2HSV_FULL`` has
    it. Whole numbers round half up and are within 1 step, hue on the circle. A float32 pixel that is not finite
    gives NaN in its first three channels; where its samples are negative, saturation may be above 1.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import rgb_to_hsv
        >>> rgb_to_hsv(np.array([[[0, 200, 0], [128, 64, 64]]], np.uint8)).tolist()
        [[[85, 255, 200], [0, 128, 128]]]
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
    rgb = src[..., :3].astype(np.float64)
    top = 1.0 if src.dtype.kind == "f" else float(np.iinfo(src.dtype).max)
    turn = top + (src.dtype.kind != "f")
    red, green, blue = np.moveaxis(rgb, -1, 0)
    value = rgb.max(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = value - rgb.min(axis=-1)
        sixths = np.where(value == green, (blue - red) / spread + 2, (red - green) / spread + 4)
        sixths = np.where(value == red, (green - blue) / spread % 6, sixths)
        hue = np.where(spread > 0, sixths / 6, 0) * turn
        saturation = np.where(value > 0, spread / value, 0) * top
    hue[hue >= turn - (src.dtype.kind != "f") / 2] -= turn
    result = np.stack([hue, saturation, value], axis=-1)
    result[~np.isfinite(rgb).all(axis=-1)] = np.nan
    return np.concatenate([round_to(result, src.dtype), src[..., 3:]], axis=-1)


def cpu(src: NDArray[Any], out: NDArray[Any], threads: int) -> None:
    """Convert on this machine's processor."""
    from ._hsv_cpu import convert

    convert(src, out, threads, back=False)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("rgb_to_hsv")
