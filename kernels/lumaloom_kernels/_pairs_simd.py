"""Sums of products of pixels of whole numbers, two products an instruction, in whole numbers.

A ``kind`` is a scalar uint8 or uint16; its type alone counts. Pixels of a kind lie in memory as a processor
multiplies them: bytes as they are, words less 32768, as signed numbers. A vector of pixels has `PAIR_BYTES`; its sums
are int16 for bytes and int32 for words. Sums of neighbours are apart in a vector, as interleaving two vectors in
parts of 128 bits leaves them, until storing packs them in order again.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._simd import Codegen, Vector, _broadcast, _load, _store, intrinsic
from ._stencil_simd import _sqrt
from ._x86 import call, has

PAIR_BYTES = 64 if has("avx512bw") else 32  # of pixels in a vector
_I8, _I16, _I32, _I64, _FLOAT = (*map(ir.IntType, (8, 16, 32, 64)), ir.FloatType())
_PIXELS = {types.uint8: ir.VectorType(_I8, PAIR_BYTES), types.uint16: ir.VectorType(_I16, PAIR_BYTES // 2)}
_SUMS = {
    types.uint8: Vector(f"pairs of u8x{PAIR_BYTES}", _I16, PAIR_BYTES),
    types.uint16: Vector(f"pairs of u16x{PAIR_BYTES // 2}", _I32, PAIR_BYTES // 2),
}
_CONTRACT = ("contract",)
_LEVELS = (  # feature, bytes of a register, and what LLVM calls: sum two products of bytes or words, cut, pack
    ("avx512bw", 64, {
        _I8: "avx512.pmaddubs.w.512", _I16: "avx512.pmaddw.d.512", "cut": "avx512.mask.cvttps2dq.512",
        "shorts": "avx512.packssdw.512", "bytes": "avx512.packuswb.512", "words": "avx512.packusdw.512",
    }),
    ("avx2", 32, {
        _I8: "avx2.pmadd.ub.sw", _I16: "avx2.pmadd.wd", "cut": "avx.cvtt.ps2dq.256",
        "shorts": "avx2.packssdw", "bytes": "avx2.packuswb", "words": "avx2.packusdw",
    }),
    ("sse4.1", 16, {
        _I8: "ssse3.pmadd.ub.sw.128", _I16: "sse2.pmadd.wd", "cut": "sse2.cvttps2dq",
        "shorts": "sse2.packssdw.128", "bytes": "sse2.packuswb.128", "words": "sse41.packusdw",
    }),
)  # fmt: skip


def _level() -> tuple[int, Any]:
    return next(((size, names) for feature, size, names in _LEVELS if has(feature)), (0, None))


def _pick(builder: Any, first: Any, second: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_I32, len(lanes)), lanes))


def _parts(builder: Any, vector: Any, count: int) -> list[Any]:
    """Cut a vector into vectors of ``count`` lanes."""
    return [
        _pick(builder, vector, vector, list(range(start, start + count)))
        for start in range(0, vector.type.count, count)
    ]


def _joined(builder: Any, parts: list[Any]) -> Any:
    while len(parts) > 1:
        both = list(range(2 * parts[0].type.count))
        parts = [_pick(builder, one, two, both) for one, two in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _interleaved(builder: Any, first: Any, second: Any) -> list[Any]:
    """Interleave two registers: the lower and the upper halves of each 128 bits."""
    count = first.type.count
    group = 128 // first.type.element.width
    return [
        _pick(builder, first, second, [
            lane for start in range(0, count, group) for i in range(group // 2)
            for lane in (start + half + i, count + start + half + i)
        ])
        for half in (0, group // 2)
    ]  # fmt: skip


@intrinsic
def pair_weights(typingctx: Any, weights: Any, kind: Any) -> tuple[Any, Codegen]:
    """Put two weights into all lanes; the second one is the upper half of the number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _SUMS[kind].vector
        return _broadcast(builder, builder.trunc(args[0], vector.element), vector.count)

    return _SUMS[kind](types.int64, kind), codegen


