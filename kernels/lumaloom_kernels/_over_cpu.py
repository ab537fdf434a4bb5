"""One picture over another by its alpha, in vectors of float32."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from ._lanes import _CONTRACT, _FLOAT, _I32, _all, lanes
from ._lines import Addresses, run_lines
from ._planes import fetch_ahead, load_pixels, shift_to_line, store_pixels
from ._simd import F32, Codegen, intrinsic, jit, pixel_size


@intrinsic
def over(typingctx: Any, front: Any, back: Any, top: Any, premultiplied: Any) -> tuple[Any, Codegen]:
    """Return pixels over others; ``premultiplied`` is a tuple that has a member where they are."""
    colours, straight = len(front) - 1, len(premultiplied) == 0
    vector = F32.vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def plus_product(total: Any, a: Any, b: Any) -> Any:
            return builder.fadd(total, builder.fmul(a, b, flags=_CONTRACT), flags=_CONTRACT)

        one, zero = _all(vector, 1.0), _all(vector, 0.0)
        empty = ir.Constant(vector, ir.Undefined)
        scale = builder.insert_element(empty, builder.fdiv(ir.Constant(_FLOAT, 1.0), args[2]), ir.Constant(_I32, 0))
        scale = builder.shuffle_vector(scale, empty, ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count))
        fronts = [builder.extract_value(args[0], c) for c in range(len(front))]
        backs = [builder.extract_value(args[1], c) for c in range(len(back))]
        opacity = builder.fmul(fronts[-1], scale)
        through = builder.fsub(one, opacity)
        if straight and len(back) == colours:
            results = [plus_product(builder.fmul(f, opacity), b, through) for f, b in zip(fronts, backs, strict=False)]
        elif straight:
            rest = builder.fmul(backs[-1], through)
            alpha = builder.fadd(fronts[-1], rest)
            share = builder.fdiv(one, alpha)
            share = builder.select(builder.fcmp_ordered("==", alpha, zero), zero, share)
            first, second = builder.fmul(fronts[-1], share), builder.fmul(rest, share)
            results = [plus_product(builder.fmul(fronts[c], first), backs[c], second) for c in range(colours)]
            results.append(alpha)
        else:
            results = [plus_product(f, b, through) for f, b in zip(fronts, backs, strict=False)]
        return context.make_tuple(builder, signature.return_type, results)

    return back(front, back, types.float32, premultiplied), codegen


@jit
def over_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, top: Any, shape: Any, back_shape: Any,
    premultiplied: Any,
) -> None:  # fmt: skip
    """Compute rows ``first`` to ``stop`` of ``count`` pixels."""
    size, step = pixel_size(kind), lanes(top)
    pixel, back_pixel = len(shape) * size, len(back_shape) * size
    for y in range(first, stop):
        front, back = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        out = addresses[2] + y * pitches[2]
        shift = shift_to_line(out, back_pixel, step)
        for i in range((count + shift + step - 1) // step):
            at = min(max(i * step - shift, 0), count - step)
            fetch_ahead(front + at * pixel, step * pixel)
            fetch_ahead(back + at * back_pixel, step * back_pixel)
            pixels = load_pixels(front + at * pixel, kind, top, shape)
            others = load_pixels(back + at * back_pixel, kind, top, back_shape)
            store_pixels(out + at * back_pixel, over(pixels, others, top, premultiplied), kind)


def put_over(front: NDArray[Any], back: NDArray[Any], out: NDArray[Any], premultiplied: bool, threads: int) -> None:
    """Put a picture over another."""
    kind = front.dtype.type(0)
    top = np.float32(1 if front.dtype == np.float32 else np.iinfo(front.dtype).max)
    member = np.int8(0)
    shape, back_shape = (member,) * front.shape[2], (member,) * back.shape[2]
    marker = (member,) if premultiplied else ()

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        over_lines(addresses, pitches, first, stop, count, kind, top, shape, back_shape, marker)

    run_lines(work, (front, back), (out,), threads)
