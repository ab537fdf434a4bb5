"""The least pixel of a shape that is made of rows: an ellipse or a cross.

A source row meets every output row that it lies in the shape of, and the farther away they are, the narrower is
its part of the shape. So the least of its windows is lengthened from the narrowest to the widest, in a few steps
in all, and after each step taken into the output rows that are that far away. These wait in a ring. The cost
grows with the height of the shape, not with its area.
"""

from typing import Any

from ._order import VECTOR_BYTES, key_min, keys_of, last_keys, load_keys, store_keys, store_pixels
from ._simd import address_of, jit, prefetch, prefetch_write

RING_BYTES = 24 << 10  # rows that wait stay in the first-level cache
SLACK = 4 * VECTOR_BYTES
AHEAD = 3  # rows


@jit
def lay(line: int, row: int, before: int, inner: int, total: int, fill: Any, flip: int, kind: Any) -> None:
    """Write the keys of ``inner`` bytes of a row, with ``fill`` around them."""
    for i in range((before + 63) // 64):
        store_keys(line + 64 * i, fill)
    for i in range((inner + 63) // 64):
        at = max(0, min(64 * i, inner - 64))
        store_keys(line + before + at, keys_of(row + at, flip, kind))
    for i in range((total - before - inner + 63) // 64):
        store_keys(line + before + inner + 64 * i, fill)


@jit
def lengthen(line: int, hop: int, total: int, kind: Any) -> None:
    """Take into each window of a line the one that begins ``hop`` bytes on."""
    for i in range((total + 63) // 64):
        at = line + 64 * i
        store_keys(at, key_min(load_keys(at, kind), load_keys(at + hop, kind)))


@jit
def shape_min(
    src: int, src_step: int, out: int, out_step: int, first: int, stop: int, height: int, width: int, wide: int,
    step: int, strip: int, rx: int, ry: int, reaches: Any, zero_outside: bool, flip: int, work: Any, pitch: int,
    kind: Any,
) -> None:  # fmt: skip
    """Write the least of each shape for rows ``first`` to ``stop``.

    Pixels are ``step`` bytes; a row has ``width`` of them and memory for ``wide``, at least 64 bytes. A row of the
    shape ``j`` above or below its centre reaches ``reaches[j]`` pixels to either side. ``work`` holds a vector of
    zeros, then a ring of ``2 * ry + 1`` rows of ``pitch`` bytes, then a line.
    """
    nothing = address_of(work)
    ring = nothing + 64
    depth = 2 * ry + 1
    line = ring + depth * pitch
    fill = keys_of(nothing, flip, kind) if zero_outside else last_keys(kind)
    count = strip * step
    blocks = (count + 63) // 64
    total = count + 2 * rx * step
    for s in range((wide + strip - 1) // strip):
        x0 = min(s * strip, wide - strip)
        low, high = max(0, x0 - rx), min(width, x0 + strip + rx)
        for e in range(first - ry, stop + ry):
            if 0 <= e < height:
                row = src + e * src_step + low * step
                soon = src + min(e + AHEAD, height - 1) * src_step + low * step
                for i in range(0, count, 64):
                    prefetch(soon + i)
                lay(line, row, (low - x0 + rx) * step, (high - low) * step, total + SLACK // 2, fill, flip, kind)
            else:
                lay(line, nothing, 0, 0, total + SLACK // 2, fill, flip, kind)
            length = 1
            for k in range(ry + 1):
                j = ry - k
                wanted = 2 * reaches[j] + 1
                while length < wanted:
                    hop = min(length, wanted - length)
                    lengthen(line, hop * step, total, kind)
                    length += hop
                windows = line + (rx - reaches[j]) * step
                above, below = ring + (e - j + ry) % depth * pitch, ring + (e + j + ry) % depth * pitch
                if j == ry:  # the last row that the output above waits for, the first for that below
                    y = e - ry
                    if first <= y < stop:
                        goal = out + y * out_step + x0 * step
                        for i in range(blocks):
                            at = min(64 * i, count - 64)
                            prefetch_write(goal + out_step + at)
                            v = load_keys(windows + at, kind)
                            if ry > 0:
                                v = key_min(v, load_keys(above + at, kind))
                            store_pixels(goal + at, v, flip, kind)
                    for i in range(blocks):
                        at = min(64 * i, count - 64)
                        store_keys(below + at, load_keys(windows + at, kind))
                elif j > 0:
                    for i in range(blocks):
                        at = min(64 * i, count - 64)
                        v = load_keys(windows + at, kind)
                        store_keys(above + at, key_min(v, load_keys(above + at, kind)))
                        store_keys(below + at, key_min(v, load_keys(below + at, kind)))
                else:
                    for i in range(blocks):
                        at = min(64 * i, count - 64)
                        v = load_keys(windows + at, kind)
                        store_keys(above + at, key_min(v, load_keys(above + at, kind)))