@intrinsic
def pair_sums(typingctx: Any, address: Any, other: Any, weights: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return the pixels at one address times the first weight plus those at the other times the second."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pixels, sums = _PIXELS[kind], _SUMS[kind].vector
        first, second = (_load(builder, place, pixels) for place in args[:2])
        size, names = _level()
        if not size:
            widen = builder.zext if kind == types.uint8 else builder.sext
            half = ir.Constant(sums, [pixels.element.width] * sums.count)
            low, high = builder.ashr(builder.shl(args[2], half), half), builder.ashr(args[2], half)
            products = (builder.mul(widen(v, sums), w) for v, w in ((first, low), (second, high)))
            return builder.add(*products)
        lanes = size * 8 // pixels.element.width
        half = ir.VectorType(sums.element, lanes // 2)
        weights = builder.bitcast(_parts(builder, args[2], lanes // 2)[0], ir.VectorType(pixels.element, lanes))
        parts = zip(_parts(builder, first, lanes), _parts(builder, second, lanes), strict=True)
        mixed = [one for two in parts for one in _interleaved(builder, *two)]
        return _joined(builder, [call(builder, names[pixels.element], half, one, weights) for one in mixed])

    return _SUMS[kind](types.int64, types.int64, weights, kind), codegen


@intrinsic
def pair_add(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Add sums."""
    return a(a, a), lambda c, b, s, a: b.add(a[0], a[1])


@intrinsic
def pair_sub(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Subtract sums."""
    return a(a, a), lambda c, b, s, a: b.sub(a[0], a[1])


@intrinsic
def pair_start(typingctx: Any, value: Any, kind: Any) -> tuple[Any, Codegen]:
    """Put a number into all sums."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _SUMS[kind].vector
        return _broadcast(builder, builder.trunc(args[0], vector.element), vector.count)

    return _SUMS[kind](types.int64, kind), codegen


@intrinsic
def pair_copy(typingctx: Any, target: Any, source: Any, kind: Any) -> tuple[Any, Codegen]:
    """Copy a vector of pixels from an image to where they are multiplied."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        _store(builder, args[0], _signed(builder, _load(builder, args[1], _PIXELS[kind]), kind))

    return types.void(types.int64, types.int64, kind), codegen


@intrinsic
def pair_copy_one(typingctx: Any, target: Any, source: Any, inside: Any, kind: Any) -> tuple[Any, Codegen]:
    """Copy one value, or a zero where it is not ``inside``; the source must be valid."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        one = ir.VectorType(_PIXELS[kind].element, 1)
        value = _load(builder, args[1], one)
        value = builder.select(args[2], value, ir.Constant(one, [0]))
        _store(builder, args[0], _signed(builder, value, kind))

    return types.void(types.int64, types.int64, types.boolean, kind), codegen


def _signed(builder: Any, value: Any, kind: Any) -> Any:
    if kind == types.uint8:
        return value
    return builder.xor(value, ir.Constant(value.type, [0x8000] * value.type.count))


def _bounded(builder: Any, value: Any, high: Any) -> Any:
    """Return unsigned pixels, not above ``high``."""
    top = _broadcast(builder, builder.trunc(high, value.type.element), value.type.count)
    return builder.select(builder.icmp_unsigned("<", value, top), value, top)


@intrinsic
def store_shifted(typingctx: Any, address: Any, sums: Any, shift: Any, high: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store sums over two to the power ``shift`` as pixels from 0 to ``high``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        address, sums, shift, high, _ = args
        pixels = _PIXELS[kind]
        places = _broadcast(builder, builder.trunc(shift, sums.type.element), sums.type.count)
        sums = builder.ashr(sums, places)
        size, names = _level()
        if not size:
            zero = ir.Constant(sums.type, [0] * sums.type.count)
            sums = builder.select(builder.icmp_signed(">", sums, zero), sums, zero)
            top = ir.Constant(sums.type, [2**pixels.element.width - 1] * sums.type.count)
            result = builder.trunc(builder.select(builder.icmp_signed("<", sums, top), sums, top), pixels)
        else:
            parts = _parts(builder, sums, size * 8 // sums.type.element.width)
            pack = names["bytes" if kind == types.uint8 else "words"]
            result = _packed(builder, parts, pack, pixels.element)
        _store(builder, address, _bounded(builder, result, high))

    return types.void(types.int64, sums, types.int64, types.int64, kind), codegen


def _packed(builder: Any, parts: list[Any], pack: str, element: ir.Type) -> Any:
    """Pack vectors, two and two, as elements of half their width."""
    kind = ir.VectorType(element, 2 * parts[0].type.count)
    return _joined(builder, [call(builder, pack, kind, *parts[i : i + 2]) for i in range(0, len(parts), 2)])


def _store_reals(builder: Any, address: Any, reals: list[Any], numbers: Any, kind: Any) -> None:
    """Store ``real * scale + offset`` as pixels from 0 to ``high``, halves rounded up."""
    pixels = _PIXELS[kind]
    size, names = _level()
    done = []
    for real in reals:
        vector = real.type
        scale, offset, high = (_broadcast(builder, number, vector.count) for number in numbers)
        start = builder.fadd(offset, ir.Constant(vector, [0.5] * vector.count))
        value = builder.fadd(builder.fmul(real, scale, flags=_CONTRACT), start, flags=_CONTRACT)
        value = builder.select(builder.fcmp_ordered("<", value, high), value, high)
        whole = ir.VectorType(_I32, vector.count)
        if size:
            rest = [ir.Constant(whole, None), ir.Constant(_I16, -1), ir.Constant(_I32, 4)] if size == 64 else []
            done.append(call(builder, names["cut"], whole, value, *rest))  # the rest: all lanes, rounded as ever
        else:
            zero = ir.Constant(vector, [0.0] * vector.count)
            value = builder.select(builder.fcmp_ordered(">", value, zero), value, zero)
            done.append(builder.fptosi(value, whole))
    if not size:
        result = builder.trunc(done[0], pixels)
    elif kind == types.uint8:
        shorts = [call(builder, names["shorts"], ir.VectorType(_I16, size // 2), *done[i : i + 2])
                  for i in range(0, len(done), 2)]  # fmt: skip
        result = _packed(builder, shorts, names["bytes"], _I8)
    else:
        result = _packed(builder, done, names["words"], _I16)
    _store(builder, address, result)


def _reals(builder: Any, sums: Any, kind: Any) -> list[Any]:
    """Return sums as float32, a register each."""
    size, _ = _level()
    if not size:
        wide = builder.sext(sums, ir.VectorType(_I32, sums.type.count)) if kind == types.uint8 else sums
        return [builder.sitofp(wide, ir.VectorType(_FLOAT, wide.type.count))]
    words, reals = ir.VectorType(_I32, size // 4), ir.VectorType(_FLOAT, size // 4)
    if kind == types.uint16:
        return [builder.sitofp(part, reals) for part in _parts(builder, sums, size // 4)]
    parts = _parts(builder, sums, size // 2)
    zero, half = ir.Constant(parts[0].type, None), ir.Constant(words, [16] * words.count)
    upper = [builder.bitcast(one, words) for part in parts for one in _interleaved(builder, zero, part)]
    return [builder.sitofp(builder.ashr(one, half), reals) for one in upper]


@intrinsic
def store_scaled(
    typingctx: Any, address: Any, sums: Any, scale: Any, offset: Any, high: Any, kind: Any
) -> tuple[Any, Codegen]:
    """Store ``sums * scale + offset`` as pixels from 0 to ``high``, halves rounded up."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        _store_reals(builder, args[0], _reals(builder, args[1], kind), args[2:5], kind)

    return types.void(types.int64, sums, *[types.float32] * 3, kind), codegen


@intrinsic
def store_length(
    typingctx: Any, address: Any, x: Any, y: Any, scale: Any, offset: Any, high: Any, kind: Any
) -> tuple[Any, Codegen]:
    """Store ``sqrt(x * x + y * y) * scale + offset`` as pixels from 0 to ``high``, halves rounded up."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        address, x, y = args[:3]
        size, names = _level()
        if size and kind == types.uint8:  # the squares of both are added by one instruction
            words, reals = ir.VectorType(_I32, size // 4), ir.VectorType(_FLOAT, size // 4)
            parts = zip(_parts(builder, x, size // 2), _parts(builder, y, size // 2), strict=True)
            mixed = [one for two in parts for one in _interleaved(builder, *two)]
            squares = [builder.sitofp(call(builder, names[_I16], words, one, one), reals) for one in mixed]
        else:
            both = zip(_reals(builder, x, kind), _reals(builder, y, kind), strict=True)
            squares = [
                builder.fadd(builder.fmul(a, a, flags=_CONTRACT), builder.fmul(b, b, flags=_CONTRACT), flags=_CONTRACT)
                for a, b in both
            ]
        _store_reals(builder, address, [_sqrt(builder, square, finite=True) for square in squares], args[3:6], kind)

    return types.void(types.int64, x, y, *[types.float32] * 3, kind), codegen
