"""Weighted sums of taps that lie anywhere: each pixel has an address of its own.

``shape`` and ``taps`` are tuples whose lengths are the number of channels and of the taps along either axis.
A pixel takes a slot of 1, 2 or 4 lanes, and 16 lanes are computed together, so `batch` pixels. Where pixels have 1
or 2 channels all taps of a row are one load, and are sorted in registers; else each tap is one, and with three
channels a load goes one sample too far.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _CONTRACT, _ELEMENTS, _FLOAT, _I8, _I16, _I32, _I64, _all, _at, narrow
from ._planes import _shuffle
from ._simd import LANES_F32, Codegen, intrinsic
from ._warp_points import ROW_BYTES, WEIGHT_BITS
from ._x86 import has

_SLOTS = {1: 1, 2: 2, 3: 4, 4: 4}
_MADD = {  # int16 lanes -> the instruction that adds the products of neighbours
    8: "llvm.x86.sse2.pmadd.wd",
    16: "llvm.x86.avx2.pmadd.wd",
}


def has_packed() -> bool:
    """Tell whether `blend_packed` can be compiled here."""
    return has("ssse3")


def spare_pixels(channels: int) -> int:
    """Return by how many pixels of a row loads reach beyond the last tap."""
    return 1 if channels == 3 else 0


@intrinsic
def batch(typingctx: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return how many pixels are computed together."""
    count = LANES_F32 // _SLOTS[len(shape)]
    return types.int64(shape), lambda c, b, s, a: ir.Constant(_I64, count)


def _gathered(builder: Any, pointers: list[Any], element: ir.Type, count: int) -> Any:
    """Load ``count`` elements at each address, one after the other into a vector."""
    bits = count * (32 if element == _FLOAT else element.width)
    if bits <= 64:
        unit = ir.VectorType(ir.IntType(bits), len(pointers))
        result = ir.Constant(unit, ir.Undefined)
        for lane, pointer in enumerate(pointers):
            value = builder.load(_at(builder, pointer, unit.element), align=1)
            result = builder.insert_element(result, value, ir.Constant(_I32, lane))
        return builder.bitcast(result, ir.VectorType(element, len(pointers) * count))
    parts = [builder.load(_at(builder, pointer, ir.VectorType(element, count)), align=1) for pointer in pointers]
    while len(parts) > 1:
        width = 2 * parts[0].type.count
        parts = [_shuffle(builder, parts[i], parts[i + 1], list(range(width))) for i in range(0, len(parts), 2)]
    return parts[0]


def _widened(builder: Any, raw: Any) -> Any:
    if raw.type.element == _FLOAT:
        return raw
    wide = raw if raw.type.element == _I32 else builder.zext(raw, ir.VectorType(_I32, raw.type.count))
    return builder.sitofp(wide, ir.VectorType(_FLOAT, raw.type.count))


def _pair(builder: Any, values: Any) -> list[Any]:
    """Return the first and the second of pairs of whole numbers, as int32: they are the halves of wider ones."""
    bits, count = values.type.element.width, values.type.count // 2
    wide = ir.VectorType(_I32, count)
    both = builder.bitcast(values, ir.VectorType(ir.IntType(2 * bits), count))
    both = both if both.type == wide else builder.zext(both, wide)
    return [builder.and_(both, _all(wide, 2**bits - 1)), builder.lshr(both, _all(wide, bits))]


