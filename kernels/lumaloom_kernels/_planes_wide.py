"""Pixels of three channels of 16 bits as float32, 16 at once, in the order in which a processor widens and packs them.

Registers of 256 bits are widened and packed in halves, which is undone by the other: lanes of vectors are not in the
order of the pixels in between, but all channels' are in the same. So this is for kernels that look at each pixel
by itself. Other pixels, and other processors, are served as by `_planes`.
"""

from typing import Any

from llvmlite import ir
from numba import types

from ._lanes import _ELEMENTS, _FAMILIES, _I16, _I32, _I64, I32, _all, _at, narrow
from ._planes import _blended, _put_together, _shuffle, _taken_apart
from ._simd import F32, Codegen, intrinsic
from ._x86 import call, has

COUNT = F32.vector.count
_HALF = ir.VectorType(_I32, COUNT // 2)
_WORDS = ir.VectorType(_I16, 2 * COUNT)


def _serves(kind: Any, family: Any, shape: Any) -> bool:
    return bool(kind == types.uint16 and family == types.float32 and len(shape) == 3 and has("avx2"))


def _widened(builder: Any, pointer: Any) -> list[Any]:
    """Load pixels; return vectors of int32."""
    if has("avx512bw"):  # a permutation takes a channel from the 96 bytes, and leaves room between the samples
        first = builder.load(builder.bitcast(pointer, _WORDS.as_pointer()), align=1)
        rest = builder.gep(pointer, [ir.Constant(_I64, 2 * COUNT)])
        rest = builder.load(builder.bitcast(rest, ir.VectorType(_I16, COUNT).as_pointer()), align=1)
        rest = _shuffle(builder, rest, rest, [*range(COUNT)] * 2)
        planes = []
        for channel in range(3):
            picks = [3 * i + channel for i in range(COUNT) for _ in (0, 1)]
            samples = builder.bitcast(_shuffle(builder, first, rest, picks), I32.vector)
            planes.append(builder.and_(samples, _all(I32.vector, 0xFFFF)))
        return planes
    planes = []
    for blend, picks in _blended(builder, pointer, COUNT // 2):
        zero, halves = ir.Constant(blend.type, None), []
        for start in (0, 4):
            lanes = [8 * lane + picks[start + i] for lane in (0, 1) for i in range(4)]
            spaced = _shuffle(builder, blend, zero, [place for lane in lanes for place in (lane, COUNT)])
            halves.append(builder.bitcast(spaced, _HALF))
        planes.append(_shuffle(builder, halves[0], halves[1], list(range(COUNT))))
    return planes


def _rounded(builder: Any, value: Any) -> Any:
    """Return float32 as int32 that are not above 65535."""
    top = _all(F32.vector, 65535.0)
    value = builder.fadd(value, _all(F32.vector, 0.5))
    value = builder.select(builder.fcmp_ordered("<", top, value), top, value)
    return builder.fptosi(value, I32.vector)


def _packed(builder: Any, whole: Any) -> Any:
    """Return int32 as uint16, in the order of the pixels; what is below zero becomes zero."""
    if has("avx512bw"):
        whole = builder.select(builder.icmp_signed(">", whole, _all(I32.vector, 0)), whole, _all(I32.vector, 0))
        return builder.trunc(whole, ir.VectorType(_I16, COUNT))
    halves = [_shuffle(builder, whole, whole, [start + i for i in range(COUNT // 2)]) for start in (0, COUNT // 2)]
    return call(builder, "avx2.packusdw", ir.VectorType(_I16, COUNT), *halves)


def _store(builder: Any, pointer: Any, planes: list[Any]) -> None:
    """Store int32 as pixels."""
    if len(planes) != 3 or not has("avx512bw"):
        _put_together(builder, pointer, [_packed(builder, plane) for plane in planes])
        return
    pairs = [call(builder, "avx512.packusdw.512", _WORDS, *pair) for pair in (planes[:2], planes[2:] * 2)]
    picks = []
    for sample in range(3 * COUNT):
        pixel, channel = divmod(sample, 3)
        picks.append((0, 4, 2 * COUNT)[channel] + pixel // 4 * 8 + pixel % 4)
    for start in (0, 2 * COUNT):
        part = _shuffle(builder, pairs[0], pairs[1], picks[start : start + 2 * COUNT])
        place = builder.gep(pointer, [ir.Constant(_I64, start)])
        builder.store(part, builder.bitcast(place, part.type.as_pointer()), align=1)


@intrinsic
def load_any_order(typingctx: Any, address: Any, kind: Any, family: Any, shape: Any) -> tuple[Any, Codegen]:
    """Load as many pixels as a family has lanes; return a vector of each channel."""
    vector = _FAMILIES[family].vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _at(builder, args[0], _ELEMENTS[kind])
        if _serves(kind, family, shape):
            planes = [builder.sitofp(plane, vector) for plane in _widened(builder, pointer)]
        else:
            planes = _taken_apart(builder, pointer, len(shape), vector)
        return context.make_tuple(builder, signature.return_type, planes)

    return types.UniTuple(_FAMILIES[family], len(shape))(types.int64, kind, family, shape), codegen


@intrinsic
def store_any_order(
    typingctx: Any, address: Any, values: Any, kind: Any, family: Any, shape: Any
) -> tuple[Any, Codegen]:
    """Store vectors of channels made of pixels that `load_any_order` loaded with the same ``shape``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        pointer = _at(builder, args[0], _ELEMENTS[kind])
        planes = [builder.extract_value(args[1], c) for c in range(len(values))]
        if _serves(kind, family, shape):
            _store(builder, pointer, [_rounded(builder, plane) for plane in planes])
        else:
            _put_together(builder, pointer, [narrow(builder, plane, _ELEMENTS[kind], True) for plane in planes])

    return types.void(types.int64, values, kind, family, shape), codegen
