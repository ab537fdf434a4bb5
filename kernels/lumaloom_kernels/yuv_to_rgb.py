"""Y'CbCr planes, as video has them, to interleaved RGB."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import ArrayT, check_result, check_threads, is_gpu, no_cuda
from ._yuv import check_coding, check_planes, rgb_from_yuv

CASES = (
    {"matrix": "bt601", "subsampling": "420"},
    {"matrix": "bt709", "subsampling": "422", "full_range": True},
    {"matrix": "bt2020", "subsampling": "444"},
)


def yuv_to_rgb(
    y: ArrayT,
    u: ArrayT,
    v: ArrayT,
    matrix: str,
    *,
    full_range: bool = False,
    depth: int | None = None,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Convert Y'CbCr planes to RGB.

    Args:
        y: Luma, shape (H, W), uint8 or uint16, with any strides.
        u: Cb, of the dtype of ``y``: shape (H, W) for 4:4:4, (H, W / 2) for 4:2:2 or (H / 2, W / 2) for
            4:2:0, halves rounded up.
        v: Cr, of the shape and dtype of ``u``.
        matrix: Whose luma weights: ``"bt601"``, ``"bt709"`` or ``"bt2020"`` (non-constant luminance). There is
            no default: the wrong one shifts colours without a trace.
        full_range: Whether samples use all their values (JPEG) rather than 16 to 235 and 16 to 240, at 8 bits.
        depth: Bits of the samples, 8 for uint8, 9 to 16 for uint16, in the low bits; None is all of the dtype.
            The result has the same depth.
        out: Takes the result: shape (H, W, 3), dtype of ``y``, any strides, memory apart from the planes.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of shape (H, W, 3): full-range RGB, red first, gamma-coded as the planes are.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    With n bits, :math:`Y = (y - 16 \cdot 2^{n-8}) / (219 \cdot 2^{n-8})`,
    :math:`C = (c - 2^{n-1}) / (224 \cdot 2^{n-8})`, or :math:`y / (2^n - 1)` and
    :math:`(c - 2^{n-1}) / (2^n - 1)` in full range,

    .. math:: R = Y + 2 (1 - K_r) C_r, \quad B = Y + 2 (1 - K_b) C_b, \quad
              G = (Y - K_r R - K_b B) / (1 - K_r - K_b)

    times :math:`2^n - 1`, rounded half up and clipped, within 1 step (ITU-T H.273). A chroma sample stands
    for all pixels of its block, as in OpenCV: the nearest one for chroma sited in the centre of the block.
    For chroma sited elsewhere, or smooth chroma, enlarge ``u`` and ``v`` to the size of ``y`` first.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import yuv_to_rgb
        >>> y, u, v = (np.array([[value]], np.uint8) for value in (63, 102, 240))
        >>> yuv_to_rgb(y, u, v, "bt709").tolist()
        [[[255, 1, 0]]]
    """
    steps = check_planes(y, u, v)
    if any(is_gpu(plane) for plane in (y, u, v)):
        gpu()
    luma: Any = y
    coding = check_coding(matrix, full_range, depth, luma.dtype)
    count = check_threads(threads)
    shape = (*luma.shape, 3)
    result = check_result(luma, shape, luma.dtype, out)
    for plane in (u, v):
        check_result(plane, shape, luma.dtype, result)
    cpu(luma, u, v, result, steps, coding, count)
    return result  # type: ignore[no-any-return]


def reference(
    y: NDArray[Any],
    u: NDArray[Any],
    v: NDArray[Any],
    matrix: str,
    *,
    full_range: bool = False,
    depth: int | None = None,
) -> NDArray[Any]:
    """Convert by the definition, in float64."""
    across, down = check_planes(y, u, v)
    coding = check_coding(matrix, full_range, depth, y.dtype)
    whole = rgb_from_yuv(*coding)
    height, width = y.shape
    chroma = [plane.repeat(down, axis=0)[:height].repeat(across, axis=1)[:, :width] for plane in (u, v)]
    samples = np.stack([y, *chroma], axis=2).astype(np.float64)
    return np.asarray(np.minimum(round_to(samples @ whole[:, :3].T + whole[:, 3], y.dtype), 2 ** coding[2] - 1))


def cpu(
    y: NDArray[Any],
    u: Any,
    v: Any,
    out: NDArray[Any],
    steps: tuple[int, int],
    coding: tuple[str, bool, int],
    threads: int,
) -> None:
    """Convert on this machine's processor."""
    from ._yuv_cpu import planes_to_rgb

    planes_to_rgb((y, u, v), out, steps, rgb_from_yuv(*coding), coding[2], threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("yuv_to_rgb")
