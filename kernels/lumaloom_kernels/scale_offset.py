"""Scale and offset: a linear function of every sample, the core of brightness, contrast and levels."""

import math
import numbers
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import Array, ArrayT, KindError, ParameterError, check_image, check_out, check_threads, is_gpu
from ._threads import run_bands

ONE_ROW = 1 << 16  # a contiguous image of fewer samples goes as one row

CASES = (
    {"gain": 1.2, "offset": -10.0},
    {"gain": -1.0, "offset": 255.0},
    {"gain": 0.5, "offset": 0.25, "low": 16.0, "high": 100.0},
)


def scale_offset(
    src: ArrayT,
    gain: float,
    offset: float,
    *,
    low: float | None = None,
    high: float | None = None,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Multiply every sample by a number and add another.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy or CuPy, uint8, uint16 or float32,
            with any strides.
        gain: What samples are multiplied by: finite in float32.
        offset: What is added, in units of the samples: finite in float32.
        low: Least value of the result, in units of the samples; for whole numbers whole and within the
            dtype's range. None is the least of the dtype, for float32 no bound.
        high: Greatest value of the result, likewise.
        out: Takes the result: shape, dtype and kind of ``src``, any strides. It may be ``src`` itself, else
            its memory must lie apart.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number. CuPy arrays ignore it.

    Returns:
        ``out``, or a new array of the shape, dtype and kind of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError).

    .. math:: out = \min(\max(gain \cdot src + offset,\; low),\; high)

    in float32. Whole numbers round half up before the bounds apply; they are within 1 step of the exact
    result. NaN stays NaN.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import scale_offset
        >>> scale_offset(np.array([[0, 100, 250]], np.uint8), 1.5, -20).tolist()
        [[0, 130, 255]]
    """
    check_image(src)
    image: Array = src
    line = _number("gain", gain), _number("offset", offset)
    bounds = _bounds(image.dtype, low, high)
    count = check_threads(threads)
    result = image if out is src else check_out(image, out)
    if is_gpu(image):
        gpu(image, result, *line, *bounds)
    else:
        if not result.flags.writeable:
            check_out(np.empty(image.shape, image.dtype), result)
        cpu(image, result, *line, *bounds, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any], gain: float, offset: float, *, low: float | None = None, high: float | None = None
) -> NDArray[Any]:
    """Compute by the definition, in float64."""
    line = src.astype(np.float64) * gain + offset
    return np.asarray(np.clip(round_to(line, src.dtype), *map(src.dtype.type, _bounds(src.dtype, low, high))))


def cpu(
    src: NDArray[Any], out: NDArray[Any], gain: float, offset: float, low: float, high: float, threads: int
) -> None:
    """Compute on this machine's processor."""
    from ._scale_offset_cpu import MIN_SAMPLES, scale_rows

    source, target = _samples(src), _samples(out)
    if src.flags.c_contiguous and out.flags.c_contiguous and src.size < ONE_ROW:
        source, target = src.reshape(1, -1), out.reshape(1, -1)
    if target is None or source is None or source.shape[1] < MIN_SAMPLES:
        source = np.zeros((1, max(MIN_SAMPLES, src.size)), src.dtype)
        source[0, : src.size] = src.ravel()
        target = np.empty_like(source)
    numbers = np.array([gain, offset, low, high], np.float32)
    run_bands(lambda first, stop: scale_rows(source, target, numbers, first, stop), len(source), threads)
    if not np.may_share_memory(target, out):
        out[...] = target[0, : src.size].reshape(src.shape)


def gpu(src: Array, out: Array, gain: float, offset: float, low: float, high: float) -> None:
    """Compute on the device that holds the arrays."""
    import_module("._cuda", __package__).scale_offset(src, out, gain, offset, low, high)


def _samples(image: NDArray[Any]) -> NDArray[Any] | None:
    """Return the image as rows of samples without a copy, or None where they do not lie side by side."""
    return image.reshape(len(image), -1) if image[:1].flags.c_contiguous else None


def _number(name: str, value: Any) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, (bool, np.bool_)):
        raise KindError(f"{name}: expected a number, got {value!r}")
    if not math.isfinite(value) or abs(float(value)) > float(np.finfo(np.float32).max):
        raise ParameterError(f"{name}: expected a finite number in the range of float32, got {value!r}")
    return float(value)


def _bounds(dtype: np.dtype[Any], low: Any, high: Any) -> tuple[float, float]:
    whole = dtype.kind == "u"
    least, most = (0.0, float(np.iinfo(dtype).max)) if whole else (-math.inf, math.inf)
    bounds = []
    for name, value, default in (("low", low, least), ("high", high, most)):
        number = default if value is None else _number(name, value)
        if whole and not (number.is_integer() and least <= number <= most):
            raise ParameterError(f"{name}: expected a whole number from 0 to {most:g} for {dtype}, got {value!r}")
        bounds.append(number)
    if bounds[0] > bounds[1]:
        raise ParameterError(f"low: expected at most high, got low={bounds[0]:g} and high={bounds[1]:g}")
    return bounds[0], bounds[1]
