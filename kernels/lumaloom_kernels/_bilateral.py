"""The bilateral filter on rows kept in cache: every weight of a pair of pixels is worked out once and used twice.

Source rows are taken apart into planes, with their border, in a ring of as many rows as the window is high. The window
without its centre falls into pairs of offsets ``(dx, dy)`` and ``(-dx, -dy)``; the pixel at an offset and the one
that it counts from have the same weight for each other. So for every row the weights of one half of the window are
worked out, summed up, and kept, in a ring of ``radius + 1`` rows; the other half was worked out by rows above, or to
the left. Where that ring would outgrow the second-level cache, weights are worked out where they are used.

The arithmetic is fixed point for uint8 where its result is within a step of the exact one, else float32.
Addresses and pitches are in bytes; maps are those of `_fir`; families, shape and cells those of `_bilateral_simd`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _bilateral_fixed, _bilateral_real
from ._bilateral_curve import LANES, curve
from ._bilateral_rows import half_window, take_apart
from ._bilateral_simd import (
    RECORD,
    add_kept,
    add_once,
    add_weighing,
    in_order,
    load_numbers,
    load_planes,
    load_sums,
    means,
    no_sums,
    store_sums,
    where_finite,
)
from ._checks import Border
from ._lanes import has_fixed_point
from ._planes import load_pixels, store_pixels
from ._scratch import scratch
from ._separable import bordered
from ._simd import address_of, copy_bytes, jit, pixel_size
from ._stencil_run import prepared
from ._threads import run_bands

KEPT_BYTES = 400 << 10  # of weights
STRIP = 128  # pixels, where none are kept
MOST_ERROR = 0.98  # of fixed point, in steps, before rounding
MOST_TAPS = 126  # in half a window, whose sums of fixed point have 31 bits
NOTHING = -1000.0  # the binary logarithm of no weight
LINE = 64  # bytes
REAL = np.float32(0)


@jit
def bilateral(
    src: int, src_step: int, width: int, out: int, out_step: int, first: int, stop: int, strip: int, keeps: bool,
    rx: int, ry: int, xmap: Any, ymap: Any, across: Any, down: Any, spatial: Any, numbers: Any, own: Any, ring: Any,
    plane: int, kept: Any, kept_pitch: int, count: int, wide: int, sums: Any, rows: Any, kept_rows: Any, places: Any,
    lines: Any, kind: Any, read: Any, family: Any, shape: Any, cells: Any,
) -> None:  # fmt: skip
    """Filter rows ``first`` to ``stop``.

    ``across``, ``down`` and ``spatial`` have the taps of one half of the window, an even number. ``read`` is the
    family in which pixels are loaded that are stored in the planes.
    """
    size, item, channels = pixel_size(kind), ring.itemsize, len(shape)
    depth, high = 2 * ry + 1, ry + 1
    taps, row_items = across.size, channels * plane // item
    pairs, pair, weight = taps >> 1, address_of(places), address_of(spatial)
    curve = load_numbers(address_of(numbers), family, cells)
    margin = 2 * rx if keeps else rx
    begin = ry if keeps else 0  # rows before the first whose weights have to be there
    blocks = (strip + count - 1) // count
    sum_pitch = 4 * count * (wide + 1)
    begun, line = address_of(sums) + 4 * rx, address_of(lines)
    before = line + blocks * count * channels * size
    for s in range((width + strip - 1) // strip):
        x0 = min(s * strip, width - strip)
        for e in range(first, stop + 2 * ry):
            at = e % depth * row_items
            if ymap[e] < 0:
                ring[at : at + row_items] = 0
            else:
                row = src + ymap[e] * src_step
                take_apart(ring, at, plane, row, x0, strip + 2 * margin, xmap, margin, width, kind, read, shape)
            y = e - 2 * ry
            if y < first - begin:
                continue
            for j in range(depth):
                rows[j] = address_of(ring) + (y + j) % depth * channels * plane + margin * item
            for j in range(high):  # of the row and those above it
                kept_rows[j] = address_of(kept) + (y + ry - j) % high * taps * kept_pitch + rx * item
            for k in range(taps):
                place, turn, skip = places[k >> 1], k & 1, across[k] * item
                place[turn] = rows[ry + down[k]] + skip
                place[2 + turn] = kept_rows[0] + k * kept_pitch
                place[4 + turn] = rows[ry - down[k]] - skip
                place[6 + turn] = kept_rows[down[k]] + k * kept_pitch - skip
            centre = rows[ry]
            if keeps:
                for i in range(wide):
                    x = (i * count - rx) * item
                    middle = load_planes(centre + x, plane, family, shape)
                    group = no_sums(family, shape)
                    for k in range(pairs):
                        record, place = pair + 2 * RECORD * k, weight + 2 * item * k
                        group = add_weighing(group, middle, record, x, place, curve, plane, kind)
                    store_sums(begun + (i * count - rx) * 4, in_order(group), sum_pitch)
                if y < first:
                    continue
            if size == 4:
                copy_bytes(before, src + ymap[y + ry] * src_step + x0 * channels * size, strip * channels * size)
            for i in range(blocks):
                x = i * count * item
                middle = load_planes(centre + x, plane, family, shape)
                group = other = no_sums(family, shape)
                if keeps:
                    for k in range(pairs):
                        group = add_kept(group, pair + 2 * RECORD * k + RECORD, x, plane)
                    other = load_sums(begun + i * count * 4, sum_pitch, family, shape)
                else:
                    for k in range(2 * pairs):
                        place = weight + 2 * item * (k >> 1)
                        group = add_once(group, middle, pair + RECORD * k, x, place, curve, plane, kind)
                values = means(in_order(group), other, middle, own)
                skip = i * count * channels * size
                if size == 4:
                    values = where_finite(values, load_pixels(before + skip, kind, REAL, shape))
                store_pixels(line + skip, values, kind)
            copy_bytes(out + y * out_step + x0 * channels * size, line, strip * channels * size)


def run(
    src: NDArray[Any], out: NDArray[Any], radius: tuple[int, int], sigma_color: float,
    sigma_space: tuple[float, float], border: Border, threads: int,
) -> None:  # fmt: skip
    """Filter an image."""
    source, target, result = prepared(src, out)
    rx, ry = radius
    width, channels, kind = source.width, source.channels, source.kind
    across, down, exponents = half_window(rx, ry, *sigma_space)
    read: Any
    family: Any
    own: Any
    read, family, own, count = REAL, REAL, np.float32(1), _bilateral_real.COUNT
    spatial: NDArray[Any] = exponents.astype(np.float32)
    numbers: NDArray[Any] = np.full(LANES, -math.log2(math.e) / (2 * sigma_color * sigma_color), np.float32)
    if kind.dtype == np.uint8 and len(across) <= MOST_TAPS and has_fixed_point():
        fixed = curve(sigma_color, channels, np.exp2(exponents).tobytes(), _bilateral_fixed.has_tables())
        if fixed.error <= MOST_ERROR:
            read, family, own, count = kind, np.int16(0), np.int32(fixed.own), _bilateral_fixed.COUNT
            spatial, numbers = fixed.spatial, fixed.numbers
    if len(across) % 2:  # a last tap without weight
        across, down = np.append(across, across[0]), np.append(down, down[0])
        spatial = np.append(spatial, spatial.dtype.type(NOTHING if spatial.dtype.kind == "f" else 0))
    taps, item = len(across), spatial.itemsize
    vector = count * item
    most = KEPT_BYTES // (vector * taps * (ry + 1)) * count - 2 * rx
    keeps = most > 7 * rx  # else too many weights are worked out beside the strip
    strips = -(-width // (most if keeps else STRIP))
    strip = -(-width // strips)
    margin = 2 * rx if keeps else rx
    wide = -(-(max(strip, count) + 2 * rx) // count)
    kept_pitch = LINE * (-(-vector * wide // LINE) | 1)  # an odd number of cache lines: places in the cache differ
    plane = (vector * (wide + 1) + 2 * margin * item) // LINE * LINE + LINE
    line = (wide + 1) * count * channels * kind.itemsize
    xmap = bordered(-margin, width + margin, width, border)
    ymap = bordered(-ry, source.height + ry, source.height, border)
    shape, cells = (np.int8(0),) * channels, (np.int8(0),) * (len(numbers) // LANES)

    def band(first: int, stop: int) -> None:
        ring = scratch("ring", (2 * ry + 1) * channels * plane // item, spatial.dtype)
        kept = scratch("kept", (taps * (ry + 1) + 1) * kept_pitch if keeps else 1, np.uint8)
        sums = scratch("sums", (channels + 1) * count * (wide + 2), np.float32)
        rows = scratch("rows", 3 * ry + 2, np.int64)
        places = scratch("places", 4 * taps, np.int64).reshape(-1, 8)
        lines = scratch("lines", 2 * line, np.uint8)
        bilateral(
            source.at, source.step, width, target.at, target.step, first, stop, strip, keeps, rx, ry, xmap.index,
            ymap.index, across, down, spatial, numbers, own, ring, plane, kept, kept_pitch, count, wide, sums, rows,
            rows[2 * ry + 1 :], places, lines, kind, read, family, shape, cells,
        )  # fmt: skip

    run_bands(band, source.height, threads)
    if result is not out:
        out[...] = result
