"""Where the output pixels of a warp lie in the source, a segment of a row at a time.

Coordinates are float64, so that a pixel's place in the largest image is off by less than a thousandth of a step
of 16 bits. Those that are not numbers, or lie farther away than `FAR`, are moved there.
"""

from typing import Any

import numpy as np

from ._simd import jit

SEGMENT = 128  # pixels; a square of so many output pixels side by side keeps its source in the first-level cache
GROUP = 16  # pixels that are computed together
FAR = 1e9

AFFINE, PERSPECTIVE, MAPS = range(3)
INSIDE, OUTSIDE = np.uint8(1), np.uint8(2)
WEIGHT_BITS = 14


@jit
def find_points(mode: int, matrix: Any, map_x: Any, map_y: Any, left: int, y: int, count: int, points: Any) -> None:
    """Put the source coordinates of ``count`` pixels of row ``y`` from column ``left`` into ``points``."""
    xs, ys = points[0], points[1]
    if mode == AFFINE:
        ax, ay = matrix[0, 0], matrix[1, 0]
        bx, by = matrix[0, 1] * y + matrix[0, 2], matrix[1, 1] * y + matrix[1, 2]
        for i in range(SEGMENT):
            xs[i] = ax * (left + i) + bx
            ys[i] = ay * (left + i) + by
    elif mode == PERSPECTIVE:
        ax, ay, az = matrix[0, 0], matrix[1, 0], matrix[2, 0]
        bx, by = matrix[0, 1] * y + matrix[0, 2], matrix[1, 1] * y + matrix[1, 2]
        bz = matrix[2, 1] * y + matrix[2, 2]
        for i in range(SEGMENT):
            x = np.float64(left + i)
            depth = 1 / (az * x + bz)
            xs[i] = (ax * x + bx) * depth
            ys[i] = (ay * x + by) * depth
    else:
        row_x, row_y = map_x[y, left : left + count], map_y[y, left : left + count]
        for i in range(count):
            xs[i] = row_x[i]
            ys[i] = row_y[i]
        for i in range(count, SEGMENT):
            xs[i] = ys[i] = -FAR


@jit
def split(coordinates: Any, shift: float, starts: Any, fractions: Any) -> None:
    """Take coordinates, moved by ``shift``, apart into whole numbers and fractions."""
    for i in range(SEGMENT):
        place = coordinates[i]
        place = place if place > -FAR else -FAR  # NaN too
        place = (place if place < FAR else FAR) + shift
        floor = np.floor(place)
        starts[i] = np.int32(floor)
        fractions[i] = np.float32(place - floor)


@jit
def classify(starts: Any, taps: int, spare: int, width: int, height: int, flags: Any) -> None:
    """Tell of each pixel whether all of its taps lie in the image, or none does.

    ``spare`` is by how many pixels of a row loads reach beyond the last tap.
    """
    xs, ys = starts[0], starts[1]
    least = np.int32(1 - taps)
    last_x, last_y = np.int32(width - taps - spare), np.int32(height - taps)
    end_x, end_y = np.int32(width - 1), np.int32(height - 1)
    for i in range(SEGMENT):
        x, y = xs[i], ys[i]
        inside = (x >= 0) & (x <= last_x) & (y >= 0) & (y <= last_y)
        outside = (x < least) | (x > end_x) | (y < least) | (y > end_y)
        flags[i] = np.uint8(inside) * INSIDE + np.uint8(outside) * OUTSIDE


@jit
def locate(starts: Any, src: int, pitch: int, pixel: int, addresses: Any) -> None:
    """Compute the address of each first tap; it means nothing outside the image."""
    xs, ys = starts[0], starts[1]
    row, column = np.int64(np.int32(pitch)), np.int64(np.int32(pixel))
    for i in range(SEGMENT):
        addresses[i] = src + np.int64(ys[i]) * row + np.int64(xs[i]) * column


@jit
def linear_weights(fractions: Any, weights: Any) -> None:
    """Weights of two taps along x and of two along y."""
    for axis in range(2):
        part, first, second = fractions[axis], weights[2 * axis], weights[2 * axis + 1]
        for i in range(SEGMENT):
            second[i] = part[i]
            first[i] = np.float32(1) - part[i]


@jit
def packed_weights(fractions: Any, weights: Any) -> None:
    """Weights of two by two taps in fixed point whose sum is exactly one; those of a row lie in one int32."""
    one, half = np.int32(1 << WEIGHT_BITS), np.float32(0.5)
    for i in range(SEGMENT):
        x = np.int32(fractions[0, i] * np.float32(1 << WEIGHT_BITS) + half)
        y = np.int32(fractions[1, i] * np.float32(1 << WEIGHT_BITS) + half)
        both = np.int32((x * y + np.int32(1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS)
        weights[0, i] = np.int32((one - x - y + both) | ((x - both) << 16))
        weights[1, i] = np.int32((y - both) | (both << 16))


@jit
def cubic_weights(fractions: Any, weights: Any) -> None:
    """Weights of four taps along x and of four along y, by the Catmull-Rom spline."""
    half, one, steep = np.float32(0.5), np.float32(1), np.float32(1.5)
    for axis in range(2):
        part = fractions[axis]
        w0, w1, w2, w3 = weights[4 * axis], weights[4 * axis + 1], weights[4 * axis + 2], weights[4 * axis + 3]
        for i in range(SEGMENT):
            t = part[i]
            r = one - t
            w0[i] = -half * t * r * r
            w3[i] = -half * r * t * t
            w1[i] = r * (one + t * (one - steep * t))
            w2[i] = t * (one + r * (one - steep * r))
