"""Vectors of chroma: read twice or in pairs, averaged, and put on the grid of P010."""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _CONTRACT, _ELEMENTS, _FAMILIES, _FLOAT, I32, _all, _at
from ._planes import _shuffle, _widen
from ._simd import F32, Codegen, intrinsic


@intrinsic
def load_twice(typingctx: Any, address: Any, kind: Any, family: Any) -> tuple[Any, Codegen]:
    """Load half a vector, each value in two lanes side by side."""
    vector, element = _FAMILIES[family].vector, _ELEMENTS[kind]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        half = builder.load(_at(builder, args[0], ir.VectorType(element, vector.count // 2)), align=1)
        return _widen(builder, _shuffle(builder, half, half, [i // 2 for i in range(vector.count)]), vector)

    return _FAMILIES[family](types.int64, kind, family), codegen


def _half(builder: Any, value: Any) -> Any:
    if value.type.element == _FLOAT:
        return builder.fmul(value, _all(value.type, 0.5), flags=_CONTRACT)
    return builder.lshr(value, _all(value.type, 1))  # exact: pixels have 7 fractional bits


@intrinsic
def mean_of(typingctx: Any, first: Any, second: Any) -> tuple[Any, Codegen]:
    """Return the mean of pixels in every channel."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        plus = builder.fadd if first.dtype.vector.element == _FLOAT else builder.add
        values = [
            plus(*(_half(builder, builder.extract_value(arg, channel)) for arg in args))
            for channel in range(len(first))
        ]
        return context.make_tuple(builder, signature.return_type, values)

    return first(first, second), codegen


@intrinsic
def mean_of_pairs(typingctx: Any, first: Any, second: Any) -> tuple[Any, Codegen]:
    """Return the means of lanes side by side in every channel, of one vector after the other."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = first.dtype.vector
        plus = builder.fadd if vector.element == _FLOAT else builder.add
        values = []
        for channel in range(len(first)):
            a, b = (builder.extract_value(arg, channel) for arg in args)
            even, odd = (_shuffle(builder, a, b, list(range(s, 2 * vector.count, 2))) for s in (0, 1))
            values.append(plus(_half(builder, even), _half(builder, odd)))
        return context.make_tuple(builder, signature.return_type, values)

    return first(first, second), codegen


@intrinsic
def load_pairs(typingctx: Any, address: Any, kind: Any, family: Any, steps: Any) -> tuple[Any, Codegen]:
    """Load interleaved Cb and Cr; each in two lanes side by side where the tuple ``steps`` has a member."""
    vector, element = _FAMILIES[family].vector, _ELEMENTS[kind]
    result = types.UniTuple(_FAMILIES[family], 2)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        across = 1 + len(steps)
        raw = builder.load(_at(builder, args[0], ir.VectorType(element, 2 * vector.count // across)), align=1)
        parts = []
        for channel in (0, 1):
            picks = [2 * (i // across) + channel for i in range(vector.count)]
            parts.append(_widen(builder, _shuffle(builder, raw, raw, picks), vector))
        return context.make_tuple(builder, signature.return_type, parts)

    return result(types.int64, kind, family, steps), codegen


@intrinsic
def on_grid(typingctx: Any, value: Any, unit: Any) -> tuple[Any, Codegen]:
    """Return float32 lanes rounded half up, not below 0, times the unit."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, unit = args
        rounded = builder.fadd(value, _all(F32.vector, 0.5))
        positive = builder.fcmp_ordered(">", rounded, _all(F32.vector, 0.0))
        rounded = builder.select(positive, rounded, _all(F32.vector, 0.0))
        return builder.fmul(builder.sitofp(builder.fptosi(rounded, I32.vector), F32.vector), unit)

    return F32(F32, F32), codegen


@intrinsic
def at_most(typingctx: Any, value: Any, high: Any) -> tuple[Any, Codegen]:
    """Return the smaller of each lane; NaN stays."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        compare = builder.fcmp_ordered if value.vector.element == _FLOAT else builder.icmp_signed
        return builder.select(compare(">", *args), args[1], args[0])

    return value(value, high), codegen
