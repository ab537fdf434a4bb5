"""Y'CbCr planes, as video has them, to interleaved RGB."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import ArrayT, check_result, check_threads, is_gpu, no_cuda
from ._yuv import (
    check_coding,
    check_high_bits,
    check_planes,
    check_siting,
    chroma_at,
    rgb_from_yuv,
    unit_of,
)

CASES = (
    {"matrix": "bt601", "subsampling": "420"},
    {"matrix": "bt709", "subsampling": "422", "full_range": True},
    {"matrix": "bt2020", "subsampling": "444"},
)


def yuv_to_rgb(
    y: ArrayT,
    u: ArrayT,
    v: ArrayT | None,
    matrix: str,
    *,
    full_range: bool = False,
    depth: int | None = None,
    high_bits: bool = False,
    siting: str | None = None,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Convert Y'CbCr planes to RGB.

    Args:
        y: Luma, shape (H, W), uint8, uint16 or float32, with any strides.
        u: Cb, of the dtype of ``y``: shape (H, W) for 4:4:4, (H, W / 2) for 4:2:2 or (H / 2, W / 2) for
            4:2:0, halves rounded up. Where ``v`` is None, Cb and Cr side by side as NV12, P010 and their like have
            them: the same shape with a third axis of 2.
        v: Cr, of the shape and dtype of ``u``, or None.
        matrix: Whose luma weights: ``"bt601"``, ``"bt709"`` or ``"bt2020"`` (non-constant luminance). There is
            no default: the wrong one shifts colours without a trace.
        full_range: Whether samples use all their values (JPEG) rather than 16 to 235 and 16 to 240, at 8 bits.
        depth: Bits of the samples, 8 for uint8, 9 to 16 for uint16, in the low bits; None is all of the dtype.
            The result has the same depth, in the low bits.
        high_bits: Whether samples of ``depth`` bits lie in the high bits of uint16, as P010 (``depth=10``) and P012
            have them; the low bits are taken as a fraction of a step.
        siting: Where a chroma sample lies in its block, ``"center"`` (MPEG-1, JPEG), ``"left"`` (MPEG-2, H.264) or
            ``"topleft"`` (BT.2020, DV): chroma between samples is then linear. None repeats the sample of the
            block, which is faster.
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

    times :math:`2^n - 1`, rounded half up and clipped, within 1 step (ITU-T H.273). float32 has Y and RGB from 0 to
    1 and chroma from -0.5 to 0.5, whatever ``full_range`` is, and nothing is clipped; a sample that is not finite
    makes the pixels it is part of not finite. Without a ``siting`` a chroma sample stands for all pixels of its
    block, as in OpenCV.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import yuv_to_rgb
        >>> y, u, v = (np.array([[value]], np.uint8) for value in (63, 102, 240))
        >>> yuv_to_rgb(y, u, v, "bt709").tolist()
        [[[255, 1, 0]]]
    """
    steps = check_planes(y, u, v)
    planes = [plane for plane in (y, u, v) if plane is not None]
    if any(is_gpu(plane) for plane in planes):
        gpu()
    luma: Any = y
    coding = check_coding(matrix, full_range, depth, luma.dtype)
    unit, place = unit_of(coding[2], check_high_bits(high_bits)), check_siting(siting)
    count = check_threads(threads)
    shape = (*luma.shape, 3)
    result = check_result(luma, shape, luma.dtype, out)
    for plane in planes[1:]:
        check_result(plane, shape, luma.dtype, result)
    cpu(planes, result, steps, coding, unit, place, count)
    return result  # type: ignore[no-any-return]


def reference(
    y: NDArray[Any],
    u: NDArray[Any],
    v: NDArray[Any] | None,
    matrix: str,
    *,
    full_range: bool = False,
    depth: int | None = None,
    high_bits: bool = False,
    siting: str | None = None,
) -> NDArray[Any]:
    """Convert by the definition, in float64."""
    across, down = check_planes(y, u, v)
    coding = check_coding(matrix, full_range, depth, y.dtype)
    whole = rgb_from_yuv(*coding)
    chroma = [u, v] if v is not None else [u[..., 0], u[..., 1]]
    samples = np.stack([y, *(_at_luma(plane, y.shape, (across, down), siting) for plane in chroma)], axis=2)
    result = (samples / unit_of(coding[2], high_bits)) @ whole[:, :3].T + whole[:, 3]
    return round_to(result if y.dtype.kind == "f" else np.minimum(result, 2 ** coding[2] - 1), y.dtype)


def _at_luma(
    plane: NDArray[Any], shape: tuple[int, ...], steps: tuple[int, int], siting: str | None
) -> NDArray[np.float64]:
    result = plane.astype(np.float64)
    for axis in (0, 1):
        step = steps[1 - axis]
        if siting is None:
            result = np.take(result.repeat(step, axis=axis), range(shape[axis]), axis=axis)
        else:
            centred = siting == "center" or (siting == "left" and axis == 0)
            lower, share = chroma_at(shape[axis], step, result.shape[axis], centred=centred)
            share = share.reshape(-1, 1) if axis == 0 else share
            upper = np.minimum(lower + 1, result.shape[axis] - 1)
            result = result.take(lower, axis) * (1 - share) + result.take(upper, axis) * share
    return result


def cpu(
    planes: list[Any],
    out: NDArray[Any],
    steps: tuple[int, int],
    coding: tuple[str, bool, int],
    unit: float,
    siting: str | None,
    threads: int,
) -> None:
    """Convert on this machine's processor."""
    from ._yuv_cpu import planes_to_rgb

    matrix = rgb_from_yuv(*coding) / (unit, unit, unit, 1)
    planes_to_rgb(tuple(planes), out, steps, matrix, coding[2], siting, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("yuv_to_rgb")