def _spread(builder: Any, address: Any, row: int, pixels: int, element: ir.Type) -> Any:
    """Load row ``row`` of the weights of some pixels, each repeated in the lanes of its pixel."""
    place = builder.add(address, ir.Constant(_I64, row * ROW_BYTES))
    raw = builder.load(_at(builder, place, ir.VectorType(element, pixels)), align=1)
    lanes = [lane * pixels // LANES_F32 for lane in range(LANES_F32)]
    return _shuffle(builder, raw, raw, lanes) if pixels < LANES_F32 else raw


def _pointers(builder: Any, table: Any, pixels: int) -> list[Any]:
    return [
        builder.load(_at(builder, builder.add(table, ir.Constant(_I64, 8 * i)), _I64), align=8) for i in range(pixels)
    ]


def _emit(builder: Any, target: Any, result: Any, channels: int) -> None:
    """Store the slots of pixels side by side, without what is beside their channels."""
    slot = _SLOTS[channels]
    if slot != channels:
        lanes = [i for i in range(result.type.count) if i % slot < channels]
        result = _shuffle(builder, result, result, lanes)
    builder.store(result, _at(builder, target, result.type), align=1)


@intrinsic
def blend(
    typingctx: Any, target: Any, table: Any, pitch: Any, weights: Any, kind: Any, shape: Any, taps: Any
) -> tuple[Any, Codegen]:
    """Make a batch of pixels from the taps at the addresses in ``table``, in float32.

    ``weights`` is the address of the first pixel's, those along x before those along y.
    """
    channels, size, element = len(shape), len(taps), _ELEMENTS[kind]
    slot = _SLOTS[channels]
    pixels = LANES_F32 // slot
    pixel = channels * kind.bitwidth // 8

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        target, table, pitch, weights = args[:4]
        starts = _pointers(builder, table, pixels)
        columns: list[Any] = [None] * size
        for k in range(size):
            share = _spread(builder, weights, size + k, pixels, _FLOAT)
            rows = [builder.add(start, builder.mul(pitch, ir.Constant(_I64, k))) for start in starts]
            if slot == channels and slot < 4:
                whole = _gathered(builder, rows, element, size * channels)
                step = size * channels
                picks = [[i * step + t * channels + c for i in range(pixels) for c in range(slot)] for t in range(size)]
                found = [_shuffle(builder, whole, whole, lanes) for lanes in picks]
                if step == 2 and element != _FLOAT:
                    found = _pair(builder, whole)
            else:
                found = []
                for t in range(size):
                    places = [builder.add(row, ir.Constant(_I64, t * pixel)) for row in rows]
                    found.append(_gathered(builder, places, element, 4))
            for t, raw in enumerate(found):
                product = builder.fmul(_widened(builder, raw), share, flags=_CONTRACT)
                columns[t] = product if k == 0 else builder.fadd(columns[t], product, flags=_CONTRACT)
        total = None
        for t, column in enumerate(columns):
            product = builder.fmul(column, _spread(builder, weights, t, pixels, _FLOAT), flags=_CONTRACT)
            total = product if total is None else builder.fadd(total, product, flags=_CONTRACT)
        _emit(builder, target, narrow(builder, total, element, saturate=True), channels)

    return types.void(types.int64, types.int64, types.int64, types.int64, kind, shape, taps), codegen


@intrinsic
def blend_packed(typingctx: Any, target: Any, table: Any, pitch: Any, weights: Any, shape: Any) -> tuple[Any, Codegen]:
    """Make a batch of uint8 pixels from two by two taps, in fixed point; ``weights`` are those of `packed_weights`."""
    channels = len(shape)
    slot = _SLOTS[channels]
    pixels = LANES_F32 // slot
    words = 8 if slot == 4 or not has("avx2") else 16
    parts = 2 * LANES_F32 // words

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        target, table, pitch, weights = args[:4]
        vector, half = ir.VectorType(_I16, words), ir.VectorType(_I32, words // 2)
        starts = _pointers(builder, table, pixels)
        sums: list[Any] = [None] * parts
        per = pixels // parts  # pixels of a part
        lanes = [i * (8 if slot == 4 else 2 * channels) + t * channels + c
                 for i in range(per) for c in range(slot) for t in range(2)]  # fmt: skip
        for k in range(2):
            shares = builder.bitcast(_spread(builder, weights, k, pixels, _I32), ir.VectorType(_I16, 2 * LANES_F32))
            rows = [builder.add(start, builder.mul(pitch, ir.Constant(_I64, k))) for start in starts]
            for part in range(parts):
                some = rows[part * per : (part + 1) * per]
                raw = _gathered(builder, some, _I8, 8 if slot == 4 else 2 * channels)
                ordered = builder.zext(_shuffle(builder, raw, raw, lanes), vector)
                share = _shuffle(builder, shares, shares, list(range(part * words, (part + 1) * words)))
                name, sort = _MADD[words], ir.FunctionType(half, [vector, vector])
                madd = builder.module.globals.get(name) or ir.Function(builder.module, sort, name)
                product = builder.call(madd, [ordered, share])
                sums[part] = product if k == 0 else builder.add(sums[part], product)
        results = []
        for total in sums:
            rounded = builder.add(total, _all(half, 1 << (WEIGHT_BITS - 1)))
            results.append(builder.lshr(rounded, _all(half, WEIGHT_BITS)))
        while len(results) > 1:
            width = 2 * results[0].type.count
            results = [
                _shuffle(builder, results[i], results[i + 1], list(range(width))) for i in range(0, len(results), 2)
            ]
        _emit(builder, target, builder.trunc(results[0], ir.VectorType(_I8, LANES_F32)), channels)

    return types.void(types.int64, types.int64, types.int64, types.int64, shape), codegen
