"""Stores that go past the caches: a large result is not read into them first, and drives nothing out of them."""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _ELEMENTS, _I8, _I32, _at, narrow
from ._simd import Codegen, copy_bytes, intrinsic, jit

RUN = 4096  # bytes
LARGE = 8 << 20  # bytes of a result that the caches would not keep for its reader anyway


def past_caches(builder: Any, stored: Any) -> None:
    """Have a store, to a multiple of its size, go past the caches; `settle` it later."""
    stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(_I32, 1)]))


@intrinsic
def store_past(typingctx: Any, address: Any, value: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store a vector, in the range of the kind, to an address that is a multiple of its size; `settle` it later."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        result = narrow(builder, args[1], _ELEMENTS[kind], saturate=False)
        size = result.type.count * _ELEMENTS[kind].get_abi_size(context.codegen().target_data)
        past_caches(builder, builder.store(result, _at(builder, args[0], result.type), align=size))

    return types.void(types.int64, value, kind), codegen


@intrinsic
def move_past(typingctx: Any, target: Any, source: Any) -> tuple[Any, Codegen]:
    """Copy 64 bytes to an address that is a multiple of 64; `settle` it later."""
    vector = ir.VectorType(_I8, 64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        value = builder.load(_at(builder, args[1], vector), align=1)
        past_caches(builder, builder.store(value, _at(builder, args[0], vector), align=64))

    return types.void(types.int64, types.int64), codegen


@intrinsic
def move_line(typingctx: Any, target: Any, source: Any) -> tuple[Any, Codegen]:
    """Copy 64 bytes."""
    vector = ir.VectorType(_I8, 64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        builder.store(builder.load(_at(builder, args[1], vector), align=1), _at(builder, args[0], vector), align=1)

    return types.void(types.int64, types.int64), codegen


@jit
def copy_run(target: int, source: int, count: int) -> None:
    """Copy bytes, most to whole lines of the caches; some lines are there before a library's copy has begun."""
    if count < 64 or count > RUN:
        copy_bytes(target, source, count)
        return
    move_line(target, source)
    at = 64 - (target & 63)
    while at + 128 <= count:
        move_line(target + at, source + at)
        move_line(target + at + 64, source + at + 64)
        at += 128
    if at + 64 <= count:
        move_line(target + at, source + at)
    move_line(target + count - 64, source + count - 64)


@jit
def copy_past(target: int, source: int, count: int) -> None:
    """Copy bytes, whole cache lines of the target past the caches; `settle` them later."""
    at = min(-target % 64, count)
    copy_bytes(target, source, at)
    while at + 64 <= count:
        move_past(target + at, source + at)
        at += 64
    copy_bytes(target + at, source + at, count - at)


@intrinsic
def settle(typingctx: Any) -> tuple[Any, Codegen]:
    """Make what `store_past` stored visible to other threads."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        builder.fence("seq_cst")

    return types.void(), codegen
