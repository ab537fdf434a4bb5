"""What erosion, dilation and what is made of them share: their arguments, their definition, their steps."""

from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._borders import extend
from ._checks import Array, Border, ParameterError, check_border, check_image, check_out, check_pair, check_threads
from ._later import Later
from ._threads import run_bands

_plain = Later("_plain")
_scratch = Later("_scratch")
_shapes = Later("_shapes")
_small_min = Later("_small_min")
_streams = Later("_streams")
_window_min = Later("_window_min")

MAX_SIZE = 8193
MAX_CURVED = 501  # of ellipses and crosses
PART_BYTES = 2 << 20  # what lies between two steps stays in the caches
MOST_REACHES = 16  # a part is so many times as high as the rows around it that its first step does again

Shape: TypeAlias = Literal["rectangle", "ellipse", "cross"]
Operation: TypeAlias = Literal["erode", "dilate", "open", "close", "gradient"]
SHAPES = ("rectangle", "ellipse", "cross")

SIZES: tuple[dict[str, Any], ...] = (
    {"size": 3},
    {"size": 5},
    {"size": 9},
    {"size": 31},
    {"size": 101},
    {"size": (1, 8)},
    {"size": 3, "shape": "cross"},
    {"size": 31, "shape": "cross"},
    {"size": 5, "shape": "ellipse"},
    {"size": 9, "shape": "ellipse"},
    {"size": 31, "shape": "ellipse"},
)


def prepared(
    src: Any, size: Any, shape: Any, border: Any, out: Any, threads: Any
) -> tuple[Array, tuple[int, int], Shape, Border, int]:
    """Check the arguments; return the output, the size as a pair, shape, border and the number of threads."""
    plain = _plain.seen(src, out)[0] >= 0
    if not plain:
        check_image(src)
    pair = check_size(size)
    check_shape(shape, pair)
    return out if plain else check_out(src, out), pair, shape, check_border(border), check_threads(threads)


def check_shape(shape: Any, size: tuple[int, int]) -> None:
    """Accept one of `SHAPES` in a size that it has."""
    if shape not in SHAPES:
        raise ParameterError(f"shape: expected one of {', '.join(SHAPES)}, got {shape!r}")
    if shape != "rectangle" and not all(side % 2 and side <= MAX_CURVED for side in size):
        raise ParameterError(f"size: expected odd sides up to {MAX_CURVED} for the shape {shape!r}, got {size}")


@lru_cache(64)
def reaches(size: tuple[int, int], shape: Shape) -> NDArray[np.int64]:
    """Return how far each row of an ellipse or a cross reaches to either side, from the middle row outwards."""
    rx, ry = size[0] // 2, size[1] // 2
    rows = np.arange(ry + 1)
    if shape == "cross":
        return np.array([rx, *[0] * ry], np.int64)
    found: NDArray[np.float64] = np.rint(rx * np.sqrt(1 - (rows / max(ry, 1)) ** 2))
    return found.astype(np.int64)


def check_size(size: Any) -> tuple[int, int]:
    """Return the width and height of a rectangle."""
    pair: tuple[int, int] = check_pair("size", size, high=MAX_SIZE, integer=True)
    if 0 in pair:
        raise ParameterError(f"size: expected a whole number from 1 to {MAX_SIZE}, got {size!r}")
    return pair


def keys(image: NDArray[Any]) -> NDArray[np.int64]:
    """Return whole numbers in the order of the pixels; for float32 the total order of IEEE 754."""
    if image.dtype.kind != "f":
        return image.astype(np.int64)
    bits = np.ascontiguousarray(image).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF) - 1, bits)


