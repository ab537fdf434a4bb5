"""The errors of this package and the checks of every kernel's arguments.

A check returns the value in the form in which kernels take it, or raises an error whose one line
names the parameter, what was expected and what came. Nothing here touches pixel data, so the same
checks serve NumPy and CuPy arrays.
"""

import math
import numbers
from typing import Any, Literal, NoReturn, TypeAlias, TypeVar

import numpy as np

ArrayT = TypeVar("ArrayT")
Array: TypeAlias = Any  # a NumPy or a CuPy array
Border: TypeAlias = Literal["reflect101", "replicate", "constant"]

BORDERS = ("reflect101", "replicate", "constant")
DTYPES = ("uint8", "uint16", "float32")
MAX_CHANNELS = 4
_NATIVE = frozenset(map(np.dtype, DTYPES))  # asking a dtype for its name costs more than a small image
MAX_SIDE = 1 << 20
MAX_SAMPLES = 1 << 31


class KernelError(ValueError):
    """An argument that no kernel takes; the base of every error raised here."""


class DtypeError(KernelError, TypeError):
    """An array of an element type that the kernel does not take."""


class KindError(KernelError, TypeError):
    """An argument of the wrong Python type."""


class ShapeError(KernelError):
    """An array of a rank, size or number of channels that the kernel does not take."""


class ParameterError(KernelError):
    """A parameter outside its range."""


class OutputError(KernelError):
    """An ``out`` array that cannot take the result."""


def is_gpu(array: Array) -> bool:
    """Tell whether the array is CuPy's, without importing CuPy."""
    return not isinstance(array, np.ndarray) and type(array).__module__.partition(".")[0] == "cupy"


def no_cuda(name: str) -> NoReturn:
    """Refuse a CuPy array in a kernel that has no CUDA variant yet."""
    raise KindError(f"src: expected a NumPy array, got CuPy's; {name} has no CUDA variant yet, pass cupy.asnumpy(src)")


def check_image(src: Array, name: str = "src") -> None:
    """Accept ``(H, W)`` and ``(H, W, C)`` arrays with 1 to 4 channels of a dtype in `DTYPES`."""
    if type(src) is np.ndarray and src.dtype in _NATIVE and src.size:  # the usual case, quickly
        rank = src.ndim
        if rank == 2 or (rank == 3 and src.shape[2] <= MAX_CHANNELS):
            return
    if not isinstance(src, np.ndarray) and not is_gpu(src):
        raise KindError(f"{name}: expected a NumPy or CuPy array, got {type(src).__name__}")
    if src.dtype not in _NATIVE:
        raise DtypeError(
            f"{name}: expected dtype {', '.join(DTYPES)} in native byte order, got {src.dtype}; convert it"
        )
    if src.ndim not in (2, 3) or (src.ndim == 3 and not 1 <= src.shape[2] <= MAX_CHANNELS):
        raise ShapeError(f"{name}: expected shape (H, W) or (H, W, C) with C from 1 to {MAX_CHANNELS}, got {src.shape}")
    if 0 in src.shape:
        raise ShapeError(f"{name}: expected at least one row and one column, got {src.shape}")


def check_out(src: Array, out: Array | None) -> Array:
    """Return ``out``, or a new C-contiguous array like ``src`` where ``out`` is None."""
    return check_result(src, src.shape, src.dtype, out)


def check_result(src: Array, shape: tuple[int, ...], dtype: Any, out: Array | None) -> Array:
    """Return ``out``, or a new C-contiguous array of this shape and dtype where ``out`` is None."""
    if out is None:
        if isinstance(src, np.ndarray):
            return np.empty(shape, dtype)
        import cupy

        return cupy.empty(shape, dtype)
    if (  # the usual case, quickly
        type(out) is np.ndarray is type(src)
        and out.shape == shape
        and out.dtype == dtype
        and out.flags.carray
        and not np.may_share_memory(src, out)
    ):
        return out
    host = isinstance(out, np.ndarray)
    if host != isinstance(src, np.ndarray) or not (host or is_gpu(out)):
        raise OutputError(
            f"out: expected the same kind of array as src ({type(src).__module__}), got {type(out).__name__}"
        )
    if out.shape != shape or out.dtype != dtype:
        like = " as src has" if shape == src.shape else ""
        raise OutputError(f"out: expected shape {shape} and dtype {dtype}{like}, got {out.shape} {out.dtype}")
    if host:
        if not out.flags.writeable:
            raise OutputError("out: expected a writable array, got a read-only one")
        if 0 in out.strides and any(s == 0 and n > 1 for s, n in zip(out.strides, out.shape, strict=True)):
            raise OutputError("out: expected an array without repeated elements, got a broadcast view")
    if _overlap(src, out):
        raise OutputError("out: expected memory apart from src, got an array that shares it; pass a new array")
    return out


