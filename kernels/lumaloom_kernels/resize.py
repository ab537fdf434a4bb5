"""Resize: an image, or a region of it, in another size."""

import difflib
import math
import numbers
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._borders import round_to
from ._checks import (
    Array,
    ArrayT,
    KindError,
    ParameterError,
    check_image,
    check_result,
    check_size,
    check_threads,
    is_gpu,
)
from ._resize_table import FILTERS, Box, Filter, axis_table, dense_weights
from ._threads import run_bands

MAX_OVERHANG = 1.0

CASES = (
    {"size": (1280, 720), "filter": "nearest"},
    {"size": (1280, 720), "filter": "bilinear"},
    {"size": (1280, 720), "filter": "bicubic"},
    {"size": (1280, 720), "filter": "lanczos"},
    {"size": (1280, 720), "filter": "area"},
    {"size": (960, 540), "filter": "area"},
    {"size": (640, 360), "filter": "bicubic"},
    {"size": (2560, 1440), "filter": "bilinear"},
    {"size": (2560, 1440), "filter": "bicubic"},
)


def resize(
    src: ArrayT,
    size: tuple[int, int],
    filter: Filter = "bicubic",  # noqa: A002
    *,
    box: Box | None = None,
    out: ArrayT | None = None,
    threads: int | None = None,
) -> ArrayT:
    r"""Resize an image, or a region of it.

    Args:
        src: Array of shape (H, W) or (H, W, C) with C from 1 to 4, NumPy or CuPy, uint8, uint16 or float32,
            with any strides. It is never written. Rows whose pixels do not lie side by side in memory are
            copied first.
        size: Width and height of the result, each from 1 to 2**20, at most 2**31 samples in all.
        filter: How source pixels are weighed: ``"nearest"`` takes one; ``"bilinear"`` is a triangle of radius 1,
            ``"bicubic"`` the Catmull-Rom spline of radius 2 [1], ``"lanczos"`` a windowed sinc of radius 3 [2];
            ``"area"`` weighs by the area that pixels share with the output pixel.
        box: The region (x0, y0, x1, y1) of the source that fills the result, in pixels, of which pixel j covers
            j to j + 1; None is the whole. Fractions shift by parts of a pixel. It may stick out by up to one
            pixel, as the chroma planes of a shifted grid need; centres beyond the edge count as on it.
        out: Takes the result: shape (height, width) or (height, width, C), dtype and kind of ``src``, any
            strides, memory apart from ``src``.
        threads: How many threads share the rows; None or 1 is the calling thread alone. The result is the
            same to the bit for any number. CuPy arrays ignore it.

    Returns:
        ``out``, or a new array of that shape, of the dtype and kind of ``src``.

    Raises:
        KernelError: For an array or parameter outside what is listed here (a ValueError; for a wrong dtype
            or type also a TypeError).

    Each axis goes by itself. With the scale :math:`s = (x_1 - x_0) / width`,

    .. math:: out(i) = \frac{\sum_j f\bigl((j + 1/2 - c_i) / \max(s, 1)\bigr)\, src(j)}
                            {\sum_j f\bigl((j + 1/2 - c_i) / \max(s, 1)\bigr)},
              \quad c_i = x_0 + (i + 1/2)\, s

    over the pixels j that the source has: a filter widens by the scale where it shrinks the image, so that
    nothing aliases (as in Pillow), and pixels outside the source are left out, while those around the box
    count. ``nearest`` is :math:`src(\lfloor c_i \rfloor)`.

    Integers round half up and saturate; they are within 1 step of the exact result. ``bicubic`` and
    ``lanczos`` overshoot at edges, and float32 results are not clipped. A float32 pixel that is not finite
    makes at least the output pixels that weigh it not finite, at most those within the filter's reach and
    one pixel more.

    [1] R. Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on
    Acoustics, Speech, and Signal Processing 29(6), 1981. [2] K. Turkowski, "Filters for common resampling
    tasks", Graphics Gems I, 1990.

    Example:
        >>> import numpy as np
        >>> from lumaloom_kernels import resize
        >>> resize(np.array([[0, 100]], np.uint8), (4, 1), "bilinear").tolist()
        [[0, 25, 75, 100]]
        >>> resize(np.arange(16, dtype=np.float32).reshape(4, 4), (2, 2), "area").tolist()
        [[2.5, 4.5], [10.5, 12.5]]
    """
    check_image(src)
    image: Array = src
    width, height = check_size(size, image)
    _check_filter(filter)
    region = _check_box(box, image)
    count = check_threads(threads)
    result = check_result(image, (height, width, *image.shape[2:]), image.dtype, out)
    if region[2:] == (region[0] + width, region[1] + height) and _inside(region, image):
        x, y = int(region[0]), int(region[1])
        result[...] = image[y : y + height, x : x + width]
    elif is_gpu(image):
        gpu(image, result, filter, region)
    else:
        cpu(image, result, filter, region, count)
    return result  # type: ignore[no-any-return]


