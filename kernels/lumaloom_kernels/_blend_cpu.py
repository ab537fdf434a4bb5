"""Blend modes in vectors: of float32, or without alpha of whole numbers where the formula allows it.

A mode reaches the compiler as a tuple whose length is its number, so that each has code of its own.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from ._blend_modes import MODES, NUMBERS, Mode
from ._lane_math import Lane, where
from ._lanes import _I16, _I32, _I64, _at, lanes, same_type
from ._lines import LEAST, NO_PITCHES, Addresses, run_lines
from ._plain import DTYPES, PIXEL_BYTES, Look
from ._planes import load_pixels, store_pixels
from ._simd import F32, Codegen, entry, intrinsic, jit, pixel_size
from ._streams import LARGE, past_caches, settle, store_past

_BYTES, _WORDS = ir.VectorType(ir.IntType(8), 32), ir.VectorType(_I16, 32)
_WHOLE = {types.uint8: ir.VectorType(ir.IntType(8), 64), types.uint16: _WORDS}
STEP = 64  # bytes
PAST = 2 * LARGE  # bytes of a result that goes past the caches, where its sources did not leave room for smaller ones


class Whole(Lane):
    """Numbers from 0 to 1 as 0 to 255 in 16 bits; a product is rounded to the nearest."""

    def value_of(self, other: Any) -> Any:
        return other.value if isinstance(other, Lane) else ir.Constant(_WORDS, [int(other * 255)] * _WORDS.count)

    def __add__(self, other: Any) -> Any:
        return self.like(self.builder.add(self.value, self.value_of(other)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self.like(self.builder.sub(self.value, self.value_of(other)))

    def __rsub__(self, other: Any) -> Any:
        return self.like(self.builder.sub(self.value_of(other), self.value))

    def __mul__(self, other: Any) -> Any:
        builder = self.builder
        if not isinstance(other, Lane):
            return self.like(builder.mul(self.value, ir.Constant(_WORDS, [int(other)] * _WORDS.count)))
        total = builder.add(builder.mul(self.value, other.value), ir.Constant(_WORDS, [128] * _WORDS.count))
        eight = ir.Constant(_WORDS, [8] * _WORDS.count)  # (t + t / 256) / 256 is exactly t / 255 here
        return self.like(builder.lshr(builder.add(total, builder.lshr(total, eight)), eight))

    __rmul__ = __mul__

    def compare(self, sign: str, other: Any) -> Any:
        return self.builder.icmp_signed(sign, self.value, self.value_of(other))


class Saturating(Lane):
    """Numbers from 0 to 1 as all numbers of 8 or 16 bits; sums and differences stop at both ends."""

    def value_of(self, other: Any) -> Any:
        if isinstance(other, Lane):
            return other.value
        vector = self.value.type
        return ir.Constant(vector, [int(other * ((1 << vector.element.width) - 1))] * vector.count)

    def _called(self, name: str, other: Any) -> Any:
        vector = self.value.type
        kind = ir.FunctionType(vector, [vector, vector])
        name = f"llvm.{name}.sat.v{vector.count}i{vector.element.width}"
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.like(self.builder.call(function, [self.value, self.value_of(other)]))

    def __add__(self, other: Any) -> Any:
        return self._called("uadd", other)

    def __sub__(self, other: Any) -> Any:
        return self._called("usub", other)

    def compare(self, sign: str, other: Any) -> Any:
        return self.builder.icmp_unsigned(sign, self.value, self.value_of(other))


def _mode(marker: Any) -> Mode:
    return list(MODES.values())[len(marker)]


@intrinsic
def blend_whole(
    typingctx: Any, back: Any, front: Any, address: Any, kind: Any, mode: Any, past: Any
) -> tuple[Any, Codegen]:  # fmt: skip
    """Blend 64 bytes of samples at two addresses into a third.

    Where the tuple ``past`` has a member, they go past the caches, to a multiple of 64.
    """
    way = _mode(mode)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        def loaded(address: Any, vector: Any) -> Any:
            return builder.load(_at(builder, address, vector), align=1)

        def stored(value: Any, address: Any) -> None:
            place = _at(builder, address, value.type)
            if len(past):
                past_caches(
                    builder, builder.store(value, place, align=value.type.count * value.type.element.width // 8)
                )
            else:
                builder.store(value, place, align=1)

        if way.saturating:
            stored(way.mix(*(Saturating(builder, loaded(arg, _WHOLE[kind])) for arg in args[:2])).value, args[2])
            return
        for start in (0, _BYTES.count):
            back, front, target = (builder.add(arg, ir.Constant(_I64, start)) for arg in args[:3])
            pair = (Whole(builder, builder.zext(loaded(place, _BYTES), _WORDS)) for place in (back, front))
            stored(builder.trunc(way.mix(*pair).value, _BYTES), target)

    return types.void(types.int64, types.int64, types.int64, kind, mode, past), codegen


@intrinsic
def blend_pixels(
    typingctx: Any, back: Any, front: Any, top: Any, opacity: Any, mode: Any, colours: Any
) -> tuple[Any, Codegen]:
    """Blend pixels of float32; what is beyond the ``colours`` is alpha."""
    count, way = len(colours), _mode(mode)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def spread(scalar: Any) -> Lane:
            empty = ir.Constant(F32.vector, ir.Undefined)
            one = builder.insert_element(empty, scalar, ir.Constant(_I32, 0))
            zeros = ir.Constant(ir.VectorType(_I32, F32.vector.count), None)
            return Lane(builder, builder.shuffle_vector(one, empty, zeros))

        white = spread(args[2])
        scale = 1 / white
        b = [Lane(builder, builder.extract_value(args[0], c)) * scale for c in range(len(back))]
        s = [Lane(builder, builder.extract_value(args[1], c)) * scale for c in range(len(front))]
        share = spread(args[3])
        if len(s) > count:
            share = share * s[count]
        below, above = b[:count], s[:count]
        mixed = list(map(way.mix, below, above)) if way.separable else way.mix(below, above)
        if len(b) == count:
            results = [c + share * (m - c) for c, m in zip(below, mixed, strict=True)]
        else:
            both, rest = share * b[count], b[count] - share * b[count]
            whole = share + rest
            factor = where(whole <= 0, 0.0 * whole, 1 / whole)
            results = [
                ((share - both) * f + both * m + rest * c) * factor for c, f, m in zip(below, above, mixed, strict=True)
            ]
            results.append(whole)
        return context.make_tuple(builder, signature.return_type, [(result * white).value for result in results])

    return back(back, front, types.float32, types.float32, mode, colours), codegen


@jit
def whole_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, mode: Any, past: bool
) -> None:  # fmt: skip
    """Blend rows ``first`` to ``stop`` of ``count`` samples of whole numbers, at least 64 bytes.

    Vectors after the first go to whole lines of the caches, or ``past`` them.
    """
    size = count * pixel_size(kind)
    for y in range(first, stop):
        back, front = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        out = addresses[2] + y * pitches[2]
        last = size - STEP
        blend_whole(back, front, out, kind, mode, ())
        at = STEP - (out & (STEP - 1))
        if past:
            while at <= last:
                blend_whole(back + at, front + at, out + at, kind, mode, (0,))
                at += STEP
        else:
            while at + STEP <= last:
                blend_whole(back + at, front + at, out + at, kind, mode, ())
                blend_whole(back + at + STEP, front + at + STEP, out + at + STEP, kind, mode, ())
                at += 2 * STEP
            if at <= last:
                blend_whole(back + at, front + at, out + at, kind, mode, ())
        blend_whole(back + last, front + last, out + last, kind, mode, ())
    if past:
        settle()


@jit
def pixel_lines(
    addresses: Any, pitches: Any, first: int, stop: int, count: int, kind: Any, top: Any, opacity: Any, mode: Any,
    back_shape: Any, front_shape: Any, colours: Any, past: bool,
) -> None:  # fmt: skip
    """Blend rows ``first`` to ``stop`` of ``count`` pixels; those of one float32 may go ``past`` the caches."""
    size, step = pixel_size(kind), lanes(top)
    back_pixel, front_pixel = len(back_shape) * size, len(front_shape) * size
    for y in range(first, stop):
        back, front = addresses[0] + y * pitches[0], addresses[1] + y * pitches[1]
        out = addresses[2] + y * pitches[2]
        at, last = 0, count - step
        if past and back_pixel == 4 and same_type(kind, top):
            pixels, others = load_pixels(back, kind, top, back_shape), load_pixels(front, kind, top, front_shape)
            store_pixels(out, blend_pixels(pixels, others, top, opacity, mode, colours), kind)
            at = (64 - (out & 63)) // 4
            while at <= last:
                pixels = load_pixels(back + at * 4, kind, top, back_shape)
                others = load_pixels(front + at * 4, kind, top, front_shape)
                store_past(out + at * 4, blend_pixels(pixels, others, top, opacity, mode, colours)[0], kind)
                at += step
        while at < count:
            place = min(at, last)
            pixels = load_pixels(back + place * back_pixel, kind, top, back_shape)
            others = load_pixels(front + place * front_pixel, kind, top, front_shape)
            store_pixels(out + place * back_pixel, blend_pixels(pixels, others, top, opacity, mode, colours), kind)
            at += step
    if past:
        settle()


def blend_images(
    back: NDArray[Any], front: NDArray[Any], out: NDArray[Any], mode: str, opacity: float, colours: int, threads: int
) -> None:
    """Blend a picture into another; channels beyond the ``colours`` are alpha."""
    counts = tuple([image.shape[2] if image.ndim == 3 else 1 for image in (back, front)])
    lines, samples, rest = _plan(back.dtype, mode, opacity, colours, counts)

    past = out.nbytes >= PAST

    def work(addresses: Addresses, pitches: Addresses, first: int, stop: int, count: int) -> None:
        lines(addresses, pitches, first, stop, count * samples, *rest, past)

    run_lines(work, (back, front), (out,), threads)


def blend_plain(look: Look, mode: str, opacity: float, alpha: bool) -> bool:
    """Blend two plain arrays of one size into a third as one row; return False where that can't be."""
    pixels = look[1] * look[2]
    plan = _plain_plan(look[0], mode, opacity, alpha) if look[0] >= 0 and pixels >= LEAST else None
    if plan is None:
        return False
    run, samples, rest = plan
    run(look[3:], NO_PITCHES, 0, 1, pixels * samples, *rest, pixels * PIXEL_BYTES[look[0]] >= PAST)
    return True


