"""The bilateral filter of uint8 pixels in fixed point, where its result is within a step of the exact one.

It keeps weights as `_bilateral` does. A row of them is worked out together with the sums of the half of the window
that they are for; the other half is added to these sums where the weights come round again.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._bilateral_curve import Curve
from ._bilateral_fixed_simd import (
    COUNT,
    add_kept,
    add_weighing,
    in_order,
    load_numbers,
    load_sums,
    load_words,
    no_sums,
    rounded_means,
    store_sums,
)
from ._bilateral_rows import take_apart
from ._checks import Border
from ._packed import Image
from ._planes import store_pixels
from ._scratch import scratch
from ._separable import bordered
from ._simd import address_of, copy_bytes, jit
from ._threads import run_bands

MOST_ERROR = 0.98  # in steps, before rounding
MOST_TAPS = 126  # in half a window: its sums have 31 bits
WEIGHT_BYTES = 160 << 10  # of kept weights
PIXEL = np.uint8(0)


@jit
def bilateral_fixed(
    src: int, src_step: int, width: int, out: int, out_step: int, first: int, stop: int, strip: int, rx: int, ry: int,
    xmap: Any, ymap: Any, across: Any, down: Any, spatial: Any, numbers: Any, own: Any, ring: Any, plane: int,
    kept: Any, kept_pitch: int, wide: int, sums: Any, rows: Any, places: Any, line: Any, shape: Any, cells: Any,
) -> None:  # fmt: skip
    """Filter rows ``first`` to ``stop``; ``across``, ``down`` and ``spatial`` have an even number of taps."""
    channels, taps = len(shape), across.size
    pairs, pair, weight = taps >> 1, address_of(places), address_of(spatial)
    depth, high = 2 * ry + 1, ry + 1
    words = channels * plane >> 1
    curve = load_numbers(address_of(numbers), cells)
    blocks = (strip + COUNT - 1) // COUNT
    sum_pitch = 4 * COUNT * (wide + 1)
    begun = address_of(sums) + 4 * rx
    for s in range((width + strip - 1) // strip):
        x0 = min(s * strip, width - strip)
        for e in range(first, stop + 2 * ry):
            at = e % depth * words
            if ymap[e] < 0:
                ring[at : at + words] = 0
            else:
                row = src + ymap[e] * src_step
                take_apart(ring, at, plane, row, x0, strip + 4 * rx, xmap, 2 * rx, width, PIXEL, PIXEL, shape)
            y = e - 2 * ry
            if y < first - ry:
                continue
            for j in range(depth):
                rows[j] = address_of(ring) + (y + j) % depth * words * 2 + 4 * rx
            centre = rows[ry]
            for k in range(taps):
                now, before = (y + ry) % high, (y + ry - down[k]) % high
                places[k >> 1, k & 1] = rows[ry + down[k]] + 2 * across[k]
                places[k >> 1, 2 + (k & 1)] = address_of(kept) + (now * taps + k) * kept_pitch + 2 * rx
                places[k >> 1, 4 + (k & 1)] = rows[ry - down[k]] - 2 * across[k]
                places[k >> 1, 6 + (k & 1)] = address_of(kept) + (before * taps + k) * kept_pitch + 2 * (rx - across[k])
            for i in range(wide):
                x = 2 * (i * COUNT - rx)
                group = no_sums(shape)
                middle = load_words(centre + x, plane, shape)
                for k in range(pairs):
                    group = add_weighing(group, middle, pair + 64 * k, x, weight + 4 * k, curve, plane)
                store_sums(begun + 2 * x, in_order(group), sum_pitch)
            if y < first:
                continue
            for i in range(blocks):
                x = 2 * i * COUNT
                group = no_sums(shape)
                for k in range(pairs):
                    group = add_kept(group, pair + 64 * k + 32, x, plane)
                other = load_sums(begun + 2 * x, sum_pitch, shape)
                means = rounded_means(in_order(group), other, load_words(centre + x, plane, shape), own)
                store_pixels(address_of(line) + i * COUNT * channels, means, PIXEL)
            copy_bytes(out + y * out_step + x0 * channels, address_of(line), strip * channels)


def run(
    source: Image, target: Image, radius: tuple[int, int], across: NDArray[np.int64], down: NDArray[np.int64],
    curve: Curve, border: Border, threads: int,
) -> None:  # fmt: skip
    """Filter an image."""
    rx, ry = radius
    width, channels = source.width, source.channels
    odd = len(across) % 2  # a last tap without weight
    across, down = (np.append(offsets, offsets[:odd]) for offsets in (across, down))
    spatial = np.append(curve.spatial, np.zeros(odd, np.int16))
    taps = len(across)
    most = max(2, WEIGHT_BYTES // (2 * COUNT * taps * (ry + 1)))
    most = max(most, -(-4 * rx // COUNT)) * COUNT - 2 * rx
    strips = -(-width // most)
    strip = min(width, -(-width // strips))
    wide = -(-(max(strip, COUNT) + 2 * rx) // COUNT)
    kept_pitch = 2 * COUNT * (wide | 1)
    plane = 2 * (wide + 2) * COUNT + 4 * rx + 64 & -64
    xmap = bordered(-2 * rx, width + 2 * rx, width, border)
    ymap = bordered(-ry, source.height + ry, source.height, border)
    shape, cells = (np.int8(0),) * channels, (np.int8(0),) * (len(curve.numbers) // COUNT)

    def band(first: int, stop: int) -> None:
        ring = scratch("words", (2 * ry + 1) * channels * plane // 2, np.int16)
        kept = scratch("kept", taps * (ry + 1) * kept_pitch + 2 * COUNT, np.uint8)
        sums = scratch("sums", (channels + 1) * COUNT * (wide + 2), np.int32)
        rows = scratch("rows", 2 * ry + 1, np.int64)
        places = scratch("places", 4 * taps, np.int64).reshape(-1, 8)
        line = scratch("line", (wide + 1) * COUNT * channels, np.uint8)
        bilateral_fixed(
            source.at, source.step, width, target.at, target.step, first, stop, strip, rx, ry, xmap.index,
            ymap.index, across, down, spatial, curve.numbers, np.int32(curve.own), ring, plane, kept, kept_pitch, wide, sums, rows, places, line,
            shape, cells,
        )  # fmt: skip

    run_bands(band, source.height, threads)
