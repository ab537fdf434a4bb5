"""Three-dimensional look-up tables: any function of a colour, as graders hand it over in .cube files."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._borders import round_to
from ._checks import (
    ArrayT,
    KindError,
    ParameterError,
    ShapeError,
    check_image,
    check_numbers,
    check_out,
    check_threads,
    is_gpu,
    no_cuda,
)

LEAST, MOST = 2, 65  # points a side
INTERPOLATIONS = ("tetrahedral", "trilinear")
UNIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

CASES = (
    {"size": 33},
    {"size": 17},
    {"size": 65},
    {"size": 33, "interpolation": "trilinear"},
)


def apply_lut3d(
    src: ArrayT,
    cube: NDArray[Any],
    *,
    interpolation: str = "tetrahedral",
    domain: ArrayLike = UNIT,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Replace every colour by what a cube of colours has in its place.

    Args:
        src: Array of shape (H, W, 3) or (H, W, 4) with red first, uint8, uint16 or float32, with any strides. A
            fourth channel is kept as it is.
        cube: Array of shape (N, N, N, 3), floating point, finite, N from 2 to 65: ``cube[r, g, b]`` is the colour
            for red node ``r``, green node ``g`` and blue node ``b``, where 1 stands for white: 255, 65535 or 1.0.
            A .cube file has its colours with red changing fastest: shaped (N, N, N, 3), they are
            ``cube.transpose(2, 1, 0, 3)``.
        interpolation: Between the nodes: ``"tetrahedral"`` (four nodes, neutral colours stay neutral) or
            ``"trilinear"`` (eight).
        domain: The colours of the first and of the last nodes, as DOMAIN_MIN and DOMAIN_MAX of a .cube file:
            three numbers each, within 1e6 of 0, the second ones larger by at least 1e-6. Colours beyond are taken
            as the nearest within.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    Each channel has a place :math:`p = (N - 1) (src / top - low) / (high - low)` from 0 to N - 1, a lower node
    :math:`i = \min(\lfloor p \rfloor, N - 2)` and a share :math:`f = p - i`. Tetrahedral: with the channels
    ordered by falling share, :math:`f_1 \ge f_2 \ge f_3`,

    .. math:: out = (1 - f_1) c_0 + (f_1 - f_2) c_1 + (f_2 - f_3) c_2 + f_3 c_3

    where :math:`c_0` is the lower node of all channels and each following colour is one node further along the
    channel in turn (Sakamoto and Itooka's division of the cell into six tetrahedra, as FFmpeg's ``lut3d``).
    Whole numbers round half up, saturate, and are within 1 step. A float32 pixel with NaN gives NaN in its first
    three channels.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import apply_lut3d
        >>> negative = 1.0 - np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1)
        >>> apply_lut3d(np.array([[[0, 10, 255]]], np.uint8), negative).tolist()
        [[[255, 245, 0]]]
    """
    check_image(src)
    if is_gpu(src):
        gpu()
    image: Any = src
    nodes, lows, highs = _check(image, cube, interpolation, domain)
    count = check_threads(threads)
    result = check_out(image, out)
    cpu(image, result, nodes, interpolation, lows, highs, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any], cube: NDArray[Any], *, interpolation: str = "tetrahedral", domain: ArrayLike = UNIT
) -> NDArray[Any]:
    """Interpolate by the definition, in float64."""
    nodes, lows, highs = _check(src, cube, interpolation, domain)
    top = 1 if src.dtype.kind == "f" else np.iinfo(src.dtype).max
    last = len(nodes) - 1
    with np.errstate(invalid="ignore"):
        place = np.clip((src[..., :3].astype(np.float64) / top - lows) / (highs - lows), 0, 1) * last
    lower = np.minimum(np.nan_to_num(place).astype(np.int64), last - 1)
    share = place - lower
    result = np.zeros((*src.shape[:2], 3))
    if interpolation == "trilinear":
        for corner in np.ndindex(2, 2, 2):
            weight = np.where(corner, share, 1 - share).prod(axis=-1, keepdims=True)
            result += weight * nodes[tuple(np.moveaxis(lower + corner, -1, 0))]
    else:
        order = np.argsort(-share, axis=-1, kind="stable")
        ordered = np.take_along_axis(share, order, axis=-1)
        weights = -np.diff(ordered, axis=-1, prepend=1, append=0)
        node = lower.copy()
        for step in range(4):
            result += weights[..., step, None] * nodes[tuple(np.moveaxis(node, -1, 0))]
            if step < 3:
                further = np.take_along_axis(node, order[..., step, None], axis=-1) + 1
                np.put_along_axis(node, order[..., step, None], further, axis=-1)
    return np.concatenate([round_to(result * top, src.dtype), src[..., 3:]], axis=-1)


def cpu(
    src: NDArray[Any],
    out: NDArray[Any],
    cube: NDArray[Any],
    interpolation: str,
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
    threads: int,
) -> None:
    """Interpolate on this machine's processor."""
    from ._lut3d_cpu import NODES, look_colours_up

    look_colours_up(src, out, cube, NODES[interpolation], lows, highs, threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("apply_lut3d")


def _check(
    src: NDArray[Any], cube: Any, interpolation: Any, domain: ArrayLike
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    if src.ndim != 3 or src.shape[2] not in (3, 4):
        raise ShapeError(f"src: expected shape (H, W, 3) or (H, W, 4), got {src.shape}")
    if not isinstance(cube, np.ndarray) or cube.dtype.kind != "f":
        got = cube.dtype if isinstance(cube, np.ndarray) else type(cube).__name__
        raise KindError(f"cube: expected a NumPy array of floating-point numbers, got {got}")
    if cube.ndim != 4 or cube.shape != (*[len(cube)] * 3, 3) or not LEAST <= len(cube) <= MOST:
        raise ShapeError(f"cube: expected shape (N, N, N, 3) with N from {LEAST} to {MOST}, got {cube.shape}")
    if not np.isfinite(cube).all():
        raise ParameterError("cube: expected finite colours, got NaN or infinity")
    if not isinstance(interpolation, str) or interpolation not in INTERPOLATIONS:
        raise ParameterError(f"interpolation: expected one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}")
    lows, highs = check_numbers("domain", domain, (2, 3))
    if not (highs - lows >= 1e-6).all():
        raise ParameterError(f"domain: expected second numbers above the first, got {lows.tolist()}, {highs.tolist()}")
    return cube, lows, highs
