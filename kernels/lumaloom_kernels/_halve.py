"""The mean of two by two pixels: ``area`` to exactly half the size, as chroma planes and previews need it."""

from typing import Any

from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import VECTOR_BYTES
from ._lines import address
from ._scratch import scratch
from ._simd import Codegen, copy_bytes, intrinsic, jit, pixel_size

_I8, _I16, _I32, _FLOAT = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType()
_SUMS = {types.uint8: (_I8, _I16), types.uint16: (_I16, _I32), types.float32: (_FLOAT, _FLOAT)}


@intrinsic
def mean_lanes(typingctx: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return how many samples `mean_of_four` makes at once; they come from twice as many."""
    count = VECTOR_BYTES * 8 // (32 if kind == types.float32 else _SUMS[kind][1].width)
    return types.int64(kind), lambda c, b, s, a: ir.Constant(ir.IntType(64), count)


@intrinsic
def mean_of_four(
    typingctx: Any, upper: Any, lower: Any, out: Any, kind: Any, pixel: Any
) -> tuple[Any, Codegen]:  # fmt: skip
    """Store the means of pixel pairs of two rows; ``pixel`` is a tuple as long as there are channels."""
    element, wide = _SUMS[kind]
    count = VECTOR_BYTES * 8 // (32 if wide == _FLOAT else wide.width)
    channels = pixel.count
    places = [min(2 * (lane - lane % channels) + lane % channels, 2 * count - 1) for lane in range(count)]
    raw, vector = ir.VectorType(element, count), ir.VectorType(wide, count)
    bytes_of = count * (32 if element == _FLOAT else element.width) // 8

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        add = builder.fadd if wide == _FLOAT else builder.add

        def half(row: Any, index: int) -> Any:
            address = builder.add(row, ir.Constant(row.type, index * bytes_of))
            value = builder.load(builder.inttoptr(address, raw.as_pointer()), align=1)
            return value if wide == _FLOAT else builder.zext(value, vector)

        def picked(offset: int) -> Any:
            indices = [min(place + offset, 2 * count - 1) for place in places]
            return builder.shuffle_vector(*columns, ir.Constant(ir.VectorType(_I32, count), indices))

        def pairs(row: Any) -> Any:
            """Add neighbours, which are the halves of a wide lane."""
            value = builder.load(builder.inttoptr(row, vector.as_pointer()), align=1)
            left = builder.and_(value, ir.Constant(vector, [2**element.width - 1] * count))
            return builder.add(left, builder.lshr(value, ir.Constant(vector, [element.width] * count)))

        if channels == 1 and wide != _FLOAT:
            total = add(pairs(args[0]), pairs(args[1]))
        else:
            columns = [add(half(args[0], index), half(args[1], index)) for index in range(2)]
            total = add(picked(0), picked(channels))
        if wide == _FLOAT:
            mean = builder.fmul(total, ir.Constant(vector, [0.25] * count))
        else:
            rounded = builder.add(total, ir.Constant(vector, [2] * count))
            mean = builder.trunc(builder.lshr(rounded, ir.Constant(vector, [2] * count)), raw)
        builder.store(mean, builder.inttoptr(args[2], raw.as_pointer()), align=1)

    return types.void(types.int64, types.int64, types.int64, kind, pixel), codegen


@jit
def halve_lines(
    src: int, pitch: int, out: int, out_pitch: int, first: int, stop: int, count: int, kind: Any, pixel: Any,
    spare: Any,
) -> None:  # fmt: skip
    """Make rows ``first`` to ``stop`` of ``count`` samples; ``spare`` holds five vectors of pixels."""
    size, lanes = pixel_size(kind), mean_lanes(kind)
    step = lanes // len(pixel) * len(pixel)
    window = 2 * lanes * size
    upper_end = spare.ctypes.data
    lower_end, out_end = upper_end + window, upper_end + 2 * window
    for y in range(first, stop):
        upper = src + 2 * y * pitch
        lower = upper + pitch
        target = out + y * out_pitch
        x = 0
        while x + lanes <= count:
            mean_of_four(upper + 2 * x * size, lower + 2 * x * size, target + x * size, kind, pixel)
            x += step
        while x < count:
            left = min(step, count - x)
            copy_bytes(upper_end, upper + 2 * x * size, 2 * left * size)
            copy_bytes(lower_end, lower + 2 * x * size, 2 * left * size)
            mean_of_four(upper_end, lower_end, out_end, kind, pixel)
            copy_bytes(target + x * size, out_end, left * size)
            x += step


def halve_rows(src: NDArray[Any], out: NDArray[Any], channels: int, first: int, stop: int) -> None:
    """Make rows ``first`` to ``stop`` of ``out``; both arrays hold rows of samples."""
    spare = scratch("halve", 5 * VECTOR_BYTES, src.dtype)
    halve_lines(
        address(src), src.strides[0], address(out), out.strides[0], first, stop, out.shape[1],
        src.dtype.type(0), (0,) * channels, spare,
    )  # fmt: skip
