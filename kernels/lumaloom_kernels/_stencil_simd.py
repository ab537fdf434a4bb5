"""Vector operations of the small stencils: signed 16-bit lanes that become uint8, and float32 lanes with a bound.

The 32 lanes of `_simd.U16` are taken as signed here.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from ._simd import F32, LANES_U16, U16, Codegen, _broadcast, _store, intrinsic
from ._x86 import call, has

_I8, _I16, _I32, _FLOAT = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType()
_WIDE = ir.VectorType(_I32, LANES_U16)
_REAL = ir.VectorType(_FLOAT, LANES_U16)
_BYTES = ir.VectorType(_I8, LANES_U16)
_CONTRACT = ("contract",)
_PAIRS = (  # feature, lanes of 16 bits, and what LLVM calls: sum two products, make whole, and pack, saturating
    ("avx2", 16, "avx2.pmadd.wd", "avx.cvtt.ps2dq.256", "avx2.packssdw", "avx2.packuswb"),
    ("sse2", 8, "sse2.pmadd.wd", "sse2.cvttps2dq", "sse2.packssdw.128", "sse2.packuswb.128"),
)


def _real(builder: Any, value: Any) -> Any:
    return builder.sitofp(builder.sext(value, _WIDE), _REAL)


def _round(builder: Any, address: Any, value: Any, high: Any) -> None:
    """Store 32 float32 as uint8 between 0 and ``high``, halves rounded up."""
    zero = ir.Constant(_REAL, [0.0] * LANES_U16)
    top = _broadcast(builder, high, LANES_U16)
    value = builder.select(builder.fcmp_ordered(">", value, zero), value, zero)
    value = builder.select(builder.fcmp_ordered("<", value, top), value, top)
    value = builder.fadd(value, ir.Constant(_REAL, [0.5] * LANES_U16))
    _store(builder, address, builder.trunc(builder.fptosi(value, _WIDE), _BYTES))


def _shuffle(builder: Any, first: Any, second: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_I32, len(lanes)), lanes))


def _sqrt(builder: Any, value: Any) -> Any:
    kind = ir.FunctionType(value.type, [value.type])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{value.type.count}f32")
    return builder.call(function, [value])


@intrinsic
def i16_mul(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Multiply; products have to fit."""
    return U16(U16, U16), lambda c, b, s, a: b.mul(a[0], a[1])


