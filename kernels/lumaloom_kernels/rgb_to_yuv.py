"""Interleaved RGB to Y'CbCr planes, as video has them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import (
    ArrayT,
    KindError,
    OutputError,
    ParameterError,
    ShapeError,
    check_result,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._yuv import SUBSAMPLINGS, check_coding, check_integers, chroma_shape, yuv_from_rgb

CASES = (
    {"matrix": "bt601", "subsampling": "420"},
    {"matrix": "bt709", "subsampling": "422", "full_range": True},
    {"matrix": "bt2020", "subsampling": "444"},
)


def rgb_to_yuv(
    src: ArrayT,
    matrix: str,
    subsampling: str = "420",
    *,
    full_range: bool = False,
    depth: int | None = None,
    out: Sequence[ArrayT] | None = None,
    threads: int | None = None,
) -> tuple[ArrayT, ArrayT, ArrayT]:
    r"""Convert full-range RGB to Y'CbCr planes.

    Args:
        src: Array of shape (H, W, 3) with red first, uint8 or uint16, with any strides.
        matrix: Whose luma weights: ``"bt601"``, ``"bt709"`` or ``"bt2020"`` (non-constant luminance).
        subsampling: ``"444"``, ``"422"`` (chroma of half the width) or ``"420"`` (half the width and height);
            halves round up.
        full_range: Whether the planes use all values (JPEG) rather than 16 to 235 and 16 to 240, at 8 bits.
        depth: Bits of the samples, 8 for uint8, 9 to 16 for uint16, in the low bits; None is all of the dtype.
            The result has the same depth. Larger samples give no more than the greatest value.
        out: Takes the result: three arrays of the shapes of the planes and the dtype of ``src``, any strides,
            memory apart from ``src`` and each other.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``(y, u, v)``: luma, Cb and Cr.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    With R, G and B from 0 to 1,

    .. math:: Y = K_r R + (1 - K_r - K_b) G + K_b B, \quad C_b = \frac{B - Y}{2 (1 - K_b)}, \quad
              C_r = \frac{R - Y}{2 (1 - K_r)}

    scaled as in `yuv_to_rgb`, rounded half up and clipped, within 1 step (ITU-T H.273). A chroma sample is
    that of the mean colour of its block, or of what of the block lies in the picture: chroma sited in the
    centre of the block (MPEG-1, JPEG).

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import rgb_to_yuv
        >>> [plane.tolist() for plane in rgb_to_yuv(np.array([[[255, 0, 0]]], np.uint8), "bt709")]
        [[[63]], [[102]], [[240]]]
    """
    check_integers("src", src)
    if is_gpu(src):
        gpu()
    image: Any = src
    if image.ndim != 3 or image.shape[2] != 3:
        raise ShapeError(f"src: expected shape (H, W, 3), got {image.shape}")
    coding = check_coding(matrix, full_range, depth, image.dtype)
    steps = _steps(subsampling)
    count = check_threads(threads)
    shapes = (image.shape[:2], *[chroma_shape(image.shape, steps)] * 2)
    outs: list[Any] = [None] * 3 if out is None else _three(out)
    planes = [check_result(image, shape, image.dtype, plane) for shape, plane in zip(shapes, outs, strict=True)]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        if np.may_share_memory(planes[i], planes[j]):
            check_result(planes[i], planes[j].shape, image.dtype, planes[j])
    cpu(image, planes, steps, coding, count)
    return planes[0], planes[1], planes[2]


def reference(
    src: NDArray[Any],
    matrix: str,
    subsampling: str = "420",
    *,
    full_range: bool = False,
    depth: int | None = None,
) -> tuple[NDArray[Any], ...]:
    """Convert by the definition, in float64."""
    across, down = steps = _steps(subsampling)
    coding = check_coding(matrix, full_range, depth, src.dtype)
    whole = yuv_from_rgb(*coding)
    height, width = chroma_shape(src.shape, steps)
    colour = src.astype(np.float64)
    margins = ((0, height * down - src.shape[0]), (0, width * across - src.shape[1]), (0, 0))
    blocks = np.pad(colour, margins, mode="edge").reshape(height, down, width, across, 3).mean((1, 3))
    planes = [(colour if i == 0 else blocks) @ whole[i, :3] + whole[i, 3] for i in range(3)]
    return tuple(np.minimum(round_to(plane, src.dtype), src.dtype.type(2 ** coding[2] - 1)) for plane in planes)


def cpu(
    src: NDArray[Any], outs: list[Any], steps: tuple[int, int], coding: tuple[str, bool, int], threads: int
) -> None:
    """Convert on this machine's processor."""
    from ._yuv_cpu import rgb_to_planes

    rgb_to_planes(src, tuple(outs), steps, yuv_from_rgb(*coding), coding[2], threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("rgb_to_yuv")


def _steps(subsampling: Any) -> tuple[int, int]:
    if not isinstance(subsampling, str) or subsampling not in SUBSAMPLINGS:
        raise ParameterError(f"subsampling: expected one of {', '.join(SUBSAMPLINGS)}, got {subsampling!r}")
    return SUBSAMPLINGS[subsampling]


def _three(out: Any) -> list[Any]:
    if not isinstance(out, (tuple, list)):
        raise KindError(f"out: expected three arrays, got {type(out).__name__}")
    if len(out) != 3:
        raise OutputError(f"out: expected three arrays, got {len(out)}")
    return list(out)
