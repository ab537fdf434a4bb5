"""Medians of large windows of any pixels, through their ranks.

Within a tile all pixels are put in order once, and each is known by its rank. A window is then a set of bits,
one a rank, and its median is found by walking to the middle one from where it was at the window before
(after B. Weiss, "Fast median and bilateral filtering", ACM Transactions on Graphics 25, 2006).
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._simd import Codegen, intrinsic, jit


@intrinsic
def ones(typingctx: Any, word: Any) -> tuple[Any, Codegen]:
    """Return the number of bits that are set."""
    return types.int64(word), lambda c, b, s, a: b.ctpop(a[0])


@intrinsic
def lowest(typingctx: Any, word: Any) -> tuple[Any, Codegen]:
    """Return the position of the lowest bit that is set, of a word that is not 0."""
    return types.int64(word), lambda c, b, s, a: b.cttz(a[0], ir.Constant(ir.IntType(1), 1))


@jit
def median_rank(ranks: Any, words: Any, middles: Any, rx: int, ry: int) -> None:
    """Write the median rank of each window of a tile, whose ranks reach a radius beyond it.

    ``words`` has a bit for every rank.
    """
    wide, high = 2 * rx + 1, 2 * ry + 1
    half = wide * high // 2
    for y in range(middles.shape[0]):
        words[:] = 0
        now = 0  # the word that the median is in, and how many bits are below it
        below = 0
        for j in range(high):
            for rank in ranks[y + j, :wide]:
                words[rank >> 6] |= 1 << (rank & 63)
        for x in range(middles.shape[1]):
            if x > 0:
                for j in range(high):
                    gone, new = ranks[y + j, x - 1], ranks[y + j, x + 2 * rx]
                    words[gone >> 6] &= ~(1 << (gone & 63))
                    words[new >> 6] |= 1 << (new & 63)
                    below += (1 if new >> 6 < now else 0) - (1 if gone >> 6 < now else 0)
            while below > half:
                now -= 1
                below -= ones(words[now])
            here = ones(words[now])
            while below + here <= half:
                below += here
                now += 1
                here = ones(words[now])
            word = words[now]
            for _ in range(half - below):
                word &= word - 1
            middles[y, x] = 64 * now + lowest(word)
