"""Random numbers that belong to places: a hash of seed, frame, row and sample, in whole numbers alone.

So any part of a picture, computed anywhere in any order, has the same noise; all sums and products are of 32 bits and
wrap, as they do in vectors and on a GPU. The hash is "lowbias32" of Wellons (2018), with a second key added halfway,
so that rows whose first keys lie near each other have nothing in common. Each of its words serves two samples.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import KindError, ParameterError

FIRST, SECOND = 0x7FEB352D, 0x846CA68B
GOLDEN = 0x9E3779B9
BELL = ((1, 3197), (4, 4894), (16, 2465), (64, 6703))  # powers of the squared place, and their weights
MIDDLE = 10248
BELL_BITS = 13
STRENGTH_BITS = 7  # of uint8: with the 13 of the noise and the 15 that a product loses, 5 are left

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
    one, two = (keys.view(np.uint32)[:, i, None] for i in (0, 1))
    x: Any = (sample >> 1).astype(np.uint32) + one
    x = (x ^ x >> 16) * np.uint32(FIRST)
    x = ((x ^ x >> 15) + two) * np.uint32(SECOND)
    x ^= x >> 16
    return (x >> (16 * (sample & 1)).astype(np.uint32)).astype(np.uint16)  # type: ignore[no-any-return]


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
