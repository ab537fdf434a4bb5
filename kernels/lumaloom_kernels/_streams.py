"""Stores that go past the caches: a large result is not read into them first, and drives nothing out of them."""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _ELEMENTS, _I32, _at, narrow
from ._simd import Codegen, intrinsic

LARGE = 8 << 20  # bytes of a result that the caches would not keep for its reader anyway


@intrinsic
def store_past(typingctx: Any, address: Any, value: Any, kind: Any) -> tuple[Any, Codegen]:
    """Store a vector, in the range of the kind, to an address that is a multiple of its size; `settle` it later."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        result = narrow(builder, args[1], _ELEMENTS[kind], saturate=False)
        size = result.type.count * _ELEMENTS[kind].get_abi_size(context.codegen().target_data)
        stored = builder.store(result, _at(builder, args[0], result.type), align=size)
        stored.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(_I32, 1)]))

    return types.void(types.int64, value, kind), codegen


@intrinsic
def settle(typingctx: Any) -> tuple[Any, Codegen]:
    """Make what `store_past` stored visible to other threads."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        builder.fence("seq_cst")

    return types.void(), codegen
