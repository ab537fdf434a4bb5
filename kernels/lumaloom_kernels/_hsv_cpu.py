"""RGB to hue, saturation and value and back, in vectors without branches: of float32, of 8 bits partly of integers."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _CONTRACT, _FLOAT, _I16, _I32, I32, U8, _all, lanes
from ._lines import Addresses, run_lines
from ._planes import fetch_pixels_ahead, load_pixels, shift_to_line, store_pixels
from ._simd import F32, Codegen, intrinsic, jit, pixel_size

_FOUR = (np.int8(0),) * 4


def turn(dtype: np.dtype[Any]) -> float:
    """Return how many steps of hue are a full turn, one more than the greatest value."""
    return 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max) + 1


def _constants(kind: Any) -> tuple[float, float]:
    """Return the greatest value, and the steps of a turn."""
    return (1.0, 1.0) if kind == types.float32 else (2.0**kind.bitwidth - 1, 2.0**kind.bitwidth)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _smaller(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def _absolute(builder: Any, value: Any) -> Any:
    bits = builder.and_(builder.bitcast(value, I32.vector), _all(I32.vector, 0x7FFFFFFF))
    return builder.bitcast(bits, F32.vector)


def _poisoned(builder: Any, values: list[Any], kind: Any, results: list[Any]) -> list[Any]:
    """Return the results, or NaN where a value is not finite: comparisons lose that."""
    if kind != types.float32:
        return results
    zero = _all(F32.vector, 0.0)
    nothing = builder.fmul(values[0], zero, flags=_CONTRACT)  # NaN of what is not finite
    for value in values[1:]:
        nothing = builder.fadd(nothing, builder.fmul(value, zero, flags=_CONTRACT), flags=_CONTRACT)
    return [builder.fadd(result, nothing) for result in results]


@intrinsic
def hsv_of(typingctx: Any, values: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return hue, saturation and value of red, green and blue, in units of samples."""
    top, steps = _constants(kind)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        r, g, b = (builder.extract_value(args[0], i) for i in range(3))
        zero = _all(F32.vector, 0.0)
        # green and blue in order, then red among them: what is turned counts backwards, from a turn or a third of one
        turned, larger, smaller = builder.fcmp_ordered("<", g, b), _larger(builder, g, b), _smaller(builder, g, b)
        behind, value, middle = (
            builder.fcmp_ordered("<", r, larger),
            _larger(builder, larger, r),
            _smaller(builder, larger, r),
        )
        spread, rise = builder.fsub(value, _smaller(builder, middle, smaller)), builder.fsub(middle, smaller)
        start = builder.select(turned, _all(F32.vector, -steps), zero)
        start = builder.select(behind, builder.fsub(_all(F32.vector, -steps / 3), start), start)
        divisor = builder.select(builder.fcmp_ordered(">", spread, zero), spread, _all(F32.vector, 1.0))
        lit = builder.fcmp_ordered(">", value, zero)
        lightness = builder.select(lit, value, _all(F32.vector, 1.0))
        if kind == types.float32:
            share, saturation = builder.fdiv(rise, divisor), builder.fdiv(spread, lightness)
        else:  # one division for both: products of whole numbers are in range
            inverse = builder.fdiv(_all(F32.vector, 1.0), builder.fmul(divisor, lightness))
            share = builder.fmul(builder.fmul(rise, lightness), inverse)
            saturation = builder.fmul(builder.fmul(spread, divisor), inverse)
        share = builder.fmul(share, _all(F32.vector, steps / 6), flags=_CONTRACT)
        hue = _absolute(builder, builder.fadd(share, start, flags=_CONTRACT))
        end = steps if kind == types.float32 else steps - 0.5  # what rounds to a full turn is none
        over = builder.fcmp_ordered(">=", hue, _all(F32.vector, end))
        hue = builder.select(over, builder.fsub(hue, _all(F32.vector, steps)), hue)
        saturation = builder.select(lit, builder.fmul(saturation, _all(F32.vector, top)), zero)
        results = _poisoned(builder, [r, g, b], kind, [hue, saturation, value])
        return context.make_tuple(builder, signature.return_type, results)

    return types.UniTuple(F32, 3)(values, kind), codegen


