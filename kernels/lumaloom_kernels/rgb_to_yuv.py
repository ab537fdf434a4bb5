"""Interleaved RGB to Y'CbCr planes, as video has them."""

from collections.abc import Sequence
from itertools import combinations
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
    check_image,
    check_result,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._yuv import (
    SUBSAMPLINGS,
    check_coding,
    check_high_bits,
    check_siting,
    chroma_shape,
    unit_of,
    yuv_from_rgb,
)

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
    high_bits: bool = False,
    siting: str = "center",
    interleaved: bool = False,
    out: Sequence[ArrayT] | None = None,
    threads: int | None = None,
) -> tuple[ArrayT, ...]:
    r"""Convert full-range RGB to Y'CbCr planes.

    Args:
        src: Array of shape (H, W, 3) with red first, uint8, uint16 or float32, with any strides.
        matrix: Whose luma weights: ``"bt601"``, ``"bt709"`` or ``"bt2020"`` (non-constant luminance).
        subsampling: ``"444"``, ``"422"`` (chroma of half the width) or ``"420"`` (half the width and height);
            halves round up.
        full_range: Whether the planes use all values (JPEG) rather than 16 to 235 and 16 to 240, at 8 bits.
        depth: Bits of the samples, 8 for uint8, 9 to 16 for uint16, in the low bits; None is all of the dtype.
            The result has the same depth. Larger samples give no more than the greatest value.
        high_bits: Whether to put samples of ``depth`` bits into the high bits of uint16, as P010 (``depth=10``) and
            P012 have them; those of ``src`` lie in the low bits all the same.
        siting: Where a chroma sample lies in its block: ``"center"`` (MPEG-1, JPEG), ``"left"`` (MPEG-2, H.264) or
            ``"topleft"`` (BT.2020, DV).
        interleaved: Whether to put Cb and Cr side by side in one plane, as NV12 and P010 have them.
        out: Takes the result: three arrays, or two, of the shapes of the planes and the dtype of ``src``, any strides,
            memory apart from ``src`` and each other.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``(y, u, v)``: luma, Cb and Cr; or ``(y, uv)``, where the second one has a third axis of 2.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    With R, G and B from 0 to 1,

    .. math:: Y = K_r R + (1 - K_r - K_b) G + K_b B, \quad C_b = \frac{B - Y}{2 (1 - K_b)}, \quad
              C_r = \frac{R - Y}{2 (1 - K_r)}

    scaled as in `yuv_to_rgb`, rounded half up and clipped, within 1 step (ITU-T H.273); float32 is neither scaled nor
    clipped: chroma is from -0.5 to 0.5. Chroma in the centre of its block is that of the mean colour of the block;
    along an axis on which it lies on a pixel, that pixel counts 1/2 and its neighbours 1/4 each. Pixels beyond the
    edges are as those on them.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import rgb_to_yuv
        >>> [plane.tolist() for plane in rgb_to_yuv(np.array([[[255, 0, 0]]], np.uint8), "bt709")]
        [[[63]], [[102]], [[240]]]
    """
    check_image(src)
    if is_gpu(src):
        gpu()
    image: Any = src
    if image.ndim != 3 or image.shape[2] != 3:
        raise ShapeError(f"src: expected shape (H, W, 3), got {image.shape}")
    coding = check_coding(matrix, full_range, depth, image.dtype)
    unit, place = unit_of(coding[2], check_high_bits(high_bits)), check_siting(siting, some=False)
    if not isinstance(interleaved, (bool, np.bool_)):
        raise KindError(f"interleaved: expected True or False, got {interleaved!r}")
    steps = _steps(subsampling)
    count = check_threads(threads)
    chroma = chroma_shape(image.shape, steps)
    shapes = (image.shape[:2], (*chroma, 2)) if interleaved else (image.shape[:2], chroma, chroma)
    outs: list[Any] = [None] * len(shapes) if out is None else _several(out, len(shapes))
    planes = [check_result(image, shape, image.dtype, plane) for shape, plane in zip(shapes, outs, strict=True)]
    for one, other in combinations(planes, 2):
        if np.may_share_memory(one, other):
            check_result(one, other.shape, image.dtype, other)
    cpu(image, planes, steps, coding, str(place), unit, count)
    return tuple(planes)


def reference(
    src: NDArray[Any],
    matrix: str,
    subsampling: str = "420",
    *,
    full_range: bool = False,
    depth: int | None = None,
    high_bits: bool = False,
    siting: str = "center",
    interleaved: bool = False,
) -> tuple[NDArray[Any], ...]:
    """Convert by the definition, in float64."""
    steps = _steps(subsampling)
    coding = check_coding(matrix, full_range, depth, src.dtype)
    whole = yuv_from_rgb(*coding)
    colour = src.astype(np.float64)
    blocks = colour
    for axis in (0, 1):
        if steps[1 - axis] == 2:
            blocks = _halved(blocks, axis, centred=siting == "center" or (siting == "left" and axis == 0))
    planes = [(colour if i == 0 else blocks) @ whole[i, :3] + whole[i, 3] for i in range(3)]
    if src.dtype.kind != "f":
        unit = src.dtype.type(unit_of(coding[2], high_bits))
        planes = [np.minimum(round_to(plane, src.dtype), src.dtype.type(2 ** coding[2] - 1)) * unit for plane in planes]
    planes = [plane.astype(src.dtype) for plane in planes]
    return (planes[0], np.stack(planes[1:], axis=2)) if interleaved else tuple(planes)


def _halved(colour: NDArray[np.float64], axis: int, *, centred: bool) -> NDArray[np.float64]:
    length = colour.shape[axis]
    places = np.arange(0, length, 2)
    after = colour.take(np.minimum(places + 1, length - 1), axis)
    if centred:
        return np.asarray((colour.take(places, axis) + after) / 2)
    return np.asarray((colour.take(np.maximum(places - 1, 0), axis) + 2 * colour.take(places, axis) + after) / 4)


def cpu(
    src: NDArray[Any],
    outs: list[Any],
    steps: tuple[int, int],
    coding: tuple[str, bool, int],
    siting: str,
    unit: float,
    threads: int,
) -> None:
    """Convert on this machine's processor."""
    from ._yuv_cpu import rgb_to_planes

    rgb_to_planes(src, tuple(outs), steps, yuv_from_rgb(*coding), coding[2], siting, unit, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("rgb_to_yuv")


def _steps(subsampling: Any) -> tuple[int, int]:
    if not isinstance(subsampling, str) or subsampling not in SUBSAMPLINGS:
        raise ParameterError(f"subsampling: expected one of {', '.join(SUBSAMPLINGS)}, got {subsampling!r}")
    return SUBSAMPLINGS[subsampling]


def _several(out: Any, count: int) -> list[Any]:
    wanted = "three" if count == 3 else "two"
    if not isinstance(out, (tuple, list)):
        raise KindError(f"out: expected {wanted} arrays, got {type(out).__name__}")
    if len(out) != count:
        raise OutputError(f"out: expected {wanted} arrays, got {len(out)}")
    return list(out)
