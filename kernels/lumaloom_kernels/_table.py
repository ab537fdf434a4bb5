"""Any function of 8-bit samples, as a table of 256 entries that stays in registers."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._simd import Codegen, Vector, intrinsic, jit
from ._x86 import has

LANES = 64
_BYTES = Vector("u8x64", ir.IntType(8), LANES)


def has_table() -> bool:
    """Tell whether one instruction looks 64 samples up (AVX-512 VBMI)."""
    return has("avx512vbmi")


@intrinsic
def load_bytes(typingctx: Any, address: Any) -> tuple[Any, Codegen]:
    """Load 64 bytes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], _BYTES.vector.as_pointer()), align=1)

    return _BYTES(types.int64), codegen


@intrinsic
def store_bytes(typingctx: Any, address: Any, value: Any) -> tuple[Any, Codegen]:
    """Store 64 bytes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        builder.store(args[1], builder.inttoptr(args[0], _BYTES.vector.as_pointer()), align=1)

    return types.void(types.int64, _BYTES), codegen


@intrinsic
def look_up(typingctx: Any, values: Any, t0: Any, t1: Any, t2: Any, t3: Any) -> tuple[Any, Codegen]:
    """Return the entries of a table of four vectors."""
    vector = _BYTES.vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values, *table = args
        kind = ir.FunctionType(vector, [vector] * 3)
        name = "llvm.x86.avx512.vpermi2var.qi.512"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        low = builder.call(function, [table[0], values, table[1]])
        high = builder.call(function, [table[2], values, table[3]])
        upper = builder.icmp_signed("<", values, ir.Constant(vector, [0] * LANES))
        return builder.select(upper, high, low)

    return _BYTES(*[_BYTES] * 5), codegen


@jit
def table_lines(src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, count: int, table: int) -> None:
    """Look rows of ``count`` >= 64 bytes up; a row may replace itself, as `scale_line` says."""
    t0, t1 = load_bytes(table), load_bytes(table + LANES)
    t2, t3 = load_bytes(table + 2 * LANES), load_bytes(table + 3 * LANES)
    for y in range(first, stop):
        source, target = src + y * pitch, out + y * out_pitch
        head = look_up(load_bytes(source), t0, t1, t2, t3)
        tail = count - LANES
        at = -target % LANES
        for _ in range(max(0, tail - LANES - at) // LANES):
            store_bytes(target + at, look_up(load_bytes(source + at), t0, t1, t2, t3))
            at += LANES
        last = look_up(load_bytes(source + tail), t0, t1, t2, t3)
        while at < tail:
            store_bytes(target + at, look_up(load_bytes(source + at), t0, t1, t2, t3))
            at += LANES
        store_bytes(target, head)
        store_bytes(target + tail, last)


def table_rows(src: NDArray[Any], out: NDArray[Any], table: NDArray[np.uint8], first: int, stop: int) -> None:
    """Look rows ``first`` to ``stop`` of arrays of samples up."""
    table_lines(
        src.ctypes.data, src.strides[0], out.ctypes.data, out.strides[0], first, stop, src.shape[1], table.ctypes.data
    )
