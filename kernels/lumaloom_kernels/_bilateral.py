"""The bilateral filter on rows kept in cache: every weight of a pair of pixels is worked out once and used twice.

Source rows are taken apart into float32 planes, with their border, in a ring of as many rows as the window is
high. The window without its centre falls into pairs of offsets ``(dx, dy)`` and ``(-dx, -dy)``; the pixel at an
offset and the one that it counts from have the same weight for each other. So for every row the weights of one
half of the window are kept, in a ring of ``radius + 1`` rows; the other half was worked out by rows above, or
to the left. Where that ring would outgrow the second-level cache, weights are worked out where they are used.

Addresses and pitches are in bytes; maps are those of `_fir`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _bilateral_fixed
from ._bilateral_curve import curve
from ._bilateral_fixed_simd import has_tables
from ._bilateral_rows import half_window, take_apart
from ._bilateral_simd import add_pixels, distance, first_sums, means, weight, where_finite
from ._checks import Border
from ._lanes import has_fixed_point
from ._planes import load_pixels, store_pixels
from ._scratch import scratch
from ._separable import bordered
from ._simd import LANES_F32, address_of, copy_bytes, f32_load, f32_store, jit, pixel_size
from ._stencil_run import prepared
from ._threads import run_bands

PAIRED_TAPS = 80  # in half a window, up to which weights are kept
WEIGHT_BYTES = 160 << 10  # of kept weights
STRIP = 128  # pixels, where none are kept
REAL = np.float32(0)


@jit
def bilateral(
    src: int, src_step: int, width: int, out: int, out_step: int, first: int, stop: int, strip: int,
    rx: int, ry: int, margin: int, xmap: Any, ymap: Any, across: Any, down: Any, spatial: Any, scale: Any, ring: Any,
    plane: int, kept: Any, kept_pitch: int, rows: Any, kept_rows: Any, places: Any, spare: Any, kind: Any, shape: Any,
) -> None:  # fmt: skip
    """Filter rows ``first`` to ``stop``.

    ``across``, ``down`` and ``spatial`` have the offsets of one half of the window and the binary logarithms of
    their weights; ``margin`` is ``2 * rx`` where weights are kept, and ``rx`` where not.
    """
    size = pixel_size(kind)
    channels = len(shape)
    paired = margin > rx
    depth, high = 2 * ry + 1, ry + 1
    pitch = channels * plane
    taps = across.size
    short = strip < LANES_F32
    edge = address_of(spare)
    blocks = (strip + LANES_F32 - 1) // LANES_F32
    wide = (strip + 2 * rx + LANES_F32 - 1) // LANES_F32
    begin = ry if paired else 0  # rows before the first whose weights have to be there
    for s in range((width + strip - 1) // strip):
        x0 = min(s * strip, width - strip)
        for e in range(first, stop + 2 * ry):
            at = e % depth * (pitch >> 2)
            if ymap[e] < 0:
                ring[at : at + (pitch >> 2)] = 0
            else:
                row = src + ymap[e] * src_step
                take_apart(ring, at, plane, row, x0, strip + 2 * margin, xmap, margin, width, kind, REAL, shape)
            y = e - 2 * ry
            if y < first - begin:
                continue
            for j in range(depth):
                rows[j] = address_of(ring) + (y + j) % depth * pitch + 4 * margin
            for j in range(high):  # of row y - ry + j; their order is all that counts
                kept_rows[j] = address_of(kept) + (y + j) % high * taps * kept_pitch + 4 * rx
            centre = rows[ry]
            for k in range(taps):
                places[0, k] = rows[ry + down[k]] + 4 * across[k]
                places[1, k] = rows[ry - down[k]] - 4 * across[k]
                if paired:
                    places[2, k] = kept_rows[ry] + k * kept_pitch
                    places[3, k] = kept_rows[ry - down[k]] + k * kept_pitch - 4 * across[k]
            if paired:
                for i in range(wide):
                    x = 64 * i - 4 * rx
                    for k in range(taps):
                        far = distance(centre + x, places[0, k] + x, plane, shape)
                        f32_store(places[2, k] + x, weight(far, scale, spatial[k], kind))
                if y < first:
                    continue
            goal = out + y * out_step + x0 * channels * size
            here = src + ymap[y + ry] * src_step + x0 * channels * size
            for i in range(blocks):
                skip = max(0, min(i * LANES_F32, strip - LANES_F32)) * channels * size
                x = 4 * max(0, min(i * LANES_F32, strip - LANES_F32))
                sums = first_sums(centre + x, plane, shape)
                if paired:
                    for k in range(taps):
                        sums = add_pixels(sums, f32_load(places[2, k] + x), places[0, k] + x, plane)
                        sums = add_pixels(sums, f32_load(places[3, k] + x), places[1, k] + x, plane)
                else:
                    for k in range(taps):
                        for side in range(2):
                            far = distance(centre + x, places[side, k] + x, plane, shape)
                            w = weight(far, scale, spatial[k], kind)
                            sums = add_pixels(sums, w, places[side, k] + x, plane)
                values = means(sums)
                if size == 4:
                    before = here + skip
                    if short:
                        copy_bytes(edge, here, strip * channels * size)
                        before = edge
                    values = where_finite(values, load_pixels(before, kind, REAL, shape))
                store_pixels(edge if short else goal + skip, values, kind)
            if short:
                copy_bytes(goal, edge, strip * channels * size)


def run(
    src: NDArray[Any], out: NDArray[Any], radius: tuple[int, int], sigma_color: float,
    sigma_space: tuple[float, float], border: Border, threads: int,
) -> None:  # fmt: skip
    """Filter an image."""
    source, target, result = prepared(src, out)
    rx, ry = radius
    across, down, exponents = half_window(rx, ry, *sigma_space)
    width, channels, taps = source.width, source.channels, len(across)
    if source.kind.dtype == np.uint8 and taps <= _bilateral_fixed.MOST_TAPS and has_fixed_point():
        weights = curve(sigma_color, channels, np.exp2(exponents).tobytes(), has_tables())
        if weights.error <= _bilateral_fixed.MOST_ERROR:
            _bilateral_fixed.run(source, target, radius, across, down, weights, border, threads)
            if result is not out:
                out[...] = result
            return
    spatial = exponents.astype(np.float32)
    paired = taps <= PAIRED_TAPS
    margin = 2 * rx if paired else rx
    most = max(STRIP // 2, WEIGHT_BYTES // (4 * taps * (ry + 1)) - 2 * rx) if paired else STRIP
    strips = -(-width // most)
    strip = min(width, -(-width // strips // LANES_F32) * LANES_F32)
    plane = 4 * (strip + 2 * margin + 2 * LANES_F32) // 64 * 64 + 64
    kept_pitch = 64 * (4 * (strip + 2 * rx + LANES_F32) // 64 | 1)  # an odd number of cache lines: they don't meet
    xmap = bordered(-margin, width + margin, width, border)
    ymap = bordered(-ry, source.height + ry, source.height, border)
    scale = np.float32(-math.log2(math.e) / (2 * sigma_color * sigma_color))
    shape = (np.int8(0),) * channels

    def band(first: int, stop: int) -> None:
        ring = scratch("ring", (2 * ry + 1) * channels * plane // 4, np.float32)
        kept = scratch("kept", taps * (ry + 1) * kept_pitch if paired else 1, np.uint8)
        rows = scratch("rows", 3 * ry + 2, np.int64)
        places = scratch("places", 4 * taps, np.int64).reshape(4, taps)
        spare = scratch("spare", 4 * LANES_F32 * channels, np.uint8)
        bilateral(
            source.at, source.step, width, target.at, target.step, first, stop, strip, rx, ry, margin, xmap.index,
            ymap.index, across, down, spatial, scale, ring, plane, kept, kept_pitch, rows, rows[2 * ry + 1 :], places,
            spare, source.kind, shape,
        )  # fmt: skip

    run_bands(band, source.height, threads)
    if result is not out:
        out[...] = result
