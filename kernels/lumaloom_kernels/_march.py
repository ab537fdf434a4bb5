"""Small windows, many rows at a time: a vector of columns is followed down an image, and no pixel is loaded twice.

Each row is read at every offset along it that the window has; what windows of rows below share stays in registers.
So a row costs as many loads as the window is wide, and one store. A ``form`` is a tuple of which only the length
counts: it numbers one of `FORMS`; `MEDIAN` and `MEAN`, longer ones, stand for the middle one and the mean of 3 by 3.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from llvmlite import ir
from numba import types

from ._means import means
from ._order import KEYS, _flipped, greatest, least, load_vector, store_past, store_vector, to_keys, to_pixels
from ._simd import Codegen, intrinsic

GROUP = 8  # rows of results
FORMS = ((1, 0), (1, 1), (2, 0, 0), (2, 2, 0), (2, 2, 2))  # how far each row reaches, from the middle one outwards
MEDIAN = (0,) * (len(FORMS) + 1)
MEAN = (0,) * (len(FORMS) + 2)

_I32, _I64 = ir.IntType(32), ir.IntType(64)


def _number(value: int) -> ir.Constant:
    return ir.Constant(_I64, value)


def _entry(builder: Any, table: Any, index: int) -> Any:
    return builder.load(builder.gep(builder.inttoptr(table, _I64.as_pointer()), [_number(index)]))


def _window(choose: Callable[[Any, Any], Any], row: Callable[[int, int], Any], reaches: tuple[int, ...]) -> Any:
    """Return a function that gives the chosen key of the window whose first row is ``k``.

    ``row(j, x)`` are the keys of row ``j`` at the offset ``x``.
    """

    @cache
    def along(j: int, reach: int) -> Any:
        if reach == 0:
            return row(j, 0)
        return choose(choose(along(j, reach - 1), row(j, -reach)), row(j, reach))

    @cache
    def run(first: int, count: int, reach: int) -> Any:
        if count == 1:
            return along(first, reach)
        if count == 2:
            return choose(along(first, reach), along(first + 1, reach))
        if count == 3 and first % 2 == 0:  # the pair in odd places serves two windows
            return choose(run(first + 1, 2, reach), along(first, reach))
        return choose(run(first, 2, reach), run(first + 2, count - 2, reach))

    def window(k: int) -> Any:
        ry, found, first = len(reaches) - 1, None, 0
        sides = [reaches[abs(j - ry)] for j in range(2 * ry + 1)]
        while first < len(sides):
            count = 1
            while first + count < len(sides) and sides[first + count] == sides[first]:
                count += 1
            part = run(k + first, count, sides[first])
            found = part if found is None else choose(found, part)
            first += count
        return found

    return window


def _median(low: Any, high: Any, row: Callable[[int, int], Any]) -> Callable[[int], Any]:
    """Return a function that gives the middle of 3 by 3 keys whose first row is ``k``.

    Each row is put in order. The median of all is that of the greatest first, the middle second and the least third.
    """

    @cache
    def ordered(j: int) -> tuple[Any, Any, Any]:
        left, right = low(row(j, -1), row(j, 1)), high(row(j, -1), row(j, 1))
        return low(left, row(j, 0)), high(left, low(right, row(j, 0))), high(right, row(j, 0))

    @cache
    def pair(j: int, choose: Any, rank: int) -> Any:
        return choose(ordered(j)[rank], ordered(j + 1)[rank])

    def middle(first: Any, second: Any, between: Any) -> Any:
        return high(first, low(second, between))

    def median(k: int) -> Any:
        both, one = (k + 1, k) if k % 2 == 0 else (k, k + 2)  # the pair serves two windows
        first, second, third = ordered(one)
        firsts = high(pair(both, high, 0), first)
        seconds = middle(pair(both, low, 1), pair(both, high, 1), second)
        thirds = low(pair(both, low, 2), third)
        return middle(low(firsts, seconds), high(firsts, seconds), thirds)

    return median


def _rows(builder: Any, table: Any, at: Any, step: Any, load: Callable[[Any], Any]) -> Callable[[int, int], Any]:
    """Return a function that loads row ``j`` of a table at the offset ``x``, once."""

    @cache
    def base(j: int) -> Any:
        return _entry(builder, table, j)

    @cache
    def shift(x: int) -> Any:
        return builder.add(at, builder.mul(step, _number(x)))

    @cache
    def row(j: int, x: int) -> Any:
        return load(builder.add(base(j), shift(x)))

    return row


@intrinsic
def march(
    typingctx: Any, rows: Any, goals: Any, at: Any, step: Any, flip: Any, spread: Any, past: Any, form: Any, kind: Any
) -> tuple[Any, Codegen]:  # fmt: skip
    """Store the least of each window for 64 bytes of `GROUP` rows, by tables of addresses.

    Pixels lie ``step`` bytes apart. ``spread`` and ``past`` are tuples of which only the length counts: with members,
    the greatest less the least is stored, and the stores go past the caches, to multiples of 64 bytes.
    """
    vector = KEYS[kind].vector

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> None:
        rows, goals, at, step, flip = args[:5]

        def load(address: Any) -> Any:
            if len(form) == len(MEAN):
                return load_vector(builder, address, vector)
            keys = to_keys(builder, load_vector(builder, address, vector), kind)
            return keys if len(spread) else _flipped(builder, keys, flip)

        row = _rows(builder, rows, at, step, load)
        choices = partial(least, builder), partial(greatest, builder)
        if len(form) == len(MEAN):
            mean = means(builder, row, kind)
        elif len(form) == len(MEDIAN):
            low = high = _median(*choices, row)
        else:
            low, high = (_window(choose, row, FORMS[len(form) - 1]) for choose in choices)
        for k in range(GROUP):
            if len(form) == len(MEAN):
                value = mean(k)
            elif len(spread):
                value = _difference(builder, high(k), low(k), kind)
            else:
                value = to_pixels(builder, _flipped(builder, low(k), flip), kind)
            address = builder.add(_entry(builder, goals, k), at)
            (store_past if len(past) else store_vector)(builder, address, value)

    numbers = (types.int64,) * 5
    return types.void(*numbers, spread, past, form, kind), codegen


def _difference(builder: Any, high: Any, low: Any, kind: Any) -> Any:
    if kind != types.float32:
        return builder.sub(high, low)
    floats = ir.VectorType(ir.FloatType(), high.type.count)
    return builder.fsub(*(builder.bitcast(to_pixels(builder, keys, kind), floats) for keys in (high, low)))