@lru_cache(64)
def _plain_plan(code: int, mode: str, opacity: float, alpha: bool) -> tuple[Any, int, tuple[Any, ...]] | None:
    """Return `_plan` for two images of a code, None where the mode wants other channels."""
    channels = max(code & 7, 1)
    colours = channels - (alpha and channels in (2, 4))
    if not MODES[mode].separable and colours != 3:
        return None
    lines, samples, rest = _plan(DTYPES[code >> 3], mode, opacity, colours, (channels, channels))
    return entry(lines, NO_PITCHES, NO_PITCHES, 0, 1, samples, *rest, False), samples, rest


@lru_cache(64)
def _plan(
    dtype: np.dtype[Any], mode: str, opacity: float, colours: int, counts: tuple[int, ...]
) -> tuple[Any, int, tuple[Any, ...]]:
    """Return which lines to call, samples in what they count, and their last arguments."""
    kind, member = dtype.type(0), np.int8(0)
    marker, way = (member,) * NUMBERS[mode], MODES[mode]
    flat = way.separable and counts == (colours, colours)
    samples = colours if flat else 1
    if flat and opacity == 1 and (way.saturating or (way.fixed and dtype == np.uint8)) and dtype != np.float32:
        return whole_lines, samples, (kind, marker)
    top = np.float32(1 if dtype.kind == "f" else np.iinfo(dtype).max)
    shapes = [(member,) * (1 if flat else number) for number in (*counts, colours)]
    return pixel_lines, samples, (kind, top, np.float32(opacity), marker, *shapes)