def pixels(ordered: NDArray[np.int64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the pixels that have these keys."""
    if dtype.kind != "f":
        return ordered.astype(dtype)
    bits = np.where(ordered < 0, -(ordered + 1) | 0x80000000, ordered)
    return bits.astype(np.uint32).view(np.float32)


def reference_extreme(
    src: NDArray[Any], size: Any, border: Border, *, greatest: bool, shape: Shape = "rectangle"
) -> NDArray[Any]:
    """Return the least or the greatest pixel of each rectangle, ellipse or cross, by the definition."""
    choose = np.maximum if greatest else np.minimum
    pair = check_size(size)
    check_shape(shape, pair)
    if shape != "rectangle":
        return _reference_shape(src, reaches(pair, shape), border, choose)
    image = src
    for axis, length in ((0, pair[1]), (1, pair[0])):
        reach = length // 2
        ordered = keys(extend(image, reach * (axis == 1), reach * (axis == 0), border))
        count = src.shape[axis]
        start = 2 * reach + 1 - length if greatest else 0  # a greatest is sought in the mirrored rectangle
        found = np.take(ordered, range(start, start + count), axis)
        for k in range(start + 1, start + length):
            found = choose(found, np.take(ordered, range(k, k + count), axis))
        image = pixels(found, src.dtype)
    return image


def _reference_shape(src: NDArray[Any], reach: NDArray[np.int64], border: Border, choose: Any) -> NDArray[Any]:
    rx, ry = int(reach.max()), len(reach) - 1
    ordered = keys(extend(src, rx, ry, border))
    height, width = src.shape[:2]
    found = keys(src)
    for j in range(-ry, ry + 1):
        for i in range(-reach[abs(j)], reach[abs(j)] + 1):
            found = choose(found, ordered[ry + j : ry + j + height, rx + i : rx + i + width])
    return pixels(found, src.dtype)


def compute(
    operation: Operation, src: NDArray[Any], out: NDArray[Any], size: tuple[int, int], shape: Shape, border: Border,
    threads: int,
) -> None:  # fmt: skip
    """Write an operation's result."""
    if _small_min.run(operation, src, out, size, shape, border, threads):
        return
    past = out.nbytes >= _streams.LARGE
    height, reach = src.shape[0], min(size[1] // 2, src.shape[0])
    how = size, shape, border
    if operation in ("erode", "dilate"):
        extreme(src, out, *how, threads, greatest=operation == "dilate", rows=(0, height), past=past)
        return
    greatest = operation == "close"
    margin = reach if operation == "gradient" else 2 * reach  # rows that those of a result depend on

    def part(begin: int, end: int) -> None:
        low, high = max(0, begin - margin), min(height, end + margin)
        source, target, rows = src[low:high], out[low:high], (begin - low, end - low)
        step = between(source)
        if operation == "gradient":
            extreme(source, step, *how, 1, greatest=False, rows=rows)
            extreme(source, target, *how, 1, greatest=True, rows=rows)
            np.subtract(out[begin:end], step[slice(*rows)], out=out[begin:end])
            return
        around = max(0, begin - reach) - low, min(height, end + reach) - low
        extreme(source, step, *how, 1, greatest=greatest, rows=around)
        extreme(step, target, *how, 1, greatest=not greatest, rows=rows, past=past)

    most = max(PART_BYTES * height // src.nbytes, MOST_REACHES * reach, 1)

    def band(first: int, stop: int) -> None:
        for begin in range(first, stop, most):
            part(begin, min(begin + most, stop))

    run_bands(band, height, threads)


def extreme(
    src: NDArray[Any], out: NDArray[Any], size: tuple[int, int], shape: Shape, border: Border, threads: int, *,
    greatest: bool, rows: tuple[int, int], past: bool = False,
) -> None:  # fmt: skip
    """Write some rows of the least or the greatest pixel of each rectangle, ellipse or cross."""
    if shape != "rectangle" and 1 not in size:  # of one row or column, they are rectangles
        _shapes.run(src, out, reaches(size, shape), border, threads, greatest=greatest, rows=rows)
        return
    before = size[0] // 2, size[1] // 2
    after = (size[0] - 1) // 2, (size[1] - 1) // 2
    if greatest:
        before, after = after, before
    _window_min.run(src, out, before, after, border, threads, greatest=greatest, rows=rows, past=past)


def between(src: NDArray[Any]) -> NDArray[Any]:
    """Return memory of this thread for an image between two steps."""
    return _scratch.scratch("between", src.size, src.dtype).reshape(src.shape)  # type: ignore[no-any-return]