@intrinsic
def hsv_of_bytes(typingctx: Any, values: Any) -> tuple[Any, Codegen]:
    """Return hue, saturation and value of red, green and blue of 8 bits.

    All that is sums and choices is done in whole numbers: the hue as a multiple of a sixth of the spread, from 0 to 6.
    """
    count = U8.vector.count
    words, floats = ir.VectorType(_I16, count), ir.VectorType(_FLOAT, count)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.icmp_unsigned(">", a, b), a, b)

        def smaller(a: Any, b: Any) -> Any:
            return builder.select(builder.icmp_unsigned("<", a, b), a, b)

        def choose(red: Any, green: Any, blue: Any) -> Any:
            return builder.select(is_red, red, builder.select(is_green, green, blue))

        def wide(number: Any) -> Any:
            return builder.zext(number, words)

        def real(number: Any) -> Any:
            return builder.sitofp(builder.sext(number, ir.VectorType(_I32, count)), floats)

        def rounded(number: Any) -> Any:
            whole = builder.fptosi(builder.fadd(number, _all(floats, 0.5)), ir.VectorType(_I32, count))
            return builder.trunc(whole, U8.vector)  # a full turn of 256 becomes none

        r, g, b = (builder.extract_value(args[0], i) for i in range(3))
        value = larger(larger(g, b), r)
        spread = builder.sub(value, smaller(smaller(g, b), r))
        is_red, is_green = builder.icmp_unsigned("==", value, r), builder.icmp_unsigned("==", value, g)
        rise = builder.sub(wide(choose(g, b, r)), wide(choose(b, r, g)))
        start = wide(choose(*(_all(U8.vector, sixths) for sixths in (0, 2, 4))))
        place = builder.add(rise, builder.mul(start, wide(spread)))
        turned = builder.add(place, builder.mul(wide(spread), _all(words, 6)))
        place = real(builder.select(builder.icmp_signed("<", place, _all(words, 0)), turned, place))
        one = _all(U8.vector, 1)
        divisor, lightness = real(wide(larger(spread, one))), real(wide(larger(value, one)))
        inverse = builder.fdiv(_all(floats, 1.0), builder.fmul(divisor, lightness))  # one division for both
        hue = builder.fmul(builder.fmul(place, lightness), builder.fmul(inverse, _all(floats, 256 / 6)))
        share = builder.fmul(builder.fmul(real(wide(spread)), divisor), builder.fmul(inverse, _all(floats, 255.0)))
        return context.make_tuple(builder, signature.return_type, [rounded(hue), rounded(share), value])

    return types.UniTuple(U8, 3)(values), codegen


@intrinsic
def rgb_of(typingctx: Any, values: Any, kind: Any) -> tuple[Any, Codegen]:
    """Return red, green and blue of hue, saturation and value, in units of samples."""
    top, steps = _constants(kind)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        hue, saturation, value = (builder.extract_value(args[0], i) for i in range(3))
        zero, one = _all(F32.vector, 0.0), _all(F32.vector, 1.0)
        if kind == types.float32:  # any number of turns
            whole = builder.sitofp(builder.fptosi(hue, I32.vector), F32.vector)
            part = builder.fsub(hue, whole)
            part = builder.select(builder.fcmp_ordered("<", part, zero), builder.fadd(part, one), part)
        else:
            part = hue
        sixths = builder.fmul(part, _all(F32.vector, 6 / steps))
        depth = builder.fmul(builder.fmul(saturation, _all(F32.vector, 1 / top)), value)  # of the weakest channel
        results = []
        for centre in (3.0, 2.0, 4.0):
            # the share of the depth: |x - 2| - 1 around green and blue, 2 - |x - 3| around cyan for red
            away = builder.fsub(sixths, _all(F32.vector, centre))
            away = _larger(builder, away, builder.fsub(zero, away))
            share = builder.fsub(_all(F32.vector, 2.0), away) if centre == 3 else builder.fsub(away, one)
            share = _smaller(builder, _larger(builder, share, zero), one)
            part = builder.fsub(value, builder.fmul(depth, share, flags=_CONTRACT), flags=_CONTRACT)
            results.append(part)
        results = _poisoned(builder, [hue, saturation, value], kind, results)
        return context.make_tuple(builder, signature.return_type, results)

    return types.UniTuple(F32, 3)(values, kind), codegen


@jit
def hsv_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, shape: Any, kind: Any, back: Any
) -> None:
    """Convert rows ``first`` to ``stop`` of ``count`` pixels; back to RGB where the tuple ``back`` has a member."""
    family = np.float32(0)
    step, pixel = lanes(family), len(shape) * pixel_size(kind)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        shift = shift_to_line(target, pixel, step)
        for i in range((count + shift + step - 1) // step):
            at = min(max(i * step - shift, 0), count - step) * pixel
            fetch_pixels_ahead(source + at, kind, family, shape)
            values = load_pixels(source + at, kind, family, shape)
            if len(back) == 1:
                x, y_, z = rgb_of(values, kind)
            else:
                x, y_, z = hsv_of(values, kind)
            if len(shape) == 3:
                store_pixels(target + at, (x, y_, z), kind)
            else:
                store_pixels(target + at, (x, y_, z, values[3]), kind)


@jit
def hsv_byte_lines(addresses: Any, pitches: Any, first: int, stop: int, count: int, shape: Any, kind: Any) -> None:
    """Convert rows ``first`` to ``stop`` of ``count`` pixels of 8 bits."""
    step, pixel = lanes(kind), len(shape)
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        for i in range((count + step - 1) // step):
            at = min(i * step, count - step) * pixel
            values = load_pixels(source + at, kind, kind, shape)
            hue, saturation, value = hsv_of_bytes(values)
            if len(shape) == 3:
                store_pixels(target + at, (hue, saturation, value), kind)
            else:
                store_pixels(target + at, (hue, saturation, value, values[3]), kind)


def convert(src: NDArray[Any], out: NDArray[Any], threads: int, *, back: bool) -> None:
    """Convert images of three or four channels."""
    kind, shape, way = src.dtype.type(0), _FOUR[: src.shape[2]], _FOUR[:1] if back else ()

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        if src.dtype == np.uint8 and not back:
            hsv_byte_lines(addresses, pitches, first, stop, count, shape, kind)
        else:
            hsv_lines(addresses, pitches, first, stop, count, shape, kind, way)

    run_lines(work, (src,), (out,), threads)