def reference(
    src: NDArray[Any],
    size: tuple[int, int],
    filter: Filter = "bicubic",  # noqa: A002
    *,
    box: Box | None = None,
) -> NDArray[Any]:
    """Resize by the definition: a float64 matrix for either axis."""
    height, width = src.shape[:2]
    x0, y0, x1, y1 = box or (0, 0, width, height)
    rows = dense_weights(height, size[1], filter, (y0, y1))
    columns = dense_weights(width, size[0], filter, (x0, x1))
    image = np.tensordot(rows, src.astype(np.float64), (1, 0))
    image = np.moveaxis(np.tensordot(columns, image, (1, 1)), 0, 1)
    return round_to(image, src.dtype)


def cpu(src: NDArray[Any], out: NDArray[Any], method: str, box: Box, threads: int) -> None:
    """Resize on this machine's processor."""
    channels = math.prod(src.shape[2:])
    samples = math.prod(out.shape[1:])
    if method == "nearest":
        from ._nearest import nearest_rows

        source, made = _rows_of(src), _rows_of(out, samples)
        run_bands(lambda first, stop: nearest_rows(source, made, channels, box, first, stop), len(out), threads)
    elif method == "area" and _is_half(src, out, box):
        from ._halve import halve_rows

        source = _rows_of(src[int(box[1]) :, int(box[0]) : int(box[2])])
        made = _rows_of(out, samples)
        run_bands(lambda first, stop: halve_rows(source, made, channels, first, stop), len(out), threads)
    else:
        from . import _resize_cpu, _resize_shuffled
        from ._resize_plan import make_plan

        shape = (src.shape[0], src.shape[1], channels)
        plan = make_plan(shape, (out.shape[1], out.shape[0]), method, box, src.dtype.name)
        source, made = _rows_of(src), _rows_of(out, plan.out_width)
        if source.shape[1] < plan.in_width:
            source = np.pad(source, ((0, 0), (0, plan.in_width - source.shape[1])))
        resize_rows = (_resize_shuffled if plan.shuffled else _resize_cpu).resize_rows
        run_bands(lambda first, stop: resize_rows(source, made, plan, channels, first, stop), len(out), threads)
    if not np.may_share_memory(made, out):
        out[...] = made[:, :samples].reshape(out.shape)


def gpu(src: Array, out: Array, method: str, box: Box) -> None:
    """Resize on the device that holds the arrays."""
    import_module("._cuda", __package__).resize(src, out, method, box, axis_table)


def _rows_of(image: NDArray[Any], width: int | None = None) -> NDArray[Any]:
    """Return the image as rows of samples.

    They are a copy where pixels do not lie side by side, and new rows where ``width`` samples are asked
    for and the image's differ.
    """
    samples = math.prod(image.shape[1:])
    packed = bool(image[:1].flags.c_contiguous)
    if width is not None and not (packed and width == samples):
        return np.empty((len(image), width), image.dtype)
    return (image if packed else np.ascontiguousarray(image)).reshape(len(image), samples)


def _check_filter(name: Any) -> None:
    if name not in FILTERS:
        near = difflib.get_close_matches(str(name), FILTERS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ParameterError(f"filter: expected one of {', '.join(FILTERS)}, got {name!r}{hint}")


def _check_box(box: Any, src: Array) -> Box:
    height, width = src.shape[:2]
    if box is None:
        return 0.0, 0.0, float(width), float(height)
    if not isinstance(box, (tuple, list)) or len(box) != 4:
        raise KindError(f"box: expected (x0, y0, x1, y1), got {box!r}")
    if not all(isinstance(edge, numbers.Real) and not isinstance(edge, bool) for edge in box):
        raise KindError(f"box: expected four numbers (x0, y0, x1, y1), got {box!r}")
    x0, y0, x1, y1 = map(float, box)
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        raise ParameterError(f"box: expected finite numbers, got {box!r}")
    if x0 >= x1 or y0 >= y1:
        raise ParameterError(f"box: expected x0 < x1 and y0 < y1, got {box!r}")
    if min(x0, y0) < -MAX_OVERHANG or x1 > width + MAX_OVERHANG or y1 > height + MAX_OVERHANG:
        raise ParameterError(f"box: expected a region of the {width}x{height} image, at most 1 beyond, got {box!r}")
    return x0, y0, x1, y1


def _is_half(src: NDArray[Any], out: NDArray[Any], box: Box) -> bool:
    sides = (box[2] - box[0], box[3] - box[1])
    return sides == (2 * out.shape[1], 2 * out.shape[0]) and _inside(box, src)


def _inside(box: Box, src: Array) -> bool:
    whole = all(edge.is_integer() for edge in box)
    return whole and min(box[:2]) >= 0 and box[2] <= src.shape[1] and box[3] <= src.shape[0]
