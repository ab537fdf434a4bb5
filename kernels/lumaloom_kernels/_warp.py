"""What the warps share: their arguments, their definition, and the way to the compiled code."""

import math
import numbers
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ._borders import OUTSIDE, places_inside, round_to
from ._checks import (
    Array,
    Border,
    KernelError,
    KindError,
    ParameterError,
    check_border,
    check_image,
    check_numbers,
    check_result,
    check_size,
    check_threads,
    is_gpu,
    no_cuda,
)
from ._threads import run_bands

Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic"]
Value: TypeAlias = float | tuple[float, ...]
Points: TypeAlias = NDArray[np.float64]
INTERPOLATIONS: tuple[str, ...] = get_args(Interpolation)
FAR = 1e9  # where coordinates that are farther away, or no numbers, are put
LEAST_DETERMINANT = 1e-12  # of a matrix that has an inverse, beside the product of its rows' lengths


class SingularError(KernelError):
    """A matrix that flattens the picture, so that it can't be turned around."""


def check_matrix(matrix: Any, rows: int, inverse: Any) -> NDArray[np.float64]:
    """Return the 3x3 matrix that leads from output to source pixels."""
    if not isinstance(inverse, (bool, np.bool_)):
        raise KindError(f"inverse: expected True or False, got {inverse!r}")
    return _backward(check_numbers("matrix", matrix, (rows, 3), 1e9).tobytes(), rows, bool(inverse))


@lru_cache(64)
def _backward(data: bytes, rows: int, inverse: bool) -> NDArray[np.float64]:
    forward = np.eye(3)
    forward[:rows] = np.frombuffer(data).reshape(rows, 3)
    square = forward if rows == 3 else forward[:2, :2]
    scale = np.prod(np.linalg.norm(square, axis=1))
    determinant = abs(np.linalg.det(square))
    if not (scale > 0 and determinant > LEAST_DETERMINANT * scale):
        raise SingularError(f"matrix: expected one with an inverse, got {forward[:rows].tolist()}")
    back = np.ascontiguousarray(forward if inverse else np.linalg.inv(forward))
    back.flags.writeable = False
    return back


def check_value(value: Any, src: Array) -> NDArray[Any]:
    """Return the pixel that a border's value stands for; one number serves all channels."""
    channels = src.shape[2] if src.ndim == 3 else 1
    if type(value) in (int, float):  # the usual case, quickly
        return _same_values(value, channels, src.dtype)
    several = isinstance(value, (tuple, list, np.ndarray))
    parts = list(value) if several else [value] * channels
    return _values(value, parts, channels, src.dtype)


@lru_cache(64, typed=True)
def _same_values(value: float, channels: int, dtype: Any) -> NDArray[Any]:
    pixel = _values(value, [value] * channels, channels, dtype)
    pixel.flags.writeable = False
    return pixel


def _values(value: Any, parts: list[Any], channels: int, dtype: Any) -> NDArray[Any]:
    if len(parts) != channels:
        raise ParameterError(f"value: expected one number or {channels}, one a channel, got {len(parts)}")
    high = math.inf if dtype.kind == "f" else float(np.iinfo(dtype).max)
    for part in parts:
        if not isinstance(part, numbers.Real) or isinstance(part, (bool, np.bool_)):
            raise KindError(f"value: expected a number or one for each channel, got {value!r}")
        number = float(part)
        whole = high == math.inf or (0 <= number <= high and number.is_integer())
        if not whole or not abs(number) <= float(np.finfo(np.float32).max):
            expected = "finite numbers" if high == math.inf else f"whole numbers from 0 to {high:g}"
            raise ParameterError(f"value: expected {expected} for {dtype}, got {value!r}")
    return np.array(parts, dtype)


def check_interpolation(name: Any) -> str:
    """Accept one of `INTERPOLATIONS`."""
    if not isinstance(name, str) or name not in INTERPOLATIONS:
        raise ParameterError(f"interpolation: expected one of {', '.join(INTERPOLATIONS)}, got {name!r}")
    return name


def prepared(
    name: str, src: Array, size: Any, interpolation: Any, border: Any, value: Any, out: Any, threads: Any
) -> tuple[Array, str, str, NDArray[Any], int]:
    """Return the array for the result, and the other arguments as `run` takes them."""
    check_image(src)
    if is_gpu(src):
        no_cuda(name)
    width, height = (src.shape[1], src.shape[0]) if size is None else check_size(size, src)
    method, edge, filler = check_interpolation(interpolation), check_border(border), check_value(value, src)
    count = check_threads(threads)
    return check_result(src, (height, width, *src.shape[2:]), src.dtype, out), method, edge, filler, count


def run(
    src: NDArray[Any], out: NDArray[Any], geometry: Any, method: str, border: str,
    value: NDArray[Any], threads: int,
) -> None:  # fmt: skip
    """Warp by a `Geometry` of the compiled code."""
    from ._lines import packed
    from ._warp_cpu import TILE_ROWS, warp

    source = src if packed(src) else np.ascontiguousarray(src)
    target = out if packed(out) else np.empty(out.shape, out.dtype)
    run_bands(
        lambda first, stop: warp(source, target, geometry, method, border, value, first, stop),
        len(out), threads, multiple=min(TILE_ROWS, max(1, len(out) // threads)),
    )  # fmt: skip
    if target is not out:
        out[...] = target


def grid(width: int, height: int) -> tuple[Points, Points]:
    """Return the coordinates x and y of every output pixel."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return x, y


def sample(src: NDArray[Any], x: Points, y: Points, interpolation: str, border: Border, value: Value) -> NDArray[Any]:
    """Interpolate by the definition, in float64, at any coordinates."""
    image = src.astype(np.float64).reshape(*src.shape[:2], -1)
    filler = check_value(value, src).astype(np.float64)
    (x0, wx), (y0, wy) = (_taps(axis, interpolation) for axis in (x, y))
    total = np.zeros((*x.shape, image.shape[2]))
    for k, row_weight in enumerate(wy):
        for t, weight in enumerate(wx):
            columns, rows = places_inside(x0 + t, image.shape[1], border), places_inside(y0 + k, image.shape[0], border)
            taps = image[rows, columns]
            taps[(rows == OUTSIDE) | (columns == OUTSIDE)] = filler
            total += taps * (row_weight * weight)[..., None]
    return round_to(total, src.dtype).reshape(*x.shape, *src.shape[2:])


def _taps(axis: Points, interpolation: str) -> tuple[NDArray[np.int64], list[Points]]:
    place = np.clip(np.where(np.isnan(axis), -FAR, axis), -FAR, FAR)
    if interpolation == "nearest":
        return np.floor(place + 0.5).astype(np.int64), [np.ones(axis.shape)]
    first = np.floor(place)
    part = place - first
    if interpolation == "bilinear":
        return first.astype(np.int64), [1 - part, part]
    weigh: Callable[[Points], Points] = lambda d: np.where(  # noqa: E731
        d < 1, (1.5 * d - 2.5) * d**2 + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2
    )
    return first.astype(np.int64) - 1, [weigh(abs(part + 1 - t)) for t in range(4)]
