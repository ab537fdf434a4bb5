"""Transfer functions of float32 samples in vectors, and of whole numbers by tables."""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from ._lanes import _all, lanes, splat, square_root
from ._lines import Addresses, run_lines
from ._lut_cpu import look_images_up
from ._planes import fetch_ahead
from ._simd import F32, Codegen, f32_load, f32_store, intrinsic, jit
from ._transcendental import exp2m1_of, fused, log2_1p_of, normal_exp2_of, normal_log2_of
from ._transfer import HLG_A, HLG_B, HLG_C, LIMIT, POWERS, PQ_2, PQ_3, PQ_PEAK, PQ_POWERS, table_of

_LEAST = 2.0**-100
_ONE = (np.int8(0),)
_POWER, _PQ, _HLG = _ONE, _ONE * 2, _ONE * 3  # the form of a function, by the length of a tuple


def _bounded(builder: Any, x: Any, low: float, high: float) -> Any:
    """Return the value within bounds; NaN stays."""
    low_, high_ = _all(x.type, low), _all(x.type, high)
    x = builder.select(builder.fcmp_ordered("<", x, low_), low_, x)
    return builder.select(builder.fcmp_ordered(">", x, high_), high_, x)


def _power(builder: Any, x: Any, numbers: list[Any]) -> Any:
    """Return x times a slope up to a cut, and ``m * (k * x + d) ** power + e`` above, odd about 0."""
    cut, slope, k, d, power, m, e = numbers
    zero = _all(x.type, 0.0)
    negative = builder.fcmp_ordered("<", x, zero)
    size = _bounded(builder, builder.select(negative, builder.fsub(zero, x), x), 0.0, LIMIT)
    base = _bounded(builder, fused(builder, size, k, d), _LEAST, math.inf)
    curve = normal_exp2_of(builder, builder.fmul(power, normal_log2_of(builder, base)))
    result = builder.select(
        builder.fcmp_ordered("<=", size, cut), builder.fmul(size, slope), fused(builder, curve, m, e)
    )
    result = builder.select(builder.fcmp_ordered("==", size, zero), zero, result)
    result = builder.select(negative, builder.fsub(zero, result), result)
    return builder.fadd(result, builder.fsub(size, size))  # NaN, which the bits of base lose


def _pq_light(builder: Any, x: Any, scale: Any) -> Any:
    """Return light of a PQ signal; what is near 1 is computed as its distance from 1."""
    vector = x.type
    x = _bounded(builder, x, 0.0, 1.0)
    logarithm = normal_log2_of(builder, _bounded(builder, x, _LEAST, 1.0))
    rest = exp2m1_of(builder, builder.fmul(logarithm, _all(vector, 1 / PQ_POWERS[1])))
    spread = _all(vector, PQ_2 - PQ_3)  # and 1 - PQ_1
    over = fused(builder, rest, _all(vector, 1.0), spread)
    under = fused(builder, rest, _all(vector, -PQ_3), spread)
    ratio = _bounded(builder, builder.fdiv(over, under), _LEAST, 1.0)
    light = normal_exp2_of(builder, builder.fmul(normal_log2_of(builder, ratio), _all(vector, 1 / PQ_POWERS[0])))
    light = builder.select(builder.fcmp_ordered(">", over, _all(vector, 0.0)), light, _all(vector, 0.0))
    return fused(builder, light, scale, builder.fsub(x, x))


def _pq_signal(builder: Any, x: Any, scale: Any) -> Any:
    """Return the PQ signal of light: the base of the great power is 1 + share, with a share from -0.17 to 0."""
    vector, one = x.type, _all(x.type, 1.0)
    x = _bounded(builder, builder.fmul(x, scale), 0.0, 1.0)
    logarithm = normal_log2_of(builder, _bounded(builder, x, _LEAST, 1.0))
    rest = exp2m1_of(builder, builder.fmul(logarithm, _all(vector, PQ_POWERS[0])))
    rest = builder.select(builder.fcmp_ordered("<", x, _all(vector, _LEAST)), _all(vector, -1.0), rest)
    under = fused(builder, rest, _all(vector, PQ_3), _all(vector, 1 + PQ_3))
    share = builder.fdiv(builder.fmul(rest, _all(vector, PQ_2 - PQ_3)), under)
    signal = normal_exp2_of(builder, builder.fmul(log2_1p_of(builder, share), _all(vector, PQ_POWERS[1])))
    return fused(builder, signal, one, builder.fsub(x, x))


