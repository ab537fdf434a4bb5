"""Images as rows for kernels that look at each pixel by itself.

Such a kernel is a compiled function ``lines(addresses, pitches, first, stop, count, ...)``: it works on rows
``first`` to ``stop`` of ``count`` pixels, whose last vector overlaps the one before, so a row must have at
least one vector of pixels. Rows that are shorter, or that do not lie packed in memory, are copied.
"""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._threads import run_bands

LEAST = 64  # pixels in a row
NO_PITCHES = 0, 0, 0  # of two sources and a result that are one row
ONE_ROW = 1 << 15  # contiguous images of fewer pixels go as one row

Addresses: TypeAlias = tuple[int, ...]
Work: TypeAlias = Callable[[Addresses, Addresses, int, int, int], None]


_AT = object.__basicsize__  # NumPy's C interface has the address of the elements right behind an object's header
_WORD = ctypes.sizeof(ctypes.c_size_t)
_memory = (ctypes.c_size_t * (1 << 56)).from_address(0)  # all of the process's: an index makes no object a call


def address(array: NDArray[Any]) -> int:
    """Return the address of the first element, a microsecond sooner than ``array.ctypes.data``."""
    return _memory[(id(array) + _AT) // _WORD]


_PROBE = np.arange(9)[3:]
if address(_PROBE) != _PROBE.ctypes.data:  # an interpreter with objects of another form

    def address(array: NDArray[Any]) -> int:
        """Return the address of the first element."""
        return array.ctypes.data


def packed(image: NDArray[Any]) -> bool:
    """Tell whether the pixels of each row lie side by side."""
    return bool(image[:1].flags.c_contiguous)


def contiguous(images: Sequence[NDArray[Any]]) -> bool:
    """Tell whether all images lie in memory without gaps."""
    return all(image.flags.c_contiguous for image in images)


def run_lines(work: Work, sources: Sequence[NDArray[Any]], outs: Sequence[NDArray[Any]], threads: int) -> None:
    """Call ``work(addresses, pitches, first, stop, count)`` on bands of the rows of images of one size.

    Addresses and pitches, in bytes, are those of the sources and then those of the outs.
    """
    height, width = sources[0].shape[:2]
    images, pixels = (*sources, *outs), height * width
    if pixels >= LEAST and contiguous(images):  # the usual case, quickly
        addresses = tuple([address(image) for image in images])
        if width < LEAST or pixels < ONE_ROW:
            work(addresses, (0,) * len(images), 0, 1, pixels)
            return
        pitches = tuple([image.strides[0] for image in images])
        run_bands(lambda first, stop: work(addresses, pitches, first, stop, width), height, threads)
        return
    if width < LEAST:
        count = max(pixels, LEAST)
        rows = [_one_row(source, count) for source in sources]
        results = [np.empty((1, count, *out.shape[2:]), out.dtype) for out in outs]
    else:
        count = width
        rows = [source if packed(source) else np.ascontiguousarray(source) for source in sources]
        results = [out if packed(out) else np.empty(out.shape, out.dtype) for out in outs]
    lines = (*rows, *results)
    addresses = tuple([address(line) for line in lines])
    pitches = tuple([line.strides[0] for line in lines])
    run_bands(lambda first, stop: work(addresses, pitches, first, stop, count), len(lines[0]), threads)
    for out, result in zip(outs, results, strict=True):
        if result is not out:
            out[...] = result.reshape(-1, *out.shape[2:])[:pixels].reshape(out.shape)


def run_rows(work: Work, source: NDArray[Any], out: NDArray[Any], threads: int) -> None:
    """Call ``work`` as `run_lines` does, for kernels that must know which row and place they are at.

    Rows are never joined, ``count`` is in samples, and at least `LEAST`: shorter rows are copied, padded with zeros.
    """
    height, count = source.shape[0], source[0].size

    def as_rows(image: NDArray[Any], filled: bool) -> NDArray[Any]:
        if packed(image) and count >= LEAST:
            return image
        rows = np.zeros((height, max(count, LEAST)), image.dtype)
        if filled:
            rows[:, :count] = image.reshape(height, -1)
        return rows

    lines = as_rows(source, True), as_rows(out, False)
    addresses = lines[0].ctypes.data, lines[1].ctypes.data
    pitches = lines[0].strides[0], lines[1].strides[0]
    run_bands(lambda first, stop: work(addresses, pitches, first, stop, max(count, LEAST)), height, threads)
    if lines[1] is not out:
        out[...] = lines[1][:, :count].reshape(out.shape)


def _one_row(image: NDArray[Any], count: int) -> NDArray[Any]:
    pixels = image.shape[0] * image.shape[1]
    flat = np.ascontiguousarray(image).reshape(1, pixels, *image.shape[2:])
    if pixels == count:
        return flat
    row = np.zeros((1, count, *image.shape[2:]), image.dtype)
    row[:, :pixels] = flat
    return row
