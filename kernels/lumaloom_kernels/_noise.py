"""Random numbers that belong to places: a hash of seed, frame, row and sample, in whole numbers alone.

So any part of a picture, computed anywhere in any order, has the same noise; all sums and products are of 32 bits and
wrap, as they do in vectors and on a GPU. The hash is "lowbias32" of Wellons (2018), with a second key added halfway,
so that rows whose first keys lie near each other have nothing in common. Each of its words serves two samples, or four
of uint8.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import KindError, ParameterError

FIRST, SECOND = 0x7FEB352D, 0x846CA68B
GOLDEN = 0x9E3779B9
BELL = ((1, 3197), (4, 4894), (16, 2465), (64, 6703))  # powers of the squared place, and their weights
MIDDLE = 10248
BELL_BITS = 13
STRENGTH_BITS = 7  # of uint8

Words = NDArray[np.uint32]


def mixed(words: Any) -> Words:
    """Return the hash of words of 32 bits."""
    x: Any = np.asarray(words, np.uint32)
    x = (x ^ x >> 16) * np.uint32(FIRST)
    x = (x ^ x >> 15) * np.uint32(SECOND)
    result: Words = x ^ x >> 16
    return result


def row_keys(seed: int, frame: int, first: int, rows: int) -> NDArray[np.int32]:
    """Return the two keys of each row, an array of shape (rows, 2)."""
    with np.errstate(over="ignore"):
        start = mixed(mixed([seed]) + np.uint32(frame))
        one = mixed(start + (np.arange(first, first + rows) % (1 << 32)).astype(np.uint32))
        return np.stack([one, mixed(one ^ np.uint32(GOLDEN))], axis=1).view(np.int32)


def uniform(keys: NDArray[np.int32], first: int, count: int) -> NDArray[np.uint16]:
    """Return 16 random bits for each of ``count`` samples from ``first`` on, in every row that has keys."""
    sample = np.arange(first, first + count)
    shift = (16 * (sample & 1)).astype(np.uint32)
    return (_words(keys, sample >> 1) >> shift).astype(np.uint16)  # type: ignore[no-any-return]


def uniform_bytes(keys: NDArray[np.int32], first: int, count: int) -> NDArray[np.uint8]:
    """Return 8 random bits for each of ``count`` samples from ``first`` on, in every row that has keys."""
    sample = np.arange(first, first + count)
    shift = (8 * (sample & 3)).astype(np.uint32)
    return (_words(keys, sample >> 2) >> shift).astype(np.uint8)  # type: ignore[no-any-return]


def _words(keys: NDArray[np.int32], index: NDArray[np.int64]) -> Any:
    one, two = (keys.view(np.uint32)[:, i, None] for i in (0, 1))
    x: Any = index.astype(np.uint32) + one
    x = (x ^ x >> 16) * np.uint32(FIRST)
    x = ((x ^ x >> 15) + two) * np.uint32(SECOND)
    return x ^ x >> 16


def bell(numbers: NDArray[np.uint16]) -> NDArray[np.int32]:
    """Return numbers near a normal distribution of variance 1, in units of 1/8192, for numbers that are uniform.

    The quantile function of the normal distribution as a polynomial in the place from -1 to 1, cut at 3.36 times
    the standard deviation; its own standard deviation is 1 within 0.1 %, its kurtosis 2.99.
    """

    def product(a: Any, b: Any) -> Any:
        return (a * b + (1 << 14)) >> 15

    place = numbers.view(np.int16).astype(np.int32) | 1  # symmetric about zero
    power, square = 1, product(place, place)
    total = np.full(place.shape, MIDDLE, np.int32)
    for wanted, weight in BELL:
        while power < wanted:
            power, square = 2 * power, product(square, square)
        total += product(square, np.int32(weight))
    return product(place, total)  # type: ignore[no-any-return]


@cache
def _half_bell() -> NDArray[np.int64]:
    """Return 128 sizes, each as likely, in units of 1/8192: what `bell` gives, in groups that keep its variance."""
    squares = bell(np.arange(1 << 15, dtype=np.uint16)).astype(np.float64) ** 2
    sizes: NDArray[np.int64] = np.rint(np.sqrt(squares.reshape(128, -1).mean(axis=1))).astype(np.int64)
    return sizes


def bell_steps(strength: float) -> NDArray[np.uint8]:
    """Return how many whole steps are added to uint8, or taken away, for the lower seven of eight random bits."""
    whole = round(strength * (1 << STRENGTH_BITS))
    bits = BELL_BITS + STRENGTH_BITS
    steps: NDArray[np.uint8] = np.minimum((_half_bell() * whole + (1 << (bits - 1))) >> bits, 255).astype(np.uint8)
    return steps


def check_word(name: str, value: Any) -> int:
    """Return a whole number of 32 bits."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise KindError(f"{name}: expected a whole number, got {value!r}")
    if not 0 <= value < 1 << 32:
        raise ParameterError(f"{name}: expected a whole number from 0 to {(1 << 32) - 1}, got {value}")
    return int(value)


def check_origin(origin: Any) -> tuple[int, int]:
    """Return the place (x, y) of an image in a larger one."""
    if not isinstance(origin, tuple) or len(origin) != 2:
        raise KindError(f"origin: expected a pair (x, y) of whole numbers, got {origin!r}")
    for number in origin:
        if not isinstance(number, (int, np.integer)) or isinstance(number, bool):
            raise KindError(f"origin: expected a pair (x, y) of whole numbers, got {origin!r}")
        if not 0 <= number < 1 << 24:
            raise ParameterError(f"origin: expected whole numbers from 0 to {(1 << 24) - 1}, got {origin!r}")
    return int(origin[0]), int(origin[1])
