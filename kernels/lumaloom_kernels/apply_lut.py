"""Look-up tables: any function of a sample, the core of curves, gamma and tone mapping."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import (
    ArrayT,
    DtypeError,
    KindError,
    ParameterError,
    ShapeError,
    check_image,
    check_out,
    check_threads,
    is_gpu,
    no_cuda,
)

MAX_ENTRIES = 65536

CASES = ({"entries": 256}, {"entries": 256, "each": True}, {"entries": 33}, {"entries": 65536})


def apply_lut(src: ArrayT, table: ArrayT, *, out: ArrayT | None = None, threads: int | None = None) -> ArrayT:
    r"""Replace every sample by its entry of a table.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, uint8, uint16 or float32, with any strides.
        table: Array of the dtype of ``src``: shape (N,) for one table, or (N, C) for one of each channel, with
            N from 2 to 65536 entries; finite where it is float32. The first entry is that of 0 and the last
            that of the greatest value: 255, 65535 or 1.0.
        out: Takes the result: shape and dtype of ``src``, any strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number.

    Returns:
        ``out``, or a new array of the shape and dtype of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError). CuPy arrays: there is no CUDA variant yet.

    .. math:: p = (N - 1) \cdot src / top, \quad i = \min(\lfloor p \rfloor, N - 2), \quad
              out = t_i + (p - i) (t_{i + 1} - t_i)

    So 256 entries for uint8, and 65536 for uint16, are taken as they are. Whole numbers round half up and are
    exact. float32 samples below 0 and above 1 give the ends of the table; NaN stays NaN.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import apply_lut
        >>> negative = np.arange(255, -1, -1, dtype=np.uint8)
        >>> apply_lut(np.array([[0, 10, 255]], np.uint8), negative).tolist()
        [[255, 245, 0]]
    """
    check_image(src)
    if is_gpu(src):
        gpu()
    image: Any = src
    tables = _check_table(image, table)
    count = check_threads(threads)
    result = check_out(image, out)
    cpu(image, result, tables, count)
    return result  # type: ignore[no-any-return]


def reference(src: NDArray[Any], table: NDArray[Any]) -> NDArray[Any]:
    """Interpolate by the definition, in float64."""
    tables = _check_table(src, table)
    samples = src.reshape(*src.shape[:2], -1)
    channels = [_entry(samples[..., c], tables[c % len(tables)]) for c in range(samples.shape[2])]
    return round_to(np.stack(channels, axis=2), src.dtype).reshape(src.shape)


def cpu(src: NDArray[Any], out: NDArray[Any], tables: NDArray[Any], threads: int) -> None:
    """Look up on this machine's processor, in tables of shape (1 or C, N)."""
    from ._lut_cpu import look_images_up

    if src.dtype.kind == "u":
        values = np.arange(np.iinfo(src.dtype).max + 1, dtype=src.dtype)
        if tables.shape[1] != len(values):
            tables = np.stack([round_to(_entry(values, row), src.dtype) for row in tables])
    look_images_up(src, out, np.ascontiguousarray(tables), threads)


def gpu() -> None:
    """Refuse: there is no CUDA variant yet."""
    no_cuda("apply_lut")


def _entry(samples: NDArray[Any], table: NDArray[Any]) -> NDArray[np.float64]:
    top = 1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
    place = np.clip(samples.astype(np.float64) / top, 0, 1) * (len(table) - 1)
    lower = np.minimum(np.nan_to_num(place).astype(np.int64), len(table) - 2)
    entries = table.astype(np.float64)
    return np.asarray(entries[lower] + (place - lower) * (entries[lower + 1] - entries[lower]))


def _check_table(src: NDArray[Any], table: Any) -> NDArray[Any]:
    if not isinstance(table, np.ndarray):
        raise KindError(f"table: expected a NumPy array, got {type(table).__name__}")
    if table.dtype != src.dtype:
        raise DtypeError(f"table: expected dtype {src.dtype} as src has, got {table.dtype}; convert it")
    channels = src.shape[2] if src.ndim == 3 else 1
    if table.ndim not in (1, 2) or (table.ndim == 2 and table.shape[1] != channels):
        raise ShapeError(f"table: expected shape (N,) or (N, {channels}), got {table.shape}")
    if not 2 <= len(table) <= MAX_ENTRIES:
        raise ShapeError(f"table: expected 2 to {MAX_ENTRIES} entries, got {len(table)}")
    if not np.isfinite(table).all():
        raise ParameterError("table: expected finite entries, got NaN or infinity")
    return table.reshape(len(table), -1).T
