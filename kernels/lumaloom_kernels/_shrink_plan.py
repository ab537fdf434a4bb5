"""How a blur on a shrunk image goes about it: how far every image reaches, and the weights between two of them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._gaussian_plan import spline_weights
from ._lines import address
from ._picks import Picks, picks_of

PAIRS = 2  # of vectors in a window that rows are thinned out by
Folded: TypeAlias = NDArray[np.float32]  # one half of symmetric weights and their centre
Phases: TypeAlias = NDArray[np.float32]  # the weights of each phase of an enlarged pixel, a row each


def unfolded(weights: NDArray[Any]) -> NDArray[Any]:
    """Return all of symmetric weights."""
    return np.concatenate([weights, weights[-2::-1]])


@dataclass(frozen=True, slots=True)
class Level:
    """One axis of one shrunk image: pixel 0 lies at ``origin``, in units of itself."""

    factor: int
    origin: int
    size: int
    cut: int  # pixels of the enlarged image that lie before the origin of the one above


@dataclass(frozen=True, slots=True)
class Axis:
    """How far each image reaches along one axis, from the first shrunk one to the smallest."""

    down: tuple[Level, ...]
    up: tuple[Level, ...]
    radius: int


@lru_cache(64)
def layout(size: int, factors: tuple[int, ...], order: int, radius: int) -> Axis:
    """Work out the pixels that each image needs so that all of the output can be made."""
    up = []
    origin, count = 0, size
    for factor in factors:
        start = origin // factor * factor
        cells = -(-(origin + count - start) // factor)
        taps = order if factor > 1 else 1
        before = order // 2 - 1 if factor > 1 else 0
        cut = origin - start
        origin, count = start // factor - before, cells + taps - 1
        up.append(Level(factor, origin, count, cut))
    down = []
    origin, count = origin - radius, count + 2 * radius
    for factor in reversed(factors):
        down.append(Level(factor, origin, count, 0))
        reach = order * (factor - 1) // 2
        origin, count = origin * factor - reach, (count - 1) * factor + 2 * reach + 1
    return Axis(tuple(reversed(down)), tuple(up), radius)


@lru_cache(64)
def folded_spline(factor: int, order: int) -> Folded:
    """Return the folded weights that shrink."""
    weights = spline_weights(factor, order)
    return weights[: len(weights) // 2 + 1].astype(np.float32)


@lru_cache(64)
def phase_weights(factor: int, order: int) -> tuple[Phases, int]:
    """Return the weights that enlarge, one row a phase, and how many pixels lie before the first of them."""
    if factor == 1:
        return np.ones((1, 1), np.float32), 0
    weights = spline_weights(factor, order) * factor
    centre = len(weights) // 2
    phases = np.zeros((factor, order), np.float32)
    for phase in range(factor):
        for tap in range(order):
            index = centre + phase - (tap - (order // 2 - 1)) * factor
            if 0 <= index < len(weights):
                phases[phase, tap] = weights[index]
    used = np.flatnonzero(phases.any(axis=0))
    return np.ascontiguousarray(phases[:, used[0] : used[-1] + 1]), int(used[0])


def fixed_phases(weights: Phases) -> NDArray[np.uint16]:
    """Return the weights that enlarge times 65536, each phase of that sum."""
    whole_numbers = np.floor(weights * 65536.0 + 0.5).astype(np.int64)
    largest = whole_numbers.argmax(axis=1)
    whole_numbers[np.arange(len(weights)), largest] += 65536 - whole_numbers.sum(axis=1)
    return np.asarray(np.minimum(whole_numbers, 65535).astype(np.uint16))


@lru_cache(64)
def thinning(data: bytes, width: int, channels: int, factor: int) -> Picks | None:
    """Return how every pixel of ``factor`` is filtered, where that may be picked and not only copied."""
    weights = np.frombuffer(data, np.float32)
    origins = np.arange(width)[:, None] * factor * channels + np.arange(channels)
    return picks_of(origins.ravel(), np.tile(weights, (width, 1)), channels, PAIRS, PAIRS)


@lru_cache(64)
def widening(data: bytes, cells: int, channels: int, factor: int) -> Picks | None:
    """Return how cells of ``factor`` pixels are made, where that may be picked."""
    weights = np.tile(np.frombuffer(data, np.float32).reshape(factor, -1), (cells, 1))
    origins = np.arange(cells).repeat(factor)[:, None] * channels + np.arange(channels)
    return picks_of(origins.ravel(), weights, channels, 1)


def numbers_of(picks: Picks | None, pairs: int) -> tuple[int, int, tuple[int, int, int], tuple[int, ...]]:
    """Return the address of the entries, how many they are, and how they are used; they live as long as the picks."""
    if picks is None:
        return 0, 0, (0, 1, 1), (0,) * pairs
    return address(picks.entries), len(picks.entries), picks.taps, picks.pairs