def _overlap(first: Array, second: Array) -> bool:
    if isinstance(first, np.ndarray):
        if not np.may_share_memory(first, second):
            return False
        try:
            return np.shares_memory(first, second, max_work=10_000)  # type: ignore[arg-type]
        except np.exceptions.TooHardError:
            return True
    import cupy

    return bool(cupy.may_share_memory(first, second))


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number, and no truth value; an abstract class is asked only at last."""
    return type(value) is int or (isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)))


def check_pair(name: str, value: Any, *, high: float, integer: bool = False) -> tuple[Any, Any]:
    """Return ``(x, y)`` of one number or a pair of numbers from 0 to ``high``."""
    if type(value) in ((int,) if integer else (float, int)) and 0 <= value <= high:  # the usual case, quickly
        number = value if integer else float(value)
        return number, number
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    kind = "a whole number" if integer else "a number"
    if len(pair) != 2:
        raise ParameterError(f"{name}: expected {kind} or a pair (x, y), got {len(pair)} values")
    for number in pair:
        right = isinstance(number, numbers.Integral if integer else numbers.Real)
        if not right or isinstance(number, (bool, np.bool_)):
            raise KindError(f"{name}: expected {kind} or a pair (x, y), got {value!r}")
        if not (math.isfinite(number) and 0 <= number <= high):
            raise ParameterError(f"{name}: expected {kind} from 0 to {high:g}, got {number!r}")
    convert = int if integer else float
    return convert(pair[0]), convert(pair[1])


def check_size(size: Any, src: Array) -> tuple[int, int]:
    """Return width and height of a result with the channels of ``src``."""
    if type(size) is tuple and len(size) == 2 and type(size[0]) is int and type(size[1]) is int:
        width, height = size  # the usual case, quickly
        if 1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and width * height * MAX_CHANNELS <= MAX_SAMPLES:
            return width, height
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise KindError(f"size: expected (width, height), got {size!r}")
    if not all(map(is_whole, size)):
        raise KindError(f"size: expected whole numbers (width, height), got {size!r}")
    width, height = int(size[0]), int(size[1])
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ParameterError(f"size: expected 1 to {MAX_SIDE} pixels a side, got {size!r}")
    samples = width * height * math.prod(src.shape[2:])
    if samples > MAX_SAMPLES:
        raise ParameterError(f"size: expected at most {MAX_SAMPLES} samples in all, got {size!r} with {samples}")
    return width, height


def check_same(name: str, array: Array, other_name: str, other: Array) -> None:
    """Accept two arrays of one shape, dtype and kind."""
    if type(array) is np.ndarray is type(other) and array.dtype == other.dtype and array.shape == other.shape:
        return
    if is_gpu(array) != is_gpu(other):
        raise KindError(f"{name}: expected the same kind of array as {other_name}, got {type(array).__name__}")
    if array.dtype != other.dtype:
        raise DtypeError(f"{name}: expected dtype {other.dtype} as {other_name} has, got {array.dtype}; convert it")
    if array.shape != other.shape:
        raise ShapeError(f"{name}: expected shape {other.shape} as {other_name} has, got {array.shape}")


def check_unit(name: str, value: Any) -> float:
    """Return a number from 0 to 1."""
    if type(value) is float and 0 <= value <= 1:
        return value
    if not isinstance(value, numbers.Real) or isinstance(value, (bool, np.bool_)):
        raise KindError(f"{name}: expected a number, got {value!r}")
    if not 0 <= float(value) <= 1:
        raise ParameterError(f"{name}: expected a number from 0 to 1, got {value!r}")
    return float(value)


def check_numbers(name: str, value: Any, shape: tuple[int, ...], high: float = 1e6) -> Any:
    """Return a float64 array of this shape with numbers from ``-high`` to ``high``."""
    try:
        numbers_ = np.asarray(value)
    except ValueError:
        raise KindError(f"{name}: expected numbers of shape {shape}, got rows of several lengths") from None
    if numbers_.dtype.kind not in "iuf":
        raise KindError(f"{name}: expected numbers of shape {shape}, got {numbers_.dtype}")
    if numbers_.shape != shape:
        raise ShapeError(f"{name}: expected shape {shape}, got {numbers_.shape}")
    wide = numbers_.astype(np.float64)
    if not (abs(wide) <= high).all():
        raise ParameterError(f"{name}: expected finite numbers within {high:g} of 0, got {numbers_.tolist()}")
    return wide


def check_border(border: Any) -> Border:
    """Accept one of `BORDERS`."""
    if border not in BORDERS:
        raise ParameterError(f"border: expected one of {', '.join(BORDERS)}, got {border!r}")
    return border  # type: ignore[no-any-return]


def check_threads(threads: Any) -> int:
    """Return the number of threads; None stands for 1, this thread alone."""
    if threads is None:
        return 1
    if type(threads) is int and 1 <= threads <= 1024:
        return threads
    if not isinstance(threads, (int, np.integer)) or isinstance(threads, bool):
        raise KindError(f"threads: expected a whole number or None, got {threads!r}")
    if not 1 <= threads <= 1024:
        raise ParameterError(f"threads: expected 1 to 1024, got {threads}")
    return int(threads)
