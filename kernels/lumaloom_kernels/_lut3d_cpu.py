"""Three-dimensional tables: where pixels lie in the cube is found in vectors, their nodes are mixed pixel by pixel.

A node is four float32, so that one load of 128 bits has it. For 16 pixels at a time the vectors leave in working
memory which nodes each pixel is made of and with what weights; then a pixel takes a multiplication a node, which
costs less than gathering three channels of every node.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _CONTRACT, _FLOAT, _I32, _I64, I32, _all, _at, lanes
from ._lines import Addresses, address, run_lines
from ._planes import fetch_ahead, load_pixels, shift_to_line, store_pixels
from ._scratch import scratch
from ._simd import F32, LANES_F32, Codegen, intrinsic, jit, pixel_size

_FOUR = (np.int8(0),) * 4
_NODE = ir.VectorType(_FLOAT, 4)
_NODE_BYTES = 16
_BLOCK = 4 * LANES_F32  # bytes of a vector in working memory
TETRAHEDRAL = (np.int8(0),) * 4  # as many members as a pixel has nodes
TRILINEAR = (np.int8(0),) * 8
NODES = {"tetrahedral": TETRAHEDRAL, "trilinear": TRILINEAR}
CHUNK = 8  # vectors of pixels that go through each step together: what was just written is not read at once
_ALIKE = 3  # nodes of a tetrahedron that depend on the pixel; the last one is a constant step from the first


def _smaller(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _split(builder: Any, value: Any, low: Any, scale: Any, last: Any) -> tuple[Any, Any]:
    """Return the lower node of a channel, as a whole number, and the share of the upper one, from 0 to 1."""
    vector, zero = value.type, _all(value.type, 0.0)
    place = builder.fmul(builder.fsub(value, low), scale)
    place = builder.select(builder.fcmp_ordered("<", place, zero), zero, place)  # NaN stays
    place = builder.select(builder.fcmp_ordered(">", place, last), last, place)
    node = builder.sitofp(builder.fptosi(place, I32.vector), vector)
    node = _larger(builder, _smaller(builder, node, builder.fsub(last, _all(vector, 1.0))), zero)
    return node, builder.fsub(place, node)


def _splat(builder: Any, number: Any) -> Any:
    empty = ir.Constant(F32.vector, ir.Undefined)
    one = builder.insert_element(empty, number, ir.Constant(_I32, 0))
    return builder.shuffle_vector(one, empty, _all(I32.vector, 0))


def _tetrahedron(builder: Any, base: Any, shares: list[Any], strides: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the offsets of the first three nodes, and four weights: the path to the far corner by falling share."""
    (a, b, c), one = shares, _all(base.type, 1.0)
    larger, smaller = _larger(builder, a, b), _smaller(builder, a, b)
    most, least = _larger(builder, larger, c), _smaller(builder, smaller, c)
    middle = _larger(builder, smaller, _smaller(builder, larger, c))
    total = builder.fadd(builder.fadd(a, b), c)
    weight = builder.fadd(least, builder.fsub(total, total))  # comparisons lose NaN, sums keep it

    def stride_of(share: Any) -> Any:  # where two are equal, the node between them has no weight
        rest = builder.select(builder.fcmp_ordered("==", b, share), strides[1], strides[2])
        return builder.select(builder.fcmp_ordered("==", a, share), strides[0], rest)

    far = builder.fadd(builder.fadd(strides[0], strides[1]), strides[2])
    second = builder.fadd(base, stride_of(most))
    third = builder.fsub(builder.fadd(base, far), stride_of(least))
    weights = [builder.fsub(one, most), builder.fsub(most, middle), builder.fsub(middle, least), weight]
    return [base, second, third], weights