def _hlg_light(builder: Any, x: Any) -> Any:
    vector = x.type
    x = _bounded(builder, x, 0.0, 1.0)
    factor = 1 / (HLG_A * math.log(2))
    curve = normal_exp2_of(builder, fused(builder, x, _all(vector, factor), _all(vector, -HLG_C * factor)))
    curve = fused(builder, curve, _all(vector, 1 / 12), _all(vector, HLG_B / 12))
    square = builder.fmul(builder.fmul(x, x), _all(vector, 1 / 3))
    result = builder.select(builder.fcmp_ordered("<=", x, _all(vector, 0.5)), square, curve)
    return builder.fadd(result, builder.fsub(x, x))


def _hlg_signal(builder: Any, x: Any) -> Any:
    vector = x.type
    x = _bounded(builder, x, 0.0, 1.0)
    inner = fused(builder, x, _all(vector, 12.0), _all(vector, -HLG_B))
    curve = normal_log2_of(builder, _bounded(builder, inner, 0.5, 12.0))
    curve = fused(builder, curve, _all(vector, HLG_A * math.log(2)), _all(vector, HLG_C))
    low = square_root(builder, builder.fmul(x, _all(vector, 3.0)))
    result = builder.select(builder.fcmp_ordered("<=", x, _all(vector, 1 / 12)), low, curve)
    return builder.fadd(result, builder.fsub(x, x))


@intrinsic
def transferred(typingctx: Any, value: Any, numbers: Any, form: Any, linear: Any, alpha: Any) -> tuple[Any, Codegen]:
    """Return samples through a function; every fourth one as it is where the tuple ``alpha`` has a member."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x = args[0]
        number = [builder.extract_value(args[1], i) for i in range(7)]
        if len(form) == len(_POWER):
            result = _power(builder, x, number)
        elif len(form) == len(_PQ):
            result = (_pq_light if len(linear) else _pq_signal)(builder, x, number[0])
        else:
            result = (_hlg_light if len(linear) else _hlg_signal)(builder, x)
        if len(alpha):
            keep = ir.Constant(ir.VectorType(ir.IntType(1), x.type.count), [i % 4 == 3 for i in range(x.type.count)])
            result = builder.select(keep, x, result)
        return result

    return F32(F32, numbers, form, linear, alpha), codegen


@jit
def transfer_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, numbers: Any, form: Any, linear: Any, alpha: Any
) -> None:
    """Convert rows ``first`` to ``stop`` of ``count`` float32 samples."""
    step = lanes(numbers[0])
    each = (
        splat(numbers[0]), splat(numbers[1]), splat(numbers[2]), splat(numbers[3]), splat(numbers[4]),
        splat(numbers[5]), splat(numbers[6]),
    )  # fmt: skip
    for y in range(first, stop):
        source, target = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        for i in range((count + step - 1) // step):
            at = 4 * min(i * step, count - step)
            fetch_ahead(source + at, 4 * step)
            f32_store(target + at, transferred(f32_load(source + at), each, form, linear, alpha))


def convert(src: NDArray[Any], out: NDArray[Any], transfer: str, peak: float, threads: int, *, linear: bool) -> None:
    """Convert an image to linear light or from it."""
    if transfer == "linear":
        out[...] = src
        return
    channels = src.shape[2] if src.ndim == 3 else 1
    if src.dtype.kind == "u":
        look_images_up(src, out, table_of(src.dtype, transfer, peak, linear, channels), threads)
        return
    numbers, form = _numbers(transfer, peak, linear)
    way, alpha = _ONE if linear and form is not _POWER else (), _ONE if channels == 4 else ()

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        transfer_lines(addresses, pitches, first, stop, count * channels, numbers, form, way, alpha)

    run_lines(work, (src,), (out,), threads)


def _numbers(transfer: str, peak: float, linear: bool) -> tuple[NDArray[np.float32], tuple[Any, ...]]:
    numbers = np.zeros(7, np.float32)
    if transfer == "hlg":
        return numbers, _HLG
    if transfer == "pq":
        numbers[0] = PQ_PEAK / peak if linear else peak / PQ_PEAK
        return numbers, _PQ
    cut, slope, a, power = POWERS[transfer]
    if linear:
        numbers[:] = (cut, 1 / slope, 1 / (1 + a), a / (1 + a), power, 1, 0)
    else:
        numbers[:] = (cut / slope, slope, 1, 0, 1 / power, 1 + a, -a)
    return numbers, _POWER
