"""Error diffusion pixel by pixel; the entries near a cell of colours are found when it is first asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._simd import jit

# Stands for a cell whose entries are not known yet: it would be an entry twice.
UNKNOWN = 0xFFFF


@jit
def _nearest_two(entries: Any, r: Any, g: Any, b: Any) -> Any:
    """Return the two entries with the least distances in one word, the nearer in the low byte.

    An entry and its distance share a word, so that a minimum finds both.
    """
    reds, greens, blues = entries[0], entries[1], entries[2]
    best = second = np.int32(2**31 - 1)
    for k in range(len(reds)):
        x, y, z = np.int32(reds[k] - r), np.int32(greens[k] - g), np.int32(blues[k] - b)
        best = min(best, np.int32(np.int32(np.int32(x * x + y * y + z * z) << np.int32(8)) | np.int32(k)))
    for k in range(len(reds)):
        x, y, z = np.int32(reds[k] - r), np.int32(greens[k] - g), np.int32(blues[k] - b)
        word = np.int32(np.int32(np.int32(x * x + y * y + z * z) << np.int32(8)) | np.int32(k))
        second = min(second, word if word > best else np.int32(2**31 - 1))
    other = second if len(reds) > 1 else best
    return (best & 255) | ((other & 255) << 8)


@jit
def diffuse_row(src: Any, entries: Any, colours: Any, cells: Any, here: Any, below: Any, out: Any, hole: Any) -> None:
    """Fill a row.

    Args:
        src: (W, C) uint8.
        entries: (3, N) int32, the palette by channel.
        colours: (256, 3) int32, the palette by entry.
        cells: uint16 of every cell, its two entries or UNKNOWN; 4 by 4 by 4 neighbours are side by side, since the
            next pixel mostly asks for one of them.
        here: (W + 1, 3) int32, sixteenths of the errors that came from above; the first is no pixel's.
        below: takes those for the next row.
        out: (W,) uint8.
        hole: entry of what is see-through; below 0 for none.
    """
    two, three, high = np.int32(2), np.int32(3), np.int32(252)
    low, top, eight, four = np.int32(0), np.int32(255), np.int32(8), np.int32(4)
    # The error of the pixel before, and what has come so far for the pixel below it.
    r, g, b = low, low, low
    r_under, g_under, b_under = low, low, low
    for x in range(np.uint64(len(out))):
        to = x + np.uint64(1)
        red = np.int32(src[x, 0]) + ((here[to, 0] + np.int32(7 * r) + eight) >> four)
        green = np.int32(src[x, 1]) + ((here[to, 1] + np.int32(7 * g) + eight) >> four)
        blue = np.int32(src[x, 2]) + ((here[to, 2] + np.int32(7 * b) + eight) >> four)
        red, green, blue = min(max(red, low), top), min(max(green, low), top), min(max(blue, low), top)
        last_r, last_g, last_b = r, g, b
        if hole >= 0 and src[x, 3] < 128:
            out[x] = hole
            r = g = b = low
        else:
            i, j, k = red >> four, green >> four, blue >> four
            block = np.int32((((i << 4) | j) << 4) | k)
            i, j, k = (red >> two) & three, (green >> two) & three, (blue >> two) & three
            cell = np.uint64(np.int32((((((block << 2) | i) << 2) | j) << 2) | k))
            pair = cells[cell]
            if pair == UNKNOWN:
                pair = np.uint16(_nearest_two(entries, red & high | two, green & high | two, blue & high | two))
                cells[cell] = pair
            near, other = np.uint64(pair & 255), np.uint64(pair >> 8)
            r, g, b = red - colours[near, 0], green - colours[near, 1], blue - colours[near, 2]
            r2, g2, b2 = red - colours[other, 0], green - colours[other, 1], blue - colours[other, 2]
            if r2 * r2 + g2 * g2 + b2 * b2 < r * r + g * g + b * b:
                near, r, g, b = other, r2, g2, b2
            out[x] = near
        below[x, 0] = r_under + np.int32(3 * r)
        below[x, 1] = g_under + np.int32(3 * g)
        below[x, 2] = b_under + np.int32(3 * b)
        r_under = np.int32(last_r + 5 * r)
        g_under = np.int32(last_g + 5 * g)
        b_under = np.int32(last_b + 5 * b)
    below[len(out), 0], below[len(out), 1], below[len(out), 2] = r_under, g_under, b_under


@jit
def diffuse_rows(src: Any, entries: Any, colours: Any, cells: Any, sums: Any, out: Any, hole: Any) -> None:
    """Fill all rows of ``out``; ``sums`` of shape (2, W + 1, 3) begins with zeros."""
    for y in range(src.shape[0]):
        diffuse_row(src[y], entries, colours, cells, sums[y & 1], sums[1 - (y & 1)], out[y], hole)


def diffused(src: NDArray[Any], palette: NDArray[Any], out: NDArray[Any], hole: int) -> None:
    """Fill ``out`` with the entries; a hole of -1 is none."""
    image = np.ascontiguousarray(src)
    colours = np.zeros((256, 3), np.int32)
    colours[: len(palette)] = palette
    entries = np.ascontiguousarray(palette.T.astype(np.int32))
    cells = np.full(1 << 18, UNKNOWN, np.uint16)
    sums = np.zeros((2, image.shape[1] + 1, 3), np.int32)
    diffuse_rows(image, entries, colours, cells, sums, out, np.int64(hole))