def _corners(builder: Any, base: Any, shares: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the offset of the first corner of a cell, and the weights of all eight, blue changing fastest."""
    weights = [_all(base.type, 1.0)]
    for share in shares:
        rest = builder.fsub(_all(base.type, 1.0), share)
        weights = [builder.fmul(weight, part) for weight in weights for part in (rest, share)]
    return [base], weights


@intrinsic
def leave_places(typingctx: Any, target: Any, values: Any, numbers: Any, nodes: Any) -> tuple[Any, Codegen]:
    """Write vectors of the nodes' offsets, in bytes, and then of their weights.

    ``numbers`` has the lows of the domain, the nodes a unit, the last node and the strides of red and green.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        data = context.make_array(signature.args[2])(context, builder, args[2]).data
        number = [_splat(builder, builder.load(builder.gep(data, [ir.Constant(_I32, i)]))) for i in range(9)]
        lows, scales, last, strides = number[:3], number[3:6], number[6], [*number[7:9], _all(F32.vector, 1.0)]
        base, shares = None, []
        for channel in range(3):
            value = builder.extract_value(args[1], channel)
            node, share = _split(builder, value, lows[channel], scales[channel], last)
            step = builder.fmul(node, strides[channel])
            base = step if base is None else builder.fadd(base, step)
            shares.append(share)
        if len(nodes) == len(TETRAHEDRAL):
            offsets, weights = _tetrahedron(builder, base, shares, strides)
        else:
            offsets, weights = _corners(builder, base, shares)
        size = _all(I32.vector, _NODE_BYTES)
        vectors = [builder.mul(builder.fptosi(offset, I32.vector), size) for offset in offsets] + weights
        for i, vector in enumerate(vectors):
            place = builder.add(args[0], ir.Constant(_I64, i * _BLOCK))
            builder.store(vector, _at(builder, place, vector.type), align=4)

    return types.void(types.int64, values, numbers, nodes), codegen


@intrinsic
def mix_nodes(
    typingctx: Any, target: Any, source: Any, table: Any, red: Any, green: Any, nodes: Any
) -> tuple[Any, Codegen]:
    """Write a pixel of four float32: the weighted sum of its nodes; red and green are strides in bytes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        target, source, table, red, green, _ = args
        one = ir.Constant(_I64, _NODE_BYTES)

        def left(number: int, kind: ir.Type) -> Any:
            return builder.load(_at(builder, builder.add(source, ir.Constant(_I64, number * _BLOCK)), kind), align=4)

        count = len(nodes)
        moving = _ALIKE if count == len(TETRAHEDRAL) else 1
        places = [builder.add(table, builder.zext(left(i, _I32), _I64)) for i in range(moving)]
        if moving == _ALIKE:
            places.append(builder.add(places[0], builder.add(builder.add(red, green), one)))
        else:
            for step in (red, green, one):
                places = [place for start in places for place in (start, builder.add(start, step))]
        total = None
        for i, place in enumerate(places):
            empty = ir.Constant(_NODE, ir.Undefined)
            weight = builder.insert_element(empty, left(moving + i, _FLOAT), ir.Constant(_I32, 0))
            weight = builder.shuffle_vector(weight, empty, _all(ir.VectorType(_I32, 4), 0))
            node = builder.load(_at(builder, place, _NODE), align=16)
            part = builder.fmul(node, weight, flags=_CONTRACT)
            total = part if total is None else builder.fadd(total, part, flags=_CONTRACT)
        builder.store(total, _at(builder, target, _NODE), align=16)

    return types.void(types.int64, types.int64, types.int64, types.int64, types.int64, nodes), codegen


@jit
def cube_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, shape: Any, kind: Any, numbers: Any, nodes: Any,
    table: int, memory: int,
) -> None:  # fmt: skip
    """Compute rows ``first`` to ``stop`` of ``count`` pixels."""
    family, channel = np.float32(0), np.int8(0)
    step, pixel = lanes(family), len(shape) * pixel_size(kind)
    red, green = 16 * np.int64(numbers[7]), 16 * np.int64(numbers[8])
    left = 64 * (len(nodes) + 3)  # bytes of working memory for a vector of pixels
    mixed = memory + CHUNK * left
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        shift = shift_to_line(target, pixel, step)
        vectors = (count + shift + step - 1) // step
        for start in range(0, vectors, CHUNK):
            several = min(CHUNK, vectors - start)
            for i in range(several):
                at = min(max((start + i) * step - shift, 0), count - step) * pixel
                fetch_ahead(source + at, step * pixel)
                leave_places(memory + i * left, load_pixels(source + at, kind, family, shape), numbers, nodes)
            for i in range(several):
                for p in range(step):
                    mix_nodes(mixed + 16 * (i * step + p), memory + i * left + 4 * p, table, red, green, nodes)
            for i in range(several):
                at = min(max((start + i) * step - shift, 0), count - step) * pixel
                result = load_pixels(mixed + 16 * i * step, family, family, (channel, channel, channel, channel))
                if len(shape) == 3:
                    store_pixels(target + at, result[:3], kind)
                else:
                    alpha = load_pixels(source + at, kind, family, shape)[3]
                    store_pixels(target + at, (result[0], result[1], result[2], alpha), kind)


def look_colours_up(
    src: NDArray[Any], out: NDArray[Any], cube: NDArray[Any], nodes: Any, lows: Any, highs: Any, threads: int
) -> None:
    """Look pixels of three or four channels up; ``lows`` and ``highs`` are the domain, in units of 1 for white."""
    size, top = len(cube), 1.0 if src.dtype.kind == "f" else float(np.iinfo(src.dtype).max)
    table = scratch("cube", size**3 * 4, np.float32).reshape(size, size, size, 4)
    for channel in range(3):
        np.multiply(cube[..., channel], top, out=table[..., channel])
    scale = (size - 1) / (highs - lows) / top
    numbers = np.array([*(lows * top), *scale, size - 1, size * size, size], np.float32)
    kind, shape = src.dtype.type(0), _FOUR[: src.shape[2]]
    entries = address(table)

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        memory = address(scratch("places", CHUNK * 16 * LANES_F32, np.float32))
        cube_lines(addresses, pitches, first, stop, count, shape, kind, numbers, nodes, entries, memory)

    run_lines(work, (src,), (out,), threads)
