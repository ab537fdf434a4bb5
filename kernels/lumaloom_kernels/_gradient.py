"""What Sobel's and Scharr's operators share: a derivative along one axis, smoothed along the other."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import extend, round_to
from ._checks import Array, Border, ParameterError, check_border, check_image, check_out, check_threads, is_gpu, no_cuda
from ._later import Later
from ._stencil_checks import check_high, check_middle, check_number

_stencil_run = Later("_stencil_run")


def check_axis(axis: Any) -> str | None:
    """Accept "x", "y" or None."""
    if axis is None or (isinstance(axis, str) and axis in ("x", "y")):
        return axis
    raise ParameterError(f'axis: expected "x", "y" or None for the magnitude, got {axis!r}')


@lru_cache(64)
def weights(smoothing: tuple[int, int], axis: str, scale: float = 1.0) -> NDArray[np.float64]:
    """Return the matrix of one derivative, in the order of the pixels that its weights multiply."""
    side, centre = smoothing
    matrix = scale * np.outer((side, centre, side), (-1.0, 0.0, 1.0))
    return matrix if axis == "x" else matrix.T


def gradient(
    name: str, smoothing: tuple[int, int], src: Any, axis: Any, scale: Any, offset: Any, high: Any, border: Any,
    out: Any, threads: Any,
) -> Any:  # fmt: skip
    """Check the arguments of the kernel ``name`` and run it."""
    check_image(src)
    image: Array = src
    axis = check_axis(axis)
    factor = check_number("scale", scale, 0, 1e6)
    middle = _start(axis, offset, image.dtype)
    top = check_high(high, image.dtype)
    border = check_border(border)
    count = check_threads(threads)
    if is_gpu(image):
        no_cuda(name)
    result = check_out(image, out)
    cpu(smoothing, image, result, axis, factor, middle, top, border, count)
    return result


def _start(axis: str | None, offset: Any, dtype: np.dtype[Any]) -> float:
    """Return what is added: a length has no sign and begins at zero."""
    return 0.0 if axis is None and offset is None else check_middle(offset, dtype)


def reference(
    smoothing: tuple[int, int], src: NDArray[Any], axis: str | None, scale: float, offset: float | None,
    high: float | None, border: Border,
) -> NDArray[Any]:  # fmt: skip
    """Compute by the definition, in plain float64 sums."""
    padded = extend(src.astype(np.float64), 1, 1, border)
    height, width = src.shape[:2]

    def derivative(which: str) -> NDArray[np.float64]:
        matrix = weights(smoothing, which)
        parts = [matrix[j, i] * padded[j : j + height, i : i + width] for j in range(3) for i in range(3)]
        return np.asarray(sum(parts))

    result = scale * np.hypot(derivative("x"), derivative("y")) if axis is None else scale * derivative(axis)
    result = result + _start(axis, offset, src.dtype)
    return round_to(np.minimum(result, check_high(high, src.dtype)), src.dtype)


def cpu(
    smoothing: tuple[int, int], src: NDArray[Any], out: NDArray[Any], axis: str | None, scale: float, offset: float,
    high: float, border: Border, threads: int,
) -> None:  # fmt: skip
    """Compute on this machine's processor."""
    source, target, result = _stencil_run.prepared(src, out)
    if axis is None:
        _stencil_run.gradient(source, target, *smoothing, scale, offset, high, border, threads)
    else:
        _stencil_run.weighted(source, target, weights(smoothing, axis, scale), offset, high, border, threads)
    if result is not out:
        out[...] = result
