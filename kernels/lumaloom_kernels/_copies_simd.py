"""Pixels moved whole: mirrored and transposed in registers.

``pixel`` is a tuple with one member a byte of a pixel; only its length counts, so that compiled code knows it.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _I8, _I32, _I64, _at
from ._planes import _permute, _shuffle
from ._simd import Codegen, intrinsic
from ._streams import past_caches
from ._x86 import has

_REGISTER = 16
_SIDES = {1: 16, 2: 16, 4: 8, 8: 4}  # bytes of a pixel -> pixels to a side of a block that is transposed in registers


def _wide() -> bool:
    """Tell whether bytes go anywhere within two registers of 512 bits at once."""
    return has("avx512vbmi")


def _mirrored(pixel: int) -> int:
    """Return how many pixels are mirrored together: they fill one line of the caches, or three registers."""
    if pixel & (pixel - 1) == 0:
        return 4 * _REGISTER // pixel
    return 3 * _REGISTER * (4 if _wide() else 2 if pixel == 12 else 1) // pixel


@intrinsic
def mirror_count(typingctx: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Return how many pixels `mirror` moves."""
    return types.int64(pixel), lambda c, b, s, a: ir.Constant(_I64, _mirrored(len(pixel)))


def _mirroring(pixel: Any, past: bool) -> tuple[Any, Codegen]:
    size = len(pixel)
    count = _mirrored(size)
    total = count * size
    element = _I32 if size == 12 else _I8
    step = next(some for some in (4, 2, 1) if total % (some * _REGISTER) == 0 and (some < 4 or _wide())) * _REGISTER
    vector = ir.VectorType(element, 8 * step // element.width)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        unit = element.width // 8
        places = [(count - 1 - i // size) * size + i % size for i in range(0, count * size, unit)]
        places = [place // unit for place in places]
        steps = [ir.Constant(_I64, start) for start in range(0, total, step)]
        parts = [builder.load(_at(builder, builder.add(args[1], start), vector), align=1) for start in steps]
        for number, start in enumerate(steps):
            wanted = places[number * vector.count : (number + 1) * vector.count]
            used = sorted({place // vector.count for place in wanted})
            moved = [used.index(place // vector.count) * vector.count + place % vector.count for place in wanted]
            value = _permute(builder, [parts[i] for i in used], moved)
            stored = builder.store(value, _at(builder, builder.add(args[0], start), vector), align=step if past else 1)
            if past:
                past_caches(builder, stored)

    return types.void(types.int64, types.int64, pixel), codegen


@intrinsic
def mirror(typingctx: Any, target: Any, source: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Copy pixels in reverse."""
    return _mirroring(pixel, False)


@intrinsic
def mirror_past(typingctx: Any, target: Any, source: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Do that past the caches, to an address that is a multiple of 64."""
    return _mirroring(pixel, True)


@intrinsic
def block_side(typingctx: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Return the side in pixels of the block that `transpose` turns; 0 where it has none for such pixels."""
    return types.int64(pixel), lambda c, b, s, a: ir.Constant(_I64, _SIDES.get(len(pixel), 0))


@intrinsic
def transpose(typingctx: Any, target: Any, out_pitch: Any, source: Any, pitch: Any, pixel: Any) -> tuple[Any, Codegen]:
    """Turn a square block of pixels about its main diagonal: its halves are zipped, as often as it takes."""
    size = len(pixel)
    side = _SIDES.get(size, 0)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        vector = ir.VectorType(ir.IntType(8 * size), side)

        def place(start: Any, step: Any, row: int) -> Any:
            return _at(builder, builder.add(start, builder.mul(step, ir.Constant(_I64, row))), vector)

        rows = [builder.load(place(args[2], args[3], row), align=1) for row in range(side)]
        half = side // 2
        low = [i // 2 + side * (i % 2) for i in range(side)]
        for _ in range(side.bit_length() - 1):
            pairs = [(rows[i], rows[i + half]) for i in range(half)]
            rows = [
                _shuffle(builder, first, second, [lane + start for lane in low])
                for first, second in pairs
                for start in (0, half)
            ]
        for row, value in enumerate(rows):
            builder.store(value, place(args[0], args[1], row), align=1)

    return types.void(*[types.int64] * 4, pixel), codegen