@intrinsic
def i16_shr(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Shift right by 0 to 15, keeping the sign."""
    return U16(U16, U16), lambda c, b, s, a: b.ashr(a[0], a[1])


@intrinsic
def i16_clip(typingctx: Any, value: Any, low: Any, high: Any) -> tuple[Any, Codegen]:
    """Return the value, not below ``low`` and not above ``high``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, low, high = args
        value = builder.select(builder.icmp_signed(">", value, low), value, low)
        return builder.select(builder.icmp_signed("<", value, high), value, high)

    return U16(U16, U16, U16), codegen


@intrinsic
def store_line(typingctx: Any, address: Any, value: Any, scale: Any, offset: Any, high: Any) -> tuple[Any, Codegen]:
    """Store ``value * scale + offset`` as uint8."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        address, value, scale, offset, high = args
        factor, start = (_broadcast(builder, number, LANES_U16) for number in (scale, offset))
        product = builder.fmul(_real(builder, value), factor, flags=_CONTRACT)
        _round(builder, address, builder.fadd(product, start, flags=_CONTRACT), high)

    return types.void(types.int64, U16, types.float32, types.float32, types.float32), codegen


@intrinsic
def store_magnitude(
    typingctx: Any, address: Any, x: Any, y: Any, scale: Any, offset: Any, high: Any
) -> tuple[Any, Codegen]:
    """Store ``sqrt(x * x + y * y) * scale + offset`` as uint8."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        address, x, y, scale, offset, high = args
        found = next((row for row in _PAIRS if has(row[0])), None)
        if found is not None:
            _store(builder, address, _packed_magnitude(builder, x, y, (scale, offset, high), *found[1:]))
            return
        x, y = (builder.sext(part, _WIDE) for part in (x, y))
        squares = builder.add(builder.mul(x, x), builder.mul(y, y))
        root = _sqrt(builder, builder.sitofp(squares, _REAL))
        factor, start = (_broadcast(builder, number, LANES_U16) for number in (scale, offset))
        product = builder.fmul(root, factor, flags=_CONTRACT)
        _round(builder, address, builder.fadd(product, start, flags=_CONTRACT), high)

    return types.void(types.int64, U16, U16, types.float32, types.float32, types.float32), codegen


def _packed_magnitude(
    builder: Any, x: Any, y: Any, numbers: tuple[Any, Any, Any], width: int, add: str, whole: str, pack: str,
    pack_bytes: str,
) -> Any:  # fmt: skip
    """Return the lengths as bytes: pairs of x and y are squared and added at once.

    Pairs are made inside of 128 bits, and lanes packed there, so only the bytes have to be put in order.
    """
    half = width // 2
    words, reals = ir.VectorType(_I32, half), ir.VectorType(_FLOAT, half)
    factor, start, top = (_broadcast(builder, number, half) for number in numbers)
    start = builder.fadd(start, ir.Constant(reals, [0.5] * half))

    def lengths(pairs: list[int]) -> Any:
        both = _shuffle(builder, x, y, pairs)
        squares = call(builder, add, words, both, both)
        product = builder.fmul(_sqrt(builder, builder.sitofp(squares, reals)), factor, flags=_CONTRACT)
        value = builder.fadd(product, start, flags=_CONTRACT)
        return call(builder, whole, words, builder.select(builder.fcmp_ordered("<", value, top), value, top))

    shorts = []
    for first in range(0, LANES_U16, width):
        pairs = [
            [lane + y for block in range(first, first + width, 8) for lane in range(block + j, block + j + 4)
             for y in (0, LANES_U16)] for j in (0, 4)
        ]  # fmt: skip
        shorts.append(call(builder, pack, ir.VectorType(_I16, width), *map(lengths, pairs)))
    bytes_kind = ir.VectorType(_I8, 2 * width)
    parts = [call(builder, pack_bytes, bytes_kind, *shorts[i : i + 2]) for i in range(0, len(shorts), 2)]
    if len(parts) == 2:
        return _shuffle(builder, parts[0], parts[1], list(range(LANES_U16)))
    order = [lane for block in (0, 16, 8, 24) for lane in range(block, block + 8)]
    return _shuffle(builder, parts[0], parts[0], order)


@intrinsic
def store_sharpened(
    typingctx: Any, address: Any, value: Any, detail: Any, amount: Any, high: Any
) -> tuple[Any, Codegen]:
    """Store ``(value + detail * amount) / 128`` as uint8."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        address, value, detail, amount, high = args
        factor = _broadcast(builder, amount, LANES_U16)
        product = builder.fmul(_real(builder, detail), factor, flags=_CONTRACT)
        total = builder.fadd(_real(builder, value), product, flags=_CONTRACT)
        _round(builder, address, builder.fmul(total, ir.Constant(_REAL, [1 / 128] * LANES_U16)), high)

    return types.void(types.int64, U16, U16, types.float32, types.float32), codegen


@intrinsic
def f32_stream(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store 16 float32 at an address that 64 divides, past the caches; `fence` before anyone reads them."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        store = builder.store(args[1], builder.inttoptr(args[0], F32.vector.as_pointer()), align=64)
        store.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(_I32, 1)]))

    return types.void(types.int64, F32), codegen


@intrinsic
def fence(typingctx: Any) -> tuple[Any, Codegen]:
    """Make all stores before it seen before those after it."""
    return types.void(), lambda c, b, s, a: b.fence("seq_cst")


@intrinsic
def f32_sub(typingctx: Any, a: Any, b: Any) -> tuple[Any, Codegen]:
    """Subtract."""
    return F32(F32, F32), lambda c, b, s, a: b.fsub(a[0], a[1], flags=_CONTRACT)


@intrinsic
def f32_sqrt(typingctx: Any, a: Any) -> tuple[Any, Codegen]:
    """Take the square root."""
    return F32(F32), lambda c, b, s, a: _sqrt(b, a[0])


@intrinsic
def f32_min(typingctx: Any, value: Any, high: Any) -> tuple[Any, Codegen]:
    """Return the value, not above ``high``; NaN stays."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[1], args[0])

    return F32(F32, F32), codegen
