"""The least pixel of a small ellipse or of a cross, by looking at its pixels.

Where the shape stays between the sides of the image, pixels are read where they are. Elsewhere source rows are laid
into a ring as keys, with what lies outside around them. Of a long cross, the row through its centre is lengthened as
in `_shape_min`, so that a few windows cover it. Arguments are those of `_shape_min`.
"""

from typing import Any

from ._order import key_min, keys_of, last_keys, load_keys, store_pixels
from ._shape_min import AHEAD, SLACK, lay, lengthen
from ._simd import address_of, copy_bytes, jit, prefetch, prefetch_write

BLOCK = 256  # bytes


@jit
def inner_min(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, height: int, begin: int, end: int,
    step: int, rx: int, ry: int, down: Any, right: Any, zero_outside: bool, flip: int, zeros: int, bases: Any,
    kind: Any,
) -> None:  # fmt: skip
    """Write the least of the pixels at some offsets, in columns from which none of them lies beyond the sides.

    ``zeros`` is a row. Rows outside that count nothing are replaced by the nearest inside, which count already.
    """
    count = (end - begin) * step
    taps = down.size
    for y in range(first, stop):
        for t in range(taps):
            row = y + down[t] - ry
            bases[t] = zeros
            if not zero_outside or 0 <= row < height:
                bases[t] = src + min(max(row, 0), height - 1) * src_step + (begin + right[t] - rx) * step
        goal = out + y * out_step + begin * step
        soon = src + min(y + ry + AHEAD, height - 1) * src_step + begin * step
        for i in range((count + BLOCK - 1) // BLOCK):
            at = min(BLOCK * i, count - BLOCK)
            for k in range(0, BLOCK, 64):
                prefetch(soon + at + k)
                prefetch_write(goal + out_step + at + k)
            a = bases[0] + at
            v0, v1 = keys_of(a, flip, kind), keys_of(a + 64, flip, kind)
            v2, v3 = keys_of(a + 128, flip, kind), keys_of(a + 192, flip, kind)
            for t in range(1, taps):
                a = bases[t] + at
                v0, v1 = key_min(v0, keys_of(a, flip, kind)), key_min(v1, keys_of(a + 64, flip, kind))
                v2, v3 = key_min(v2, keys_of(a + 128, flip, kind)), key_min(v3, keys_of(a + 192, flip, kind))
            store_pixels(goal + at, v0, flip, kind)
            store_pixels(goal + at + 64, v1, flip, kind)
            store_pixels(goal + at + 128, v2, flip, kind)
            store_pixels(goal + at + 192, v3, flip, kind)


@jit
def taps_min(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, height: int, width: int,
    begin: int, end: int, step: int, strip: int, rx: int, ry: int, down: Any, right: Any, windows: Any, length: int,
    zero_outside: bool, flip: int, work: Any, pitch: int, bases: Any, kind: Any,
) -> None:  # fmt: skip
    """Write the least of the pixels at some offsets for rows ``first`` to ``stop`` and columns ``begin`` to ``end``.

    ``down`` and ``right`` count from the corner of the shape's rectangle. ``windows`` are places in the row of the
    centre where ``length`` pixels begin that count too. ``work`` holds a vector of zeros, then a ring of
    ``2 * ry + 1`` rows of ``pitch`` bytes, then a line.
    """
    nothing = address_of(work)
    ring = nothing + 64
    depth = 2 * ry + 1
    line = ring + depth * pitch
    fill = keys_of(nothing, flip, kind) if zero_outside else last_keys(kind)
    count = strip * step
    blocks = (count + BLOCK - 1) // BLOCK
    short = count < BLOCK
    total = count + 2 * rx * step
    taps = down.size
    many = taps + windows.size
    for s in range((end - begin + strip - 1) // strip):
        x0 = min(begin + s * strip, end - strip)
        low, high = max(0, x0 - rx), min(width, x0 + strip + rx)
        for e in range(first - ry, stop + ry):
            target = ring + (e + ry) % depth * pitch
            if 0 <= e < height:
                row = src + e * src_step + low * step
                soon = src + min(e + AHEAD, height - 1) * src_step + low * step
                goal = out + min(max(e - ry, first) + AHEAD, stop - 1) * out_step + x0 * step
                for i in range(0, count, 64):
                    prefetch(soon + i)
                    prefetch_write(goal + i)
                lay(target, row, (low - x0 + rx) * step, (high - low) * step, total + SLACK // 2, fill, flip, kind)
            else:
                lay(target, nothing, 0, 0, total + SLACK // 2, fill, flip, kind)
            y = e - ry
            if y < first:
                continue
            centre = ring + (y + ry) % depth * pitch
            for t in range(taps):
                bases[t] = ring + (y + down[t]) % depth * pitch + right[t] * step
            if windows.size:
                if length > 1:
                    copy_bytes(line, centre, total)
                    centre = line
                reach = 1
                while reach < length:
                    hop = min(reach, length - reach)
                    lengthen(line, hop * step, total, kind)
                    reach += hop
                for t in range(windows.size):
                    bases[taps + t] = centre + windows[t] * step
            goal = out + y * out_step + x0 * step
            if short:
                for i in range((count + 63) // 64):
                    at = min(64 * i, count - 64)
                    v = load_keys(bases[0] + at, kind)
                    for t in range(1, many):
                        v = key_min(v, load_keys(bases[t] + at, kind))
                    store_pixels(goal + at, v, flip, kind)
                continue
            for i in range(blocks):
                at = min(BLOCK * i, count - BLOCK)
                a = bases[0] + at
                v0, v1 = load_keys(a, kind), load_keys(a + 64, kind)
                v2, v3 = load_keys(a + 128, kind), load_keys(a + 192, kind)
                for t in range(1, many):
                    a = bases[t] + at
                    v0, v1 = key_min(v0, load_keys(a, kind)), key_min(v1, load_keys(a + 64, kind))
                    v2, v3 = key_min(v2, load_keys(a + 128, kind)), key_min(v3, load_keys(a + 192, kind))
                store_pixels(goal + at, v0, flip, kind)
                store_pixels(goal + at + 64, v1, flip, kind)
                store_pixels(goal + at + 128, v2, flip, kind)
                store_pixels(goal + at + 192, v3, flip, kind)
