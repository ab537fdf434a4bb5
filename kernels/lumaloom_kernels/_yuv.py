"""What Y'CbCr means: matrices, ranges, depths and chroma planes of ITU-R BT.601, BT.709 and BT.2020."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import Array, DtypeError, KindError, ParameterError, ShapeError, check_image

LUMA = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}  # of red and blue
SITINGS = ("center", "left", "topleft")  # of a chroma sample in its block
SUBSAMPLINGS = {"444": (1, 1), "422": (2, 1), "420": (2, 2)}


@cache
def rgb_from_yuv(matrix: str, full_range: bool, depth: int) -> NDArray[np.float64]:
    """Return the 3 x 4 matrix from samples of Y, Cb and Cr to samples of full-range RGB of the same depth.

    Depth 0 stands for floating point: Y and RGB from 0 to 1, chroma from -0.5 to 0.5.
    """
    red, blue = LUMA[matrix]
    green = 1 - red - blue
    rgb = np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ]
    )
    top, unit, middle = (2.0**depth - 1, 2.0 ** (depth - 8), 2.0 ** (depth - 1)) if depth else (1.0, 1.0, 0.0)
    full = full_range or not depth
    luma, chroma, black = (top, top, 0.0) if full else (219 * unit, 224 * unit, 16 * unit)
    scaled = rgb * (top / np.array([luma, chroma, chroma]))
    return np.column_stack([scaled, -scaled @ np.array([black, middle, middle])])


@cache
def yuv_from_rgb(matrix: str, full_range: bool, depth: int) -> NDArray[np.float64]:
    """Return the inverse of `rgb_from_yuv`."""
    whole = rgb_from_yuv(matrix, full_range, depth)
    inverse = np.linalg.inv(whole[:, :3])
    return np.column_stack([inverse, -inverse @ whole[:, 3]])


def check_coding(matrix: Any, full_range: Any, depth: Any, dtype: np.dtype[Any]) -> tuple[str, bool, int]:
    """Return the three as they must be, the depth of the dtype where it is None, 0 for float32."""
    if not isinstance(matrix, str) or matrix not in LUMA:
        raise ParameterError(f"matrix: expected one of {', '.join(LUMA)}, got {matrix!r}")
    if not isinstance(full_range, (bool, np.bool_)):
        raise KindError(f"full_range: expected True or False, got {full_range!r}")
    if dtype.kind == "f":
        if depth is not None:
            raise ParameterError(f"depth: expected None for float32, got {depth!r}")
        return matrix, True, 0
    bits = dtype.itemsize * 8 if depth is None else depth
    if not isinstance(bits, (int, np.integer)) or isinstance(bits, bool):
        raise KindError(f"depth: expected a whole number or None, got {depth!r}")
    if not (bits == 8 if dtype == np.uint8 else 9 <= bits <= 16):
        raise ParameterError(f"depth: expected {'8' if dtype == np.uint8 else '9 to 16'} for {dtype}, got {depth}")
    return matrix, bool(full_range), int(bits)


def check_high_bits(high_bits: Any) -> bool:
    """Return whether samples lie in the high bits of their words, as P010 has them."""
    if not isinstance(high_bits, (bool, np.bool_)):
        raise KindError(f"high_bits: expected True or False, got {high_bits!r}")
    return bool(high_bits)


def check_siting(siting: Any, *, some: bool = True) -> str | None:
    """Return where chroma samples lie; None where that may be left open."""
    if siting is None and some:
        return None
    if not isinstance(siting, str) or siting not in SITINGS:
        raise ParameterError(f"siting: expected one of {', '.join(SITINGS)}, got {siting!r}")
    return siting


def unit_of(depth: int, high_bits: bool) -> float:
    """Return by how much samples are multiplied where they lie."""
    return 2.0 ** (16 - depth) if high_bits and depth > 8 else 1.0


def check_planes(y: Array, u: Array, v: Array | None) -> tuple[int, int]:
    """Return by how much the chroma planes are subsampled, across and down; ``u`` has both where ``v`` is None."""
    for name, plane in (("y", y), ("u", u), *(() if v is None else (("v", v),))):
        check_image(plane, name)
        pairs = name == "u" and v is None
        if plane.ndim != 2 + pairs or (pairs and plane.shape[2] != 2):
            wanted = "pairs of Cb and Cr of shape (H, W, 2)" if pairs else "a plane of shape (H, W)"
            raise ShapeError(f"{name}: expected {wanted}, got {plane.shape}")
        if plane.dtype != y.dtype:
            raise DtypeError(f"{name}: expected dtype {y.dtype} as y has, got {plane.dtype}; convert it")
    if v is not None and u.shape != v.shape:
        raise ShapeError(f"v: expected shape {u.shape} as u has, got {v.shape}")
    sizes = [chroma_shape(y.shape, steps) for steps in SUBSAMPLINGS.values()]
    for steps, size in zip(SUBSAMPLINGS.values(), sizes, strict=True):
        if u.shape[:2] == size:
            return steps
    raise ShapeError(f"u: expected shape {' or '.join(map(str, sizes))} beside y's {y.shape}, got {u.shape}")


def chroma_shape(shape: tuple[int, ...], steps: tuple[int, int]) -> tuple[int, int]:
    """Return the shape of the chroma planes of a picture; a block that is cut off has a sample too."""
    return -(-shape[0] // steps[1]), -(-shape[1] // steps[0])


def chroma_at(length: int, step: int, count: int, *, centred: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the chroma sample at or before each of ``length`` places of luma, and the share of the next one.

    There are ``count`` samples; the first one and the last one go on beyond the ends.
    """
    offset = (step - 1) / 2 if centred else 0.0
    place = np.clip((np.arange(length) - offset) / step, 0, count - 1)
    lower = np.floor(place).astype(np.int64)
    return lower, place - lower
