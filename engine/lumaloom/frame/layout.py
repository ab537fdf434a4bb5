"""How the planes of a frame lie in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

# A plane: numpy.ndarray on the host, cupy.ndarray on a GPU. CuPy is optional, so its type can't be named here.
Array = Any

ALIGNMENT = 64


def place_planes(
    shapes: tuple[tuple[int, ...], ...], itemsize: int
) -> tuple[tuple[tuple[int, tuple[int, ...], int], ...], int]:
    """Return `(offset, shape, row pitch)` of every plane in one buffer, and its size, all in bytes."""
    places: list[tuple[int, tuple[int, ...], int]] = []
    offset = 0
    for shape in shapes:
        row = int(np.prod(shape[1:])) * itemsize
        pitch = -(-row // ALIGNMENT) * ALIGNMENT
        places.append((offset, shape, pitch))
        offset += pitch * shape[0]
    return tuple(places), offset


def plane_view(buffer: Array, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...], pitch: int) -> Array:
    """View part of a flat uint8 buffer as a pitched plane; NumPy and CuPy alike."""
    rows = buffer[offset : offset + shape[0] * pitch].reshape(shape[0], pitch).view(dtype)
    return rows[:, : int(np.prod(shape[1:]))].reshape(shape)


def address_of(plane: Array) -> int:
    """Return the address of the first sample, on the host or on the device."""
    return int(plane.ctypes.data if isinstance(plane, np.ndarray) else plane.data.ptr)


def tight_strides(plane: Array) -> tuple[int, ...]:
    """Return the strides within a row whose samples lie side by side."""
    return (plane.itemsize,) if plane.ndim == 2 else (plane.shape[2] * plane.itemsize, plane.itemsize)


def turned(plane: Array, degrees: int) -> Array:
    """View a plane turned counter-clockwise by a multiple of 90 degrees from 0 to 270."""
    if degrees == 90:
        return plane.swapaxes(0, 1)[::-1]
    if degrees == 270:
        return plane.swapaxes(0, 1)[:, ::-1]
    return plane[::-1, ::-1] if degrees == 180 else plane
