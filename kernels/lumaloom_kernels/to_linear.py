"""Coded video to linear light, where blurs, fades and enlargements are what optics would make of them."""

from typing import Any

from numpy.typing import NDArray

from ._checks import ArrayT, check_image, check_out, check_threads, is_gpu, no_cuda
from ._transfer import PQ_PEAK, by_definition, check_transfer

CASES = ({"transfer": "srgb"}, {"transfer": "bt1886"}, {"transfer": "pq"}, {"transfer": "hlg"})


def to_linear(
    src: ArrayT, transfer: str, *, peak: float = PQ_PEAK, out: ArrayT | None = None, threads: int | None = None
) -> ArrayT:
    r"""Convert a coded signal to linear light.

    Args:
        src: Coded samples. Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32,
            with any strides. A fourth channel is alpha and is kept as it is.
        transfer: What they are coded with: ``"srgb"``, ``"bt709"`` (the camera curve of BT.601, BT.709 and BT.2020),
            ``"bt1886"`` (display, black at 0), ``"gamma22"``, ``"gamma28"``, ``"pq"`` (SMPTE ST 2084), ``"hlg"``
            (BT.2100's camera curve, scene light) or ``"linear"``, which changes no bit.
        peak: For ``"pq"``, the luminance that linear 1.0 (255, 65535) stands for, 1 to 10000 cd/m2; the others
            are relative, and do not look at it.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``: linear light.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    With x from 0 to 1,

    .. math:: srgb: x / 12.92 \text{ up to } 0.04045, \quad ((x + 0.055) / 1.055)^{2.4}; \qquad
              bt709: x / 4.5 \text{ up to } 0.0812, \quad ((x + 0.0993) / 1.0993)^{1 / 0.45}

    .. math:: bt1886: x^{2.4}; \qquad
              pq: \frac{10000}{peak} \left( \frac{\max(x^{1/m_2} - c_1, 0)}{c_2 - c_3 x^{1/m_2}} \right)^{1/m_1};
              \qquad hlg: x^2 / 3 \text{ up to } 0.5, \quad (e^{(x - c) / a} + b) / 12

    float32 results are within 1e-5 of it for samples from 0 to 1, and within 1e-5 of their size above; with
    ``peak`` below 10000, PQ's are within 1e-5 times 10000 / peak.
    NaN stays NaN; samples beyond 1e6 count as that. ``"pq"`` and ``"hlg"`` bound the signal to
    0 and 1; the others are odd about 0, as scRGB has it. Whole numbers are looked up in a table, rounded half up.
    8 bits are too few for linear light: take 16, or float32.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import to_linear
        >>> to_linear(np.array([[0, 188, 255]], np.uint8), "srgb").tolist()
        [[0, 128, 255]]
    """
    check_image(src)
    if is_gpu(src):
        gpu()
    image: Any = src
    name, light = check_transfer(transfer, peak)
    count = check_threads(threads)
    result = check_out(image, out)
    cpu(image, result, name, light, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], transfer: str, *, peak: float = PQ_PEAK) -> NDArray[Any]:
    """Convert by the definition, in float64."""
    return by_definition(src, *check_transfer(transfer, peak), linear=True)


def cpu(src: NDArray[Any], out: NDArray[Any], transfer: str, peak: float, threads: int) -> None:
    """Convert on this machine's processor."""
    from ._transfer_cpu import convert

    convert(src, out, transfer, peak, threads, linear=True)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("to_linear")
