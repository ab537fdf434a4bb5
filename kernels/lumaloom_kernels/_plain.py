"""Arrays as most calls have them, seen in one look: what Python asks of them one by one takes as long as a small image.

An array is plain where it is NumPy's own, of shape (H, W) or (H, W, C) with 1 to 4 channels, not empty, of one of the
three dtypes, writable, aligned and without gaps. A look says so by the fields that NumPy's C interface lays open.
Whatever is not plain is no error: it goes through the checks of `_checks.py`, which know what to say.
"""

from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ._lanes import whole_at
from ._lines import address
from ._simd import entry, jit

# A code, -1 where something is not plain; height and width of the first; the addresses of the elements of all.
Look: TypeAlias = tuple[int, int, int, int, int, int]

DTYPES = tuple(map(np.dtype, (np.uint8, np.uint16, np.float32)))  # of codes, by eights
PIXEL_BYTES = tuple([(1 << (code >> 3)) * max(code & 7, 1) for code in range(3 * 8)])  # by code
_FIELDS = object.__basicsize__  # where an array's own fields begin, behind the object's header
_TYPE = _FIELDS - 8
_RANK, _SIDES, _DTYPE, _FLAGS = _FIELDS + 8, _FIELDS + 16, _FIELDS + 40, _FIELDS + 48
_HALF = (1 << 32) - 1  # of a word
_NEEDED = 0x0001 | 0x0100 | 0x0400  # C-contiguous, aligned, writable
MAX_CHANNELS = 4


@jit
def code_of(known: int, array: int) -> int:
    """Return ``8 * dtype + channels`` of a plain array, 0 channels where it has no axis for them; else -1."""
    if whole_at(array + _TYPE) != whole_at(known) or whole_at(array + _FLAGS) & _NEEDED != _NEEDED:
        return -1
    rank, sides = whole_at(array + _RANK) & _HALF, whole_at(array + _SIDES)
    if rank != 2 and rank != 3:
        return -1
    channels = whole_at(sides + 16) if rank == 3 else 0
    if whole_at(sides) < 1 or whole_at(sides + 8) < 1 or channels > MAX_CHANNELS or channels < rank - 2:
        return -1
    for number in range(3):
        if whole_at(array + _DTYPE) == whole_at(known + 8 + 8 * number):
            return 8 * number + channels
    return -1


@jit
def samples_of(array: int) -> int:
    """Return how many samples a plain array has."""
    sides = whole_at(array + _SIDES)
    channels = whole_at(sides + 16) if whole_at(array + _RANK) & _HALF == 3 else 1
    return int(whole_at(sides) * whole_at(sides + 8) * channels)


@jit
def same_sides(first: int, second: int) -> bool:
    """Tell whether two plain arrays have one height and width."""
    one, other = whole_at(first + _SIDES), whole_at(second + _SIDES)
    return bool(whole_at(one) == whole_at(other) and whole_at(one + 8) == whole_at(other + 8))


@partial(jit, nogil=False)  # over before another thread that has taken the lock gives it back, and no field changes
def look(known: int, first: int, second: int, out: int, alike: bool) -> Any:
    """Look at arrays by the addresses of their objects, 0 for those that there are not.

    The code is -1 where they are not plain, not of one dtype and number of channels, where ``alike`` says so not of
    one size, or where ``out`` shares memory with another.
    """
    code = code_of(known, first)
    if code < 0:
        return -1, 0, 0, 0, 0, 0
    at = whole_at(first + _FIELDS)
    beside = goal = 0
    if second != 0:
        if code_of(known, second) != code or (alike and not same_sides(first, second)):
            return -1, 0, 0, 0, 0, 0
        beside = whole_at(second + _FIELDS)
    if out != 0:
        if code_of(known, out) != code or (alike and not same_sides(first, out)):
            return -1, 0, 0, 0, 0, 0
        goal = whole_at(out + _FIELDS)
        size = 1 << (code >> 3)  # bytes of a sample
        stop = goal + samples_of(out) * size
        if at < stop and goal < at + samples_of(first) * size:
            return -1, 0, 0, 0, 0, 0
        if second != 0 and beside < stop and goal < beside + samples_of(second) * size:
            return -1, 0, 0, 0, 0, 0
    sides = whole_at(first + _SIDES)
    return code, whole_at(sides), whole_at(sides + 8), at, beside, goal


_KNOWN = np.array([id(np.ndarray), *map(id, DTYPES)], np.int64)
_AT = address(_KNOWN)
_look = entry(look, _AT, _AT, _AT, _AT, True)


def seen(first: Any, out: Any) -> Look:
    """Look at an image and what takes a result of its size."""
    return _look(_AT, id(first), 0, id(out), True)  # type: ignore[no-any-return]


def seen_one(first: Any) -> Look:
    """Look at one image."""
    return _look(_AT, id(first), 0, 0, True)  # type: ignore[no-any-return]


def seen_pair(first: Any, second: Any) -> Look:
    """Look at two images of one size."""
    return _look(_AT, id(first), id(second), 0, True)  # type: ignore[no-any-return]


def seen_three(first: Any, second: Any, out: Any) -> Look:
    """Look at two images and what takes a result, all of one size."""
    return _look(_AT, id(first), id(second), id(out), True)  # type: ignore[no-any-return]


def seen_apart(first: Any, out: Any) -> Look:
    """Look at an image and what takes a result of another size."""
    return _look(_AT, id(first), 0, id(out), False)  # type: ignore[no-any-return]


def _trusted() -> bool:
    """Tell whether the fields lie where they are expected."""
    images = [np.full((5, 7, 3), value, np.float32) for value in range(3)]
    wanted = 8 * 2 + 3, 5, 7, *[image.ctypes.data for image in images]
    return seen_three(*images) == wanted and seen(images[0], images[0])[0] == seen(images[0], None)[0] == -1


if not _trusted():  # an interpreter with objects of another form: nothing is plain

    def _look(*objects: Any) -> Look:
        return -1, 0, 0, 0, 0, 0
