"""Products of pixels with a matrix, in vectors: one output channel a row, the last column is added."""

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _CONTRACT, _FAMILIES, _FLOAT, _I32, _all, _rounded_product, has_fixed_point, lanes
from ._lines import Addresses, run_lines
from ._planes import fetch_pixels_ahead, shift_to_line
from ._planes_wide import load_any_order, store_any_order
from ._simd import Codegen, intrinsic, jit, pixel_size

WEIGHT_BITS, RESULT_BITS = 13, 5  # 7 fractional bits of pixels and 13 of weights, less the 15 a product loses
_ROOM = 1000  # sums of fixed point, with some left of the 1024 that 16 bits hold


@intrinsic
def splat_all(typingctx: Any, numbers: Any, shape: Any) -> tuple[Any, Codegen]:
    """Return the first numbers of an array, as many as the shape has members, each in all lanes of a vector."""
    result = types.UniTuple(_FAMILIES[numbers.dtype], len(shape))
    vector = _FAMILIES[numbers.dtype].vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        empty, everywhere = ir.Constant(vector, ir.Undefined), _all(ir.VectorType(_I32, vector.count), 0)
        vectors = []
        for i in range(len(shape)):
            number = builder.load(builder.gep(data, [ir.Constant(_I32, i)]))
            one = builder.insert_element(empty, number, ir.Constant(_I32, 0))
            vectors.append(builder.shuffle_vector(one, empty, everywhere))
        return context.make_tuple(builder, signature.return_type, vectors)

    return result(numbers, shape), codegen


@intrinsic
def matrix_product(typingctx: Any, values: Any, weights: Any) -> tuple[Any, Codegen]:
    """Return the product of channels with a matrix, given row by row."""
    columns = len(values) + 1
    result = types.UniTuple(values.dtype, len(weights) // columns)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = []
        for row in range(len(result)):
            weight = [builder.extract_value(args[1], row * columns + i) for i in range(columns)]
            total = weight[-1]
            for i in range(columns - 1):
                value = builder.extract_value(args[0], i)
                if total.type.element == _FLOAT:
                    total = builder.fadd(total, builder.fmul(value, weight[i], flags=_CONTRACT), flags=_CONTRACT)
                else:
                    total = builder.add(total, _rounded_product(builder, value, weight[i]))
            rows.append(total)
        return context.make_tuple(builder, signature.return_type, rows)

    return result(values, weights), codegen


@jit
def matrix_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, numbers: Any, shape: Any, cells: Any
) -> None:
    """Compute rows ``first`` to ``stop`` of ``count`` pixels; ``shape`` is that of the source's pixels."""
    family = numbers[0]
    weights = splat_all(numbers, cells)
    step, size = lanes(family), pixel_size(kind)
    pixel, pixel_out = len(shape) * size, len(cells) // (len(shape) + 1) * size
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        shift = shift_to_line(target, pixel_out, step)
        for i in range((count + shift + step - 1) // step):
            at = min(max(i * step - shift, 0), count - step)
            fetch_pixels_ahead(source + at * pixel, kind, family, shape)
            values = matrix_product(load_any_order(source + at * pixel, kind, family, shape), weights)
            store_any_order(target + at * pixel_out, values, kind, family, shape)


def multiply(src: NDArray[Any], out: NDArray[Any], matrix: NDArray[np.float64], threads: int) -> None:
    """Multiply each pixel; the last column of the matrix is added, in units of samples."""
    numbers = coefficients(matrix, src.dtype)
    kind = src.dtype.type(0)
    shape, cells = (np.int8(0),) * src.shape[2], (np.int8(0),) * matrix.size

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        matrix_lines(addresses, pitches, first, stop, count, kind, numbers, shape, cells)

    run_lines(work, (src,), (out,), threads)


def coefficients(matrix: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the matrix in fixed point where that suffices for pixels of the dtype, else as float32.

    The result is shared by all calls with the same matrix.
    """
    return _coefficients(matrix.tobytes(), matrix.shape, dtype == np.uint8 and has_fixed_point())


@lru_cache(256)
def _coefficients(cells: bytes, shape: tuple[int, int], fixed: bool) -> NDArray[Any]:
    matrix = np.frombuffer(cells).reshape(shape)
    weights, offset = matrix[:, :-1], matrix[:, -1]
    least, most = offset + 255 * np.minimum(weights, 0).sum(1), offset + 255 * np.maximum(weights, 0).sum(1)
    fits = abs(weights).max() < 3.99 and least.min() > -_ROOM and most.max() < _ROOM and abs(offset).max() < _ROOM
    if fixed and fits:
        scale = np.append(np.full(weights.shape[1], 1 << WEIGHT_BITS), 1 << RESULT_BITS)
        return np.asarray(np.rint(matrix * scale).astype(np.int16).ravel())
    return matrix.astype(np.float32).ravel()
